"""Figures for people: the ledger of a day and the service level. The read side; nothing is written here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints.ledger import Call, Outcome
from complaints.records import Origin
from storage.books import Books
from storage.calls import LedgerSum


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
    """Answered by a person within `within_s` seconds, over all who were put into the queue.

    Whoever gave up counts as offered, however soon: taking anybody out could only flatter the figure.
    """
    in_time = late = abandoned = short = waiting_late = waiting = 0
    offered = await books.calls.queued(begin, end, origin)
    for call in offered:
        if call.talked_at is not None:
            quick = _waited_s(call, call.talked_at) <= within_s
            in_time, late = in_time + quick, late + (not quick)
        elif call.ended_at is None:
            quick = _waited_s(call, now) <= within_s
            waiting, waiting_late = waiting + quick, waiting_late + (not quick)
        else:
            abandoned += 1
            short += call.outcome is Outcome.SHORT_ABANDON
    return ServiceLevel(within_s, len(offered), in_time, late, abandoned, short, waiting_late, waiting)


def _waited_s(call: Call, until: datetime) -> float:
    return (until - (call.queued_at or call.offered_at)).total_seconds()
