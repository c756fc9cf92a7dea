"""What one matching decision costs: the rule alone, and the whole of it through a true Redis, beside growing queues.

No telephone takes part. Each decision brings one caller and one agent together; afterwards, not measured, they
talk, the agent is ready again and a new caller enters, so that the queue keeps its length.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from dialplan.routing import Waiting, pairs, routing_key
from ivr.matching import DEPTH
from storage.floor import Floor
from storage.floor_records import AgentState
from sunwai.errors import StartError

WAITING, AGENTS = (100, 1_000, 10_000), (300, 3_000)
DECISIONS, ROUNDS = 100, 50
"""Measured with one agent ready, and with all, where a round decides hundreds of pairs."""

_LEASE_S = 1e7
_AT_ONCE = 32
_FIRST_S = 1_800_000_000.0
_LATER_S = _FIRST_S + 1e5
_COMPANIES = ("PV", "DV", "MV")
_LANGUAGES, _SPOKEN = ("hi", "ur", "en"), (6, 3, 1)
_FAMILIES, _ASKED = ("SUP", "BILL", "METER", "NEWCON", "SAF", "THEFT", "STAFF", "OTHER"), (50, 20, 10, 5, 3, 2, 1, 9)
_PRIORITIES, _SHARES = (0, 1, 2, 3, 4), (1, 10, 25, 50, 14)
_SPEAKS = (("hi",), ("hi", "en"), ("hi", "ur"), ("hi", "ur", "en"))
_DOES = (_FAMILIES, ("SUP", "SAF", "OTHER"), ("BILL", "METER", "NEWCON"), ("THEFT", "STAFF", "OTHER"))


@dataclass(frozen=True, slots=True)
class Case:
    """How many wait, how many agents are signed in, and how many of these are ready; the others have a break."""

    waiting: int
    agents: int
    ready: int


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of one decision: `rule` is `routing.pairs` on the heads, `whole` reads, decides and reserves.

    In a round that serves several, each bears its share of what is done once for all of them: `pairs_made` says of how
    many (the median).
    """

    case: Case
    decisions: int
    pairs_made: int
    rule_p50_us: float
    rule_p99_us: float
    whole_p50_us: float
    whole_p99_us: float


def cases(*, quick: bool) -> list[Case]:
    """Each queue beside one free agent (a full house) and beside all agents (after an outage)."""
    waiting, agents = (WAITING[:1], AGENTS[:1]) if quick else (WAITING, AGENTS)
    return [Case(callers, desks, ready) for desks in agents for ready in (1, desks) for callers in waiting]


def skills_asked(dice: random.Random) -> frozenset[str]:
    """What a caller asks for: one company, one language, one family of categories; some far more often than others."""
    (language,), (family,) = dice.choices(_LANGUAGES, _SPOKEN), dice.choices(_FAMILIES, _ASKED)
    return frozenset({f"co:{dice.choice(_COMPANIES)}", f"lang:{language}", f"cat:{family}"})


def skills_served(dice: random.Random) -> frozenset[str]:
    """What an agent serves: one company, its main language and perhaps more, every family or one desk's."""
    speaks, does = dice.choice(_SPEAKS), dice.choice(_DOES)
    return _served((dice.choice(_COMPANIES),), speaks, does)


def _served(companies: Sequence[str], languages: Sequence[str], families: Sequence[str]) -> frozenset[str]:
    return frozenset(
        {f"co:{one}" for one in companies} | {f"lang:{one}" for one in languages} | {f"cat:{one}" for one in families}
    )


def arrivals(dice: random.Random) -> Iterator[Waiting]:
    """Callers without end, one each tenth of a second."""
    for number in itertools.count():
        entered_at = _FIRST_S + number / 10
        (priority,) = dice.choices(_PRIORITIES, _SHARES)
        key = routing_key(entered_at, priority)
        yield Waiting(f"bench-{number}", key, skills_asked(dice), entered_at, priority)


def percentile(values: Collection[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of all are not above. ValueError when there are none."""
    if not values:
        raise ValueError("no values, no percentile")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def cost_of(case: Case, rounds: Sequence[int], rule_s: Sequence[float], whole_s: Sequence[float]) -> Cost:
    """The case's figures: pairs of each round, and what a decision of it took, in seconds."""
    figures = (1e6 * percentile(taken, share) for taken in (rule_s, whole_s) for share in (0.5, 0.99))
    return Cost(case, len(whole_s), int(percentile(rounds, 0.5)), *figures)


def growth(costs: Sequence[Cost]) -> list[tuple[int, int, float, float]]:
    """(agents, ready, growth, log n): p50 of the whole decision in the longest queue by that in the shortest.

    `log n` is what the logarithm of the queue's length grew by. Nothing for agents with one queue only.
    """
    found = []
    for (agents, ready), group in itertools.groupby(costs, key=lambda cost: (cost.case.agents, cost.case.ready)):
        queues = sorted(group, key=lambda cost: cost.case.waiting)
        first, last = queues[0], queues[-1]
        if first is not last:
            allowed = math.log(last.case.waiting) / math.log(first.case.waiting)
            found.append((agents, ready, last.whole_p50_us / first.whole_p50_us, allowed))
    return found


async def measure(url: str, *, quick: bool) -> list[Cost]:
    """Every case on the Redis at `url`, whose memory they may fill. FloorAway when it goes."""
    plan = cases(quick=quick)
    found: list[Cost] = []
    for agents in dict.fromkeys(case.agents for case in plan):
        *shorter, longest = (case for case in plan if case.agents == agents and case.ready == agents)
        async with _house(url, agents, 1) as house:
            alone = (case for case in plan if case.agents == agents and case.ready == 1)
            found += [await house.decide(case, 20 if quick else DECISIONS) for case in alone]
            await house.end_breaks(agents)  # filling the longest queue once more would take seconds
            found.append(await house.decide(longest, 20 if quick else ROUNDS))
        async with _house(url, agents, agents) as house:
            found += [await house.decide(case, 20 if quick else ROUNDS) for case in shorter]
    return sorted(found, key=lambda cost: plan.index(cost.case))


_EVERYTHING = _served(_COMPANIES, _LANGUAGES, _FAMILIES)


def _code(number: int) -> str:
    return f"B{number:04}"


def _since(number: int) -> float:
    return _FIRST_S + number / 1000


@dataclass(slots=True)
class _House:
    """A floor whose queue only grows. `now` is the moment of the last decision."""

    floor: Floor
    dice: random.Random
    coming: Iterator[Waiting] = field(init=False)
    waiting: int = 0
    now: float = _LATER_S

    def __post_init__(self) -> None:
        self.coming = arrivals(self.dice)

    async def fill(self, waiting: int) -> None:
        """Let callers enter until so many wait."""
        new = itertools.islice(self.coming, waiting - self.waiting)
        while some := list(itertools.islice(new, _AT_ONCE)):
            await asyncio.gather(*(self.floor.enqueue(one, "bench") for one in some))
        self.waiting = waiting

    async def sign_in(self, agents: int, ready: int) -> None:
        """The first `ready` are ready; one who is alone serves everybody, so that no decision finds nobody."""
        numbers = iter(range(agents))
        while some := list(itertools.islice(numbers, _AT_ONCE)):
            await asyncio.gather(*(self._sign_in(number, ready) for number in some))

    async def end_breaks(self, agents: int) -> None:
        """All but the first, who is ready, become so."""
        numbers = iter(range(1, agents))
        while some := list(itertools.islice(numbers, _AT_ONCE)):
            ready = (self.floor.set_state(_code(number), AgentState.READY, now=_since(number)) for number in some)
            await asyncio.gather(*ready)

    async def _sign_in(self, number: int, ready: int) -> None:
        skills = _EVERYTHING if ready == 1 and number == 0 else skills_served(self.dice)
        state: Literal[AgentState.READY, AgentState.BREAK] = AgentState.READY if number < ready else AgentState.BREAK
        await self.floor.contact(_code(number), ok=True)
        await self.floor.sign_in(_code(number), skills, "bench", now=_since(number), lease_s=_LEASE_S, state=state)

    async def decide(self, case: Case, decisions: int) -> Cost:
        """So many decisions one after the other in a queue of the case's length, each undone before the next."""
        await self.fill(case.waiting)
        rounds, rule_s, whole_s = [], [], []
        for _ in range(decisions):
            self.now += 1
            now = self.now
            began = time.perf_counter()
            ready = await self.floor.ready_agents(now)
            heads = await self.floor.waiting_heads(now, min(DEPTH, len(ready)))
            read = time.perf_counter()
            made = list(pairs(heads, ready))
            decided = time.perf_counter()
            if not made:
                raise StartError("the bench's floor has nobody to match: its Redis is used by somebody else")
            waiting, agent = made[0]
            offer = await self.floor.reserve(waiting.call_ref, agent.agent, owner="bench", lease_s=60.0, now=now)
            ended = time.perf_counter()
            if offer is None or not await self.floor.accepted(offer, now=now):
                raise StartError("the bench's floor refused a free pair: its Redis is used by somebody else")
            rounds.append(len(made))
            rule_s.append((decided - read) / len(made))
            whole_s.append((decided - began) / len(made) + ended - decided)
            await self.floor.released(offer.agent, offer.call_ref, wrap_up_s=0, now=now)
            await self.floor.enqueue(next(self.coming), "bench")
        return cost_of(case, rounds, rule_s, whole_s)


@asynccontextmanager
async def _house(url: str, agents: int, ready: int) -> AsyncIterator[_House]:
    """An empty queue with these agents; the same callers and agents each time."""
    floor = Floor(url, f"bench-matching-{agents}-{ready}")
    try:
        house = _House(floor, random.Random(1912))  # noqa: S311 - a model of callers, no secret
        await house.sign_in(agents, ready)
        yield house
    finally:
        await floor.close()
