"""What an agent does: state, telephone, ending a call, its disposition (domain.md 3.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Literal
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
from storage.floor_records import PHONE_LOST, Agent, AgentRefused, AgentState

_SESSION_CHARACTERS = 32
"""So much of the session's digest names it to the controller: enough to tell sessions apart, useless for a log-in."""

_TRY_AGAIN = frozenset({TOO_LONG, FAILED, "telephone_away", "not_registered"})
_WHY_NOT = {
    "gone": "The call has already ended.",
    "unknown_call": "The call has already ended.",
    "not_ready": "This colleague is not ready any more: choose another.",
    "not_now": "That cannot be done at this moment.",
    "listened_to": "Another supervisor is in this call already.",
}


class SetState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reason` is needed for a break."""

    state: Literal["ready", "break"]
    reason: BreakReason | None = None


class MakePhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`kind`: the page itself ("browser", which registers at /sip), or a SIP telephone on the desk."""

    kind: Literal["browser", "sip"] = "sip"


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """What to enter into a SIP telephone, or what the page registers with. The password is of this session only."""

    address: str
    port: int
    user: str
    password: str


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    agent: str
    languages: tuple[str, ...]
    categories: tuple[str, ...]


class Colleagues(msgspec.Struct, frozen=True, kw_only=True):
    colleagues: tuple[Colleague, ...]


class HandOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`how`: "warm", speak with the colleague first, or "blind", the caller goes to him as soon as he answers."""

    to: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,32}$")]
    how: Literal["warm", "blind"] = "warm"


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


async def make_phone(visit: Visit, asked: MakePhone) -> Phone:
    """A SIP account for this session, made by the controller of this node (design 3.13); an agent is signed in."""
    console, code = visit.console, visit.visitor.telephone()
    if visit.visitor.login.agent is not None:
        await sign_in(console, visit.visitor.login, code)
    session = visit.visitor.session[:_SESSION_CHARACTERS]
    answer = await ask_controller(
        visit, console.plan.node, "make_phone", None, {"agent": code, "session": session, "kind": asked.kind}
    )
    password = answer.result.get("password")
    if not isinstance(password, str):
        raise Away("The telephone exchange gave no password: try again.")
    user = str(answer.result.get("user", f"agent-{code}"))
    return Phone(address=console.plan.sip_address, port=console.plan.sip_port, user=user, password=password)


async def hang_up(visit: Visit, _: Nothing) -> Done:
    """Ends the call he is in; the disposition is still to be given."""
    return await _in_talk(visit, "hang_up")


async def hold(visit: Visit, _: Nothing) -> Done:
    """The caller hears music; neither hears the other until `unhold`."""
    return await _in_talk(visit, "hold")


async def unhold(visit: Visit, _: Nothing) -> Done:
    return await _in_talk(visit, "unhold")


async def colleagues(visit: Visit, _: Nothing) -> Colleagues:
    """Who could take the caller now: the ready agents of the same company, but oneself."""
    me, now = await _me(visit), visit.console.epoch
    found = await visit.console.floor.agents()
    ready = [one for one in found if one.company == me.company and one.code != me.code and one.available(now)]
    return Colleagues(
        colleagues=tuple(
            Colleague(agent=one.code, languages=_tokens(one, "lang:"), categories=_tokens(one, "cat:"))
            for one in sorted(ready, key=lambda one: one.code)
        )
    )


def _tokens(agent: Agent, kind: str) -> tuple[str, ...]:
    return tuple(sorted(skill.removeprefix(kind) for skill in agent.skills if skill.startswith(kind)))


async def hand_on(visit: Visit, asked: HandOn) -> Done:
    """Rings the colleague while the caller hears music; the page's pop says how it stands."""
    if asked.to not in {one.agent for one in (await colleagues(visit, Nothing())).colleagues}:
        raise NotPossible(_WHY_NOT["not_ready"], "to")
    return await _in_talk(visit, "hand_on", {"to": asked.to, "how": asked.how})


async def complete(visit: Visit, _: Nothing) -> Done:
    """The caller goes to the colleague who is speaking with the agent; the agent wraps up."""
    return await _in_talk(visit, "complete")


async def to_danger(visit: Visit, _: Nothing) -> Done:
    """The caller goes to the danger desk, before everybody else; the agent wraps up."""
    return await _in_talk(visit, "to_danger")


async def take_back(visit: Visit, _: Nothing) -> Done:
    """Agent and caller are together again; the colleague is free."""
    return await _in_talk(visit, "take_back")


async def rejoin(visit: Visit, _: Nothing) -> Done:
    """His page was reloaded or frozen in a talk: rung again at once, or ready again if the caller was taken back.

    Who waits at the head of the queue since is offered to him, unless somebody else was quicker.
    """
    agent = await _me(visit)
    if agent.state is AgentState.NOT_ANSWERING and agent.reason == PHONE_LOST:
        # Only for a caller who still waits: nobody is made ready by a page alone.
        if await visit.console.floor.position(visit.part("call_ref")) is None:
            raise NotPossible("The caller is no longer waiting: say yourself when you are ready.")
        only_from = frozenset({AgentState.NOT_ANSWERING})
        await visit.console.floor.set_state(agent.code, AgentState.READY, now=visit.console.epoch, only_from=only_from)
        return Done()
    return await _in_talk(visit, "rejoin")


async def _in_talk(visit: Visit, deed: str, args: dict[str, str] | None = None) -> Done:
    """A deed of the agent who is in this call, done by the controller that has it."""
    call_ref, agent = visit.part("call_ref"), await _me(visit)
    if agent.call_ref != call_ref or agent.state is not AgentState.TALKING:
        raise NotAllowed("You are not in this call.")
    await ask_controller(
        visit, agent.owner or visit.console.plan.node, deed, call_ref, {"agent": agent.code, **(args or {})}
    )
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


async def ask_controller(
    visit: Visit,
    controller: str,
    deed: str,
    call: str | None,
    args: dict[str, str],
    why_not: Mapping[str, str] = MappingProxyType({}),
) -> Answer:
    """One command; an answer that says no becomes a sentence, of `why_not` (reason → sentence) or of our own."""
    command = Command(id=uuid4().hex, actor=visit.visitor.actor, call=call, deed=deed, args=dict(args))
    answer = await visit.console.commands.ask(controller, command)
    if answer.ok:
        return answer
    if answer.reason in _TRY_AGAIN:
        raise Away("The telephone exchange could not do it: try again in a moment.")
    sentences = {**_WHY_NOT, **why_not}
    raise NotPossible(sentences.get(answer.reason, "The telephone exchange refused."))
