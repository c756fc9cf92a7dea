"""One outage's burst of callers, replayed through the line's own routing: what each way of treating them would give.

Who calls when, how patient he is, how long he talks is drawn once for a seed and is the same for every policy.
"""

from __future__ import annotations

import random
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType

from complaints import ladders
from ivr.holding import CALLBACK_ABOVE_S
from sunwai.settings import Settings

HELPLINE, STORY, SURVEY, OURS = "1912 model", "story F-12", "survey calls", "assumed here"
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        HELPLINE: "the project's model of a 1912 helpline in an outage's burst",
        STORY: "the planted outage of feeder F-12: 19:10 to 21:40, 1,200 calls in 20 min, cause told 35 min late",
        SURVEY: "Raza et al., automatic calls in Pakistan: 45,500 of 67,000 were answered",
        OURS: "no source: assumed",
    }
)


def _known(value: float, what: str, source: str) -> float:
    return field(default=value, metadata={"what": what, "source": source})


@dataclass(frozen=True, slots=True)
class Assumed:
    """What is assumed about callers and agents; each with its source, which is printed beside the table."""

    agents: float = _known(20, "agents, each serving everybody", HELPLINE)
    usual_per_h: float = _known(300, "usual calls per hour, all the time", HELPLINE)
    span_min: float = _known(180, "minutes for which callers come; then the queue is served to its end", HELPLINE)
    burst_calls: float = _known(1200, "more calls from one outage", STORY)
    burst_min: float = _known(20, "minutes in which those come", STORY)
    burst_after_min: float = _known(30, "minutes after the beginning (18:40) at which the burst begins: 19:10", STORY)
    told_late_min: float = _known(35, "minutes until the centre knows the cause, in the last row", STORY)
    patience_s: float = _known(180, "seconds a caller waits on average before he hangs up (exponential)", HELPLINE)
    handle_s: float = _known(150, "seconds of a talk and its wrap-up on average (exponential)", HELPLINE)
    accept_share: float = _known(0.6, "of those offered a callback, who take it", HELPLINE)
    served_share: float = _known(0.7, "of the outage's callers, whom the message about it serves", HELPLINE)
    answer_share: float = _known(0.68, "of callbacks' tries, how many are answered", SURVEY)
    answer_s: float = _known(10, "seconds a consumer's phone rings before he answers", OURS)


BEGIN = datetime(2026, 6, 20, 13, 10, tzinfo=UTC)
"""18:40 in India: the burst falls into calling hours, and its late callbacks do not."""
RUNS, QUICK_RUNS = 30, 2


@dataclass(frozen=True, slots=True)
class Rules:
    """The line's own thresholds, from its settings and its code; seconds."""

    callback_above_s: float
    announce_every_s: float
    max_wait_s: float
    handle_time_s: float
    dial_timeout_s: float


def rules_of(settings: Settings) -> Rules:
    queue = settings.queue
    return Rules(
        CALLBACK_ABOVE_S,
        queue.announce_every_s,
        queue.max_wait_s,
        queue.handle_time_s,
        settings.telephony.dial_timeout_s,
    )


@dataclass(frozen=True, slots=True)
class Policy:
    """What the line does: `callback` offers one and keeps the place, `message` tells of the outage before the menu,
    `left` rings back who hung up. `message_after_min`: so long after the outage's begin nobody knows of it."""

    name: str
    callback: bool = False
    message: bool = False
    left: bool = False
    message_after_min: float = 0.0


def policies(assumed: Assumed) -> tuple[Policy, ...]:
    """The rows of the table. `all` is what the line does; the others show what each part of it is worth."""
    return (
        Policy("plain"),
        Policy("callback", callback=True),
        Policy("outage message", message=True),
        Policy("callback and message", callback=True, message=True),
        Policy("all", callback=True, message=True, left=True),
        Policy("all, cause told late", True, True, True, assumed.told_late_min),
    )


@dataclass(frozen=True, slots=True)
class Caller:
    """One call: `at` is epoch seconds; `answers` says of each try to ring him whether he would answer it."""

    ref: str
    at: float
    of_outage: bool
    patience_s: float
    handle_s: float
    takes_callback: bool
    served_by_message: bool
    answers: tuple[bool, ...]


def callers(assumed: Assumed, seed: int) -> list[Caller]:
    """Everybody who calls, in the order of their calls; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - a model of callers, no secret
    begin = BEGIN.timestamp()
    moments = [(begin + at, False) for at in _poisson(draw, assumed.usual_per_h / 3600, 60 * assumed.span_min)]
    first = begin + 60 * assumed.burst_after_min
    moments += [(first + draw.uniform(0, 60 * assumed.burst_min), True) for _ in range(int(assumed.burst_calls))]
    return [_caller(assumed, draw, number, *moment) for number, moment in enumerate(sorted(moments))]


def _caller(assumed: Assumed, draw: random.Random, number: int, at: float, of_outage: bool) -> Caller:
    return Caller(
        f"burst-{number:05}",
        at,
        of_outage,
        draw.expovariate(1 / assumed.patience_s),
        draw.expovariate(1 / assumed.handle_s),
        draw.random() < assumed.accept_share,
        draw.random() < assumed.served_share,
        tuple(draw.random() < assumed.answer_share for _ in range(ladders.PROMISE.tries)),
    )


def _poisson(draw: random.Random, per_s: float, span_s: float) -> Iterator[float]:
    at = draw.expovariate(per_s)
    while at < span_s:
        yield at
        at += draw.expovariate(per_s)


class End(StrEnum):
    """How it ended for a caller; each has exactly one."""

    TALKED = "talked"
    CALLED_BACK = "called back"
    RUNG_BACK = "rung back after leaving"
    SELF_SERVED = "served by the message"
    NOT_REACHED = "not reached"
    """Promised or owed a callback, and no try was answered: on the supervisors' list, not lost."""
    LOST = "lost"
    """He hung up, and nobody will ring him."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replay gave; times in seconds.

    `to_person_s`: from asking for a person to having one, of those who had one. `promises_s`: from each promise made
    to the talk, or to its last try; `owed_s` likewise for those who hung up.
    """

    ends: Mapping[End, int]
    abandoned: int
    answered_soon: int
    to_person_s: Sequence[float]
    promises_s: Sequence[float]
    owed_s: Sequence[float]

    @property
    def offered(self) -> int:
        return sum(self.ends.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One policy over all runs: means of the runs, the longest of all, the median of all ways to a person."""

    policy: str
    runs: int
    offered: float
    abandoned_percent: float
    lost: float
    longest_promise_min: float
    longest_owed_min: float
    to_person_s: float
    soon_percent: float
    ends: Mapping[str, float]


def row(policy: Policy, outcomes: Sequence[Outcome]) -> Row:
    """The table's line. `soon_percent`: talked within 20 s, of all offered (design: never of the answered)."""
    offered = sum(one.offered for one in outcomes)
    ends: Counter[End] = Counter()
    for one in outcomes:
        ends.update(one.ends)
    runs = len(outcomes)
    waits = [wait for one in outcomes for wait in one.to_person_s]
    return Row(
        policy.name,
        runs,
        offered / runs,
        100 * sum(one.abandoned for one in outcomes) / offered,
        ends[End.LOST] / runs,
        max((wait for one in outcomes for wait in one.promises_s), default=0.0) / 60,
        max((wait for one in outcomes for wait in one.owed_s), default=0.0) / 60,
        statistics.median(waits) if waits else 0.0,
        100 * sum(one.answered_soon for one in outcomes) / offered,
        {str(end): ends[end] / runs for end in End},
    )


def assumptions(assumed: Assumed) -> list[tuple[str, float, str]]:
    """(what, value, which of SOURCES says so), for people."""
    return [
        (known.metadata["what"], getattr(assumed, known.name), known.metadata["source"]) for known in fields(assumed)
    ]
