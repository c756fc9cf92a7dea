"""How long a change takes to the supervisors' pages: what changed, what each page showed when, and the time between.

Moments are epoch seconds of one machine's clock. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from sunwai.bench.matching import percentile

By = Literal["agent", "line"]


@dataclass(frozen=True, slots=True)
class Change:
    """An agent's new state. `since` is when it began, as the floor has it, and names it: no two of his are the same.

    By himself: `began` is just before his page asked for it, `answered` when it had the answer. By the line (offered,
    let it ring): both are `since`.
    """

    agent: str
    by: By
    began: float
    answered: float
    since: float


@dataclass(slots=True)
class Shown:
    """What one page showed, in the order of arrival: of each agent (arrived, since), of the queue (arrived, waiting).

    `walls` counts the messages of the wallboard.
    """

    agents: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    waiting: list[tuple[float, int]] = field(default_factory=list)
    walls: int = 0

    def hear_agents(self, arrived: float, since_of: Mapping[str, float]) -> None:
        """A message of the wallboard; what it says again is not kept."""
        self.walls += 1
        for agent, since in since_of.items():
            known = self.agents.setdefault(agent, [])
            if not known or known[-1][1] < since:
                known.append((arrived, since))

    def hear_waiting(self, arrived: float, waiting: int) -> None:
        self.waiting.append((arrived, waiting))


@dataclass(frozen=True, slots=True)
class Delays:
    """Of `changes` on all pages, in seconds; None when there were none. `missing`: never shown on some page."""

    changes: int
    missing: int
    p50: float | None
    p95: float | None
    p99: float | None
    most: float | None


def until_shown(changes: Iterable[Change], pages: Sequence[Shown]) -> list[float | None]:
    """For each change and page the seconds until the page showed it, or what came after it; None: never."""
    return [_shown_after(change, page) for change in changes for page in pages]


def _shown_after(change: Change, page: Shown) -> float | None:
    known = page.agents.get(change.agent, ())
    arrived = next((arrived for arrived, since in known if since >= change.since), None)
    return None if arrived is None else max(0.0, arrived - change.began)


def until_counted(counts: Sequence[tuple[float, int]], pages: Sequence[Shown], *, rising: bool) -> Delays:
    """A queue that only grows, or only shrinks: how long each change took to each page.

    `counts` are (moment, waiting) as the floor had them; the first is where it began. A page that shows a later count
    has shown it. Only then is it certain which message shows which change.
    """
    sign = 1 if rising else -1
    begin = counts[0][0] if counts else 0.0
    changes = [now for before, now in pairwise(counts) if sign * (now[1] - before[1]) > 0]
    shown = [[one for one in page.waiting if one[0] >= begin] for page in pages]
    found: list[float | None] = []
    for moment, waiting in changes:
        for each in shown:
            arrived = next((arrived for arrived, told in each if sign * told >= sign * waiting), None)
            found.append(None if arrived is None else max(0.0, arrived - moment))
    return delays(len(changes), found)


def delays(changes: int, found: Sequence[float | None]) -> Delays:
    """The figures of what `until_shown` gave."""
    there = [one for one in found if one is not None]
    if not there:
        return Delays(changes, len(found), None, None, None, None)
    p50, p95, p99 = (percentile(there, share) for share in (0.5, 0.95, 0.99))
    return Delays(changes, len(found) - len(there), p50, p95, p99, max(there))
