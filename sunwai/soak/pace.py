"""Does the line keep up with a load: callers under way must not become more while calls come equally fast. Pure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

GROWTH, SLACK = 1.25, 3.0
"""Stationary: in the last quarter of the time there are at most so many times, and so many, more than in the second."""


def under_way(counts: Path) -> list[tuple[float, float]]:
    """(seconds since the beginning, callers under way) from the statistics that sipp writes each second."""
    with counts.open(encoding="utf-8", newline="") as rows:
        read = list(csv.DictReader(rows, delimiter=";"))
    return [(_epoch(row["CurrentTime"]) - _epoch(row["StartTime"]), float(row["CurrentCall"])) for row in read]


def keeps_up(callers: Sequence[tuple[float, float]], seconds: float) -> bool:
    """Whether those under way stayed as many. A caller patient enough hides a line that falls behind for a while.

    False when there is nothing to compare: a load of a few seconds proves nothing.
    """
    earlier = [number for at_s, number in callers if 0.25 * seconds <= at_s < 0.5 * seconds]
    later = [number for at_s, number in callers if 0.75 * seconds <= at_s < seconds]
    return bool(earlier and later) and mean(later) <= GROWTH * mean(earlier) + SLACK


def _epoch(stamp: str) -> float:
    """sipp writes a moment as date, time and seconds since the epoch."""
    return float(stamp.rsplit(maxsplit=1)[-1])
