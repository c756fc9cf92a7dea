"""`sunwai soak`: find what the machine carries, put half of it on a fresh line for minutes, look at what it holds."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from storage.calls import LedgerSum
from sunwai import wiring
from sunwai.bench.callers import callers
from sunwai.bench.facts import load_average, machine
from sunwai.bench.lines import clear
from sunwai.bench.load import COUNTS, Carried, Load, carry
from sunwai.bench.measure import rss_kb
from sunwai.bench.plan import whole_flow
from sunwai.bench.runs import Side, step
from sunwai.errors import StartError, one_sentence
from sunwai.parent import only_parent, raise_file_limit
from sunwai.settings import Line
from sunwai.soak import report
from sunwai.soak.houses import a_whole_line
from sunwai.soak.pace import keeps_up, under_way
from sunwai.soak.standing import Standing, stand
from sunwai.soak.verdict import Facts, Reading, judge, left

STEPS = (3.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0, 27.0, 36.0)
"""Calls a second, tried one after the other until a call fails or the line falls behind."""
STEP_S = 24.0
"""Several times as long as a call: the callers of a line that keeps up are then as many as they will be."""
WARM_UP_S = 20.0
"""Calls before the first look: pools, threads and caches are then there."""
READINGS, EVERY_LEAST_S = 120, 0.5
SETTLE_LIMIT_S = 90.0
"""The ledger settles a call's outcome at the latest 60 s after its end."""
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for. `rate` None: half of the highest that the machine carries, measured first."""

    minutes: float
    rate: float | None
    as_json: bool


def run_soak(line: Line, asked: Asked, console: Console) -> int:
    """0 when memory stayed flat and nothing was left, 1 when not. SunwaiError when it could not run."""
    if asked.as_json:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
    out = line.var / "soak"
    facts_of_machine = {**machine(line), "load_before": load_average()}
    begun = datetime.now(UTC)
    with only_parent(line), one_sentence():
        highest, facts = asyncio.run(_soaked(line, out / "work", asked, console))
    verdict = judge(facts)
    told = report.as_json(facts_of_machine, highest, facts, verdict)
    file = out / f"{begun:%Y-%m-%dT%H%M%S}.json"
    file.write_bytes(told)
    if asked.as_json:
        sys.stdout.write(told.decode() + "\n")
    else:
        report.show(facts_of_machine, highest, facts, verdict, console)
    console.print(f"written: {file}")
    console.print(
        "[bold green]flat, and nothing left[/bold green]" if verdict.holds else "[bold red]it does NOT hold[/bold red]"
    )
    return 0 if verdict.holds else 1


async def _soaked(line: Line, work: Path, asked: Asked, console: Console) -> tuple[float | None, Facts]:
    raise_file_limit()
    clear(work)
    highest = None
    if asked.rate is None:
        async with a_whole_line(line, work / "steps") as side:
            highest = await _highest(side, work, console)
    rate = asked.rate if asked.rate is not None else highest / 2 if highest else 0.0
    async with a_whole_line(line, work / "soak") as side:
        facts = await _Soak(side, work / "soak-load", rate, 60 * asked.minutes, console).run()
    return highest, facts


async def _highest(side: Side, work: Path, console: Console) -> float:
    """The highest of STEPS that the line kept up with. StartError when it was not even the first."""
    best, flow, numbers = 0.0, whole_flow(side.line.settings.line.number), callers()
    for rate in STEPS:
        folder = work / f"step-{rate:g}"
        carried = await step(flow, side, rate, STEP_S, numbers, folder)
        kept_up = keeps_up(under_way(folder / COUNTS), STEP_S)
        told = "" if kept_up else ", the line falls behind"
        console.print(f"[dim]step {rate:g}/s: {carried.failed} of {carried.calls} failed{told}[/dim]")
        if not carried.held(rate) or not kept_up:
            break
        best = rate
    if best == STEPS[-1]:
        console.print(f"{best:g}/s was the highest step: the machine's limit was not found")
    if not best:
        raise StartError(f"this machine does not carry {STEPS[0]:g} calls a second now: name a lower one with --rate")
    return best


class _Soak:
    """One run at one rate; holds what its parts share."""

    def __init__(self, side: Side, work: Path, rate: float, seconds: float, console: Console) -> None:
        self._side = side
        self._work = work
        self._rate = rate
        self._seconds = seconds
        self._console = console
        self._callers: Iterator[str] = callers()
        self._made = self._failed = 0

    async def run(self) -> Facts:
        begin = datetime.now(UTC)
        await self._carry(WARM_UP_S, "warm-up")
        await self._side.door.quiet()
        await asyncio.sleep(_LOOK_EVERY_S)
        before = await self._stand()
        self._say(f"the load begins: {self._rate:g} calls/s for {self._seconds / 60:g} min")
        readings: list[Reading] = []
        async with self._reading(readings):
            await self._carry(self._seconds, "load")
        self._say("the load has ended; the line settles")
        after, ledger = await self._settled(before, begin)
        died = tuple(name for name, keeper in self._side.programs.items() if keeper.starts != 1)
        return Facts(self._seconds, self._rate, self._made, self._failed, readings, before, after, ledger, died)

    async def _carry(self, seconds: float, name: str) -> None:
        flow = whole_flow(self._side.line.settings.line.number)
        calls = max(1, round(self._rate * seconds))
        numbers = [next(self._callers) for _ in range(calls)]
        load = Load(flow.ours, self._rate, calls, numbers, keys=flow.keys)
        carried: Carried = await carry(self._side.line, load, self._work / name)
        self._made += carried.calls
        self._failed += carried.failed

    @asynccontextmanager
    async def _reading(self, readings: list[Reading]) -> AsyncIterator[None]:
        """Memory, again and again, while the block runs."""
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(self._read(readings, max(EVERY_LEAST_S, self._seconds / READINGS)))
            try:
                yield
            finally:
                reading.cancel()

    async def _read(self, readings: list[Reading], every_s: float) -> None:
        began = time.monotonic()
        while (at_s := time.monotonic() - began) <= self._seconds:  # the calls' end is no steady load
            readings.append(Reading(at_s, {name: rss_kb(pid) for name, pid in self._pids().items()}))
            await asyncio.sleep(every_s)

    async def _settled(self, before: Standing, begin: datetime) -> tuple[Standing, LedgerSum]:
        """Until nothing is left and each call has its outcome, or SETTLE_LIMIT_S are over; what is then so."""
        end = time.monotonic() + SETTLE_LIMIT_S
        books = wiring.make_books(self._side.line)
        await books.open()
        try:
            while True:
                now = datetime.now(UTC)
                after, ledger = await self._stand(), await books.calls.ledger(begin, now, now=now)
                if (all(law.holds for law in left(before, after)) and not ledger.going) or time.monotonic() > end:
                    return after, ledger
                await asyncio.sleep(_LOOK_EVERY_S)
        finally:
            await books.close()

    async def _stand(self) -> Standing:
        return await stand(self._side.line, self._side.door, self._pids())

    def _pids(self) -> dict[str, int]:
        """StartError when a program is just being started again."""
        pids = {name: keeper.pid for name, keeper in self._side.programs.items()}
        gone: Sequence[str] = [name for name, pid in pids.items() if pid is None]
        if gone:
            raise StartError(f"{gone[0]} died under the load: see {self._side.line.var / 'log'}")
        return {name: pid for name, pid in pids.items() if pid is not None}

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {text}")
