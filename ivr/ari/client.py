"""The connection to one Asterisk: one socket for events, some for requests, HTTP for what may block (asterisk.md 12).

    ari = Ari(url, user, password, "sunwai", events_allowed=[...])
    await ari.run(on_event, on_connected, on_lost)      # for as long as the controller lives

The events socket carries no requests, so that a blocked request never delays an event. Requests of one call go over one
socket, chosen by the call's id, in the order they are sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import aiohttp
import structlog

from ivr.ari.bridge_verbs import BridgeVerbs
from ivr.ari.channel_verbs import ChannelVerbs
from ivr.ari.decoding import UnknownEvent, decode_event
from ivr.ari.door import Body, Door, Socket
from ivr.ari.errors import AriError, AriUnavailable, Replaced
from ivr.ari.events import ApplicationReplaced, Event
from ivr.ari.house_verbs import HouseVerbs
from ivr.ari.ids import rest_application, socket_number, with_query
from ivr.ari.sockets import Backoff, RestSocket
from ivr.ari.verbs import REQUEST_LIMIT_S, Query

log = structlog.get_logger(__name__)

ALWAYS_ALLOWED: Final = ("ApplicationReplaced", "RESTResponse")
"""The filter stops these like any other: a take-over would go unseen, and answers get lost (asterisk.md 0.2)."""
RECONCILE_LIMIT_S: Final = 30.0

OnEvent = Callable[[Event], None]


class Ari(ChannelVerbs, BridgeVerbs, HouseVerbs):
    """A thin typed client of one Asterisk; the verbs are in the three classes it is made of.

    `rest_sockets` 0 sends every request over HTTP. `heartbeat_s` is the time between two pings on the events socket;
    an Asterisk that is silent for 1.5 times as long counts as lost.
    """

    def __init__(
        self,
        base_url: str,
        user: str,
        password: str,
        app: str,
        *,
        rest_sockets: int = 4,
        events_allowed: Sequence[str],
        heartbeat_s: float = 3.0,
    ) -> None:
        self.app = app
        self._allowed = (*events_allowed, *ALWAYS_ALLOWED)
        self._heartbeat_s = heartbeat_s
        self._door = Door(base_url, user, password)
        self._rest = [RestSocket(self._door, rest_application(app, n)) for n in range(rest_sockets)]
        self._registered = False
        self._replaced = False

    @property
    def registered(self) -> bool:
        """Whether Asterisk gives its calls to us now; what /readyz asks."""
        return self._registered

    async def run(
        self, on_event: OnEvent, on_connected: Callable[[], Awaitable[None]], on_lost: Callable[[], None]
    ) -> None:
        """Hold the connection until cancelled; reconnect with jitter, at most 2 s apart.

        `on_event` gets every event in order; it must be quick and only hand over. `on_connected` reconciles after each
        connect, within 30 s, while events already flow: nothing that happened in between is told again (asterisk.md
        0.4). An AriError in it breaks the connection and it is tried anew. `on_lost` is called once for each time
        events had begun to flow. Raises Replaced when another controller took the name; everything is closed then.
        """
        backoff = Backoff()
        self._replaced = False
        async with self._door:
            while True:
                try:
                    await self._hold(on_event, on_connected, on_lost, backoff)
                except Replaced:
                    log.warning("ari_replaced", app=self.app)
                    raise
                except AriError as failure:
                    log.warning("ari_away", app=self.app, reason=str(failure))
                await asyncio.sleep(backoff.next_s())

    async def request(
        self,
        method: str,
        uri: str,
        *,
        call: str,
        query: Query | None = None,
        body: Body | None = None,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> str:
        """Ask over the socket of `call` and return the answer's body, "" when there is none.

        Gone: normal in a race with a hang-up. AriRefused: any other no. AriUnavailable: not connected, or no answer
        within `limit_s` seconds; the request may still be carried out later.
        """
        target = with_query(uri, query)
        socket = self._socket_of(call)
        if socket is not None:
            return await socket.request(method, target, body, limit_s)
        return (await self._over_http(method, target, body, limit_s)).decode()

    async def fire(
        self, method: str, uri: str, *, call: str, query: Query | None = None, body: Body | None = None
    ) -> None:
        """Send in the call's order without waiting for the answer; a refusal is only told in the debug log.

        AriUnavailable when there is no connection to send it over.
        """
        target = with_query(uri, query)
        socket = self._socket_of(call)
        if socket is not None:
            await socket.fire(method, target, body)
            return
        try:
            await self._over_http(method, target, body, REQUEST_LIMIT_S)
        except AriUnavailable:
            raise
        except AriError as failure:
            log.debug("ari_not_awaited_refused", reason=str(failure))

    async def http(
        self,
        method: str,
        uri: str,
        *,
        query: Query | None = None,
        body: Body | None = None,
        limit_s: float = REQUEST_LIMIT_S,
    ) -> bytes:
        """As `request`, over HTTP: for what may block and for files. Keeps no order with what went over a socket."""
        return await self._over_http(method, with_query(uri, query), body, limit_s)

    def _socket_of(self, call: str) -> RestSocket | None:
        """The open REST socket of a call, or None: then HTTP must do (asterisk.md 1: slower, never wrong)."""
        if self._replaced or not self._rest:
            return None
        socket = self._rest[socket_number(call, len(self._rest))]
        return socket if socket.is_open else None

    async def _over_http(self, method: str, target: str, body: Body | None, limit_s: float) -> bytes:
        if self._replaced:
            raise AriUnavailable("Another controller has taken over this line.")
        return await self._door.request(method, target, body, limit_s)

    async def _hold(
        self,
        on_event: OnEvent,
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
        backoff: Backoff,
    ) -> None:
        """One connection from its opening to its loss; always ends by an exception."""
        try:
            await _together(*[socket.open() for socket in self._rest])
            events = await self._door.connect(self.app, heartbeat_s=self._heartbeat_s)
            try:
                await self._door.allow_events(self.app, self._allowed)
                self._registered = True
                log.info("ari_registered", app=self.app)
                await self._live(events, on_event, on_connected, backoff)
            finally:
                lost, self._registered = self._registered, False
                await events.close()
                if lost:
                    on_lost()
        finally:
            await _together(*[socket.close() for socket in self._rest])

    async def _live(
        self, events: Socket, on_event: OnEvent, on_connected: Callable[[], Awaitable[None]], backoff: Backoff
    ) -> None:
        async def reconcile() -> None:
            try:
                async with asyncio.timeout(RECONCILE_LIMIT_S):
                    await on_connected()
            except TimeoutError as failure:
                raise AriUnavailable("Reconciling after a connect took too long.") from failure
            backoff.reset()

        await _together(self._read(events, on_event), reconcile(), *[socket.serve() for socket in self._rest])

    async def _read(self, events: Socket, on_event: OnEvent) -> None:
        """Parse and hand over, nothing else; ends by Replaced or AriUnavailable."""
        async for frame in events:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                break
            event = decode_event(frame.data)
            if isinstance(event, ApplicationReplaced):
                # Before anything else: while the connections close, no call may still act through us.
                self._replaced = True
                raise Replaced("Another controller has connected with this application's name.")
            if event is None or isinstance(event, UnknownEvent):
                log.warning("ari_event_not_understood", type=event.type if event else None)
                continue
            try:
                on_event(event)
            except Exception:  # top of the loop: one broken event must not end all calls
                log.exception("ari_event_not_handled", type=type(event).__name__)
        raise AriUnavailable("The events connection broke.")


async def _together(*deeds: Coroutine[Any, Any, None]) -> None:
    """All at once, until all are done or one fails; the others are ended then. Replaced goes before other failures.

    Not a TaskGroup: one that is told to end in the moment in which one of its tasks fails tells the failure alone
    (Python 3.11), and who catches that would go on.
    """
    tasks = [asyncio.ensure_future(deed) for deed in deeds]
    if not tasks:
        return
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    failures = [error for task in tasks if not task.cancelled() and (error := task.exception()) is not None]
    if failures:
        raise min(failures, key=_weight)


def _weight(failure: BaseException) -> int:
    """Which of several failures is told: a fault of ours, then the take-over, then the connection."""
    return 0 if not isinstance(failure, AriError) else 1 if isinstance(failure, Replaced) else 2
