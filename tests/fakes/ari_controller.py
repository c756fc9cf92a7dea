"""A controller as small as can be: an ARI client under test, what it was told, and the calls' first steps."""

import asyncio
import contextlib
from collections.abc import Callable

from fakes.ari_lines import APP
from fakes.real_asterisk import PASSWORD, USER

from ivr.ari import events as told
from ivr.ari.client import Ari
from ivr.ari.errors import AriUnavailable, Replaced
from ivr.ari.ids import socket_number

CALLER = "5000012345"
LIMIT_S = 8.0
EVENTS = [
    "StasisStart", "StasisEnd", "PlaybackStarted", "PlaybackFinished", "RecordingFinished", "Dial", "ChannelDestroyed",
    "ChannelDtmfReceived", "ChannelHangupRequest", "ChannelStateChange", "ChannelEnteredBridge", "ChannelLeftBridge",
]  # fmt: skip


class Controller:
    """A client under test with what it was told, in order."""

    def __init__(self, ari: Ari, broken_reconciliations: int = 0) -> None:
        self.ari = ari
        self.told: list[told.Event] = []
        self.connects = 0
        self.losses = 0
        self.at_connect: list[list[str]] = []
        self._broken = broken_reconciliations
        self._news = asyncio.Event()

    async def run(self) -> None:
        await self.ari.run(self._on_event, self._on_connected, self._on_lost)

    def _on_event(self, event: told.Event) -> None:
        self.told.append(event)
        self._news.set()

    async def _on_connected(self) -> None:
        self.connects += 1
        if self.connects <= self._broken:
            raise AriUnavailable("The books are away.")
        self.at_connect.append([channel.id for channel in await self.ari.list_channels()])
        self._news.set()

    def _on_lost(self) -> None:
        self.losses += 1
        self._news.set()

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def event(self, kind: type, of: str, **parts: object) -> told.Event:
        """The first event of that kind about that channel, playback or recording, with those values."""

        def found() -> list[told.Event]:
            return [event for event in self.told if _is(event, kind, of, parts)]

        await self.until(found)
        return found()[0]

    def knows(self, kind: type, of: str, **parts: object) -> bool:
        return any(_is(event, kind, of, parts) for event in self.told)


def _is(event, kind, of, parts):
    about = [getattr(event, name, None) for name in ("channel", "peer", "playback", "recording")]
    named = {getattr(thing, "id", None) or getattr(thing, "name", None) for thing in about if thing is not None}
    return isinstance(event, kind) and of in named and all(getattr(event, k) == v for k, v in parts.items())


def client(cut, app=APP, **more):
    return Ari(cut.base_url, USER, PASSWORD, app, events_allowed=EVENTS, **more)


@contextlib.asynccontextmanager
async def running(controller):
    task = asyncio.create_task(controller.run())
    try:
        await controller.until(lambda: controller.at_connect)
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Replaced):
            await task


async def answered(line, controller):
    caller = await line.incoming(CALLER)
    await controller.event(told.StasisStart, caller)
    await controller.ari.answer(caller, call=caller)
    await controller.event(told.ChannelStateChange, caller)
    return caller


async def created(controller, leg, phone, **more):
    """A leg that may be dialled and bridged: made, and told of."""
    await controller.ari.create_channel(leg, f"Local/{phone}@peers/n", call="call.1", app=APP, **more)
    await controller.event(told.StasisStart, leg)


def two_calls_on_different_sockets():
    first = "call.1"
    others = [f"call.{n}" for n in range(2, 20)]
    return first, next(call for call in others if socket_number(call, 4) != socket_number(first, 4))
