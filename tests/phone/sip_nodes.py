"""Nodes as a dispatcher sees them: each answers SIP on an address of its own, or is full, or is silent, or is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import uuid4

KEPT = ("via", "from", "to", "call-id", "cseq", "record-route")
"""Headers of a request that its answer has as well."""


@dataclass
class Message:
    """One SIP message; header names in lower case, each with all its values."""

    first: str
    headers: list[tuple[str, str]]

    @property
    def method(self) -> str:
        return self.first.partition(" ")[0]

    @property
    def status(self) -> int:
        return int(self.first.split()[1])

    def values(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]


def parsed(data: bytes) -> Message:
    first, *rest = data.decode().partition("\r\n\r\n")[0].split("\r\n")
    pairs = (line.partition(":") for line in rest)
    return Message(first, [(name.strip().lower(), value.strip()) for name, _, value in pairs])


def answer(request: Message, status: int, reason: str, more: Iterable[str] = ()) -> bytes:
    lines = [f"SIP/2.0 {status} {reason}"]
    for name, value in request.headers:
        if name in KEPT:
            tag = ";tag=node" if name == "to" and ";tag=" not in value and status > 100 else ""
            lines.append(f"{name}: {value}{tag}")
    return "\r\n".join([*lines, *more, "content-length: 0", "", ""]).encode()


@dataclass
class Node(asyncio.DatagramProtocol):
    """One address that answers. `manner`: "answers" with 200, "full" with 503, or "silent". `heard`: all requests."""

    host: str
    port: int
    manner: str = "answers"
    heard: list[Message] = field(default_factory=list)
    replies: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)
    transport: asyncio.DatagramTransport | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def rise(self) -> None:
        """Begin to listen."""
        self.gone.clear()
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, self.port))

    async def die(self) -> None:
        """The socket is gone; the kernel tells senders so, or they hear nothing."""
        if self.transport is not None:
            self.transport.close()
            await self.gone.wait()
            self.transport = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()

    def count(self, method: str) -> int:
        """Different calls in which this method was heard: what was sent again counts once."""
        return len({tuple(one.values("call-id")) for one in self.heard if one.method == method})

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        message = parsed(data)
        if message.first.startswith("SIP/2.0"):
            self.replies.put_nowait(message)
            return
        self.heard.append(message)
        if self.manner != "silent" and message.method != "ACK":
            self._send(self._reply(message), address)

    def ask(self, method: str, to: tuple[str, int]) -> str:
        """Send a request that begins something; its Call-ID."""
        call_id = uuid4().hex
        here = f"{self.host}:{self.port}"
        lines = [
            f"{method} sip:1912@{to[0]}:{to[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{call_id}",
            "Max-Forwards: 70",
            f"From: <sip:5000000100@{here}>;tag=a",
            f"To: <sip:1912@{to[0]}>",
            f"Call-ID: {call_id}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:5000000100@{here}>",
            "Content-Length: 0",
        ]
        self._send("\r\n".join([*lines, "", ""]).encode(), to)
        return call_id

    async def reply(self, call_id: str, limit_s: float = 5.0) -> Message:
        """The final reply to what was asked under this Call-ID."""
        async with asyncio.timeout(limit_s):
            while True:
                found = await self.replies.get()
                if found.status >= 200 and found.values("call-id") == [call_id]:
                    return found

    def _reply(self, request: Message) -> bytes:
        if self.manner == "full" and request.method == "INVITE":
            return answer(request, 503, "Service Unavailable")
        return answer(request, 200, "OK", [f"contact: <sip:1912@{self.host}:{self.port}>"])

    def _send(self, data: bytes, address: tuple[str, int]) -> None:
        if self.transport is not None:
            self.transport.sendto(data, address)
