"""A supervisor suspends an agent: at once, in the middle of a call as well; the caller does not pay for it (R050)."""

from __future__ import annotations

import msgspec

from agent_console.bodies import Reason
from agent_console.errors import NotPossible, NotThere, OutOfSight
from agent_console.route import Done, Nothing, Visit
from agent_console.sending_off import send_off
from storage.people import Login

SUSPENDED, RESTORED = "suspend", "restore"


class Suspend(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


class Suspended(msgspec.Struct, frozen=True, kw_only=True):
    """Codes of agents whom a supervisor has suspended."""

    agents: tuple[str, ...]


async def suspend(visit: Visit, asked: Suspend) -> Done:
    """His log-in is off and its sessions have ended; a caller he speaks with goes to the head of the queue."""
    login, console = await _agent_of(visit), visit.console
    code = login.agent or ""
    await console.books.people.set_active(login.name, active=False)
    await console.books.people.audit(
        visit.visitor.actor, SUSPENDED, f"agent:{code}", visit.now, {"reason": asked.reason}
    )
    await send_off(visit, login)
    return Done()


async def restore(visit: Visit, _: Nothing) -> Done:
    """He may log in again. Whom an administrator has made inactive, an administrator lets in."""
    login = await _agent_of(visit)
    if not await _is_suspended(visit, login):
        raise NotPossible("This agent is not suspended; an administrator says who may log in.")
    await visit.console.books.people.set_active(login.name, active=True)
    await visit.console.books.people.audit(visit.visitor.actor, RESTORED, f"agent:{login.agent}", visit.now)
    return Done()


async def suspended(visit: Visit, _: Nothing) -> Suspended:
    company = visit.visitor.login.company
    found = await visit.console.books.people.logins()
    off = [one for one in found if one.agent and not one.active and company in (None, one.company)]
    return Suspended(agents=tuple([one.agent or "" for one in off if await _is_suspended(visit, one)]))


async def _is_suspended(visit: Visit, login: Login) -> bool:
    """Off, and by a supervisor: the audit says by whom."""
    if login.active:
        return False
    rows = await visit.console.books.people.audit_rows(f"agent:{login.agent}")
    return next((row.deed for row in rows if row.deed in (SUSPENDED, RESTORED)), None) == SUSPENDED


async def _agent_of(visit: Visit) -> Login:
    """The log-in of the agent in the path, if he is this supervisor's to see."""
    login = await visit.console.books.people.login_of_agent(visit.part("agent"))
    if login is None:
        raise NotThere("There is no such agent.")
    if visit.visitor.login.company not in (None, login.company):
        raise OutOfSight("There is no such agent.")
    return login
