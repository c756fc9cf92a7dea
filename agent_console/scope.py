"""Which dockets and consumers a person sees, and how much: the only place where the organisation limits a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_console.errors import NotAllowed, NotThere, OutOfSight
from agent_console.route import Visit
from complaints.records import Consumer, Docket
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


async def consumer_for(visit: Visit, number: str) -> Consumer:
    """The consumer, if he is in this person's part of the organisation; else NotThere or OutOfSight, as for dockets."""
    sentence = "There is no such consumer, or he is not yours to see."
    consumer = await visit.console.books.consumers.by_number(number)
    if consumer is None:
        raise NotThere(sentence)
    if not await consumers_in_scope(visit, [consumer]):
        raise OutOfSight(sentence)
    return consumer


async def consumers_in_scope(visit: Visit, consumers: Sequence[Consumer]) -> list[Consumer]:
    """Those of them who are in this person's part of the organisation."""
    scope = await scope_of(visit)
    mine = [one for one in consumers if scope.company in (None, one.company)]
    if scope.unit is None:
        return mine
    return [one for one in mine if await lies_below(visit, one.company, one.unit, scope.unit)]


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
    return phone if sees_numbers(login) else f"…{phone[-_SHOWN_DIGITS:]}"


def sees_numbers(login: Login) -> bool:
    """True for log-ins that see whole numbers, and may therefore search by them."""
    return bool(login.roles & _SEES_NUMBERS)


def hidden(docket: Docket, login: Login) -> bool:
    """True when only state and times of this docket may be shown to this person: what he said could tell who spoke."""
    return docket.sealed and Role.VIGILANCE not in login.roles
