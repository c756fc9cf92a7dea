"""One caller's sound on its way through a listener: in packets, in order, with a limit to what may wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

from ivr.speech.engine import BYTES_PER_SAMPLE, Engine, Listener, NoWords, Recognised, Speaks
from ivr.speech.wire import Listen

PACKET_S = 0.1
"""As much sound is heard at once; smaller packets cost more, larger ones are noticed (speech.md 4)."""
REST_S = 0.8
"""So much is not heard of a question when he was still speaking as the one before it ended: by words taken early, or by
a key that he named as he pressed it."""
MOST_WAITING = 15
"""Packets: who is heard 1.5 s late is better served by keys."""


class Overloaded(Exception):
    """More sound waits than can be heard in time."""


class Stream:
    """`hear` takes sound as it comes; `run` listens to it in `pool` and tells what was said to a question.

    Sound that comes while no question stands is thrown away.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        pool: Executor,
        rate_hz: int,
        tell: Callable[[int, Recognised | Speaks], None],
    ) -> None:
        self._engines = engines
        self._pool = pool
        self._rate_hz = rate_hz
        self._tell = tell
        self._packet = bytearray()
        self._packet_size = int(rate_hz * PACKET_S) * BYTES_PER_SAMPLE
        self._waiting: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(MOST_WAITING)
        self._asked: Listen | None = None
        self._listening: tuple[int, Listener] | None = None
        self._come = 0
        self._rest_ends = 0
        self._rest = int(REST_S * rate_hz) * BYTES_PER_SAMPLE
        self.busy_since: float | None = None
        """Since when (monotonic seconds) the engine has had its packet; None while it has none."""

    def listen(self, asked: Listen) -> None:
        """This question counts from now on. KeyError: no such engine here."""
        self._engines[asked.engine]  # a question for an engine that does not serve is refused at once
        self.cease()
        self._asked, self._packet = asked, bytearray()

    def cease(self) -> None:
        asked, self._asked = self._asked, None
        listening = self._listening
        if asked is None or listening is None or listening[0] != asked.question:
            return
        if listening[1].is_hearing:  # a key came while he spoke
            self._rest_ends = self._come + self._rest

    def hear(self, sound: bytes) -> None:
        """Overloaded: it was the first packet too much."""
        heard = sound[max(0, self._rest_ends - self._come) :]
        self._come += len(sound)
        if self._asked is None:
            return
        self._packet += heard
        while len(self._packet) >= self._packet_size:
            packet = bytes(self._packet[: self._packet_size])
            del self._packet[: self._packet_size]
            try:
                self._waiting.put_nowait((self._asked.question, packet))
            except asyncio.QueueFull as full:
                raise Overloaded from full

    async def run(self) -> None:
        """Until cancelled. NoWords: nothing of a question could ever be understood."""
        loop = asyncio.get_running_loop()
        while True:
            question, packet = await self._waiting.get()
            asked = self._asked
            if asked is None or asked.question != question:
                continue
            self.busy_since = time.monotonic()
            try:
                told = await loop.run_in_executor(self._pool, self._listen_to, asked, packet)
            finally:
                self.busy_since = None
            if told is not None and self._asked is asked:
                if isinstance(told, Recognised) and told.early:
                    self._rest_ends = self._come + self._rest
                self._tell(question, told)

    def _listen_to(self, asked: Listen, packet: bytes) -> Recognised | Speaks | None:
        """In a thread: a new listener for a new question, then the packet."""
        if self._listening is None or self._listening[0] != asked.question:
            made = self._engines[asked.engine].listener(asked.offered, self._rate_hz, asked.patient)
            self._listening = (asked.question, made)
        return self._listening[1].hear(packet)


__all__ = ["NoWords", "Overloaded", "Stream"]
