"""The verdict over a soak: did memory stay flat, and is anything left. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from storage.calls import LedgerSum
from sunwai.chaos.verdict import Law
from sunwai.soak.standing import BOOKS, CONNECTION, Standing

SETTLED_SHARE, SETTLED_LEAST_S, WINDOW_SHARE = 0.2, 90.0, 0.2
"""What of the time under load is not looked at, and how long the first and the last stretch are that are compared.
Asterisk keeps what a call needed for half a minute after it, and takes memory for that until then."""
LEAST_READINGS = 20
GROWTH_SHARE, GROWTH_LEAST_KB = 0.05, 4096.0
"""Memory is flat when the last stretch is above the first by less than this share, and in any case by less than 4 MiB:
allocators keep pieces, and caches of the books fill."""
KEPT = {CONNECTION: 64, BOOKS: 12}
"""Connections to Redis and to the books are kept for the next call, so their number follows the busiest moment: so many
more are no leak. SQLite's are four threads with three files each."""
KEPT_TASKS = 3
"""Requests that are just under way."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Memory (KiB) of each program `at_s` seconds after the load began."""

    at_s: float
    rss_kb: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the verdict rests on. `died`: programs that had to be started again."""

    seconds: float
    rate: float
    calls: int
    failed: int
    readings: Sequence[Reading]
    before: Standing
    after: Standing
    ledger: LedgerSum
    died: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """One program's memory: medians of the first and the last stretch (KiB), and the slope between (KiB a minute)."""

    program: str
    first_kb: float
    last_kb: float
    per_min_kb: float

    @property
    def grown_kb(self) -> float:
        return self.last_kb - self.first_kb

    @property
    def limit_kb(self) -> float:
        return max(GROWTH_LEAST_KB, GROWTH_SHARE * self.first_kb)

    @property
    def flat(self) -> bool:
        return self.grown_kb <= self.limit_kb


@dataclass(frozen=True, slots=True)
class Verdict:
    laws: tuple[Law, ...]
    growth: tuple[Growth, ...]

    @property
    def holds(self) -> bool:
        return all(law.holds for law in self.laws)


def judge(facts: Facts) -> Verdict:
    """All laws, in the order of the table."""
    grown = tuple(growth(facts.readings))
    laws = (
        Law("every call came through", _unless(facts.failed == 0, f"{facts.failed} of {facts.calls} failed")),
        Law("the load made calls", _unless(facts.calls > 0, "no call was made")),
        Law("no program died", tuple(facts.died)),
        Law("memory read", _unless(bool(grown), "too short a run: memory is compared from three minutes on")),
        Law("memory flat", tuple(_told(one) for one in grown if not one.flat)),
        *left(facts.before, facts.after),
        Law("offered = sum of outcomes", _unless(facts.ledger.balanced and not facts.ledger.going, _sum(facts.ledger))),
        Law("lost calls", facts.ledger.lost),
        Law(
            "every call is in the ledger",
            _unless(facts.ledger.offered == facts.calls, f"{facts.calls} made, {facts.ledger.offered} offered"),
        ),
    )
    return Verdict(laws, grown)


def left(before: Standing, after: Standing) -> tuple[Law, ...]:
    """What the line holds more than before."""
    return (
        Law("channels left", after.channels),
        Law("bridges left", after.bridges),
        Law("calls the controller still holds", _unless(after.calls == 0, f"{after.calls} calls")),
        Law(
            "tasks left",
            _unless(after.tasks <= before.tasks + KEPT_TASKS, f"{before.tasks} before, {after.tasks} after"),
        ),
        Law("open files left", tuple(_opened(before.open, after.open))),
        Law("keys left in Redis", tuple(_more(before.keys, after.keys))),
    )


def growth(readings: Sequence[Reading]) -> Iterator[Growth]:
    """Each program's; nothing when there are too few readings after the beginning."""
    if not readings:
        return
    end_s = readings[-1].at_s
    steady = [one for one in readings if one.at_s >= max(SETTLED_LEAST_S, SETTLED_SHARE * end_s)]
    if len(steady) < LEAST_READINGS:
        return
    span_s = WINDOW_SHARE * end_s
    first = [one for one in steady if one.at_s <= steady[0].at_s + span_s]
    last = [one for one in steady if one.at_s >= end_s - span_s]
    for program in steady[0].rss_kb:
        slope = statistics.linear_regression(
            [one.at_s / 60 for one in steady], [float(one.rss_kb[program]) for one in steady]
        ).slope
        yield Growth(program, _median(first, program), _median(last, program), slope)


def _median(readings: Sequence[Reading], program: str) -> float:
    return statistics.median(float(one.rss_kb[program]) for one in readings)


def _told(one: Growth) -> str:
    return (
        f"{one.program} grew by {one.grown_kb / 1024:.1f} MiB ({one.per_min_kb:.0f} KiB a minute), "
        f"at most {one.limit_kb / 1024:.1f} MiB is flat"
    )


def _opened(before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for program, kinds in after.items():
        for kind, number in kinds.items():
            had = before[program].get(kind, 0)
            if number > had + KEPT.get(kind, 0):
                yield f"{program}, {kind}: {had} before, {number} after"


def _more(before: Mapping[str, int], after: Mapping[str, int]) -> Iterator[str]:
    for kind, number in after.items():
        if number > before.get(kind, 0):
            yield f"{kind}: {before.get(kind, 0)} before, {number} after"


def _unless(holds: bool, said: str) -> tuple[str, ...]:
    return () if holds else (said,)


def _sum(ledger: LedgerSum) -> str:
    return f"offered {ledger.offered}, outcomes {sum(ledger.outcomes.values())}, going {ledger.going}"
