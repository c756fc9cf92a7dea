"""Surge mode: a short menu and callbacks before waiting; switched by a supervisor, audited, for the next call on."""

from __future__ import annotations

from datetime import datetime

import msgspec

from agent_console.errors import OutOfSight
from agent_console.route import Nothing, Visit
from storage.line_state import Surge


class SurgeView(msgspec.Struct, frozen=True, kw_only=True):
    """`by` is the log-in that switched it last, "automatic" for the estimate; `since` is null when nobody ever did."""

    on: bool
    by: str
    since: datetime | None


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`reason` is kept in the audit."""

    on: bool
    reason: str = ""


async def surge(visit: Visit, _: Nothing) -> SurgeView:
    return _view(await visit.console.books.line_state.surge())


async def switch(visit: Visit, asked: Switch) -> SurgeView:
    """Calls that come from now on; who is in the middle of one goes on as he began."""
    if visit.visitor.login.company not in (None, visit.console.plan.company):
        raise OutOfSight("The line's surge mode is switched by those of its own company.")
    by = visit.visitor.login.name
    state = visit.console.books.line_state
    return _view(await state.set_surge(on=asked.on, by=by, at=visit.now, reason=asked.reason[:200]))


def _view(found: Surge) -> SurgeView:
    return SurgeView(on=found.on, by=found.by, since=found.since)
