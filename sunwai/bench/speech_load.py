"""Many callers speak at once: how soon a word is acted upon, what it costs, ours beside a plain one-process loop.

The same sound in real time to both, one after the other: a caller says a word every few seconds and is silent between.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import random
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
from aiohttp import web

from dialplan.words import grammar, understood
from ivr.speech.recognisers import Recognisers
from ivr.speech.wire import Attach, Began, Deaf, Heard, Listen
from sunwai.bench.measure import cpu_s, rss_kb
from sunwai.bench.speech_ours import ENGINE
from sunwai.bench.voices import RATE_HZ, Question, voice_of, voiced
from sunwai.errors import StartError

LOOPBACK = "127.0.0.1"
FRAME_S, CYCLE_S, SILENT_S = 0.02, 4.0, 0.5
FRAME_BYTES = int(RATE_HZ * FRAME_S) * 2
FRAMES_IN_CYCLE = int(CYCLE_S / FRAME_S)
LAST_WORDS_FRAMES = int(2.0 / FRAME_S)
CHUNK_FRAMES = 5
"""The plain loop is given 100 ms at a time, as much as ours listens to at once."""
UP_LIMIT_S = 20.0
SPOKEN = 12
"""Different words said; each caller takes one after the other."""


@dataclass(frozen=True, slots=True)
class Word:
    """Frames of what is said, and where in the cycle the last one with sound is."""

    text: str
    frames: tuple[bytes, ...]
    ends_at: int


@dataclass(frozen=True, slots=True)
class Step:
    """So many callers for some seconds. Times from the end of a word to its being understood; `cpu` of one core."""

    side: str
    callers: int
    said: int
    understood: int
    median_s: float | None
    p95_s: float | None
    cpu: float
    rss_kb: int

    @property
    def cpu_ms_per_stream_second(self) -> float:
        return 1000 * self.cpu / self.callers


class Side(ABC):
    """One of the two that hear; `heard` is called with a caller's number as soon as he was understood."""

    name: str
    pid: int

    def __init__(self, question: Question, heard: Callable[[int], None]) -> None:
        self.question = question
        self.heard = heard

    @abstractmethod
    async def attach(self, caller: int) -> None: ...

    @abstractmethod
    async def sound(self, caller: int, frame: bytes) -> None: ...

    @abstractmethod
    def ask(self, caller: int) -> None:
        """A new question."""


class Ours(Side):
    """A recogniser process; the bench is its Asterisk and its controller."""

    name = "ours"

    def __init__(self, question: Question, heard: Callable[[int], None]) -> None:
        super().__init__(question, heard)
        self._media: dict[str, web.WebSocketResponse] = {}
        self._recognisers: Recognisers | None = None
        self._questions = 0

    async def media(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("media",))
        await socket.prepare(request)
        self._media[request.match_info["id"]] = socket
        async for _ in socket:
            pass
        return socket

    def talks_to(self, recognisers: Recognisers) -> None:
        self._recognisers = recognisers

    async def attach(self, caller: int) -> None:
        assert self._recognisers is not None  # noqa: S101 - `talks_to` comes first
        async with asyncio.timeout(UP_LIMIT_S):
            while (one := self._recognisers.least_busy()) is None:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.05)
            self._one = one
            one.begin(str(caller), lambda told: self._told(caller, told))
            one.say(Attach(str(caller), str(caller), RATE_HZ))
            while str(caller) not in self._media:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.01)

    def ask(self, caller: int) -> None:
        self._questions += 1
        self._one.say(Listen(str(caller), self._questions, ENGINE, self.question.offered))

    async def sound(self, caller: int, frame: bytes) -> None:
        await self._media[str(caller)].send_bytes(frame)

    def _told(self, caller: int, told: Began | Heard | Deaf) -> None:
        if isinstance(told, Heard) and understood(told.text, self.question.offered) is not None:
            self.heard(caller)


class Plain(Side):
    """The reference; the bench is its client."""

    name = "plain loop"

    def __init__(self, question: Question, heard: Callable[[int], None], url: str) -> None:
        super().__init__(question, heard)
        self._url = url
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._sockets: dict[int, aiohttp.ClientWebSocketResponse] = {}
        self._chunks: dict[int, bytearray] = {}
        self._reading: list[asyncio.Task[None]] = []

    async def attach(self, caller: int) -> None:
        socket = self._sockets[caller] = await self._session.ws_connect(self._url)
        await socket.send_str(
            json.dumps({"config": {"sample_rate": RATE_HZ, "phrase_list": grammar(self.question.offered)}})
        )
        self._chunks[caller] = bytearray()
        self._reading.append(asyncio.create_task(self._read(caller, socket)))

    def ask(self, caller: int) -> None:
        """It has one grammar for good."""

    async def sound(self, caller: int, frame: bytes) -> None:
        chunk = self._chunks[caller]
        chunk += frame
        if len(chunk) >= CHUNK_FRAMES * FRAME_BYTES:
            await self._sockets[caller].send_bytes(bytes(chunk))
            chunk.clear()

    async def _read(self, caller: int, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            text = json.loads(message.data).get("text", "")
            if text and understood(text, self.question.offered) is not None:
                self.heard(caller)

    async def close(self) -> None:
        for task in self._reading:
            task.cancel()
        await self._session.close()


def words_of(question: Question, language: str, seed: int) -> list[Word]:
    """What is said, cut into frames of one cycle."""
    chance, found = random.Random(seed), list[Word]()  # noqa: S311 - the same words each time
    while len(found) < SPOKEN:
        text = chance.choice(sorted(question.offered))
        spoken = voiced(*voice_of(language, chance), text)
        begin = int(SILENT_S / FRAME_S)
        frames = [spoken[place : place + FRAME_BYTES] for place in range(0, len(spoken), FRAME_BYTES)]
        if len(frames) + begin < FRAMES_IN_CYCLE - int(1.5 / FRAME_S):
            padded = tuple(frame.ljust(FRAME_BYTES, b"\0") for frame in frames)
            found.append(Word(text, padded, begin + len(frames) - 1))
    return found


class Callers:
    """`count` people, each at another place of the cycle."""

    def __init__(self, count: int, words: Sequence[Word]) -> None:
        self._count = count
        self._words = words
        self._ended: dict[int, float] = {}
        self._before: set[int] = set()
        self.said = 0
        self.took_s: list[float] = []

    def heard(self, caller: int) -> None:
        """He was understood: the first time after each word counts, also when it was before its very end."""
        ended = self._ended.pop(caller, None)
        if ended is None:
            self._before.add(caller)
        else:
            self.took_s.append(time.monotonic() - ended)

    def _end(self, caller: int) -> None:
        """The last sound of a word has been sent."""
        self.said += 1
        if caller in self._before:
            self.took_s.append(0.0)
        else:
            self._ended[caller] = time.monotonic()

    async def speak(self, side: Side, seconds: float) -> None:
        """In real time; who falls behind catches up, as a network's packets do."""
        silence, begin = bytes(FRAME_BYTES), int(SILENT_S / FRAME_S)
        began, ticks = time.monotonic(), int(seconds / FRAME_S)
        for tick in range(ticks):
            for caller in range(self._count):
                at = tick + caller * FRAMES_IN_CYCLE // self._count
                place, word = at % FRAMES_IN_CYCLE, self._words[(at // FRAMES_IN_CYCLE + caller) % len(self._words)]
                if place == 0:
                    side.ask(caller)
                    self._ended.pop(caller, None)
                    self._before.discard(caller)
                spoken = begin <= place <= word.ends_at and tick >= place
                await side.sound(caller, word.frames[place - begin] if spoken else silence)
                in_time = tick < ticks - LAST_WORDS_FRAMES  # what ends later has no time to be understood
                if spoken and place == word.ends_at and in_time:
                    self._end(caller)
            await asyncio.sleep(max(0.0, began + (tick + 1) * FRAME_S - time.monotonic()))


async def step(model: Path, question: Question, words: Sequence[Word], name: str, count: int, seconds: float) -> Step:
    """One side hears `count` callers for `seconds`."""
    callers = Callers(count, words)
    async with (
        ours(model, question, callers.heard) if name == Ours.name else plain(model, question, callers.heard) as side
    ):
        for caller in range(count):
            await side.attach(caller)
            side.ask(caller)
        before, began = cpu_s(side.pid), time.monotonic()
        await callers.speak(side, seconds)
        cpu, took = cpu_s(side.pid) - before, sorted(callers.took_s)
        lasted, memory = time.monotonic() - began, rss_kb(side.pid)
        return Step(
            name,
            count,
            callers.said,
            len(took),
            median(took) if took else None,
            took[math.ceil(0.95 * len(took)) - 1] if took else None,
            cpu / lasted,
            memory,
        )


@asynccontextmanager
async def ours(model: Path, question: Question, heard: Callable[[int], None]) -> AsyncIterator[Side]:
    """A recogniser process, and the sockets around it."""
    side, app = Ours(question, heard), web.Application()
    app.router.add_get("/media/{id}", side.media)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, LOOPBACK, 0)
    await site.start()
    port = runner.addresses[0][1]
    with tempfile.TemporaryDirectory(prefix="sw") as folder:
        socket = Path(folder) / "r.sock"
        recognisers = Recognisers([socket], most=100_000)
        side.talks_to(recognisers)
        asking = asyncio.create_task(recognisers.run())
        try:
            async with _program("speech_ours", str(socket), f"http://{LOOPBACK}:{port}", str(model)) as side.pid:
                yield side
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await runner.cleanup()


@asynccontextmanager
async def plain(model: Path, question: Question, heard: Callable[[int], None]) -> AsyncIterator[Side]:
    """The reference's process, once it answers."""
    port = _free_port()
    side = Plain(question, heard, f"http://{LOOPBACK}:{port}/")
    try:
        async with _program("speech_plain", str(port), str(model)) as side.pid:
            async with asyncio.timeout(UP_LIMIT_S):
                while not await _answers(port):  # noqa: ASYNC110 - another process tells nobody
                    await asyncio.sleep(0.05)
            yield side
    finally:
        await side.close()


@asynccontextmanager
async def _program(module: str, *words: str) -> AsyncIterator[int]:
    """One of the two, run by its name; its process id."""
    command = (sys.executable, "-m", f"sunwai.bench.{module}", *words)
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield process.pid
        if process.returncode is not None:
            raise StartError(f"{module} ended under the load with status {process.returncode}")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


def _free_port() -> int:
    import socket  # noqa: PLC0415 - here alone

    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def cores() -> int:
    return len(os.sched_getaffinity(0))
