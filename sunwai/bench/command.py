"""`sunwai bench`: native, ours, native, ours ... on one machine; then the table and the JSON file."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from rich.console import Console

from sunwai.bench import adopting, matching, replay, wall_report
from sunwai.bench.callers import callers
from sunwai.bench.facts import load_average, machine
from sunwai.bench.houses import telephones, with_bare_controller, with_floor, with_whole_line
from sunwai.bench.lines import clear
from sunwai.bench.plan import PLAY, QUEUE, Flow, Plan, make_plan, whole_flow
from sunwai.bench.report import Knee, Results, as_json, show
from sunwai.bench.runs import Figures, Side, run, step
from sunwai.bench.wall import measure_wall
from sunwai.errors import one_sentence
from sunwai.parent import only_parent, raise_file_limit
from sunwai.settings import Line

Part = Literal["burst", "wall", "speech"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for; `part` None: our line beside the native one, and all that belongs to it."""

    rounds: int
    quick: bool
    part: Part | None = None
    as_json: bool = False


def run_bench(line: Line, asked: Asked, console: Console, out: Path) -> int:
    """Measure, print, write `out`/<date>.json. 0, or 1 when calls failed at the fixed rates or a part found a fault.

    The line itself must not run: its ports are used (not with "burst", which replays a burst and starts nothing).
    SunwaiError in one sentence when something is missing or died.
    """
    if asked.as_json:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
    if asked.part == "wall":
        walls = measure_wall(line, console, out, rounds=asked.rounds, quick=asked.quick)
        wall_report.show(walls, console)
        _write(wall_report.as_json(walls), walls.begun, out, console, asked)
        return 1 if walls.faults else 0
    if asked.part == "speech":
        from sunwai.bench import speech  # noqa: PLC0415 - the engine is loaded by nobody else

        heard = speech.measure(line, console, speech.extent(rounds=asked.rounds, quick=asked.quick))
        speech.show(heard, console)
        _write(speech.as_json(heard), heard.begun, out, console, asked)
        return 0
    results = _replayed(line, asked) if asked.part == "burst" else _beside_native(line, asked, console, out)
    show(results, console)
    _write(as_json(results), results.begun, out, console, asked)
    return 1 if results.failed else 0


def _write(content: bytes, begun: str, out: Path, console: Console, asked: Asked) -> None:
    file = out / f"{begun.replace(':', '')}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    if asked.as_json:
        sys.stdout.write(content.decode() + "\n")
    console.print(f"written: {file}")


def _beside_native(line: Line, asked: Asked, console: Console, out: Path) -> Results:
    plan = make_plan(asked.rounds, quick=asked.quick)
    with only_parent(line), one_sentence():
        results = asyncio.run(_measured(line, console, out / "work", plan, quick=asked.quick))
    for recordings in (out / "work").glob("*/recordings"):
        shutil.rmtree(recordings)
    return results


def _replayed(line: Line, asked: Asked) -> Results:
    begun, moment, load_before = datetime.now(UTC), time.monotonic(), load_average()
    rows = replay.measure(line.settings, quick=asked.quick)
    facts = {**machine(line), "load_before": load_before, "load_after": load_average()}
    taken_s = time.monotonic() - moment
    return Results(begun.isoformat(timespec="seconds"), taken_s, asked.quick, facts, (), (), burst=rows)


async def _measured(line: Line, console: Console, work: Path, plan: Plan, *, quick: bool) -> Results:
    begun, moment, load_before = datetime.now(UTC), time.monotonic(), load_average()
    clear(work)
    raise_file_limit()
    bench = _Bench(plan, console, work)
    async with telephones(line, work) as (native, ours):
        async with with_bare_controller(ours) as bare:
            await bench.compare([(PLAY, plan.play_rate), (QUEUE, plan.queue_rate)], native, bare)
            await bench.find_knee(PLAY, plan.play_steps, native, bare)
            await bench.find_knee(QUEUE, plan.queue_steps, native, bare)
        async with with_whole_line(ours) as whole:
            await bench.compare([(whole_flow(line.settings.line.number), plan.whole_rate)], native, whole)
        console.print("[dim]kill -9 of a controller with live calls[/dim]")
        takeovers = await adopting.measure(ours, work / "adopting", bench.callers, calls=plan.adopted, kills=plan.kills)
        console.print("[dim]matching decisions, no telephone takes part[/dim]")
        async with with_floor(ours) as floor_url:
            costs = await matching.measure(floor_url, quick=quick)
    console.print("[dim]a burst replayed, no telephone takes part[/dim]")
    rows = replay.measure(line.settings, quick=quick)
    facts = {**machine(line), "load_before": load_before, "load_after": load_average()}
    taken_s = time.monotonic() - moment
    begun_told, figures, knees = begun.isoformat(timespec="seconds"), tuple(bench.figures), tuple(bench.knees)
    return Results(begun_told, taken_s, quick, facts, figures, knees, tuple(costs), rows, tuple(takeovers))


class _Bench:
    """Collects what the runs give, and says each as it comes."""

    def __init__(self, plan: Plan, console: Console, work: Path) -> None:
        self.figures: list[Figures] = []
        self.knees: list[Knee] = []
        self._plan = plan
        self._console = console
        self._work = work / "load"
        self._numbers = itertools.count(1)
        self.callers = callers()

    async def compare(self, flows: Sequence[tuple[Flow, float]], native: Side, ours: Side) -> None:
        """Rounds of all flows, the sides in turn, so that a disturbance of the machine meets both."""
        for number in range(1, self._plan.rounds + 1):
            for flow, rate in flows:
                for side in (native, ours):
                    figures = await run(flow, side, number, rate, self._plan.seconds, self.callers, self._next_folder())
                    self.figures.append(figures)
                    self._console.print(
                        f"[dim]round {number} {flow.name:5} {side.who:6} {figures.rate:5.0f}/s "
                        f"{figures.total_ms:6.2f} ms CPU per call, {figures.failed} of {figures.calls} failed[/dim]"
                    )

    async def find_knee(self, flow: Flow, steps: Sequence[float], native: Side, ours: Side) -> None:
        """Raise the rate step by step, the sides in turn, until each has failed a call or there is no higher step."""
        best = {side.who: Knee(flow.name, side.who) for side in (native, ours)}
        for rate in steps:
            for side in (native, ours):
                if best[side.who].limit is not None:
                    continue
                carried = await step(flow, side, rate, self._plan.step_s, self.callers, self._next_folder())
                best[side.who] = best[side.who].after(rate, carried)
                self._console.print(
                    f"[dim]step {flow.name:5} {side.who:6} {rate:3.0f}/s: {carried.failed} of {carried.calls} failed, "
                    f"{carried.retransmissions} retransmissions, reached {carried.rate:.0f}/s[/dim]"
                )
        self.knees.extend(best.values())

    def _next_folder(self) -> Path:
        return self._work / f"{next(self._numbers):03}"
