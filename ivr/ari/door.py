"""The way to one Asterisk: its address, our log-in, one HTTP session, and the sockets opened over it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

import aiohttp
import msgspec
from yarl import URL

from ivr.ari.errors import AriUnavailable, refusal
from ivr.ari.ids import path, with_query

HTTP_CONNECTIONS: Final = 64
"""At most so many requests wait over HTTP at once; `sessionlimit` in Asterisk's http.conf must lie above it."""
CONNECT_LIMIT_S: Final = 3.0
CLOSE_LIMIT_S: Final = 0.5

Socket = aiohttp.ClientWebSocketResponse[bool]
Body = Mapping[str, Any]


class Door:
    """Open it with `async with`; a closed door answers every request with AriUnavailable."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._base = base_url.rstrip("/") + "/ari/"
        # aiohttp 3.14 deprecates its auth= argument: the header is written by hand.
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers,
            connector=aiohttp.TCPConnector(limit=HTTP_CONNECTIONS, keepalive_timeout=30),
            json_serialize=lambda body: msgspec.json.encode(body).decode(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def connect(self, app: str, *, heartbeat_s: float) -> Socket:
        """A WebSocket registered as application `app`; a silent peer is given up after 1.5 × heartbeat_s seconds."""
        session = self._open_session()
        url = self._url(with_query("events", {"app": app}))
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                return await session.ws_connect(
                    url,
                    heartbeat=heartbeat_s,
                    decode_text=False,
                    max_msg_size=0,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_LIMIT_S),
                )
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise AriUnavailable(f"Asterisk's WebSocket cannot be opened: {type(failure).__name__}") from failure

    async def allow_events(self, app: str, types: Sequence[str], *, limit_s: float = CONNECT_LIMIT_S) -> None:
        """Let only these event types through to `app`; lost with the connection (asterisk.md 0.2)."""
        allowed = {"allowed": [{"type": name} for name in sorted(set(types))]}
        await self.request("PUT", path("applications", app, "eventFilter"), allowed, limit_s)

    async def request(self, method: str, uri: str, body: Body | None, limit_s: float) -> bytes:
        """One request over HTTP keep-alive: `uri` without /ari, its query written out. Returns the answer's bytes."""
        session = self._open_session()
        try:
            async with (
                asyncio.timeout(limit_s),
                session.request(method, self._url(uri), json=body, allow_redirects=False) as answer,
            ):
                content = await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as failure:
            raise AriUnavailable(f"Asterisk did not answer over HTTP: {type(failure).__name__}") from failure
        if answer.status >= 300:
            raise refusal(answer.status, content.decode(errors="replace"))
        return content

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise AriUnavailable("The ARI client is not running.")
        return self._session

    def _url(self, uri: str) -> URL:
        return URL(self._base + uri, encoded=True)
