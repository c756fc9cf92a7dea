"""JSON at the door: what comes over a socket becomes an event, an answer, or an event we do not know."""

from typing import Final, TypeVar

import msgspec

from ivr.ari import events
from ivr.ari.events import Event

T = TypeVar("T")


class UnknownEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a type the pinned description does not have, or one not shaped as described; `type` is its name."""

    type: str = ""
    application: str | None = None


class RestAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to a request over a WebSocket; `message_body` is JSON as text, or None when there is nothing to say."""

    type: str = ""
    request_id: str = ""
    status_code: int = 0
    message_body: str | None = None


_EVENTS: Final[msgspec.json.Decoder[Event]] = msgspec.json.Decoder(Event)
_UNKNOWN: Final = msgspec.json.Decoder(UnknownEvent)
_ANSWERS: Final = msgspec.json.Decoder(RestAnswer)


def decode_event(text: bytes | str) -> Event | UnknownEvent | None:
    """The event in a frame; None when the frame is no JSON object at all."""
    try:
        return _EVENTS.decode(text)
    except msgspec.DecodeError:
        pass
    try:
        return _UNKNOWN.decode(text)
    except msgspec.DecodeError:
        return None


def decode_answer(text: bytes | str) -> RestAnswer | None:
    """The answer in a frame of a REST-only socket; None for anything else that comes along there."""
    try:
        answer = _ANSWERS.decode(text)
    except msgspec.DecodeError:
        return None
    return answer if answer.type == events.RESTResponse.__name__ else None


def decode_record(text: bytes | str, kind: type[T]) -> T:
    """A record in the body of an answer. msgspec.ValidationError when Asterisk answers in another shape."""
    return msgspec.json.decode(text, type=kind)
