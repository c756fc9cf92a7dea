"""Who may hear which recording: beside the organisation (`scope.py`), the reason a log-in has to listen at all."""

from __future__ import annotations

from agent_console.errors import NotThere, OutOfSight
from agent_console.route import Visit
from agent_console.scope import docket_for
from complaints.ledger import SEALED, Call
from storage.people import Login, Role

LISTENERS = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.INSPECTOR, Role.VIGILANCE})
CALL, MESSAGE, REASON = "call", "message", "reason"

_NOT_YOURS = "There is no such recording, or it is not yours to hear."


async def call_for(visit: Visit, call_ref: str) -> Call:
    """The call, if this person may hear its recording; else NotThere or OutOfSight, which say the same to him.

    Listeners hear all of their company; an officer the consumer's answer about a docket of his; an agent his own calls
    that have been scored, so that he can contest. A sealed call is for vigilance alone.
    """
    login = visit.visitor.login
    call = await visit.console.books.calls.get(call_ref)
    if call is None:
        raise NotThere(_NOT_YOURS)
    if not await _may_hear(visit, login, call):
        raise OutOfSight(_NOT_YOURS)
    return call


async def message_for(visit: Visit, call_ref: str) -> None:
    """The same for a message that waits in the inbox: whoever settles messages hears it until it is settled."""
    message = await visit.console.books.inbox.get(call_ref)
    if message is None:
        raise NotThere(_NOT_YOURS)
    login = visit.visitor.login
    call = await visit.console.books.calls.get(call_ref)
    if call is not None and SEALED in call.flags:
        raise OutOfSight(_NOT_YOURS)  # an informer's voice: vigilance hears it as it hears his call
    foreign = login.company is not None and message.company not in (None, login.company)
    if foreign or Role.AGENT not in login.roles or message.settled_at is not None:
        raise OutOfSight(_NOT_YOURS)


async def _may_hear(visit: Visit, login: Login, call: Call) -> bool:
    if login.company is not None and call.company not in (None, login.company):
        return False
    if SEALED in call.flags:
        return Role.VIGILANCE in login.roles
    if login.roles & LISTENERS:
        return await _within_his_place(visit, login, call)
    if Role.OFFICER in login.roles and call.kind == "satisfaction" and call.docket:
        return await _sees_docket(visit, call.docket)
    if Role.AGENT in login.roles and login.agent is not None and call.agent == login.agent:
        return bool(await visit.console.books.audits.scores([call.call_ref]))
    return False


async def _within_his_place(visit: Visit, login: Login, call: Call) -> bool:
    """A listener of one unit hears only what belongs to a docket of it."""
    if login.unit is None:
        return True
    return call.docket is not None and await _sees_docket(visit, call.docket)


async def _sees_docket(visit: Visit, number: str) -> bool:
    try:
        await docket_for(visit, number)
    except (NotThere, OutOfSight):
        return False
    return True
