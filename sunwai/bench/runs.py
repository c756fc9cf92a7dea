"""One run: a flow on one side under a load, and all that is read before and after it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sunwai.asterisk_conf import cel_file
from sunwai.bench.door import Door
from sunwai.bench.load import Carried, Load, carry
from sunwai.bench.measure import agent_up_ms, cpu_s, median, new_rows, other_threads_cpu_s
from sunwai.bench.plan import Flow
from sunwai.bench.probe import Heard, listen_in
from sunwai.errors import StartError
from sunwai.processes import Keeper
from sunwai.settings import Line

Who = Literal["native", "ours"]
ASTERISK, CONTROLLER, REDIS = "asterisk", "controller", "redis"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its line, its Asterisk's door, and its programs by name (those whose CPU counts)."""

    who: Who
    line: Line
    door: Door
    programs: Mapping[str, Keeper]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave. CPU in ms per call; times in ms, medians of the run's calls; None: not there, or too few.

    `books_ms` is the share of `controller_ms` that the threads of the books used.
    """

    flow: str
    who: Who
    round: int
    asked_rate: float
    rate: float
    calls: int
    failed: int
    retransmissions: int
    asterisk_ms: float
    controller_ms: float
    books_ms: float
    redis_ms: float
    answered_ms: float | None
    sound_ms: float | None
    agent_up_ms: float | None

    @property
    def total_ms(self) -> float:
        """Everything a call costs: Asterisk, controller, Redis."""
        return self.asterisk_ms + self.controller_ms + self.redis_ms


@dataclass(frozen=True, slots=True)
class _Cpu:
    asterisk: float
    controller: float
    books: float
    redis: float

    def since(self, before: _Cpu, calls: int) -> _Cpu:
        """In ms per call."""
        each = 1000 / calls
        return _Cpu(
            (self.asterisk - before.asterisk) * each,
            (self.controller - before.controller) * each,
            (self.books - before.books) * each,
            (self.redis - before.redis) * each,
        )


def extension_of(flow: Flow, side: Side) -> str:
    return flow.native if side.who == "native" else flow.ours


async def run(
    flow: Flow, side: Side, number: int, rate: float, seconds: float, callers: Iterator[str], work: Path
) -> Figures:
    """A run of `seconds` at `rate`, with the probe calling meanwhile. StartError when a program died under it."""
    file = cel_file(side.line)
    offset = file.stat().st_size if file.exists() else 0
    before = _used(side)
    carried, heard = await _under_load(flow, side, rate, seconds, callers, work)
    quiet = await side.door.quiet()
    calls = carried.calls + len(heard)
    used = _used(side).since(before, calls)
    ups = agent_up_ms(new_rows(file, offset), since_queued=flow.since_queued)
    return Figures(
        flow=flow.name,
        who=side.who,
        round=number,
        asked_rate=rate,
        rate=carried.rate,
        calls=calls,
        # A channel that stays for ever is a call that failed, whatever its caller saw.
        failed=carried.failed + (not quiet),
        retransmissions=carried.retransmissions,
        asterisk_ms=used.asterisk,
        controller_ms=used.controller,
        books_ms=used.books,
        redis_ms=used.redis,
        answered_ms=median([one.answered_ms for one in heard]),
        sound_ms=median([one.sound_ms for one in heard if one.sound_ms is not None]),
        agent_up_ms=median(ups),
    )


async def step(flow: Flow, side: Side, rate: float, seconds: float, callers: Iterator[str], work: Path) -> Carried:
    """One step of the search for the knee: the load alone."""
    carried = await carry(side.line, _load(flow, side, rate, seconds, callers), work)
    await side.door.quiet()
    _used(side)
    return carried


async def _under_load(
    flow: Flow, side: Side, rate: float, seconds: float, callers: Iterator[str], work: Path
) -> tuple[Carried, list[Heard]]:
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        # The whole line's callers press keys; the probe does not, and leaves when it has heard the greeting.
        probing = tasks.create_task(listen_in(side.line, extension_of(flow, side), stay=not flow.keys, until=over))
        try:
            carried = await carry(side.line, _load(flow, side, rate, seconds, callers), work)
        finally:
            over.set()
    return carried, probing.result()


def _load(flow: Flow, side: Side, rate: float, seconds: float, callers: Iterator[str]) -> Load:
    calls = max(1, round(rate * seconds))
    numbers = [next(callers) for _ in range(calls)]
    return Load(extension_of(flow, side), rate, calls, numbers, keys=flow.keys)


def _used(side: Side) -> _Cpu:
    """CPU so far; StartError when a program died, because its successor's counters begin anew."""
    for keeper in side.programs.values():
        if keeper.pid is None or keeper.starts != 1:
            raise StartError(f"{keeper.child.name} died during the bench: see {keeper.child.log}")
    pids = {name: keeper.pid for name, keeper in side.programs.items() if keeper.pid is not None}
    controller, redis = pids.get(CONTROLLER), pids.get(REDIS)
    return _Cpu(
        asterisk=cpu_s(pids[ASTERISK]),
        controller=cpu_s(controller) if controller else 0.0,
        books=other_threads_cpu_s(controller) if controller else 0.0,
        redis=cpu_s(redis) if redis else 0.0,
    )
