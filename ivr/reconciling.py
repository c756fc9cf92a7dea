"""The floor and this controller agree again on who waits and who talks (design 3.8, 3.9).

A waiting caller we do not hold is a ghost that would be offered for ever; an agent "talking" in a call we do not hold
would never be free again; callers and talks we do hold may have been forgotten by a Redis that was emptied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

import structlog

from complaints import desk
from complaints.ledger import CUT_OFF, Call, EndedBy, outcome_of
from complaints.owed import owed
from complaints.records import State, Verdict
from ivr import satisfaction
from ivr.agent_phones import AgentPhones
from ivr.house import House
from ivr.lines import InLine, Lines
from storage.floor_records import AgentState

log = structlog.get_logger(__name__)

IN_A_CALL = frozenset({AgentState.TALKING})


async def settle_lost(house: House, lines: Lines, alive: Collection[str], lost_at: datetime | None) -> None:
    """Calls of this node that nobody holds and whose channels are gone (`alive`: ids): cut, whoever died (I1).

    `lost_at` is when the connection to Asterisk broke; None when that was not seen, and the calls end now.

    An attempt to ask a consumer that was cut like this is a row of the register all the same.
    """
    await house.notes.flush()
    for call in await house.books.calls.open_calls(house.plan.node):
        if call.call_ref in lines or any(_is_of(channel, call.call_ref) for channel in alive):
            continue
        await settle_cut(house, call, lost_at)


async def settle_cut(house: House, call: Call, lost_at: datetime | None) -> None:
    """One call that a death of ours has ended: its outcome, what its caller is owed, and its row of the register.

    One that had ended before, and only lacks its outcome, keeps its end.
    """
    if call.kind == "satisfaction" and call.docket:
        await _attempt_was_cut(house, call)
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


async def _attempt_was_cut(house: House, call: Call) -> None:
    docket = await house.books.dockets.get(call.docket or "")
    company = await house.books.reference.company(docket.company) if docket else None
    if docket is None or company is None or docket.state is not State.VERIFYING:
        return
    attempt = satisfaction.attempt_of(docket, call.call_ref, docket.phone or "", call.offered_at, Verdict.CUT)
    docket = await satisfaction.conclude(house, company, docket, replace(attempt, recording=call.recording))
    # Our fault: he is asked again at once.
    await house.books.due.hasten(desk.ring_cause(docket), house.clock.wall_now())


async def reconcile(house: House, lines: Lines, turns: Mapping[str, InLine], phones: AgentPhones) -> None:
    """Compare and mend. FloorAway when the floor is; then it is done again when it is back.

    `turns` are promises that stand in line: nobody is on the phone for them.
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
        if agent.state in IN_A_CALL and agent.owner == node and agent.call_ref and agent.call_ref not in lines:
            await floor.released(agent.code, agent.call_ref, wrap_up_s=None, now=now)
    await phones.look_at_all()
