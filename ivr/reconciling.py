"""The floor and this controller agree again on who waits and who talks (design 3.8, 3.9).

A waiting caller we do not hold is a ghost that would be offered for ever; an agent "talking" in a call we do not hold
would never be free again; callers and talks we do hold may have been forgotten by a Redis that was emptied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from complaints import desk
from complaints.ledger import CUT_OFF, SEALED, Call, EndedBy, Outcome, outcome_of
from complaints.owed import owed
from complaints.records import Docket, State, Verdict
from dialplan.deeds import MESSAGE
from ivr import messages, satisfaction
from ivr.agent_phones import AgentPhones
from ivr.house import House
from ivr.lines import InLine, Lines
from storage.floor_records import Agent, AgentState, FloorAway

log = structlog.get_logger(__name__)

IN_A_CALL = frozenset({AgentState.TALKING})
JUST_UP_S = 5.0
"""So long the floor may know of an answer before the call's own task has noted it."""
MESSAGES_LOOKED_BACK = timedelta(hours=2)
"""Calls offered before that ended with another controller at work, or have been looked at."""


async def take_back_offers(house: House) -> None:
    """Before anybody is taken up: whom a controller before us was ringing an agent for waits again, and at once.

    Else both were put aside for each other until the offer lapses. The phone that still rings belongs to nobody and is
    ended with the other orphans.
    """
    with suppress(FloorAway):  # then they lapse
        await house.floor.take_back(house.plan.node, now=house.clock.wall_now().timestamp())


async def settle_lost(house: House, lines: Lines, alive: Collection[str], lost_at: datetime | None) -> None:
    """Calls of this node that nobody holds and whose channels are gone (`alive`: ids): cut, whoever died (I1).

    `lost_at` is when the connection to Asterisk broke; None when that was not seen, and the calls end now.

    What their callers had said by then counts: a verdict, a message.
    """
    await house.notes.flush()
    for found in await house.books.calls.open_calls(house.plan.node):
        if found.call_ref in lines or any(_is_of(channel, found.call_ref) for channel in alive):
            continue
        await settle_cut(house, found, lost_at)


async def settle_cut(house: House, found: Call, lost_at: datetime | None) -> None:
    """One call that a death of ours has ended: its outcome, what its caller is owed, and its row of the register.

    One that had ended before, and only lacks its outcome, keeps its end.
    """
    call = await _what_he_did(house, found)
    now = house.clock.wall_now()
    ended_at = call.ended_at or max(call.offered_at, lost_at or now)
    talk_s = (ended_at - call.offered_at).total_seconds()
    outcome = outcome_of(call.flags, talk_s=talk_s, ended_by=EndedBy.NETWORK, cut=True)
    flags = {**call.flags, CUT_OFF: "yes"}
    ended = replace(call, ended_at=ended_at, ended_by=EndedBy.NETWORK, outcome=outcome, flags=flags)
    company = await house.books.reference.company(call.company or house.plan.company)
    row, work = owed(ended, now, company) if company else (ended, None)
    await house.notes.settle(row, work)
    log.warning("call_was_cut", call=call.call_ref, outcome=str(outcome))


def _is_of(channel: str, call_ref: str) -> bool:
    """An inbound call's reference is node and channel id; a leg we made is named after its call."""
    return call_ref.endswith(f"-{channel}") or channel.startswith(f"{call_ref}.")


async def keep_messages(house: House, lines: Lines) -> None:
    """Who hung up while he spoke a message and no controller heard it has left it, whoever has settled his call since.

    StorageError, AriError when books or Asterisk are away; then it is done at the next connect.
    """
    since = house.clock.wall_now() - MESSAGES_LOOKED_BACK
    unheard = [
        call for call in await house.books.calls.ended_unheard(house.plan.node, since) if call.call_ref not in lines
    ]
    stored = {recording.name for recording in await house.ari.list_recordings()} if unheard else set()
    for call in unheard:
        if stored.isdisjoint(_names(call)) or Outcome.MESSAGE_LEFT in call.flags:
            continue
        kept = await _message_kept(house, call)
        if kept is not call:
            house.notes.note(replace(kept, outcome=Outcome.MESSAGE_LEFT if call.outcome else None))
            log.info("message_kept", call=call.call_ref)


async def _what_he_did(house: House, call: Call) -> Call:
    if call.kind == "inbound" and Outcome.MESSAGE_LEFT not in call.flags:
        # What was said at a dead node is on its own disk, and is kept when it is back (keep_messages).
        return await _message_kept(house, call) if call.node == house.plan.node else call
    docket = await house.books.dockets.get(call.docket) if call.kind == "satisfaction" and call.docket else None
    return await _verdict_kept(house, call, docket) if docket else call


async def _message_kept(house: House, call: Call) -> Call:
    """The message he had begun to say, if any, is in the inbox as if he had hung up before us."""
    for name in _names(call):
        if await messages.spoken_s(house.ari, name):
            now = house.clock.wall_now()
            phone = None if SEALED in call.flags else call.phone
            await house.books.inbox.add(
                call.call_ref, recording=name, phone=phone, company=call.company, at=now, docket=call.docket
            )
            return _with(call, Outcome.MESSAGE_LEFT, now)
    return call


def _with(call: Call, deed: Outcome, now: datetime) -> Call:
    return replace(call, flags={**call.flags, deed: now.isoformat(timespec="seconds")})


def _names(call: Call) -> set[str]:
    """Under which names Asterisk may have something that this caller said."""
    return {messages.recording_of(call.call_ref, MESSAGE)}


async def _verdict_kept(house: House, call: Call, docket: Docket) -> Call:
    """What he said stands in the register already, or it was an attempt that was cut, which is a row all the same."""
    rows = await house.books.register.rows(docket.number)
    if any(row.attempt.call_ref == call.call_ref for row in rows):
        return _with(call, Outcome.SELF_SERVED, house.clock.wall_now())
    await _attempt_was_cut(house, call, docket)
    return call


async def _attempt_was_cut(house: House, call: Call, docket: Docket) -> None:
    company = await house.books.reference.company(docket.company)
    if company is None or docket.state is not State.VERIFYING:
        return
    attempt = satisfaction.attempt_of(docket, call.call_ref, docket.phone or "", call.offered_at, Verdict.CUT)
    docket = await satisfaction.conclude(house, company, docket, replace(attempt, recording=call.recording))
    # Our fault: he is asked again at once.
    await house.books.due.hasten(desk.ring_cause(docket), house.clock.wall_now())


def _is_out_of(agent: Agent, lines: Lines, now: float, began: float) -> bool:
    """The call is not ours, or goes on without him: he was in it when a controller died that handed it on. Pure."""
    line = lines.get(agent.call_ref or "")
    if line is None:
        return True
    settled = agent.since < began or now - agent.since > JUST_UP_S
    return settled and agent.code not in (line.agent, line.colleague)


async def reconcile(house: House, lines: Lines, turns: Mapping[str, InLine], phones: AgentPhones, began: float) -> None:
    """Compare and mend. FloorAway when the floor is; then it is done again when it is back.

    `turns` are promises that stand in line: nobody is on the phone for them. `began` is when this controller did, epoch
    seconds.
    """
    floor, node, now = house.floor, house.plan.node, house.clock.wall_now().timestamp()
    for waiting in await floor.waiting_of(node, now):
        if waiting.call_ref not in lines and waiting.call_ref not in turns:
            await floor.leave(waiting.call_ref)
    for here in [*lines.values(), *turns.values()]:
        if here.waiting is not None:
            await floor.enqueue(here.waiting, node)
    for line in list(lines.values()):
        if line.agent is not None:
            await floor.talks(line.agent, line.call_ref, owner=node, since=now)
    for agent in await floor.agents():
        if agent.state in IN_A_CALL and agent.owner == node and agent.call_ref and _is_out_of(agent, lines, now, began):
            await floor.released(agent.code, agent.call_ref, wrap_up_s=None, now=now)
    await phones.look_at_all()
