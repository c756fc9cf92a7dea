"""How long callers are without a controller: kill -9 it under many live calls, until another has spoken to all of them.

The callers are sipp's, with numbers of their own: they press their way to a person and wait in holding, where nobody
comes. Nobody talks; an agent and his caller would not even notice. A controller with a spare (design 3.5) and one
started anew.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from sunwai.bench.door import door_of
from sunwai.bench.houses import kept
from sunwai.bench.lines import as_toml
from sunwai.bench.load import Load, calling
from sunwai.bench.runs import CONTROLLER, Side
from sunwai.books_setup import prepare_books
from sunwai.children import redis_child, role_child
from sunwai.errors import StartError
from sunwai.processes import Keeper
from sunwai.settings import Line, LogSettings, read_settings

CALLS, RATE = 200, 25
KILLS = 3
STAY_S = 120
_ADOPTED_LIMIT_S = 30.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Takeover:
    """One kill: `live` channels at that moment, how many of them were taken up, and after how many seconds."""

    spare: bool
    live: int
    taken_up: int
    seconds: float


async def measure(
    ours: Side, work: Path, numbers: Iterator[str], *, calls: int = CALLS, kills: int = KILLS
) -> list[Takeover]:
    """First with a spare, then without; each with callers of its own. StartError when one is not taken up in time."""
    await prepare_books(ours.line, lambda _: None)
    redis = redis_child(ours.line)
    if redis is None:
        raise StartError("the bench's line has no Redis of its own")
    found = []
    async with kept(redis):
        for spare in (True, False):
            folder = work / f"spare-{spare}"
            folder.mkdir(parents=True)
            controller = replace(role_child(_talkative(ours.line), CONTROLLER), spare=spare)
            async with (
                kept(controller) as (keeper,),
                _callers(ours.line, folder, [next(numbers) for _ in range(calls)]),
            ):
                await _all_on_the_line(ours, calls)
                found.extend([await _kill(ours, keeper, spare=spare) for _ in range(kills)])
    return found


def _talkative(line: Line) -> Line:
    """The bench's line tells only warnings; here the controller shall tell what it has taken up."""
    settings = msgspec.structs.replace(line.settings, log=LogSettings(format="json", level="info"))
    file = line.folder / "adopting.toml"
    file.write_text(as_toml(settings), encoding="utf-8")
    return read_settings(file)


async def _kill(ours: Side, keeper: Keeper, *, spare: bool) -> Takeover:
    if spare:
        await _until(lambda: keeper.spare_ready, "no spare came", 30.0)
    live = len(await ours.door.names("channels"))
    moment, pid = time.time(), keeper.pid
    if pid is None:
        raise StartError(f"the controller was not running: see {keeper.child.log}")
    os.kill(pid, signal.SIGKILL)
    told: list[tuple[float, int]] = []

    def back() -> bool:
        told[:] = [one for one in _connections(keeper.child.log) if one[0] > moment]
        return bool(told)

    await _until(back, "no controller came back", _ADOPTED_LIMIT_S)
    await keeper.in_service(_ADOPTED_LIMIT_S)
    at, taken_up = told[0]
    return Takeover(spare, live, taken_up, at - moment)


def _connections(log: Path) -> list[tuple[float, int]]:
    """(when, calls taken up) of each connect that the controller's log tells; epoch seconds."""
    found = []
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if '"connected"' in text:
            event = json.loads(text)
            found.append((datetime.fromisoformat(event["timestamp"]).timestamp(), int(event["taken_up"])))
    return found


@asynccontextmanager
async def _callers(line: Line, work: Path, numbers: Sequence[str]) -> AsyncIterator[None]:
    """Callers who stay on the line while the block runs."""
    load = Load(line.settings.line.number, RATE, len(numbers), numbers, keys=True, patience_s=STAY_S)
    try:
        async with calling(line, load, work):
            yield
    finally:
        async with door_of(line) as door:
            await door.hang_up_all()


async def _all_on_the_line(ours: Side, calls: int) -> None:
    limit_s = calls / RATE + 30.0
    try:
        async with asyncio.timeout(limit_s):
            while len(await ours.door.names("channels")) < calls:  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        raise StartError(f"{calls} callers were not on the line after {limit_s:.0f} s") from error


async def _until(truth: Callable[[], bool], what: str, limit_s: float) -> None:
    try:
        async with asyncio.timeout(limit_s):
            while not truth():  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError as error:
        raise StartError(f"{what} within {limit_s:.0f} s") from error
