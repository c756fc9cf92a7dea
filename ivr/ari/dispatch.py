"""Who an event is for: each call has an inbox, and the ids it claims decide what comes into it.

Constant time for each event; a released call leaves nothing behind.
"""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

import structlog

from ivr.ari.events import Bridge, Channel, Dial, Event, LiveRecording, Playback, StasisStart

log = structlog.get_logger(__name__)

INBOX_LIMIT: Final = 1000
"""Events a call may leave unread; more means that its task hangs, or that somebody leans on a key."""

OnNewCall = Callable[[StasisStart], None]
OnOther = Callable[[Event], None]


class Inbox:
    """The events of one call, in order. Read by that call's task alone.

    Other things a call must hear of (an offered agent) may be put among them, so that all come in one order.
    """

    def __init__(self, call: str) -> None:
        self.call = call
        self._events: asyncio.Queue[object] = asyncio.Queue(INBOX_LIMIT)
        self._overflown = False

    async def take(self, limit_s: float) -> object:
        """The next event; TimeoutError when none came within `limit_s` seconds."""
        if not self._events.empty():
            return self._events.get_nowait()
        async with asyncio.timeout(limit_s):
            return await self._events.get()

    def take_now(self) -> object | None:
        """The next event if there is one."""
        return None if self._events.empty() else self._events.get_nowait()

    def put(self, event: object) -> None:
        """Add an event; one too many is dropped, with one line in the log."""
        if not self._events.full():
            self._events.put_nowait(event)
        elif not self._overflown:
            self._overflown = True
            log.error("ari_inbox_full", call=self.call, limit=INBOX_LIMIT)

    def __len__(self) -> int:
        return self._events.qsize()


class Dispatch:
    """Hands events to the inboxes of the calls which own what the events are about.

    `on_new_call` gets every StasisStart whose channel nobody claimed: a caller has come. `on_other` gets what else
    concerns no call we hold. Both are called from the reading loop: they must be quick.
    """

    def __init__(self, on_new_call: OnNewCall, on_other: OnOther | None = None) -> None:
        self._on_new_call = on_new_call
        self._on_other = on_other
        self._inboxes: dict[str, Inbox] = {}
        self._owners: dict[str, Inbox] = {}
        self._claims: dict[str, set[str]] = {}

    def register(self, call: str) -> Inbox:
        """Open the inbox of a call. ValueError when it has one."""
        if call in self._inboxes:
            raise ValueError("This call has an inbox already.")
        self._inboxes[call] = inbox = Inbox(call)
        self._claims[call] = set()
        return inbox

    def claim(self, object_id: str, call: str) -> None:
        """From now on what happens to this channel, bridge, playback or recording is told to `call`, and to no other.

        Claim before the request that makes it: its first events come before the answer. KeyError: no such call.
        """
        before = self._owners.get(object_id)
        if before is not None:
            self._claims[before.call].discard(object_id)
        self._owners[object_id] = self._inboxes[call]
        self._claims[call].add(object_id)

    def unclaim(self, object_id: str) -> None:
        """Nobody is told of it any more; nothing happens when nobody was."""
        owner = self._owners.pop(object_id, None)
        if owner is not None:
            self._claims[owner.call].discard(object_id)

    def release(self, call: str) -> None:
        """The call is over: forget it and all it claimed; nothing happens when it is not known."""
        self._inboxes.pop(call, None)
        for object_id in self._claims.pop(call, ()):
            del self._owners[object_id]

    def owner_of(self, object_id: str) -> str | None:
        """The call that claimed an id, or None."""
        owner = self._owners.get(object_id)
        return owner.call if owner is not None else None

    def __contains__(self, call: object) -> bool:
        return call in self._inboxes

    def __len__(self) -> int:
        return len(self._inboxes)

    def hand_over(self, event: Event) -> None:
        """Put the event into the inbox of each call it concerns, once; else to `on_new_call` or `on_other`."""
        told: list[Inbox] = []
        for object_id in ids_of(event):
            owner = self._owners.get(object_id)
            if owner is not None and owner not in told:
                told.append(owner)
                owner.put(event)
        if told:
            return
        if isinstance(event, StasisStart):
            self._on_new_call(event)
        elif self._on_other is not None:
            self._on_other(event)


def ids_of(event: Event) -> Iterator[str]:
    """The ids an event is about: channels, bridges, playbacks, recordings, and what the last two are played to."""
    for part in _parts(event):
        if isinstance(part, Channel | Bridge):
            yield part.id
        elif isinstance(part, Playback):
            yield part.id
            yield _id_in(part.target_uri)
        elif isinstance(part, LiveRecording):
            yield part.name
            yield _id_in(part.target_uri)


def _parts(event: Event) -> Iterator[object]:
    if isinstance(event, Dial):
        yield event.peer
        yield event.caller
        return
    for name in ("channel", "bridge", "playback", "recording"):
        yield getattr(event, name, None)


def _id_in(target_uri: str) -> str:
    """`channel:ID` or `bridge:ID` → ID."""
    return target_uri.partition(":")[2]
