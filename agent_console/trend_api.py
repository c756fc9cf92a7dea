"""The day's picture: calls by quarter hour, beside the same weekday of the week before."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from agent_console.bodies import check_day
from agent_console.route import Visit
from storage.reports import day_bounds
from storage.trends import Slot, trend

A_WEEK = timedelta(days=7)


class TrendAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day of the line's own time zone; today when left out."""

    date: date | None = None


class SlotView(msgspec.Struct, frozen=True, kw_only=True):
    """`at` is epoch seconds of the begin of a quarter hour."""

    at: int
    offered: int
    talked: int
    lost: int


class Trend(msgspec.Struct, frozen=True, kw_only=True):
    """`slots` end with the present one; `before` is the whole day a week earlier, in the same order."""

    date: str
    slots: tuple[SlotView, ...]
    before: tuple[SlotView, ...]


async def day_trend(visit: Visit, asked: TrendAsked) -> Trend:
    plan, books = visit.console.plan, visit.console.books
    day = asked.date or visit.now.astimezone(ZoneInfo(plan.timezone)).date()
    check_day(day, "date")
    begin, end = day_bounds(day, plan.timezone)
    slots = await trend(books, begin, end)
    before = await trend(books, *day_bounds(day - A_WEEK, plan.timezone))
    return Trend(
        date=day.isoformat(),
        slots=tuple(_view(slot) for slot in slots if slot.at <= visit.now),
        before=tuple(_view(slot) for slot in before),
    )


def _view(slot: Slot) -> SlotView:
    return SlotView(at=int(slot.at.timestamp()), offered=slot.offered, talked=slot.talked, lost=slot.lost)
