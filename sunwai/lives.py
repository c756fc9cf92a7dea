"""One process of a child of the parent: started, heard, told to begin, ended for good (design 3.5).

Each leads a process group and a session of its own (Ctrl-C at the terminal reaches the parent alone) and dies with the
parent by the kernel's hand.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sunwai.heartbeat import GO, HEARTBEAT_VARIABLE, LOADED, SPARE_VARIABLE

# util-linux: asks the kernel for SIGKILL when the parent is gone, then becomes the program. Python's own preexec_fn may
# not be used in a process that has threads.
_DIES_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
_LOG_LIMIT = 20_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """What is started. `heartbeat`: it writes to the pipe it is given."""

    command: tuple[str, ...]
    log: Path
    folder: Path
    environment: Mapping[str, str]
    heartbeat: bool


class Life:
    """A started process. `waits`: it has loaded all it needs and waits for the word to begin (a spare)."""

    def __init__(self, process: asyncio.subprocess.Process, beats: int, word: int | None) -> None:
        self.process = process
        self.loaded = False
        self._beats = beats
        self._word = word

    @classmethod
    async def start(cls, program: Program, on_beat: Callable[[Life, bytes], None], *, waits: bool = False) -> Life:
        """Start it; `on_beat` is told what it writes. OSError when it cannot be started."""
        beats, beats_in = os.pipe()
        word_out, word = os.pipe() if waits else (None, None)
        try:
            process = await _started(program, beats_in, word_out)
        except BaseException:
            _close(beats, word)
            raise
        finally:
            _close(beats_in, word_out)
        life = cls(process, beats, word)
        os.set_blocking(beats, False)
        asyncio.get_running_loop().add_reader(beats, life._hear, on_beat)
        return life

    @property
    def is_ready(self) -> bool:
        """A spare that lives and could begin at once."""
        return self.loaded and self.process.returncode is None

    def begin(self) -> None:
        """The word a spare waits for."""
        word, self._word = self._word, None
        if word is not None:
            with suppress(BrokenPipeError):  # it has just died: whoever watches it sees that
                os.write(word, GO)
            os.close(word)

    async def end(self, patience_s: float) -> None:
        """SIGTERM, SIGKILL after `patience_s`; it is gone and its pipes are closed when this returns."""
        asyncio.get_running_loop().remove_reader(self._beats)
        try:
            await end_group(self.process, patience_s)
        finally:
            _close(self._beats, self._word)

    def kill(self) -> None:
        """SIGKILL to its whole group: a hung program does not heed SIGTERM."""
        signal_group(self.process.pid, signal.SIGKILL)

    def _hear(self, on_beat: Callable[[Life, bytes], None]) -> None:
        """Take what it wrote. An end of file is left to the wait for its end."""
        try:
            heard = os.read(self._beats, 4096)
        except BlockingIOError:
            return
        if not heard:
            asyncio.get_running_loop().remove_reader(self._beats)
            return
        self.loaded = self.loaded or LOADED in heard
        on_beat(self, heard)


async def _started(program: Program, beats: int, word: int | None) -> asyncio.subprocess.Process:
    given = {HEARTBEAT_VARIABLE: str(beats)} if program.heartbeat else {}
    given |= {SPARE_VARIABLE: str(word)} if word is not None else {}
    fds = ((beats,) if program.heartbeat else ()) + ((word,) if word is not None else ())
    with _log_file(program.log) as log:
        return await asyncio.create_subprocess_exec(
            *_DIES_WITH_PARENT,
            *program.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=program.folder,
            env={**os.environ, **program.environment, **given},
            pass_fds=fds,
            start_new_session=True,
        )


async def end_group(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """SIGTERM to the whole group, SIGKILL after `patience_s`; returns when the program is gone, whoever cancels."""
    try:
        if process.returncode is None:
            signal_group(process.pid, signal.SIGTERM)
            async with asyncio.timeout(patience_s):
                await process.wait()
    except TimeoutError:
        pass
    finally:
        # What the program itself started is in its group and goes with it.
        signal_group(process.pid, signal.SIGKILL)
        await asyncio.shield(process.wait())


def _close(*pipes: int | None) -> None:
    for pipe in pipes:
        if pipe is not None:
            os.close(pipe)


def signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def _log_file(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")
