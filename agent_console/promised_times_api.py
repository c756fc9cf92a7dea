"""The table of promised times: changed by an administrator with a reason, old values kept, used by the next docket."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import msgspec

from agent_console.bodies import Reason
from agent_console.errors import BadInput, NotPossible, NotThere
from agent_console.route import Nothing, Visit
from agent_console.scope import company_of
from complaints import clocks
from complaints.records import Category, Settlement
from storage.errors import Refused

LONGEST_H = 24.0 * 366
LONGEST_MIN = 7 * 24 * 60

Hours = Annotated[float, msgspec.Meta(gt=0, le=LONGEST_H)]


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    actor: str
    reason: str
    before: Mapping[str, str]
    after: Mapping[str, str]


class PromisedTime(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of complaint. `verify_after_min` null: the consumer is never rung about it (information on theft).

    `urban_due` and `rural_due`: what a caller would be promised at this moment. `history`: latest first.
    """

    code: str
    names: Mapping[str, str]
    urban_h: float
    rural_h: float
    verify_after_min: int | None
    urban_due: datetime
    rural_due: datetime
    history: tuple[ChangeView, ...]


class PromisedTimeTable(msgspec.Struct, frozen=True, kw_only=True):
    categories: tuple[PromisedTime, ...]


class ChangePromisedTime(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hours from registration; minutes from the claim to the first call to the consumer."""

    urban_h: Hours
    rural_h: Hours
    verify_after_min: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_MIN)] | None = None
    reason: Reason


async def table(visit: Visit, _: Nothing) -> PromisedTimeTable:
    """Of the company the person works for, with its past."""
    found = await visit.console.books.consumers.categories(company_of(visit))
    return PromisedTimeTable(categories=tuple(await asyncio.gather(*[_view(visit, one) for one in found])))


async def change(visit: Visit, asked: ChangePromisedTime) -> PromisedTime:
    """For every docket registered from now on; those that are registered keep what their consumers were promised."""
    code, books = visit.part("category"), visit.console.books
    found = {one.code: one for one in await books.consumers.categories(company_of(visit))}
    if code not in found:
        raise NotThere("There is no such kind of complaint.")
    if (asked.verify_after_min is None) != (found[code].verify_after_min is None):
        raise BadInput(
            "verify_after_min: whether the consumer is rung at all is the law's, not this table's.", "verify_after_min"
        )
    wanted = replace(found[code], urban_h=asked.urban_h, rural_h=asked.rural_h, verify_after_min=asked.verify_after_min)
    mine = visit.visitor.login.company
    try:
        await books.promised_times.change(wanted, asked.reason, visit.visitor.actor, visit.now, mine)
    except Refused:
        raise NotPossible(
            "All companies of the line share this table: an administrator of the whole line changes it."
        ) from None
    return await _view(visit, wanted)


async def _view(visit: Visit, one: Category) -> PromisedTime:
    history = await visit.console.books.promised_times.history(one.code)
    return PromisedTime(
        code=one.code,
        names=one.names,
        urban_h=one.urban_h,
        rural_h=one.rural_h,
        verify_after_min=one.verify_after_min,
        urban_due=clocks.due_at(visit.now, one, Settlement.URBAN),
        rural_due=clocks.due_at(visit.now, one, Settlement.RURAL),
        history=tuple(
            ChangeView(at=each.at, actor=each.actor, reason=each.reason, before=each.before, after=each.after)
            for each in history
        ),
    )
