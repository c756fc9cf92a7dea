"""What an agent does: state, telephone, ending a call, its disposition (domain.md 3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal
from uuid import uuid4

import msgspec

from agent_console.bodies import Note
from agent_console.choices import BreakReason, Disposition
from agent_console.errors import Away, BadInput, NotAllowed, NotPossible
from agent_console.route import Done, Nothing, Visit
from agent_console.signing_in import AgentView, disposition_missing, sign_in, view
from complaints.ledger import Call
from complaints.records import Origin
from storage.commands import FAILED, TOO_LONG, Answer, Command
from storage.floor_records import Agent, AgentRefused, AgentState

_SESSION_CHARACTERS = 32
"""So much of the session's digest names it to the controller: enough to tell sessions apart, useless for a log-in."""

_TRY_AGAIN = frozenset({TOO_LONG, FAILED, "telephone_away", "not_registered"})
_WHY_NOT = {
    "gone": "The call has already ended.",
    "unknown_call": "The call has already ended.",
}


class SetState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` is needed for a break."""

    state: Literal["ready", "break"]
    reason: BreakReason | None = None


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """What to enter into a SIP telephone. The password is of this session only."""

    address: str
    port: int
    user: str
    password: str


class GiveDisposition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    disposition: Disposition
    note: Note = ""


async def state(visit: Visit, _: Nothing) -> AgentView:
    """The agent as the floor has him; he is signed in, on a break, if it did not know him."""
    return await view(visit.console, await _me(visit))


async def set_state(visit: Visit, asked: SetState) -> AgentView:
    """Ready or break. Wrap-up is not left before the call has its disposition."""
    if asked.state == "break" and asked.reason is None:
        raise BadInput("A break needs its reason.", "reason")
    console, agent = visit.console, await _me(visit)
    if await disposition_missing(console, agent):
        raise NotPossible("Give the call its disposition first.", "disposition")
    wanted = AgentState(asked.state)
    # Only from the state just looked at: a call that ended meanwhile has a disposition to be given.
    only_from = frozenset({agent.state})
    await console.floor.set_state(agent.code, wanted, now=console.epoch, reason=asked.reason or "", only_from=only_from)
    return await view(console, await _me(visit))


async def make_phone(visit: Visit, _: Nothing) -> Phone:
    """A SIP account for this session, made by the controller of this node (design 3.13)."""
    console, code = visit.console, visit.visitor.agent()
    await sign_in(console, visit.visitor.login, code)
    session = visit.visitor.session[:_SESSION_CHARACTERS]
    answer = await _ask(visit, console.plan.node, "make_phone", None, {"agent": code, "session": session})
    password = answer.result.get("password")
    if not isinstance(password, str):
        raise Away("The telephone exchange gave no password: try again.")
    user = str(answer.result.get("user", f"agent-{code}"))
    return Phone(address=console.plan.sip_address, port=console.plan.sip_port, user=user, password=password)


async def hang_up(visit: Visit, _: Nothing) -> Done:
    """Ends the call he is in; the disposition is still to be given."""
    call_ref, agent = visit.part("call_ref"), await _me(visit)
    if agent.call_ref != call_ref or agent.state is not AgentState.TALKING:
        raise NotAllowed("You are not in this call.")
    controller = agent.owner or visit.console.plan.node
    await _ask(visit, controller, "hang_up", call_ref, {"agent": agent.code})
    return Done()


async def give_disposition(visit: Visit, asked: GiveDisposition) -> AgentView:
    """What the call was about: given, and given anew, while the agent has the call; later only if it has none."""
    call_ref, console, agent = visit.part("call_ref"), visit.console, await _me(visit)
    kept = await console.books.calls.get(call_ref)
    if agent.call_ref != call_ref and (kept is None or kept.agent != agent.code):
        raise NotAllowed("This call was not yours.")
    if agent.call_ref != call_ref and kept is not None and kept.disposition is not None:
        raise NotPossible("This call has its disposition; a supervisor can add a note to the docket.", "disposition")
    # A call whose row still waits in the controller's journal gets one here: the ledger merges what witnesses note.
    call = kept or Call(call_ref, "inbound", Origin.LINE, visit.now, agent=agent.code)
    flags = {"disposition_by": visit.visitor.actor} | ({"disposition_note": asked.note} if asked.note else {})
    await console.books.calls.note(replace(call, disposition=asked.disposition, flags={**call.flags, **flags}))
    return await view(console, await _me(visit))


async def _me(visit: Visit) -> Agent:
    """The agent on the floor, signed in when he was not."""
    console, code = visit.console, visit.visitor.agent()
    agent = await console.floor.agent(code)
    if agent is None or agent.lease_until <= console.epoch:
        await sign_in(console, visit.visitor.login, code)
        agent = await console.floor.agent(code)
    if agent is None:
        raise AgentRefused(code, AgentState.OFF, AgentState.BREAK)
    return agent


async def _ask(visit: Visit, controller: str, deed: str, call: str | None, args: dict[str, str]) -> Answer:
    """One command; an answer that says no becomes a sentence."""
    command = Command(id=uuid4().hex, actor=visit.visitor.actor, call=call, deed=deed, args=dict(args))
    answer = await visit.console.commands.ask(controller, command)
    if answer.ok:
        return answer
    if answer.reason in _TRY_AGAIN:
        raise Away("The telephone exchange could not do it: try again in a moment.")
    raise NotPossible(_WHY_NOT.get(answer.reason, "The telephone exchange refused."))
