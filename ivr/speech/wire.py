"""What a controller and a speech process tell each other: one JSON object a line, over a Unix socket.

The controller asks (Attach, Listen, Cease, Detach), the process tells (Serving, Began, Heard, Deaf). `ears` names one
caller's sound. Nothing here holds a telephone number.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Attach(msgspec.Struct, frozen=True, tag="attach"):
    """Fetch this caller's sound from Asterisk: `media` is the id of its WebSocket, `rate_hz` what is sent over it."""

    ears: str
    media: str
    rate_hz: int


class Listen(msgspec.Struct, frozen=True, tag="listen"):
    """From now on this question counts, and only its phrases: `offered` is phrase -> key.

    What means one of the keys `patient` is never taken before the end of speech: more of it could turn its sense.
    """

    ears: str
    question: int
    engine: str
    offered: Mapping[str, str]
    patient: tuple[str, ...] = ()


class Cease(msgspec.Struct, frozen=True, tag="cease"):
    """The question has been answered, or is no more; what is said until the next one is nobody's business."""

    ears: str


class Detach(msgspec.Struct, frozen=True, tag="detach"):
    """Nothing of this caller is to be heard any more."""

    ears: str


class Serving(msgspec.Struct, frozen=True, tag="serving"):
    """Told first: which engines hear here, with the rate each wants, and why others do not."""

    engines: Mapping[str, int]
    refused: Mapping[str, str]


class Began(msgspec.Struct, frozen=True, tag="began"):
    """He has begun to speak; what it was comes as Heard."""

    ears: str
    question: int


class Heard(msgspec.Struct, frozen=True, tag="heard"):
    """Words said to a question: `confidence` of the least certain one, 0..1; `said_ms` of sound since it was asked."""

    ears: str
    question: int
    text: str
    confidence: float
    said_ms: int


class Deaf(msgspec.Struct, frozen=True, tag="deaf"):
    """This caller cannot be heard: `why` is a word for the log (no_media, overloaded, unknown_engine, no_words)."""

    ears: str
    why: str


Asked = Attach | Listen | Cease | Detach
Told = Serving | Began | Heard | Deaf

_asked: msgspec.json.Decoder[Asked] = msgspec.json.Decoder(Asked)
_told: msgspec.json.Decoder[Told] = msgspec.json.Decoder(Told)


class WireError(Exception):
    """A line that is none of these: the other side is of another release."""


def asked(line: bytes) -> Asked:
    """What a controller says. WireError."""
    try:
        return _asked.decode(line)
    except msgspec.DecodeError as error:
        raise WireError(str(error)) from error


def told(line: bytes) -> Told:
    """What a speech process says. WireError."""
    try:
        return _told.decode(line)
    except msgspec.DecodeError as error:
        raise WireError(str(error)) from error


def line_of(message: Asked | Told) -> bytes:
    """As it is written."""
    return msgspec.json.encode(message) + b"\n"
