"""A speech process: hears callers for the controllers of its node, and can die without costing a call.

Controllers come over a Unix socket; each caller's sound is fetched from Asterisk over a WebSocket of its own. The
engine works in threads; one that does not come back ends the process, and the parent starts another.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiohttp
import structlog

from ivr.speech.engine import Engine, NoWords, Recognised, Speaks
from ivr.speech.stream import Overloaded, Stream
from ivr.speech.wire import Attach, Began, Cease, Deaf, Detach, Heard, Listen, Serving, Told, WireError, asked, line_of

log = structlog.get_logger(__name__)

MEDIA_LIMIT_S = 3.0
"""Asterisk gives a caller's sound at once, or not at all."""
CLOSE_LIMIT_S = 0.5
WEDGED_S = 4.0
"""The engine takes milliseconds for a packet: after this a thread hangs in it and will not come back."""
LOOKED_EVERY_S = 0.5
LONGEST_LINE = 1 << 20
WEDGED_STATUS = 70


class SpeechService:
    """`run()` is the whole of it. `engines` by the language they hear; `refused` tells why others do not."""

    def __init__(
        self,
        socket: Path,
        asterisk_url: str,
        user: str,
        password: str,
        *,
        engines: Mapping[str, Engine],
        serving: Serving,
        threads: int,
    ) -> None:
        self._socket = socket
        self._media_url = asterisk_url.replace("http", "ws", 1).rstrip("/") + "/media/"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._engines = engines
        self._serving = serving
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="engine")
        self._streams: set[Stream] = set()

    async def run(self) -> None:
        """Until cancelled. OSError: the socket cannot be made."""
        self._socket.unlink(missing_ok=True)
        async with aiohttp.ClientSession(headers=self._headers, connector=aiohttp.TCPConnector(limit=0)) as session:
            self._asterisk = session
            server = await asyncio.start_unix_server(self._serve, self._socket, limit=LONGEST_LINE)
            self._socket.chmod(0o600)
            log.info("speech_serves", engines=sorted(self._engines), refused=sorted(self._serving.refused))
            try:
                async with server:
                    await self._watch()
            finally:
                self._pool.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One controller, to its end: what it attached is heard no longer than it lives."""
        controller = _Controller(self, writer)
        try:
            controller.tell(self._serving)
            while line := await reader.readline():
                controller.asked(line)
        except (WireError, ValueError, ConnectionError) as error:
            log.warning("controller_not_understood", error=type(error).__name__)
        finally:
            await controller.end()

    async def _watch(self) -> None:
        """End the process when a thread hangs: it cannot be ended alone, and its callers would wait for nothing."""
        while True:
            await asyncio.sleep(LOOKED_EVERY_S)
            now = time.monotonic()
            if any(stream.busy_since is not None and now - stream.busy_since > WEDGED_S for stream in self._streams):
                log.error("engine_wedged", limit_s=WEDGED_S)
                os._exit(WEDGED_STATUS)  # an orderly end would wait for that thread

    def stream(self, attach: Attach, tell: _Controller) -> Stream:
        """The listener of one caller, deaf until `fetch` brings it his sound."""
        return Stream(self._engines, self._pool, attach.rate_hz, partial(tell.heard, attach.ears))

    async def fetch(self, attach: Attach, stream: Stream, tell: _Controller) -> None:
        """Hear one caller until his sound ends, or cannot be had."""
        self._streams.add(stream)
        hearing = asyncio.create_task(stream.run())
        sound = asyncio.create_task(self._sound_of(attach, stream))
        try:
            await asyncio.wait({hearing, sound}, return_when=asyncio.FIRST_COMPLETED)
            (hearing if hearing.done() else sound).result()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("no_media", call=attach.ears, error=type(error).__name__)
            tell.tell(Deaf(attach.ears, "no_media"))
        except Overloaded:
            log.warning("caller_not_heard_in_time", call=attach.ears)
            tell.tell(Deaf(attach.ears, "overloaded"))
        except NoWords:
            tell.tell(Deaf(attach.ears, "no_words"))
        finally:
            for task in (hearing, sound):
                task.cancel()
            await asyncio.wait({hearing, sound})
            self._streams.discard(stream)

    async def _sound_of(self, attach: Attach, stream: Stream) -> None:
        """What Asterisk sends: sound in binary messages, the rest is its own talk about it."""
        async with asyncio.timeout(MEDIA_LIMIT_S):
            socket = await self._asterisk.ws_connect(
                self._media_url + attach.media,
                protocols=("media",),
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_LIMIT_S),
            )
        async with socket:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    stream.hear(message.data)


class _Controller:
    """One controller's side of the talk, and whom it has attached."""

    def __init__(self, service: SpeechService, writer: asyncio.StreamWriter) -> None:
        self._service = service
        self._writer = writer
        self.streams: dict[str, Stream] = {}
        self._fetching: dict[str, asyncio.Task[None]] = {}

    def tell(self, message: Told) -> None:
        if not self._writer.is_closing():
            self._writer.write(line_of(message))

    def heard(self, ears: str, question: int, recognised: Recognised | Speaks) -> None:
        if isinstance(recognised, Speaks):
            return self.tell(Began(ears, question))
        said_ms = int(recognised.said_s * 1000)
        return self.tell(Heard(ears, question, recognised.text, recognised.confidence, said_ms))

    def asked(self, line: bytes) -> None:
        """One line of the controller's. WireError."""
        match asked(line):
            case Attach() as attach if attach.ears not in self._fetching:
                self._attach(attach)
            case Listen() as question if question.ears in self.streams:
                try:
                    self.streams[question.ears].listen(question)
                except KeyError:
                    self.tell(Deaf(question.ears, "unknown_engine"))
            case Cease(ears=ears) if ears in self.streams:
                self.streams[ears].cease()
            case Detach(ears=ears) if ears in self._fetching:
                self._fetching[ears].cancel()
            case _:
                pass  # it crossed the end of that caller's sound

    def _attach(self, attach: Attach) -> None:
        stream = self.streams[attach.ears] = self._service.stream(attach, self)
        task = self._fetching[attach.ears] = asyncio.create_task(self._service.fetch(attach, stream, self))
        task.add_done_callback(lambda _done: self._forget(attach.ears))

    def _forget(self, ears: str) -> None:
        del self._fetching[ears], self.streams[ears]

    async def end(self) -> None:
        """It has gone; whom it had attached is heard no longer."""
        fetching = list(self._fetching.values())
        for task in fetching:
            task.cancel()
        await asyncio.gather(*fetching, return_exceptions=True)
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()
