"""What people do to dockets. The desk decides, the books write; nobody here closes anything (I2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Never

import msgspec

from agent_console.bodies import CallRef, Note, NoteText, Reason, Version
from agent_console.choices import CauseCode
from agent_console.docket_shapes import DocketView, docket_view
from agent_console.errors import NotAllowed, NotPossible, NotThere
from agent_console.route import Anything, Visit
from agent_console.scope import docket_for
from complaints import desk
from complaints.lifecycle import NEARLY_ENDED
from complaints.lifecycle import Deed as Move
from complaints.records import Decision, Docket
from storage.errors import NotInBooks, StaleDocket
from storage.floor_records import AgentState
from storage.people import Role

_WITH_CALLER = frozenset({AgentState.TALKING, AgentState.WRAP_UP})


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """ "Work done": only a claim. The consumer is rung, and only his word closes the docket."""

    cause_code: CauseCode
    note: Note = ""
    version: Version | None = None


class Moved(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    note: Note = ""
    version: Version | None = None


class Waits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The clock runs on while it waits (I7)."""

    reason: Reason
    version: Version | None = None


class Press(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`call_ref` is the call in which the consumer asked for it."""

    call_ref: CallRef
    version: Version | None = None


class AddNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    note: NoteText
    version: Version | None = None


async def claim(visit: Visit, asked: Claim) -> DocketView:
    docket = await _seen(visit, asked.version)
    books, actor = visit.console.books, f"officer:{visit.visitor.officer()}"
    category = await books.consumers.category(docket.category)
    company = await books.consumers.company(docket.company)
    if category is None or company is None:
        raise NotInBooks("the docket's category or company is unknown")
    decision = desk.claim(docket, actor, asked.cause_code, asked.note, visit.now, category, company)
    return await _written(visit, decision, asked.note)


async def accept(visit: Visit, asked: Moved) -> DocketView:
    return await _officer_moves(visit, Move.ACCEPT, asked.note, asked.version)


async def arrive(visit: Visit, asked: Moved) -> DocketView:
    return await _officer_moves(visit, Move.ARRIVE, asked.note, asked.version)


async def wait(visit: Visit, asked: Waits) -> DocketView:
    return await _officer_moves(visit, Move.WAIT, asked.reason, asked.version)


async def press(visit: Visit, asked: Press) -> DocketView:
    """The consumer presses, through the agent he speaks with: one level up, or opened again if it was said to be done.

    Once per call, whether by his own key or by the agent: the cause is the same.
    """
    docket, agent = await _seen(visit, asked.version), await visit.console.floor.agent(visit.visitor.agent())
    if agent is None or agent.call_ref != asked.call_ref or agent.state not in _WITH_CALLER:
        raise NotAllowed("You can expedite a docket only for a caller you are speaking with.")
    if not await _is_the_callers(visit, asked.call_ref, docket):
        raise NotAllowed("This docket is not of the caller you are speaking with.")
    officers = await visit.console.books.consumers.officers_for(docket.unit) if docket.unit else {}
    cause = f"press:{asked.call_ref}:{docket.number}"
    pressed = desk.reopen if docket.state in NEARLY_ENDED else desk.press
    decision = pressed(docket, visit.visitor.actor, visit.now, officers, cause)
    try:
        return docket_view(await visit.console.books.dockets.apply(decision), visit.visitor.login)
    except StaleDocket:
        raise await _quicker(visit, docket.number) from None


async def _is_the_callers(visit: Visit, call_ref: str, docket: Docket) -> bool:
    """By his number, by the connection he spoke of, or because this call wrote it or asked for it."""
    call = await visit.console.books.calls.get(call_ref)
    if call is None:
        return False
    same_phone = call.phone is not None and call.phone == docket.phone
    same_house = call.consumer_id is not None and call.consumer_id == docket.consumer_id
    return same_phone or same_house or call.docket == docket.number


async def add_note(visit: Visit, asked: AddNote) -> DocketView:
    """Appended to the timeline; nothing is ever changed in it."""
    docket = await _seen(visit, asked.version)
    decision = desk.move(docket, Move.ADD_NOTE, _noting(visit), visit.now, asked.note)
    return await _written(visit, decision, asked.note)


async def close(visit: Visit, _: Anything) -> Never:
    """Exists only to be refused: to every role, with any body, in any state, with the same words."""
    if await visit.console.books.dockets.get(visit.part("number")) is None:
        raise NotThere("There is no such docket.")
    raise NotPossible("Only the consumer's own confirmation closes a docket. Nothing was changed.")


async def _officer_moves(visit: Visit, move: Move, note: str, version: int | None) -> DocketView:
    docket = await _seen(visit, version)
    decision = desk.move(docket, move, f"officer:{visit.visitor.officer()}", visit.now, note)
    return await _written(visit, decision, note)


def _noting(visit: Visit) -> str:
    """The table of moves lets agents, officers and supervisors note; the first of these that the person is."""
    visitor = visit.visitor
    if Role.SUPERVISOR in visitor.login.roles:
        return f"supervisor:{visitor.login.name}"
    return visitor.actor


async def _seen(visit: Visit, version: int | None) -> Docket:
    """The docket; with a version that is not its present one, NotPossible that names who was quicker."""
    docket = await docket_for(visit, visit.part("number"))
    if version is not None and version != docket.version:
        raise await _quicker(visit, docket.number)
    return docket


async def _written(visit: Visit, decision: Decision, note: str) -> DocketView:
    """Applies the decision once for this person and these words.

    The desk names a move by docket and version alone: two people who saw the same version would share the cause, and
    the second would be told that his deed was done. With the person and the words in it, he is told who was quicker.
    """
    words = hashlib.sha256(note.encode()).hexdigest()[:16]
    own = replace(decision, cause=f"{decision.cause}:{visit.visitor.actor}:{words}")
    try:
        docket = await visit.console.books.dockets.apply(own)
    except StaleDocket:
        raise await _quicker(visit, decision.docket.number) from None
    return docket_view(docket, visit.visitor.login)


async def _quicker(visit: Visit, number: str) -> NotPossible:
    rows = await visit.console.books.dockets.timeline(number)
    last = rows[-1]
    when = last.at.isoformat(timespec="seconds")
    sentence = "Somebody was quicker: {who} did {deed} at {when}. Read it again."
    return NotPossible(sentence, "version", who=last.actor, deed=last.deed, when=when)
