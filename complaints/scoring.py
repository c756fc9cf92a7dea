"""The score card of a recorded call: ten points, who scores a second time, and how far two scorers agree. Pure.

The points and the share of second scorers are those of domain.md 3.4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Point(StrEnum):
    """What a scorer listens for, in the order of a call."""

    GREETING = "greeting"
    LISTENING = "listening"
    COURTESY = "courtesy"
    CATEGORY = "category"
    READ_BACK = "read_back"
    PROMISE = "promise"
    NUMBER = "number"
    HOLD = "hold"
    DATA = "data"
    CLOSING = "closing"


SECOND_OF = 20
"""One call in so many is scored by a second person: 5 %."""

Points = Mapping[Point, bool | None]
"""True: done, False: not done, None: there was no occasion for it in this call."""


def score_of(points: Points) -> float | None:
    """Points done, of those there was occasion for, 0..100; None when there was occasion for none."""
    asked = [done for done in points.values() if done is not None]
    return round(100.0 * sum(asked) / len(asked), 1) if asked else None


def wants_second(call_ref: str) -> bool:
    """Which calls are scored twice: told by the reference alone, so that nobody chooses them."""
    return int.from_bytes(hashlib.sha256(call_ref.encode()).digest()[:8]) % SECOND_OF == 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `points` that two scorers judged in the same calls they agreed on `agreed`; `kappa` is Cohen's, -1..1.

    kappa is None while there is nothing to compare, or when chance alone would always agree.
    """

    calls: int
    points: int
    agreed: int
    kappa: float | None


def agreement(pairs: Iterable[tuple[Points, Points]]) -> Agreement:
    """How far the first and the second scorer of each call agree; a point one of them had no occasion for is left out.

    Cohen, J. (1960), A coefficient of agreement for nominal scales: (observed - expected) / (1 - expected).
    """
    calls, judged = 0, list[tuple[bool, bool]]()
    for first, second in pairs:
        calls += 1
        for point in Point:
            one, other = first.get(point), second.get(point)
            if one is not None and other is not None:
                judged.append((one, other))
    agreed = sum(one == other for one, other in judged)
    return Agreement(calls, len(judged), agreed, _kappa(judged, agreed))


def _kappa(judged: list[tuple[bool, bool]], agreed: int) -> float | None:
    if not judged:
        return None
    count = len(judged)
    first_yes, second_yes = sum(one for one, _ in judged) / count, sum(other for _, other in judged) / count
    expected = first_yes * second_yes + (1 - first_yes) * (1 - second_yes)
    return round((agreed / count - expected) / (1 - expected), 3) if expected < 1 else None
