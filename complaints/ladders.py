"""Callback ladders as data (design 3.15): when the next try of a call we owe is due, and what follows the last.

Every try uses a rung; a consumer who answers "later" is rung at a time of its own, then the ladder goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.clocks import next_calling_time
from complaints.records import Company


@dataclass(frozen=True, slots=True)
class Ladder:
    """`gaps_min[n]` minutes pass between try n-1 and try n. `any_hour` ladders ignore calling hours.

    Tries after the first `alone` are an agent's call; None: the line makes them all by itself.
    """

    kind: str
    gaps_min: tuple[int, ...]
    any_hour: bool
    alone: int | None = None

    @property
    def tries(self) -> int:
        return len(self.gaps_min)

    def by_agent(self, attempt: int) -> bool:
        """Is try `attempt` (1 = the first) an agent's call?"""
        return self.alone is not None and attempt > self.alone

    def left_alone(self, tried: int) -> bool:
        """Has the line tried `tried` times all that it can try by itself?"""
        return tried >= (self.tries if self.alone is None else self.alone)


PROMISE = Ladder("promise", (0, 5, 20), any_hour=True)
LOST_CALLER = Ladder("lost_caller", (0,), any_hour=False)
SATISFACTION = Ladder("satisfaction", (0, 240, 720, 120), any_hour=False, alone=3)
"""Three slots in 24 hours, a message, then an agent's call, which still needs the consumer's key (domain.md 3.2)."""
LATER_MIN = 120
"""A consumer who says "later" is rung again after this many minutes, in calling hours (house rule)."""


def next_try(ladder: Ladder, tried: int, now: datetime, company: Company) -> datetime | None:
    """When try number `tried` (0 = the first) is due; None when the ladder has no such rung."""
    if tried >= ladder.tries:
        return None
    moment = now + timedelta(minutes=ladder.gaps_min[tried])
    return moment if ladder.any_hour else next_calling_time(company, moment)


def later(now: datetime, company: Company) -> datetime:
    """When to ring again after the consumer said "later"."""
    return next_calling_time(company, now + timedelta(minutes=LATER_MIN))
