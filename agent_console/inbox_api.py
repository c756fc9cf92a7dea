"""The messages callers left: each becomes a docket or a stated reason (design 3.19)."""

from __future__ import annotations

import msgspec

from agent_console.bodies import DocketNumber, Reason
from agent_console.errors import BadInput, NotPossible, NotThere, OutOfSight
from agent_console.route import Done, Nothing, Visit
from agent_console.scope import docket_for, shown_phone
from storage.inbox import RecordedMessage
from storage.people import Login, Role


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """A message nobody has settled yet. `phone` is whole or masked, as the log-in allows."""

    call_ref: str
    at: str
    recording: str
    phone: str | None
    company: str | None


class Messages(msgspec.Struct, frozen=True, kw_only=True):
    messages: tuple[MessageView, ...]


class Settle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Exactly one of the two."""

    docket: DocketNumber | None = None
    reason: Reason | None = None


async def inbox(visit: Visit, _: Nothing) -> Messages:
    """Oldest first, a hundred at most."""
    login = visit.visitor.login
    found = await visit.console.books.inbox.open(login.company, sealed=Role.VIGILANCE in login.roles)
    return Messages(messages=tuple(_view(message, login) for message in found))


async def settle(visit: Visit, asked: Settle) -> Done:
    """NotPossible when somebody else has settled it."""
    if (asked.docket is None) == (asked.reason is None):
        raise BadInput("Name the docket, or give the reason why there is none; one of the two.", "docket")
    call_ref, console, company = visit.part("call_ref"), visit.console, visit.visitor.login.company
    message = await console.books.inbox.get(call_ref)
    if message is None:
        raise NotThere("There is no such message.")
    if company is not None and message.company not in (None, company):
        raise OutOfSight("There is no such message.")
    if asked.docket is not None:
        await docket_for(visit, asked.docket)
    done = await console.books.inbox.settle(
        call_ref, visit.visitor.actor, visit.now, docket=asked.docket, reason=asked.reason
    )
    if not done:
        kept = await console.books.inbox.get(call_ref)
        who = (kept and kept.settled_by) or "?"  # it was there a moment ago
        raise NotPossible("Somebody was quicker: {who} settled this message.", who=who)
    return Done()


def _view(message: RecordedMessage, login: Login) -> MessageView:
    return MessageView(
        call_ref=message.call_ref,
        at=message.at.isoformat(),
        recording=message.recording,
        phone=shown_phone(message.phone, login, sealed=False),
        company=message.company,
    )
