"""What the bench itself asks an Asterisk over plain HTTP: make agents' phones, and is anybody still on the line."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal

import aiohttp
import msgspec

from sunwai.asterisk_conf import ARI_USER
from sunwai.bench.asterisks import endpoint
from sunwai.errors import StartError
from sunwai.settings import Line

QUIET_LIMIT_S = 15.0
_ASK_EVERY_S = 0.1
_LIMIT_S = 5.0


class _Named(msgspec.Struct, frozen=True):
    """Of a channel or bridge only its id is wanted."""

    id: str


class Door:
    """ARI of one line's Asterisk; use `door_of`."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def hang_up_all(self) -> None:
        """Whoever is still on the line is sent away."""
        for channel in await self.names("channels"):
            await self.hang_up(channel)

    async def hang_up(self, channel: str) -> None:
        async with self._session.delete(f"/ari/channels/{channel}"):
            pass  # 404: he has just left

    async def make_phones(self, codes: Sequence[str], address: str, port: int) -> None:
        """Endpoints as the line makes them for its agents, but with a fixed contact. StartError when refused."""
        for name in map(endpoint, codes):
            contact = {"contact": f"sip:{name}@{address}:{port}", "max_contacts": "1"}
            await self._put("aor", name, contact)
            await self._put("endpoint", name, _PHONE | {"aors": name})

    async def quiet(self) -> bool:
        """Wait until no channel is left; False when some are still there after QUIET_LIMIT_S seconds."""
        try:
            async with asyncio.timeout(QUIET_LIMIT_S):
                while await self._channels():  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(_ASK_EVERY_S)
        except TimeoutError:
            return False
        return True

    async def names(self, what: Literal["channels", "bridges"]) -> list[str]:
        """Ids of what is there now. StartError when Asterisk does not tell."""
        try:
            return [one.id for one in await self._list(what)]
        except (aiohttp.ClientError, TimeoutError, msgspec.MsgspecError) as error:
            raise StartError(f"Asterisk does not tell its {what}") from error

    async def _put(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        body = {"fields": [{"attribute": key, "value": value} for key, value in fields.items()]}
        url = f"/ari/asterisk/config/dynamic/res_pjsip/{kind}/{name}"
        async with self._session.put(url, json=body) as answer:
            if answer.status >= 300:
                raise StartError(f"Asterisk refused the bench's agents with {answer.status}")

    async def _channels(self) -> int:
        return len(await self._list("channels"))

    async def _list(self, what: str) -> list[_Named]:
        async with self._session.get(f"/ari/{what}") as answer:
            return msgspec.json.decode(await answer.read(), type=list[_Named])


@asynccontextmanager
async def door_of(line: Line) -> AsyncIterator[Door]:
    """The door of a line's Asterisk, which must be running."""
    token = base64.b64encode(f"{ARI_USER}:{line.secret('ari')}".encode()).decode("ascii")
    async with aiohttp.ClientSession(
        line.ari_url,
        headers={"Authorization": f"Basic {token}"},
        timeout=aiohttp.ClientTimeout(total=_LIMIT_S),
    ) as session:
        yield Door(session)


_PHONE = {
    "transport": "transport-agents",
    "context": "agents",
    "disallow": "all",
    "allow": "alaw,ulaw",
    "outgoing_call_offer_pref": "remote",
    "dtmf_mode": "auto_info",
    "direct_media": "no",
    "rtp_symmetric": "yes",
    "force_rport": "yes",
    "rewrite_contact": "yes",
    "allow_transfer": "no",
    "allow_subscribe": "no",
}
