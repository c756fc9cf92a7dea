"""Figures for people: the ledger of a day and the service level. The read side; nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints.owed import CLICKED
from complaints.records import Origin
from storage.books import Books
from storage.calls import LedgerSum, Queued
from storage.due import Told


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How those who asked for a person were served (I8). `share` is 0..1, None while nothing can be said.

    offered = answered_in_time + answered_late + abandoned + waiting_late + waiting. `short_abandons` tells how many of
    the abandoned hung up within five seconds of the greeting; `waiting` are within their time and decide nothing yet.
    """

    within_s: float
    offered: int
    answered_in_time: int
    answered_late: int
    abandoned: int
    short_abandons: int
    waiting_late: int
    waiting: int

    @property
    def share(self) -> float | None:
        decided = self.offered - self.waiting
        return self.answered_in_time / decided if decided else None


def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Begin and end of a local day, in UTC; a day may have 23 or 25 hours."""
    zone = ZoneInfo(timezone)
    begin = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return begin.astimezone(UTC), end.astimezone(UTC)


async def ledger_check(
    books: Books, day: date, timezone: str, *, now: datetime, origin: Origin = Origin.LINE
) -> LedgerSum:
    """The ledger of a local day: `sunwai ledger check` fails when it is not balanced."""
    begin, end = day_bounds(day, timezone)
    return await books.calls.ledger(begin, end, origin, now=now)


async def service_level(
    books: Books, begin: datetime, end: datetime, within_s: float, *, now: datetime, origin: Origin = Origin.LINE
) -> ServiceLevel:
    """How those were served who were offered in [begin, end)."""
    return level_of(await books.calls.queued(begin, end, origin), within_s, now)


def level_of(offered: Sequence[Queued], within_s: float, now: datetime) -> ServiceLevel:
    """Answered by a person within `within_s` seconds, over all who were put into the queue. Pure.

    Whoever gave up counts as offered, however soon: taking anybody out could only flatter the figure.
    """
    in_time = late = abandoned = short = waiting_late = waiting = 0
    for call in offered:
        if call.talked_at is not None:
            quick = _waited_s(call, call.talked_at) <= within_s
            in_time, late = in_time + quick, late + (not quick)
        elif not call.is_over:
            quick = _waited_s(call, now) <= within_s
            waiting, waiting_late = waiting + quick, waiting_late + (not quick)
        else:
            abandoned += 1
            short += call.is_short
    return ServiceLevel(within_s, len(offered), in_time, late, abandoned, short, waiting_late, waiting)


def _waited_s(call: Queued, until: datetime) -> float:
    return (until - call.queued_at).total_seconds()


KEPT = frozenset({"reached", "served since"})
PROMISED_WITHIN = timedelta(minutes=30)
"""What callers are told (`callback_promised`); the three tries lie inside it (design 3.15)."""


@dataclass(frozen=True, slots=True)
class Callback:
    """One promised callback with all its tries. `tries` counts those made or under way; `ended` is None while open."""

    cause: str
    purpose: str
    call_ref: str
    promised_at: datetime
    due_at: datetime
    tries: int
    kept: bool
    ended: datetime | None

    @property
    def in_time(self) -> bool:
        return self.kept and self.ended is not None and self.ended - self.promised_at <= PROMISED_WITHIN


LATER_TRIES = timedelta(days=1)
"""A promise of the last minute of a day is tried on the next one; it belongs to the day it was made on."""


@dataclass(frozen=True, slots=True)
class PromisesKept:
    """made = kept + not_reached + withdrawn + open. Waits count from the promise; `share` is of what is decided."""

    made: int
    kept: int
    kept_in_time: int
    not_reached: int
    withdrawn: int
    open: int
    to_see: tuple[Callback, ...]

    @property
    def share(self) -> float | None:
        decided = self.kept + self.not_reached
        return self.kept / decided if decided else None


async def promises_kept(books: Books, begin: datetime, end: datetime, company: str | None = None) -> PromisesKept:
    """The callbacks promised in [begin, end), of one company or of all, and how they ended.

    `to_see` is the supervisors' list: what is open, and who was not reached.
    """
    rows = await books.due.promised("ring_promise", begin, end + LATER_TRIES)
    of_day = {row.work.cause for row in rows if row.promised_at < end}
    return sum_up(
        row
        for row in rows
        if company in (None, row.work.company)
        and row.work.cause.partition("#")[0] in of_day
        and not row.work.cause.startswith(CLICKED)
    )


def sum_up(rows: Iterable[Told]) -> PromisesKept:
    """Later tries of one promise are rows of their own, named after the first. Pure."""
    tries: dict[str, list[Told]] = {}
    for row in rows:
        tries.setdefault(row.work.cause.partition("#")[0], []).append(row)
    callbacks = [(group, _callback(cause, group)) for cause, group in tries.items()]
    withdrawn = [one for group, one in callbacks if group[-1].state == "withdrawn"]
    live = [one for group, one in callbacks if group[-1].state != "withdrawn"]
    kept = [one for one in live if one.kept]
    not_reached = [one for one in live if one.ended is not None and not one.kept]
    still_open = [one for one in live if one.ended is None]
    return PromisesKept(
        made=len(callbacks),
        kept=len(kept),
        kept_in_time=sum(one.in_time for one in kept),
        not_reached=len(not_reached),
        withdrawn=len(withdrawn),
        open=len(still_open),
        to_see=(*still_open, *not_reached),
    )


def _callback(cause: str, group: list[Told]) -> Callback:
    first, last = group[0], group[-1]
    payload = first.work.payload
    return Callback(
        cause=cause,
        purpose=str(payload.get("purpose", "asked")),
        call_ref=str(payload.get("call_ref", "")),
        promised_at=first.promised_at,
        due_at=last.work.due_at,
        tries=len(group),
        kept=last.result in KEPT,
        ended=last.done_at if last.state == "done" else None,
    )
