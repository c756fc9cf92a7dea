"""Keep one program running: start it, watch it, end it for good, start it again (design 3.5).

Of a child whose absence callers feel a spare is kept, loaded and waiting for the word: it takes over at once. Nothing
here knows what the programs are.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sunwai.errors import StartError
from sunwai.heartbeat import READY
from sunwai.lives import Life, Program

Say = Callable[[str, str], None]
"""Who (a child's name) and what happened, in a few words."""

Probe = Callable[[], Awaitable[bool]]
"""True when the program answers. It keeps its own limit of time and does not raise."""

_TICK_S = 0.25
_SPARE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the parent is; seconds on the monotonic clock, except `misses`.

    A spare is loaded `spare_after_s` after its forerunner came into service: not while that one takes up its callers.
    """

    silent_s: float = 3.0
    first_beat_s: float = 20.0
    probe_every_s: float = 2.0
    misses: int = 3
    probe_grace_s: float = 20.0
    end_s: float = 5.0
    backoff_s: float = 0.5
    backoff_limit_s: float = 15.0
    steady_s: float = 60.0
    spare_after_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep. `probe` says whether it answers, `heartbeat` that it writes to the pipe it is given.

    `spare`: it can wait for the word (`sunwai/heartbeat.py`), and one that waits is kept beside it.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None
    heartbeat: bool = False
    spare: bool = False
    pace: Pace = field(default_factory=Pace)


class Keeper:
    """Keeps one child running while `run` runs. `last_ready` is the monotonic time it last said it was in service."""

    def __init__(self, child: Child, say: Say) -> None:
        self.child = child
        self.last_ready: float | None = None
        self.pid: int | None = None
        self.starts = 0
        self._say = say
        self._program = Program(child.command, child.log, child.folder, child.environment, child.heartbeat)
        self._life: Life | None = None
        self._spare: Life | None = None
        self._last_beat = 0.0
        self._in_service = asyncio.Event()

    @property
    def spare_ready(self) -> bool:
        """A spare stands by that could begin at once."""
        return self._spare is not None and self._spare.is_ready

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            if self.child.spare:
                tasks.create_task(self._keep_a_spare())
            await self._live()

    async def in_service(self, limit_s: float) -> None:
        """Wait until it answers its probe, or beats `ready`, or simply started. StartError after `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                await self._in_service.wait()
        except TimeoutError as error:
            raise StartError(f"{self.child.name} did not start within {limit_s:.0f} s: see {self.child.log}") from error

    async def renew(self, limit_s: float) -> None:
        """A program that has changed takes over from the one that runs: loaded first, then the old one is ended.

        Without a spare the old one is ended and started again. StartError: the new one did not load, the old one runs
        on.
        """
        if self.child.spare:
            await self._drop_spare()
            try:
                async with asyncio.timeout(limit_s):
                    while not self.spare_ready:  # noqa: ASYNC110 - a process tells by its pipe
                        await asyncio.sleep(_TICK_S)
            except TimeoutError as error:
                raise StartError(f"the new {self.child.name} did not load: see {self.child.log}") from error
        old = self._life
        if old is None:
            return
        self._say(self.child.name, "told to make room for the new one")
        old.process.terminate()
        with suppress(TimeoutError):  # a hung one is found by its silence
            async with asyncio.timeout(limit_s):
                while self._life is old:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_TICK_S)

    async def _live(self) -> None:
        """One life after the other; each pause a little longer, and none when a spare stands ready."""
        pace = self.child.pace
        pause = pace.backoff_s
        while True:
            began = time.monotonic()
            why = await self._one_life()
            served = self._in_service.is_set()
            self._in_service.clear()
            if served and self.spare_ready:
                self._say(self.child.name, f"{why}; the spare takes over")
                continue
            if time.monotonic() - began > pace.steady_s:
                pause = pace.backoff_s
            self._say(self.child.name, f"{why}; starting again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, pace.backoff_limit_s)

    async def _one_life(self) -> str:
        """Start the program once, or let the spare begin, and see it to its end. Why it ended, for people."""
        try:
            life = self._life = await self._begun()
        except OSError as error:
            return f"could not be started ({error.strerror})"
        self.pid = life.process.pid
        try:
            return await self._watch(life)
        finally:
            self._life = self.pid = None
            await life.end(self.child.pace.end_s)

    async def _begun(self) -> Life:
        self.starts += 1
        self._last_beat = time.monotonic() + self.child.pace.first_beat_s
        spare, self._spare = self._spare, None
        if spare is not None and spare.is_ready:
            spare.begin()
            return spare
        if spare is not None:
            await spare.end(self.child.pace.end_s)
        self._say(self.child.name, "starting")
        life = await Life.start(self._program, self._hear)
        if self.child.probe is None and not self.child.heartbeat:
            self._served()
        return life

    async def _keep_a_spare(self) -> None:
        """While the program is in service another one waits; begun later, it does not slow its start."""
        try:
            while True:
                await self._in_service.wait()
                await asyncio.sleep(_SPARE_EVERY_S if self._spare is not None else self.child.pace.spare_after_s)
                if self._spare is not None and self._spare.process.returncode is not None:
                    self._say(self.child.name, "the spare has ended")
                    await self._drop_spare()
                if self._spare is None:
                    self._spare = await Life.start(self._program, self._hear, waits=True)
        finally:
            await self._drop_spare()

    async def _drop_spare(self) -> None:
        spare, self._spare = self._spare, None
        if spare is not None:
            await spare.end(self.child.pace.end_s)

    async def _watch(self, life: Life) -> str:
        """Wait for the end, or kill it when it falls silent or stops answering."""
        waiting = asyncio.ensure_future(life.process.wait())
        try:
            while True:
                silence = asyncio.ensure_future(self._until_silent())
                try:
                    await asyncio.wait({waiting, silence}, return_when=asyncio.FIRST_COMPLETED)
                    if waiting.done():
                        return _how_it_ended(waiting.result())
                    why = silence.result()
                finally:
                    await _cancelled(silence)
                life.kill()  # callers wait in silence meanwhile
                await waiting
                return why
        finally:
            await _cancelled(waiting)

    async def _until_silent(self) -> str:
        """Return, with the reason, when the child's heartbeat or probe has failed for too long."""
        pace = self.child.pace
        misses, next_probe, began = 0, time.monotonic(), time.monotonic()
        while True:
            now = time.monotonic()
            await asyncio.sleep(_TICK_S)
            if time.monotonic() - now > 1.0:
                continue  # we were held up ourselves: our own delay is not the child's silence
            if self.child.heartbeat and now - self._last_beat > pace.silent_s:
                return f"silent for {pace.silent_s:.0f} s, killed"
            if self.child.probe is None or now < next_probe:
                continue
            next_probe = now + (pace.probe_every_s if self._in_service.is_set() else _TICK_S)
            if await self.child.probe():
                misses = 0
                self._served()
            elif self._in_service.is_set() or now - began > pace.probe_grace_s:
                misses += 1
            if misses >= pace.misses:
                return f"did not answer {misses} times, killed"

    def _hear(self, life: Life, heard: bytes) -> None:
        """What the living one wrote is its heartbeat; a spare's word that it has loaded is none."""
        if life is not self._life:
            return
        self._last_beat = time.monotonic()
        if READY in heard:
            self._served()

    def _served(self) -> None:
        self.last_ready = time.monotonic()
        if not self._in_service.is_set():
            self._in_service.set()
            self._say(self.child.name, "in service")


def _how_it_ended(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"ended with status {status}"


async def _cancelled(task: asyncio.Future[str] | asyncio.Future[int]) -> None:
    """Cancel and see it gone, so that no task outlives its keeper."""
    task.cancel()
    await asyncio.wait({task})
