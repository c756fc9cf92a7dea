"""Who gets the next call (design 3.10): a static key per caller, ageing implicit, the agent who has been idle longest.

Pure: times are epoch seconds given by the caller of these functions. What is waiting and who is ready lives in
`storage/floor.py`, which only compares and reserves the pair named here. Skills are tokens such as "lang:hi",
"cat:SUP", "co:PV": a call asks for a set of them, an agent serves every call whose set he has wholly.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

HEAD_START_S: Mapping[int, float] = MappingProxyType(
    {
        0: 86_400.0,  # danger: before everybody, since nobody waits for a day (queue.max_wait_s is minutes)
        1: 600.0,  # flagged consumers, callers who were cut, lines and transformers down
        2: 120.0,  # a fuse: one house in the dark
        3: 0.0,
        4: 0.0,
    }
)
"""Seconds by which a caller of this priority is treated as having come earlier than he did.

The key never changes while a caller waits, so nobody starves: whoever waits longer than the difference of two head
starts is before every newcomer of the higher priority.
"""

_OUT_OF_TEN = 1.2816
"""Standard deviations that leave one in ten outside on each side."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller waiting for a person. `key` is `routing_key(entered_at, priority)`; `entered_at` is in epoch seconds.

    `not_agents` are agents who shall not be offered this caller now (they have just let him ring).
    `node` is the node which holds the caller and alone makes the offer (design 3.22).
    """

    call_ref: str
    key: float
    skills: frozenset[str]
    entered_at: float
    priority: int
    not_agents: frozenset[str] = frozenset()
    node: str = ""

    @property
    def order(self) -> tuple[float, str]:
        """Total order of all callers: by key, then by reference (as the floor's sorted sets do)."""
        return (self.key, self.call_ref)


@dataclass(frozen=True, slots=True)
class Ready:
    """An agent who can be offered a call now; `idle_since` is the epoch second since when he has had none."""

    agent: str
    skills: frozenset[str]
    idle_since: float

    @property
    def order(self) -> tuple[float, str]:
        """Longest idle first, then by code."""
        return (self.idle_since, self.agent)


def routing_key(entered_at: float, priority: int) -> float:
    """The static key of a caller who came at `entered_at` (epoch seconds): smaller is served earlier.

    ValueError for a priority that is not in `HEAD_START_S`.
    """
    if priority not in HEAD_START_S:
        raise ValueError(f"priority {priority} is not one of {sorted(HEAD_START_S)}")
    return entered_at - HEAD_START_S[priority]


def pairs(waiting: Iterable[Waiting], ready: Iterable[Ready]) -> Iterator[tuple[Waiting, Ready]]:
    """Every pair that can be made now, best caller first; each caller and each agent at most once.

    A caller nobody can serve holds nobody up. Cost: different skill sets of the callers x those of the agents, and
    callers x the sets that serve them.
    """
    idle: dict[frozenset[str], list[Ready]] = {}
    for agent in sorted(ready, key=lambda one: one.order):
        idle.setdefault(agent.skills, []).append(agent)
    able: dict[frozenset[str], list[list[Ready]]] = {}
    for caller in sorted(waiting, key=lambda one: one.order):
        groups = able.get(caller.skills)
        if groups is None:
            groups = able[caller.skills] = [group for skills, group in idle.items() if caller.skills <= skills]
        chosen = _longest_idle(caller, groups)
        if chosen is not None:
            idle[chosen.skills].remove(chosen)
            yield caller, chosen


def _longest_idle(caller: Waiting, groups: Iterable[list[Ready]]) -> Ready | None:
    """The first agent of each group he is not kept from, and of those the longest idle; groups are sorted already."""
    firsts = (next((agent for agent in group if agent.agent not in caller.not_agents), None) for group in groups)
    return min((agent for agent in firsts if agent is not None), key=lambda one: one.order, default=None)


def pick(waiting: Iterable[Waiting], ready: Iterable[Ready]) -> tuple[str, str] | None:
    """The next call and its agent as (call_ref, agent): the smallest key that anybody ready can serve; None if none."""
    best = next(pairs(waiting, ready), None)
    return None if best is None else (best[0].call_ref, best[1].agent)


def position(waiting: Collection[Waiting], call_ref: str) -> int | None:
    """The caller's place among `waiting`, 1 is next; None when he is not among them."""
    own = next((caller.order for caller in waiting if caller.call_ref == call_ref), None)
    return None if own is None else sum(caller.order <= own for caller in waiting)


def one_line(skills: frozenset[str], others: frozenset[str]) -> bool:
    """True when callers asking for these two sets of skills stand in one line for the spoken position.

    Everything but the category must be the same: agents mostly serve several categories of one company and language,
    so that the spoken number errs to the long side; whoever is served earlier than told does not complain.
    """
    return _but_category(skills) == _but_category(others)


def _but_category(skills: frozenset[str]) -> frozenset[str]:
    return frozenset(skill for skill in skills if not skill.startswith("cat:"))


def expected_wait_s(ahead: int, agents: int, handle_time_s: float) -> tuple[float, float] | None:
    """An honest range (low, high) in seconds until a caller with `ahead` callers before him is offered to an agent.

    With all `agents` busy and calls of `handle_time_s` on average, the wait is the sum of ahead+1 exponential gaps
    (a gamma distribution); the range holds eight waits in ten, by Wilson and Hilferty's cube-root approximation.
    None when nobody serves: there is nothing honest to say. ValueError for a negative `ahead` or a handle time of 0.
    """
    if ahead < 0 or handle_time_s <= 0:
        raise ValueError("ahead must be 0 or more and the handle time above 0 seconds")
    if agents <= 0:
        return None
    gaps = ahead + 1
    mean = gaps * handle_time_s / agents
    spread = 1 / (9 * gaps)
    low, high = (mean * (1 - spread + side * spread**0.5) ** 3 for side in (-_OUT_OF_TEN, _OUT_OF_TEN))
    return (max(0.0, low), high)
