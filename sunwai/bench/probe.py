"""A caller of our own that listens: sipp cannot tell when the first sound arrives.

Like a real telephone it sends sound (silence) from the answer on. It knows as much SIP as one call needs.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from sunwai.settings import Line

CALL_LIMIT_S: Final = 15.0
EVERY_S: Final = 0.4
NUMBER: Final = "5000000000"
_FRAME_S: Final = 0.02
_SILENCE: Final = b"\xff" * 160
_RTP_HEADER: Final = 12
_STATUS = re.compile(r"SIP/2\.0 (\d{3})")


@dataclass(frozen=True, slots=True)
class Heard:
    """One call of the probe: ms from INVITE to 200 and to the first packet of sound; None: it ended in silence."""

    answered_ms: float
    sound_ms: float | None


class _Mailbox(asyncio.DatagramProtocol):
    """Datagrams with the moment they were read, seconds of `time.perf_counter`."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:  # noqa: ARG002  # asyncio's signature
        self.came.put_nowait((time.perf_counter(), data))


async def listen_in(line: Line, extension: str, *, stay: bool, until: asyncio.Event) -> list[Heard]:
    """Call `extension` again and again until told; calls that fail are left out. `stay`: let the line end the call."""
    heard: list[Heard] = []

    async def once() -> None:
        try:
            async with asyncio.timeout(CALL_LIMIT_S):
                heard.append(await _call(line, extension, stay=stay))
        except (TimeoutError, ConnectionError):
            return

    async with asyncio.TaskGroup() as calls:
        while not until.is_set():
            calls.create_task(once())
            try:
                async with asyncio.timeout(EVERY_S):
                    await until.wait()
            except TimeoutError:
                continue
    return heard


async def _call(line: Line, extension: str, *, stay: bool) -> Heard:
    async with _sockets(line) as (sip, mail, sound, ear):
        call = _Call(line, extension, sip.get_extra_info("sockname"), sound.get_extra_info("sockname"))
        began = time.perf_counter()
        sip.sendto(call.invite())
        answered, text = await _final(mail)
        sip.sendto(call.acknowledge(text))
        target = call.sound_target(text)
        async with asyncio.TaskGroup() as tasks:
            talking = tasks.create_task(_send_silence(sound, target))
            first = tasks.create_task(_first_sound(ear))
            if not stay:
                await first
                sip.sendto(call.bye())
            await call.see_to_the_end(sip, mail)
            heard_s = first.result() if first.done() else None
            first.cancel()
            talking.cancel()
        return Heard(1000 * (answered - began), 1000 * (heard_s - began) if heard_s is not None else None)


@asynccontextmanager
async def _sockets(
    line: Line,
) -> AsyncIterator[tuple[asyncio.DatagramTransport, _Mailbox, asyncio.DatagramTransport, _Mailbox]]:
    telephony, loop = line.settings.telephony, asyncio.get_running_loop()
    remote = (telephony.trunk_address, telephony.trunk_port)
    sip, mail = await loop.create_datagram_endpoint(_Mailbox, local_addr=(telephony.trunk_peer, 0), remote_addr=remote)
    try:
        sound, ear = await loop.create_datagram_endpoint(_Mailbox, local_addr=(telephony.trunk_peer, 0))
        try:
            yield sip, mail, sound, ear
        finally:
            sound.close()
    finally:
        sip.close()


async def _final(mail: _Mailbox) -> tuple[float, str]:
    """The 200 and its moment; ConnectionError when the line refuses."""
    while True:
        moment, data = await mail.came.get()
        status = _STATUS.match(text := data.decode())
        if status is None or status[1].startswith("1"):
            continue
        if status[1] != "200":
            raise ConnectionRefusedError(status[1])
        return moment, text


async def _first_sound(ear: _Mailbox) -> float:
    while True:
        moment, data = await ear.came.get()
        if len(data) > _RTP_HEADER:
            return moment


async def _send_silence(sound: asyncio.DatagramTransport, target: tuple[str, int]) -> None:
    source = secrets.token_bytes(4)
    for number in itertools.count():
        stamp = (160 * number).to_bytes(4, "big")
        sound.sendto(b"\x80\x00" + (number % 65536).to_bytes(2, "big") + stamp + source + _SILENCE, target)
        await asyncio.sleep(_FRAME_S)


class _Call:
    """The words of one call."""

    def __init__(self, line: Line, extension: str, here: tuple[str, int], sound: tuple[str, int]) -> None:
        telephony = line.settings.telephony
        self._there = f"sip:{extension}@{telephony.trunk_address}:{telephony.trunk_port}"
        self._here, self._sound = here, sound
        self._id, self._tag = secrets.token_hex(8), secrets.token_hex(4)
        self._to = f"<{self._there}>"
        self._target = self._there

    def invite(self) -> bytes:
        return self._request("INVITE", 1, self._sdp())

    def acknowledge(self, answer: str) -> bytes:
        """The ACK of the answer; from here on the dialog is known."""
        self._to = _header(answer, "To")
        self._target = _header(answer, "Contact").strip("<>")
        return self._request("ACK", 1)

    def bye(self) -> bytes:
        return self._request("BYE", 2)

    @staticmethod
    def sound_target(answer: str) -> tuple[str, int]:
        """Where the line wants our sound, from its SDP."""
        address, port = re.search(r"c=IN IP4 (\S+)", answer), re.search(r"m=audio (\d+)", answer)
        if address is None or port is None:
            raise ConnectionAbortedError("an answer without an address for sound")
        return address[1], int(port[1])

    async def see_to_the_end(self, sip: asyncio.DatagramTransport, mail: _Mailbox) -> None:
        """Answer what the line asks until either side's BYE is done."""
        while True:
            text = (await mail.came.get())[1].decode()
            if text.startswith("SIP/2.0"):
                if "BYE" in _header(text, "CSeq"):
                    return
                continue
            if not text.startswith("ACK"):
                sip.sendto(self._yes(text, self._sdp() if text.startswith("INVITE") else ""))
            if text.startswith("BYE"):
                return

    def _yes(self, request: str, body: str) -> bytes:
        names = ("Via", "From", "To", "Call-ID", "CSeq")
        kept = "".join(f"{name}: {_header(request, name)}\r\n" for name in names)
        return f"SIP/2.0 200 OK\r\n{kept}{self._rest(body)}".encode()

    def _request(self, method: str, number: int, body: str = "") -> bytes:
        host, port = self._here
        return (
            f"{method} {self._target} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(6)}\r\n"
            f"From: <sip:{NUMBER}@{host}>;tag={self._tag}\r\nTo: {self._to}\r\nCall-ID: {self._id}\r\n"
            f"CSeq: {number} {method}\r\nMax-Forwards: 70\r\n{self._rest(body)}"
        ).encode()

    def _rest(self, body: str) -> str:
        host, port = self._here
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return f"Contact: <sip:{NUMBER}@{host}:{port}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"

    def _sdp(self) -> str:
        host, port = self._sound
        return (
            f"v=0\r\no=probe 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}: *([^\r\n]*)", text, re.MULTILINE | re.IGNORECASE)
    if found is None:
        raise ConnectionAbortedError(f"a message without {name}")
    return found[1]
