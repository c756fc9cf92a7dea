"""Keep one program running: start it, watch it, end it for good, start it again (design 3.5).

Each child leads a process group and a session of its own (Ctrl-C at the terminal reaches the parent alone) and dies
with the parent by the kernel's hand. Nothing here knows what the programs are.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from sunwai.errors import StartError
from sunwai.heartbeat import HEARTBEAT_VARIABLE, READY

Say = Callable[[str, str], None]
"""Who (a child's name) and what happened, in a few words."""

Probe = Callable[[], Awaitable[bool]]
"""True when the program answers. It keeps its own limit of time and does not raise."""

# util-linux: asks the kernel for SIGKILL when the parent is gone, then becomes the program. Python's own preexec_fn may
# not be used in a process that has threads.
_DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
_LOG_LIMIT = 20_000_000
_TICK_S = 0.25


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the parent is; seconds on the monotonic clock, except `misses`."""

    silent_s: float = 3.0
    first_beat_s: float = 20.0
    probe_every_s: float = 2.0
    misses: int = 3
    probe_grace_s: float = 20.0
    end_s: float = 5.0
    backoff_s: float = 0.5
    backoff_limit_s: float = 15.0
    steady_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep. `probe` says whether it answers, `heartbeat` that it writes to the pipe it is given."""

    name: str
    command: tuple[str, ...]
    log: Path
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    probe: Probe | None = None
    heartbeat: bool = False
    pace: Pace = field(default_factory=Pace)


class Keeper:
    """Keeps one child running while `run` runs. `last_ready` is the monotonic time it last said it was in service."""

    def __init__(self, child: Child, say: Say) -> None:
        self.child = child
        self.last_ready: float | None = None
        self.pid: int | None = None
        self.starts = 0
        self._say = say
        self._last_beat = 0.0
        self._in_service = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled: start, wait for the end, wait a little longer each time, start again."""
        pace = self.child.pace
        pause = pace.backoff_s
        while True:
            began = time.monotonic()
            why = await self._one_life()
            self._in_service.clear()
            if time.monotonic() - began > pace.steady_s:
                pause = pace.backoff_s
            self._say(self.child.name, f"{why}; starting again in {pause:.1f} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, pace.backoff_limit_s)

    async def in_service(self, limit_s: float) -> None:
        """Wait until it answers its probe, or beats `ready`, or simply started. StartError after `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                await self._in_service.wait()
        except TimeoutError as error:
            raise StartError(f"{self.child.name} did not start within {limit_s:.0f} s: see {self.child.log}") from error

    async def _one_life(self) -> str:
        """Start the program once and see it to its end. Returns why it ended, for people."""
        reader, writer = os.pipe()
        try:
            try:
                process = await self._start(writer)
            finally:
                os.close(writer)
            return await self._listen_and_watch(process, reader)
        except OSError as error:
            return f"could not be started ({error.strerror})"
        finally:
            os.close(reader)

    async def _listen_and_watch(self, process: asyncio.subprocess.Process, reader: int) -> str:
        self.pid = process.pid
        loop = asyncio.get_running_loop()
        os.set_blocking(reader, False)
        loop.add_reader(reader, self._hear, reader)
        try:
            return await self._watch(process)
        finally:
            loop.remove_reader(reader)
            await end_group(process, self.child.pace.end_s)
            self.pid = None

    async def _start(self, pipe: int) -> asyncio.subprocess.Process:
        child = self.child
        beats = {HEARTBEAT_VARIABLE: str(pipe)} if child.heartbeat else {}
        self._say(child.name, "starting")
        self.starts += 1
        self._last_beat = time.monotonic() + child.pace.first_beat_s
        with _log_file(child.log) as log:
            process = await asyncio.create_subprocess_exec(
                *_DIES_WITH_PARENT,
                *child.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=child.folder,
                env={**os.environ, **child.environment, **beats},
                pass_fds=(pipe,) if child.heartbeat else (),
                start_new_session=True,
            )
        if child.probe is None and not child.heartbeat:
            self._served()
        return process

    async def _watch(self, process: asyncio.subprocess.Process) -> str:
        """Wait for the end, or kill it when it falls silent or stops answering."""
        waiting = asyncio.ensure_future(process.wait())
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
                # A hung program does not heed SIGTERM, and callers wait in silence meanwhile.
                _signal_group(process.pid, signal.SIGKILL)
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

    def _hear(self, reader: int) -> None:
        """Take what the child wrote. An end of file is left to the wait for its end."""
        try:
            heard = os.read(reader, 4096)
        except BlockingIOError:
            return
        if not heard:
            asyncio.get_running_loop().remove_reader(reader)
            return
        self._last_beat = time.monotonic()
        if READY in heard:
            self._served()

    def _served(self) -> None:
        self.last_ready = time.monotonic()
        if not self._in_service.is_set():
            self._in_service.set()
            self._say(self.child.name, "in service")


async def end_group(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """SIGTERM to the whole group, SIGKILL after `patience_s`; returns when the program is gone, whoever cancels."""
    try:
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            async with asyncio.timeout(patience_s):
                await process.wait()
    except TimeoutError:
        pass
    finally:
        # What the program itself started is in its group and goes with it.
        _signal_group(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _log_file(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _how_it_ended(status: int) -> str:
    return f"ended by signal {-status}" if status < 0 else f"ended with status {status}"


async def _cancelled(task: asyncio.Future[str] | asyncio.Future[int]) -> None:
    """Cancel and see it gone, so that no task outlives its keeper."""
    task.cancel()
    await asyncio.wait({task})
