"""Reading dockets: the list, one docket, its timeline and its rows of the satisfaction register."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from agent_console.docket_shapes import (
    DocketView,
    RegisterView,
    TimelineView,
    docket_view,
    register_view,
    timeline_view,
)
from agent_console.errors import BadInput, OutOfSight
from agent_console.route import Nothing, Visit
from agent_console.scope import Scope, docket_for, lies_below, scope_of
from complaints.lifecycle import OPEN_STATES
from complaints.records import Docket, State
from storage.people import Role
from storage.register import RegisterRow

_HEAR_ALL = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.INSPECTOR, Role.VIGILANCE, Role.OFFICER})


class DocketsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`state` is states joined by commas, "open" (default) or "all"; `owner` an officer's code, or "me".

    `after` is `next` of the page before.
    """

    state: Annotated[str, msgspec.Meta(max_length=400)] = "open"
    owner: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    unit: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    company: Annotated[str, msgspec.Meta(max_length=16)] | None = None
    after: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class DocketList(msgspec.Struct, frozen=True, kw_only=True):
    """Dockets by promised time; `next` is None on the last page."""

    dockets: tuple[DocketView, ...]
    next: str | None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    rows: tuple[TimelineView, ...]


class RegisterRows(msgspec.Struct, frozen=True, kw_only=True):
    rows: tuple[RegisterView, ...]


async def dockets(visit: Visit, asked: DocketsAsked) -> DocketList:
    """Within the scope of the log-in; a filter may only narrow it. Sealed dockets are listed for vigilance alone."""
    scope = await scope_of(visit)
    company, unit, owner = await _narrowed(visit, scope, asked)
    found = await visit.console.books.dockets.search(
        company,
        _states(asked.state),
        owner,
        unit,
        asked.limit + 1,
        after=_place(asked.after),
        with_sealed=scope.sealed,
    )
    page = found[: asked.limit]
    login = visit.visitor.login
    return DocketList(
        dockets=tuple(docket_view(docket, login) for docket in page),
        next=_next(page[-1]) if len(found) > len(page) else None,
    )


async def _narrowed(visit: Visit, scope: Scope, asked: DocketsAsked) -> tuple[str | None, str | None, str | None]:
    """Company, unit and owner to search for. OutOfSight for a filter that leads out of the scope."""
    if scope.company is not None and asked.company not in (None, scope.company):
        raise OutOfSight("This company's dockets are not yours to see.", "company")
    company = scope.company or asked.company
    owner = visit.visitor.officer() if asked.owner == "me" else asked.owner
    if asked.unit is None:
        mine = owner is not None and owner == scope.officer
        return company, None if mine else scope.unit, owner
    if scope.unit is not None:
        place = await visit.console.books.consumers.unit(asked.unit)
        if place is None or not await lies_below(visit, place.company, place.id, scope.unit):
            raise OutOfSight("This place's dockets are not yours to see.", "unit")
    return company, asked.unit, owner


def _states(said: str) -> frozenset[State] | None:
    if said == "all":
        return None
    if said == "open":
        return OPEN_STATES
    try:
        return frozenset(State(name) for name in said.split(","))
    except ValueError:
        raise BadInput("state: names of states joined by commas, or open, or all.", "state") from None


def _next(last: Docket) -> str:
    return f"{last.due_at.isoformat()}~{last.number}"


def _place(said: str | None) -> tuple[datetime, str] | None:
    if said is None:
        return None
    due, _, number = said.partition("~")
    try:
        moment = datetime.fromisoformat(due)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not number:
        raise BadInput("after: must be `next` of the page before.", "after")
    return moment, number


async def docket(visit: Visit, _: Nothing) -> DocketView:
    return docket_view(await docket_for(visit, visit.part("number")), visit.visitor.login)


async def timeline(visit: Visit, _: Nothing) -> Timeline:
    found = await docket_for(visit, visit.part("number"))
    rows = await visit.console.books.dockets.timeline(found.number)
    return Timeline(rows=tuple(timeline_view(row, found, visit.visitor.login) for row in rows))


async def register(visit: Visit, _: Nothing) -> RegisterRows:
    """The attempts to hear the consumer; an agent is told of a recording only when the call was his own."""
    found = await docket_for(visit, visit.part("number"))
    login = visit.visitor.login
    rows = await visit.console.books.register.rows(found.number)
    return RegisterRows(
        rows=tuple([register_view(row, found, login, may_hear=await _may_hear(visit, row)) for row in rows])
    )


async def _may_hear(visit: Visit, row: RegisterRow) -> bool:
    login = visit.visitor.login
    if login.roles & _HEAR_ALL:
        return True
    if login.agent is None:
        return False
    call = await visit.console.books.calls.get(row.attempt.call_ref)
    return call is not None and call.agent == login.agent
