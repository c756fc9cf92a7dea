"""`sunwai bench --wall`: sixty browsers, two hundred waiting, and how soon the supervisors' pages show what changed.

One queue is filled, kept and emptied. While it is full, stretches with the wallboard open on every supervisor's page
alternate with stretches in which nobody looks: the difference is what the wallboard itself costs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from storage.floor import Floor
from storage.floor_records import CALLER_LEFT, CALLER_WAITING, CONNECTED
from sunwai import wiring
from sunwai.bench.arrivals import Change, Delays, Shown, delays, until_counted, until_shown
from sunwai.bench.browsers import Agent, WallPage, agents_at_work, supervisors, wall_open
from sunwai.bench.callers import fit
from sunwai.bench.facts import load_average, machine
from sunwai.bench.lines import clear
from sunwai.bench.load import Load, calling
from sunwai.bench.measure import cpu_s, is_agents_leg, machine_busy_s, rss_kb
from sunwai.bench.wall_house import WallHouse, a_line_with_console
from sunwai.bench.wall_plan import WallPlan, make_wall_plan
from sunwai.bench.wall_report import BENCH, Stretch, WallResults, told_stretch
from sunwai.errors import StartError, one_sentence
from sunwai.parent import only_parent, raise_file_limit
from sunwai.settings import Line

SHOWN_LIMIT_S = 5.0
"""What no page shows within this time after a stretch was never shown."""
_STAY_S = 3600.0
_FILL_SLACK_S = 60.0
_SETTLE_S = 3.0
_TICK_S = 0.05

Measured = tuple[list[Stretch], dict[str, Delays], Mapping[int, int]]


def measure_wall(line: Line, console: Console, out: Path, *, rounds: int, quick: bool) -> WallResults:
    """The line itself must not run: its ports are used. SunwaiError, one sentence, when something is missing."""
    begun, moment, load_before = datetime.now(UTC), time.monotonic(), load_average()
    work, plan = out / "work", make_wall_plan(rounds, quick=quick)
    with only_parent(line), one_sentence():
        clear(work)
        raise_file_limit()
        try:
            stretches, queue, turned_away = asyncio.run(_measured(line, work, plan, console))
        finally:
            shutil.rmtree(work / "ours" / "recordings", ignore_errors=True)
    facts = {**machine(line), "load_before": load_before, "load_after": load_average()}
    taken_s = time.monotonic() - moment
    told = begun.isoformat(timespec="seconds")
    return WallResults(told, taken_s, quick, facts, plan, stretches, queue, turned_away)


async def _measured(line: Line, work: Path, plan: WallPlan, console: Console) -> Measured:
    _say(console, f"the line starts; its books get {plan.day_calls} calls of today")
    async with a_line_with_console(line, work, plan) as house:
        _say(console, f"{plan.agents} agents log in and register their telephones")
        async with (
            agents_at_work(house.url, house.agents, house.password, plan.moves_every_s) as agents,
            supervisors(house.url, house.supervisors, house.password) as pages,
        ):
            return await _Wall(house, plan, agents, pages, console).run(work / "callers")


class _Wall:
    """One run; holds what its parts share."""

    def __init__(
        self, house: WallHouse, plan: WallPlan, agents: Sequence[Agent], pages: Sequence[WallPage], console: Console
    ) -> None:
        self._house = house
        self._plan = plan
        self._agents = agents
        self._pages = pages
        self._console = console
        self._counts: list[tuple[float, int]] = []

    async def run(self, work: Path) -> Measured:
        """The stretches, the queue's delays by what was done to it, and requests that failed, by their status."""
        stretches, queue = list[Stretch](), dict[str, Delays]()
        async with self._counting(), AsyncExitStack() as callers:
            _say(self._console, f"{self._plan.callers} callers come, {self._plan.rate:g} a second")
            async with self._queue_moves("a caller comes", queue, rising=True):
                await callers.enter_async_context(calling(self._house.line, self._load(), work))
                await self._filled()
            for number in range(1, self._plan.rounds + 1):
                for is_open in (True, False):
                    stretches.append(await self._stretch(number, is_open=is_open))
                    _say(self._console, told_stretch(stretches[-1]))
            _say(self._console, "the callers leave again")
            async with self._queue_moves("a caller leaves", queue, rising=False):
                await self._emptied()
        return stretches, queue, Counter(status for agent in self._agents for status in agent.turned_away)

    # -- the queue ----------------------------------------------------------------------------------------------------

    def _load(self) -> Load:
        plan, number = self._plan, self._house.line.settings.line.number
        return Load(number, plan.rate, plan.callers, fit()[: plan.callers], keys=True, patience_s=_STAY_S)

    async def _filled(self) -> None:
        limit_s = self._plan.callers / self._plan.rate + _FILL_SLACK_S
        try:
            async with asyncio.timeout(limit_s):
                while self._counts[-1][1] < self._plan.callers:  # noqa: ASYNC110 - other processes are waited for
                    await asyncio.sleep(_TICK_S)
        except TimeoutError:
            waiting = self._counts[-1][1]
            raise StartError(f"after {limit_s:.0f} s {waiting} of {self._plan.callers} callers wait") from None

    async def _emptied(self) -> None:
        """At the pace at which they came."""
        legs = await self._house.door.names("channels")
        for channel in [each for each in legs if not is_agents_leg(each)]:
            await self._house.door.hang_up(channel)
            await asyncio.sleep(1 / self._plan.rate)

    @asynccontextmanager
    async def _queue_moves(self, what: str, queue: dict[str, Delays], *, rising: bool) -> AsyncIterator[None]:
        """What the block does to the queue, with the pages open."""
        async with wall_open(self._pages) as shown:
            await asyncio.sleep(_SETTLE_S)
            at = len(self._counts) - 1
            yield
            await asyncio.sleep(SHOWN_LIMIT_S)
        queue[what] = until_counted(self._counts[at:], shown, rising=rising)

    @asynccontextmanager
    async def _counting(self) -> AsyncIterator[None]:
        """The floor's own count at each of its changes, while the block runs."""
        line = self._house.line
        floor, began = Floor(line.floor_url, wiring.prefix_of(line)), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                counting = tasks.create_task(self._count(floor, began))
                await began.wait()
                yield
                counting.cancel()
        finally:
            await floor.close()

    async def _count(self, floor: Floor, began: asyncio.Event) -> None:
        async for event in floor.listen():
            if event.type in (CONNECTED, CALLER_WAITING, CALLER_LEFT):
                moment = time.time()
                self._counts.append((moment, await floor.waiting_count()))
                began.set()

    # -- the agents ---------------------------------------------------------------------------------------------------

    async def _stretch(self, number: int, *, is_open: bool) -> Stretch:
        async with wall_open(self._pages if is_open else ()) as shown:
            await asyncio.sleep(_SETTLE_S)
            pids = {**self._house.pids(), BENCH: os.getpid()}
            began, before, busy = time.time(), {name: cpu_s(pid) for name, pid in pids.items()}, machine_busy_s()
            walls = sum(page.walls for page in shown)
            late_s = await _pass(self._plan.seconds)
            ended, pids = time.time(), {**self._house.pids(), BENCH: os.getpid()}
            seconds = ended - began
            stretch = Stretch(
                round=number,
                open=is_open,
                seconds=seconds,
                cpu_percent={name: 100 * (cpu_s(pid) - before[name]) / seconds for name, pid in pids.items()},
                machine_percent=100 * (machine_busy_s() - busy) / seconds,
                rss_kb={name: rss_kb(pid) for name, pid in pids.items()},
                load_average=load_average(),
                waiting=self._waiting_since(began),
                walls_per_s=(sum(page.walls for page in shown) - walls) / seconds / len(shown) if shown else 0.0,
                bench_late_s=late_s,
            )
            await asyncio.sleep(SHOWN_LIMIT_S)
        changes = [one for agent in self._agents for one in agent.changes if began <= one.began < ended]
        asked = [one for one in changes if one.by == "agent"]
        by_line = [one for one in changes if one.by == "line"]
        return replace(
            stretch,
            asked=_delays(asked, shown),
            answers=delays(len(asked), [one.answered - one.began for one in asked]),
            after=_delays([replace(one, began=one.since) for one in asked], shown),
            by_line=_delays(by_line, shown),
        )

    def _waiting_since(self, moment: float) -> tuple[int, int]:
        """Fewest and most who waited since then."""
        counts = [self._counts[-1][1], *(waiting for at, waiting in self._counts if at >= moment)]
        return min(counts), max(counts)


def _delays(changes: Sequence[Change], shown: Sequence[Shown]) -> Delays:
    return delays(len(changes), until_shown(changes, shown))


async def _pass(seconds: float) -> float:
    """Let the time pass; by how much the bench itself was late at worst, which no page is to blame for."""
    end, worst = time.monotonic() + seconds, 0.0
    while (begun := time.monotonic()) < end:
        await asyncio.sleep(_TICK_S)
        worst = max(worst, time.monotonic() - begun - _TICK_S)
    return worst


def _say(console: Console, text: str) -> None:
    console.print(f"[dim]{datetime.now(UTC):%H:%M:%S} {text}[/dim]")
