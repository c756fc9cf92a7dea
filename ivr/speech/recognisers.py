"""The speech processes of this node, as a controller sees them: who hears what, who has room, who has gone.

Each is connected to as long as the controller lives. One that goes takes the ears of its callers with it, never a call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from ivr.speech.wire import Asked, Began, Deaf, Detach, Heard, Serving, Told, WireError, line_of, told

log = structlog.get_logger(__name__)

AGAIN_S = 0.5
"""A process that is not there is looked for again after this."""
FULL_S = 5.0
"""A process that could not hear somebody in time, or got no sound, is given nobody for so long."""
MOST_UNREAD = 1 << 18
"""Bytes it has not read: it hangs, and nothing more is asked of it."""
LONGEST_LINE = 1 << 20

Tell = Callable[[Began | Heard | Deaf], None]


class Recogniser:
    """One process. `serving` is None while there is none to talk to."""

    def __init__(self, socket: Path, most: int) -> None:
        self._socket = socket
        self._most = most
        self._full_until = 0.0
        self._writer: asyncio.StreamWriter | None = None
        self._callers: dict[str, Tell] = {}
        self.serving: Serving | None = None

    @property
    def callers(self) -> int:
        return len(self._callers)

    @property
    def has_room(self) -> bool:
        """It serves, and one more would be heard in time."""
        serves = self.serving is not None and bool(self.serving.engines)
        return serves and self.callers < self._most and asyncio.get_running_loop().time() >= self._full_until

    def begin(self, ears: str, told_of: Tell) -> None:
        """What is heard of these ears goes to `told_of`, and Deaf when the process goes."""
        self._callers[ears] = told_of

    def end(self, ears: str) -> None:
        if self._callers.pop(ears, None) is not None:
            self.say(Detach(ears))

    def say(self, message: Asked) -> None:
        """Written at once, read when it has the time: nobody waits for it."""
        if self._writer is None or self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MOST_UNREAD:
            log.error("speech_process_reads_nothing")
            self._writer.transport.abort()
            return
        self._writer.write(line_of(message))

    async def run(self) -> None:
        """Connected, and connected again, until cancelled."""
        while True:
            with suppress(OSError):  # it is not there, or gone: the parent starts another
                await self._talk()
            await asyncio.sleep(AGAIN_S)

    async def _talk(self) -> None:
        reader, self._writer = await asyncio.open_unix_connection(str(self._socket), limit=LONGEST_LINE)
        try:
            while line := await reader.readline():
                self._hear(told(line))
        except (WireError, ValueError) as error:
            log.error("speech_process_not_understood", error=type(error).__name__)
        finally:
            self._writer.close()
            self._writer = self.serving = None
            for ears, told_of in list(self._callers.items()):
                told_of(Deaf(ears, "process_gone"))
            self._callers.clear()

    def _hear(self, message: Told) -> None:
        if isinstance(message, Serving):
            self.serving = message
            log.info("speech_serves", engines=sorted(message.engines), refused=dict(message.refused))
        elif (told_of := self._callers.get(message.ears)) is not None:
            if isinstance(message, Deaf) and message.why in ("overloaded", "no_media"):
                self._full_until = asyncio.get_running_loop().time() + FULL_S
            told_of(message)


class Recognisers:
    """All of a node's."""

    def __init__(self, sockets: Sequence[Path], most: int = 60) -> None:
        """`most` callers are heard by each at a time."""
        self._all = [Recogniser(socket, most) for socket in sockets]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for one in self._all:
                tasks.create_task(one.run())

    def engines(self) -> Mapping[str, int]:
        """Which languages' engines serve now, with the rate each wants."""
        return {name: rate for one in self._all if one.serving for name, rate in one.serving.engines.items()}

    def least_busy(self) -> Recogniser | None:
        """None when no process has room: he is asked by keys."""
        return min((one for one in self._all if one.has_room), key=lambda one: one.callers, default=None)
