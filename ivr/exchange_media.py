"""The sound of a practice phone: RTP between one UDP socket here and Asterisk's UnicastRTP channel (asterisk.md 4).

G.711 mu-law, 20 ms a packet. What comes in is listened to for marker tones; what goes out is what the phone "says",
and silence otherwise: a caller who sends no sound at all is not like a person (asterisk.md 0.10).
"""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import Callable, Mapping
from typing import cast

from ivr.tones import ToneHearing

HEADER = 12
FRAME = 160
FRAME_S = 0.02
ULAW = 0
SILENCE = b"\xff" * FRAME

Heard = Callable[[str], None]


class PhoneMedia(asyncio.DatagramProtocol):
    """One phone's ear and mouth. `heard` is called with the name of each marker as it is recognised.

    `lost` is the share of packets that never leave, as in a bad network. `packets_in` and
    `loud_in` count what has come in: packets of 20 ms, and those of them that were not silence.
    """

    def __init__(self, tones: Mapping[str, tuple[int, int]], heard: Heard) -> None:
        self._hearing = ToneHearing(tones)
        self._heard = heard
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._to_say = bytearray()
        self._ssrc = random.getrandbits(32)
        self._closed = False
        self.packets_in = 0
        self.lost = 0.0
        self._chance = random.Random(1912)  # noqa: S311 - which packets are lost, the same ones each time

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own transport of a datagram socket is no subclass of DatagramTransport before Python 3.13.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._peer = addr
        if len(data) <= HEADER or data[1] & 0x7F != ULAW:
            return
        self.packets_in += 1
        for name in self._hearing.feed(data[HEADER:]):
            self._heard(name)

    @property
    def loud_in(self) -> int:
        return self._hearing.loud_frames

    def call(self, address: str, port: int) -> None:
        """Where to send before anything has come in."""
        self._peer = (address, port)

    def say(self, ulaw: bytes) -> None:
        """Queue sound to be said after what is queued already."""
        self._to_say += ulaw

    async def speak(self) -> None:
        """Send a packet each 20 ms until the phone is put away; late ones are caught up, as a phone's clock does."""
        loop = asyncio.get_running_loop()
        due, sequence = loop.time(), 0
        while not self._closed:
            frame = bytes(self._to_say[:FRAME]).ljust(FRAME, b"\xff") if self._to_say else SILENCE
            del self._to_say[:FRAME]
            lost = self.lost and self._chance.random() < self.lost
            if self._transport is not None and self._peer is not None and not lost:
                header = struct.pack("!BBHII", 0x80, ULAW, sequence & 0xFFFF, sequence * FRAME & 0xFFFFFFFF, self._ssrc)
                self._transport.sendto(header + frame, self._peer)
            sequence += 1
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.close()
