"""Which dockets a person sees, and how much of them: the only place where the organisation limits a question."""

from __future__ import annotations

from dataclasses import dataclass

from agent_console.errors import NotAllowed, NotThere, OutOfSight
from agent_console.route import Visit
from complaints.records import Docket
from storage.people import Login, Role

_WIDE = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.INSPECTOR, Role.VIGILANCE, Role.ADMINISTRATOR, Role.AGENT})
_SEES_NUMBERS = frozenset({Role.SUPERVISOR, Role.INSPECTOR, Role.VIGILANCE})
_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Scope:
    """`company` None means all, `unit` None the whole company; `unit` includes all below it. `officer` always sees his
    own dockets, wherever they lie. `sealed`: sealed dockets are shown whole."""

    company: str | None
    unit: str | None
    officer: str | None
    sealed: bool


async def scope_of(visit: Visit) -> Scope:
    """The scope of the person asking; NotAllowed for an officer who has no place in the organisation."""
    login = visit.visitor.login
    unit, company = login.unit, login.company
    if unit is None and not login.roles & _WIDE:
        officer = await visit.console.books.consumers.officer(login.officer) if login.officer else None
        if officer is None:
            raise NotAllowed("This log-in has no place in the organisation: an administrator must give it one.")
        unit, company = officer.unit, officer.company
    return Scope(company, unit, login.officer, Role.VIGILANCE in login.roles)


async def docket_for(visit: Visit, number: str) -> Docket:
    """The docket, if this person may see it; else NotThere, or OutOfSight, which say the same to him."""
    sentence = "There is no such docket, or it is not yours to see."
    docket = await visit.console.books.dockets.get(number)
    if docket is None:
        raise NotThere(sentence)
    if not await _covers(visit, await scope_of(visit), docket):
        raise OutOfSight(sentence)
    return docket


async def _covers(visit: Visit, scope: Scope, docket: Docket) -> bool:
    if scope.company is not None and docket.company != scope.company:
        return False
    if scope.unit is None or (scope.officer is not None and docket.owner == scope.officer):
        return True
    return docket.unit is not None and await lies_below(visit, docket.company, docket.unit, scope.unit)


async def lies_below(visit: Visit, company: str, unit: str, above: str) -> bool:
    """True when `unit` is `above` or somewhere below it."""
    parents = {each.id: each.parent for each in await visit.console.books.consumers.units(company)}
    seen: set[str] = set()
    here: str | None = unit
    while here is not None and here not in seen:
        if here == above:
            return True
        seen.add(here)
        here = parents.get(here)
    return False


def company_of(visit: Visit) -> str:
    """The company a person works for; the line's own when his log-in names none."""
    return visit.visitor.login.company or visit.console.plan.company


def shown_phone(phone: str | None, login: Login, *, sealed: bool) -> str | None:
    """A number as this log-in may see it: whole, its last digits, or not at all (domain.md 3.3: numbers are masked)."""
    if not phone:
        return None
    if sealed:
        return phone if Role.VIGILANCE in login.roles else None
    return phone if login.roles & _SEES_NUMBERS else f"…{phone[-_SHOWN_DIGITS:]}"


def hidden(docket: Docket, login: Login) -> bool:
    """True when only state and times of this docket may be shown to this person: what he said could tell who spoke."""
    return docket.sealed and Role.VIGILANCE not in login.roles
