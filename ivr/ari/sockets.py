"""REST over WebSocket: one socket that carries requests only, kept open for as long as the line stands.

Asterisk serves a socket's requests one after the other, so the order of sending is the order of doing; one request that
blocks (adding a channel that is playing a prompt to a bridge) holds up all behind it (asterisk.md 0.1).
"""

import asyncio
import itertools
import random
from typing import Final, NoReturn

import aiohttp
import msgspec
import structlog

from ivr.ari.decoding import RestAnswer, decode_answer
from ivr.ari.door import Body, Door, Socket
from ivr.ari.errors import AriError, AriUnavailable, refusal

log = structlog.get_logger(__name__)

REST_HEARTBEAT_S: Final = 60.0
"""Long: a socket with a blocked request answers no pings either. The events socket finds a hung Asterisk."""
NOT_AWAITED: Final = "-"


class Backoff:
    """Waits between two tries: doubling from 50 ms to 2 s, each drawn from its whole range (full jitter)."""

    FIRST_S: Final = 0.05
    LONGEST_S: Final = 2.0

    def __init__(self) -> None:
        self._tries = 0

    def next_s(self) -> float:
        """How long to wait now, in seconds."""
        range_s = min(self.LONGEST_S, self.FIRST_S * 2 ** min(self._tries, 10))
        self._tries += 1
        return random.uniform(0, range_s)  # noqa: S311 - spreads reconnects, keeps no secret

    def reset(self) -> None:
        """After a success: the next wait is a short one again."""
        self._tries = 0


class RestRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="RESTRequest"):
    """A request as Asterisk reads it from a WebSocket; the body is JSON within a JSON string."""

    request_id: str
    method: str
    uri: str
    content_type: str | None = None
    message_body: str | None = None


class RestSocket:
    """One REST-only WebSocket. `open` it, then keep `serve` running: it reads the answers and reconnects by itself."""

    def __init__(self, door: Door, app: str) -> None:
        self._door = door
        self._app = app
        self._socket: Socket | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[RestAnswer]] = {}

    @property
    def is_open(self) -> bool:
        return self._socket is not None and not self._socket.closed

    async def open(self) -> None:
        """Connect and shut out every event but the answers; AriError when that fails."""
        socket = await self._door.connect(self._app, heartbeat_s=REST_HEARTBEAT_S)
        try:
            # Without RESTResponse in the list every request of this socket would time out (asterisk.md 0.2).
            await self._door.allow_events(self._app, ["RESTResponse"])
        except BaseException:
            await socket.close()
            raise
        self._socket = socket

    async def serve(self) -> NoReturn:
        """Read answers for ever; when the connection breaks, fail what is waiting and connect again."""
        backoff = Backoff()
        while True:
            if self._socket is not None:
                backoff.reset()
                await self._read(self._socket)
                await self.close()
            await asyncio.sleep(backoff.next_s())
            try:
                await self.open()
            except AriError as failure:
                log.warning("ari_rest_socket_away", reason=str(failure))

    async def close(self) -> None:
        """Close the connection; whoever waits for an answer is told AriUnavailable."""
        socket, self._socket = self._socket, None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(AriUnavailable("The connection to Asterisk broke before the answer came."))
        self._waiting.clear()
        if socket is not None:
            await socket.close()

    async def request(self, method: str, uri: str, body: Body | None, limit_s: float) -> str:
        """Send, wait for the answer that carries our number, and return its body ("" when it has none)."""
        number = str(next(self._numbers))
        waiting: asyncio.Future[RestAnswer] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            async with asyncio.timeout(limit_s):
                await self._send(number, method, uri, body)
                answer = await waiting
        except TimeoutError as failure:
            raise AriUnavailable("Asterisk did not answer in time over the WebSocket.") from failure
        finally:
            self._waiting.pop(number, None)
        if answer.status_code >= 300:
            raise refusal(answer.status_code, answer.message_body or "")
        return answer.message_body or ""

    async def fire(self, method: str, uri: str, body: Body | None) -> None:
        """Send and go on: the answer is only looked at for the debug log."""
        await self._send(NOT_AWAITED, method, uri, body)

    async def _send(self, number: str, method: str, uri: str, body: Body | None) -> None:
        if self._socket is None or self._socket.closed:
            raise AriUnavailable("The connection to Asterisk is broken.")
        request = RestRequest(
            request_id=number,
            method=method,
            uri=uri,
            content_type=None if body is None else "application/json",
            message_body=None if body is None else msgspec.json.encode(body).decode(),
        )
        try:
            await self._socket.send_frame(msgspec.json.encode(request), aiohttp.WSMsgType.TEXT)
        except (aiohttp.ClientError, OSError) as failure:
            raise AriUnavailable("The connection to Asterisk broke while sending.") from failure

    async def _read(self, socket: Socket) -> None:
        async for frame in socket:
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            answer = decode_answer(frame.data)
            if answer is None:
                continue
            waiting = self._waiting.pop(answer.request_id, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(answer)
            elif answer.status_code >= 300:
                log.debug("ari_not_awaited_refused", status=answer.status_code)
