"""A browser's telephone as a program: SIP by the console's WebSocket (RFC 7118), registered as the page's JsSIP is.

It rings and lets ring. It never answers: sound between browser and Asterisk plays no part in what is measured.
"""

from __future__ import annotations

import asyncio
import secrets

from aiohttp import ClientWebSocketResponse, WSMsgType

from sunwai.bench.sip_words import SipWord, answer_to, credentials, read, written
from sunwai.console_client import Json
from sunwai.errors import SunwaiError

EXPIRES_S = 300
"""As the page asks for; renewed in time."""
RENEWED_AFTER_S = 240.0
RINGS_S = 4.0
"""After so long the agent declines."""


class BrowserPhone:
    """One telephone. `registered` is set while the exchange has it; `rung` counts how often it was rung."""

    def __init__(self, account: Json, rings_s: float = RINGS_S) -> None:
        self.registered = asyncio.Event()
        self.rung = 0
        self._user, self._password = str(account["user"]), str(account["password"])
        self._uri = f"sip:{account['address']}"
        self._rings_s = rings_s
        # A browser cannot know its own address: JsSIP invents a name, as RFC 7118 says.
        self._host, self._tag = f"{secrets.token_hex(6)}.invalid", secrets.token_hex(5)
        self._call_id = secrets.token_hex(11)
        self._asked = 0
        self._told_password = False
        self._ringing: dict[str, tuple[SipWord, asyncio.Task[None]]] = {}

    async def work(self, way: ClientWebSocketResponse) -> None:
        """Until cancelled. SunwaiError when the exchange refuses the account or closes the way."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_registered(way))
            async for frame in way:
                if frame.type is WSMsgType.TEXT and frame.data.strip():  # an empty one keeps the way open
                    await self._hear(way, read(frame.data), tasks)
            raise SunwaiError(f"the telephone {self._user} lost its way to the exchange (code {way.close_code})")

    async def _keep_registered(self, way: ClientWebSocketResponse) -> None:
        while True:
            await self._register(way)
            await asyncio.sleep(RENEWED_AFTER_S)

    async def _register(self, way: ClientWebSocketResponse, authorization: str | None = None) -> None:
        self._asked += 1
        self._told_password = authorization is not None
        us = f"<{self._uri.replace('sip:', f'sip:{self._user}@')}>"
        headers = [
            ("Via", f"SIP/2.0/WS {self._host};branch=z9hG4bK{secrets.token_hex(6)}"),
            ("Max-Forwards", "69"),
            ("To", us),
            ("From", f"{us};tag={self._tag}"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._asked} REGISTER"),
            ("Contact", f"{self._contact};expires={EXPIRES_S}"),
            ("Expires", f"{EXPIRES_S}"),
            ("Supported", "path, outbound"),
        ]
        if authorization is not None:
            headers.append(("Authorization", authorization))
        await way.send_str(written(f"REGISTER {self._uri} SIP/2.0", headers))

    async def _hear(self, way: ClientWebSocketResponse, word: SipWord, tasks: asyncio.TaskGroup) -> None:
        call = word.get("call-id")
        match word.status, word.method:
            case 401, "REGISTER":
                await self._register(way, self._credentials(word))
            case 200, "REGISTER":
                self.registered.set()
            case int(status), "REGISTER" if status >= 300:
                raise SunwaiError(f"the exchange refused the telephone {self._user} with {status}")
            case None, "INVITE" if call not in self._ringing:
                self.rung += 1
                self._ringing[call] = word, tasks.create_task(self._ring(way, word, call))
            case None, "CANCEL":
                await way.send_str(answer_to(word, "200 OK", self._tag))
                if call in self._ringing:
                    invite, ringing = self._ringing.pop(call)
                    ringing.cancel()
                    await way.send_str(answer_to(invite, "487 Request Terminated", self._tag))
            case None, "OPTIONS" | "NOTIFY" | "BYE":
                await way.send_str(answer_to(word, "200 OK", self._tag))
            case _:
                pass  # an ACK, an answer that settles nothing, an INVITE said twice

    def _credentials(self, word: SipWord) -> str:
        challenge = word.get("www-authenticate")
        if self._told_password and "stale=true" not in challenge.lower():
            raise SunwaiError(f"the exchange does not take the password of {self._user}")
        return credentials(challenge, "REGISTER", self._uri, self._user, self._password, secrets.token_hex(8))

    async def _ring(self, way: ClientWebSocketResponse, invite: SipWord, call: str) -> None:
        """Rings, then declines; cancelled when the exchange gives up."""
        await way.send_str(answer_to(invite, "180 Ringing", self._tag, ("Contact", self._contact)))
        await asyncio.sleep(self._rings_s)
        del self._ringing[call]
        await way.send_str(answer_to(invite, "486 Busy Here", self._tag))

    @property
    def _contact(self) -> str:
        return f"<sip:{self._user}@{self._host};transport=ws>"
