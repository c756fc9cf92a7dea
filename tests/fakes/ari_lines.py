"""The same caller's deeds on the fake and on a real Asterisk, so that one suite of promises runs against both.

`FakeLine` and `RealLine` have the same methods; a client reaches either through a `Cut`, a TCP relay that can break
every connection at once and refuse new ones.
"""

import asyncio
import contextlib
import itertools
import os
import signal
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Protocol, Self

from fakes.asterisk import FakeAsterisk
from fakes.real_asterisk import MUSIC_HZ, PASSWORD, PROMPTS, USER, RealAsterisk, loudness

from ivr.ari.client import Ari
from ivr.ari.errors import Gone
from ivr.ari.events import Event, RecordingFinished, StasisStart

APP = "line"
AUDIBLE = 0.05


class Line(Protocol):
    """What a test may do to either Asterisk; ids are channel ids as ARI knows them. `number` is the caller's."""

    kind: str

    async def incoming(self, number: str) -> str: ...
    async def press(self, caller: str, digits: str) -> None: ...
    async def speak(self, caller: str) -> None: ...
    async def hang_up(self, caller: str) -> None: ...
    async def listen(self, caller: str) -> None: ...
    async def heard(self, caller: str) -> set[str]: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class FakeLine:
    """A FakeAsterisk whose prompts last as long as those of the real one where the tests depend on it."""

    kind = "fake"

    def __init__(self, asterisk: FakeAsterisk) -> None:
        self.asterisk = asterisk
        asterisk.house.prompt_s["sound:tone-long"] = 3.0
        asterisk.house.silent_recording_s = 0.05
        self._listened_from: dict[str, int] = {}

    async def incoming(self, number: str) -> str:
        return self.asterisk.incoming(number, silent=True)

    async def press(self, caller: str, digits: str) -> None:
        self.asterisk.press(caller, digits)

    async def speak(self, caller: str) -> None:
        self.asterisk.house.channels[caller].silent = False

    async def hang_up(self, caller: str) -> None:
        self.asterisk.hang_up(caller)

    async def listen(self, caller: str) -> None:
        self._listened_from[caller] = len(self.asterisk.heard(caller))

    async def heard(self, caller: str) -> set[str]:
        media = self.asterisk.heard(caller)[self._listened_from[caller] :]
        music = self.asterisk.house.hears_music(self.asterisk.house.channels[caller])
        return {medium.removeprefix("sound:") for medium in media} | ({"music"} if music else set())

    def freeze(self) -> None:
        self.asterisk.freeze()

    def thaw(self) -> None:
        self.asterisk.thaw()


class RealLine:
    """Callers of a real Asterisk: each is a Local channel whose near half, the ear, belongs to the test's own app."""

    kind = "real"
    numbers = itertools.count(1)

    def __init__(self, asterisk: RealAsterisk) -> None:
        self.asterisk = asterisk
        self._driver = Ari(
            asterisk.base_url, USER, PASSWORD, "driver", rest_sockets=0,
            events_allowed=["StasisStart", "RecordingFinished"], heartbeat_s=60,
        )  # fmt: skip
        self._happened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._listening: dict[str, str] = {}

    @contextlib.asynccontextmanager
    async def driven(self) -> AsyncIterator["RealLine"]:
        """Hold the test's own connection; afterwards nobody is left on the line and no bridge."""
        connected = asyncio.Event()

        async def on_connected() -> None:
            connected.set()

        running = asyncio.create_task(self._driver.run(self._on_event, on_connected, lambda: None))
        try:
            async with asyncio.timeout(10):
                await connected.wait()
            yield self
        finally:
            self.thaw()
            for channel in await self._driver.list_channels():
                with contextlib.suppress(Gone):
                    await self._driver.hang_up(channel.id, call="")
            for bridge in await self._driver.list_bridges():
                await self._driver.delete_bridge(bridge.id, call="")
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    def _on_event(self, event: Event) -> None:
        if isinstance(event, StasisStart):
            self._happened[event.channel.id].set()
        elif isinstance(event, RecordingFinished):
            self._happened[event.recording.name].set()

    async def _until(self, thing: str) -> None:
        """An ear is up, or a recording is on the disk whole (which it is not yet when its stop is answered)."""
        async with asyncio.timeout(5):
            await self._happened[thing].wait()

    def _ear(self, caller: str) -> str:
        return f"ear.{caller}"

    async def incoming(self, number: str) -> str:
        caller = f"caller.{os.getpid()}.{next(self.numbers)}"
        ear = self._ear(caller)
        await self._driver.originate(
            ear, "Local/1912@from-trunk/n", call="", app="driver", caller_id=f"<{number}>", other_channel=caller,
            variables={"__CALL_REF": f"ref.{caller}"}, timeout_s=60,
        )  # fmt: skip
        return caller

    async def _answered(self, caller: str) -> str:
        ear = self._ear(caller)
        await self._until(ear)
        return ear

    async def press(self, caller: str, digits: str) -> None:
        await self._driver.send_dtmf(await self._answered(caller), digits, call="")

    async def speak(self, caller: str) -> None:
        """The caller makes a sound, 0.4 s long."""
        await self._driver.play(await self._answered(caller), f"voice.{caller}", ["sound:tone-900"], call="")

    async def hang_up(self, caller: str) -> None:
        await self._driver.hang_up(self._ear(caller), call="")

    async def listen(self, caller: str) -> None:
        ear = await self._answered(caller)
        self._listening[caller] = name = f"heard.{caller}.{next(self.numbers)}"
        await self._driver.record(ear, name, call="", sound_format="ulaw")

    async def heard(self, caller: str) -> set[str]:
        name = self._listening.pop(caller)
        await self._driver.stop_recording(name, call="")
        await self._until(name)
        sound = await self._driver.recording_file(name)
        known = {"music": MUSIC_HZ} | {prompt: hertz for prompt, (hertz, _) in PROMPTS.items()}
        return {prompt for prompt, hertz in known.items() if loudness(sound, hertz) > AUDIBLE}

    def freeze(self) -> None:
        os.kill(self.asterisk.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.asterisk.process.pid, signal.SIGCONT)


class Cut:
    """A TCP relay to an Asterisk. `cut` breaks every connection; while `refusing`, new ones are broken as well."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.refusing = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        async with asyncio.timeout(5):
            await self._server.wait_closed()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(reader, far_writer))
                both.create_task(_pour(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}


async def _pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while piece := await source.read(65536):
            sink.write(piece)
            await sink.drain()
    sink.transport.abort() if source.exception() else sink.close()
