"""What the parent itself asks Asterisk over plain HTTP: is it alive; keep the callers of a controller that is away.

The controller's own ARI client is not used: it may be what is broken (design 3.5). Each request has a limit of 2 s.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

import aiohttp
import msgspec

if TYPE_CHECKING:
    from types import TracebackType

APP = "sunwai"
"""The controller's app in extensions.conf."""

PLAYBACK_ID = "{channel}.say"
"""A channel's one playback, as in ivr/ari/ids.py (design 3.8): it must end before `continue` takes effect."""

_LIMIT_S = 2.0
_CALLED_US = ("inbound", "returned")
_CALLED_BY_US = "callback"
"""What extensions.conf gives Stasis() as the kind of call. Legs that the controller originates have other kinds."""


class _Dialplan(msgspec.Struct, frozen=True):
    app_name: str = ""
    app_data: str = ""


class LiveChannel(msgspec.Struct, frozen=True):
    """A channel as Asterisk lists it; unknown fields are allowed."""

    id: str
    dialplan: _Dialplan = _Dialplan()

    @property
    def app(self) -> str:
        """The app it was given to by the dialplan."""
        return self.dialplan.app_data.split(",")[0]

    @property
    def kind(self) -> str:
        """The first argument after the app: inbound, returned, callback, or what the controller chose."""
        return [*self.dialplan.app_data.split(","), ""][1]


class LiveBridge(msgspec.Struct, frozen=True):
    """A bridge as Asterisk lists it: `bridge_type` is mixing, holding ..."""

    id: str
    bridge_type: str = ""
    channels: tuple[str, ...] = ()


def stranded(channels: Iterable[LiveChannel], bridges: Sequence[LiveBridge]) -> list[LiveChannel]:
    """The callers whom only the controller held. Two who talk go on talking; agents' legs are left alone."""
    talks = (bridge.channels for bridge in bridges if bridge.bridge_type == "mixing" and len(bridge.channels) > 1)
    talking = {channel_id for members in talks for channel_id in members}
    return [
        channel
        for channel in channels
        if channel.dialplan.app_name == "Stasis"
        and channel.app == APP
        and channel.kind in (*_CALLED_US, _CALLED_BY_US)
        and channel.id not in talking
    ]


class AsteriskWatch:
    """Asks one Asterisk over HTTP. Use as `async with`; its connections are its own."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {token}"}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=_LIMIT_S)
        self._session = aiohttp.ClientSession(self._url, headers=self._headers, timeout=timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def alive(self) -> bool:
        """Ping and the list of channels: the second takes the locks that a deadlocked Asterisk holds."""
        return await self._get("asterisk/ping") is not None and await self._get("channels") is not None

    async def knows_app(self, app: str) -> bool:
        """True when the app is or was registered: Asterisk also lists dead apps that still own channels."""
        return await self._get(f"applications/{app}") is not None

    async def rescue(self) -> int:
        """Send every stranded caller to the dialplan: callers to the fallback, calls we made to their next step."""
        found, bridges = await self._get("channels"), await self._get("bridges")
        if found is None or bridges is None:
            return 0
        sent = 0
        for channel in stranded(
            msgspec.json.decode(found, type=list[LiveChannel]), msgspec.json.decode(bridges, type=list[LiveBridge])
        ):
            # `continue` is carried out only after a prompt that still plays.
            await self._ask("DELETE", f"playbacks/{PLAYBACK_ID.format(channel=channel.id)}")
            ours = channel.kind == _CALLED_BY_US
            where = {} if ours else {"context": "fallback", "extension": "s", "priority": "1"}
            sent += await self._ask("POST", f"channels/{channel.id}/continue", where) == 204
        return sent

    async def _get(self, path: str) -> bytes | None:
        """The body of a 200, else None: whatever is wrong, the caller's question is answered with no."""
        try:
            async with self._open().get(f"/ari/{path}") as answer:
                return await answer.read() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def _ask(self, method: str, path: str, query: dict[str, str] | None = None) -> int:
        """The status; 0 when there was no answer. 404 and 409 are normal: the caller has just left."""
        try:
            async with self._open().request(method, f"/ari/{path}", params=query or {}) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use AsteriskWatch with `async with`")
        return self._session
