"""Questions of people become frozen structs at the door; whatever does not fit is refused with field and reason."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, TypeVar

import msgspec
from aiohttp import web

from agent_console.errors import BadInput, NotJson, TooLarge
from agent_console.route import Anything

BODY_LIMIT = 64 * 1024

T = TypeVar("T", bound=msgspec.Struct)

Note = Annotated[str, msgspec.Meta(max_length=4000, description="Free words of the person who writes")]
NoteText = Annotated[
    str, msgspec.Meta(min_length=1, max_length=4000, description="Free words of the person who writes")
]
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, description="Why, in a few words")]
Version = Annotated[int, msgspec.Meta(ge=1, description="The docket's version you saw; another one is refused")]
DocketNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8}$", description="Eight digits")]
CallRef = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,80}$", description="The reference of a call")]

LONGEST_SPAN = timedelta(days=92)
_YEARS = range(2000, 2100)

_FIELD = re.compile(r"field `(?P<name>[^`]+)`|at `\$\.(?P<path>[^`]+)`")
_LENGTH = re.compile(r"`str` of length (?P<way><=|>=) (?P<limit>\d+)")
"""How msgspec tells what does not fit; what is told otherwise some day is passed on as it is."""


async def read(request: web.Request, shape: type[T]) -> T:
    """The body (for GET the query) as `shape`. BadInput, NotJson or TooLarge otherwise."""
    if shape is Anything:
        return shape()
    if request.method in ("GET", "HEAD"):
        return _converted(_query(request), shape)
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge("The body is larger than {size} KiB.", size=BODY_LIMIT // 1024) from None
    if body and request.content_type != "application/json":
        raise NotJson("The body must be JSON (Content-Type: application/json).")
    try:
        return msgspec.json.decode(body or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise _refusal(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadInput("The body is not JSON.") from None


def check_day(day: date, field: str) -> None:
    """BadInput for a day no calendar of ours reaches."""
    if day.year not in _YEARS:
        raise BadInput(
            "{field}: a day between {first} and {last} is wanted.", field, first=_YEARS.start, last=_YEARS.stop - 1
        )


def check_span(since: date, until: date) -> None:
    """BadInput unless both days are of our time, in order, and not too far apart."""
    check_day(since, "since")
    check_day(until, "until")
    if since > until:
        raise BadInput("since: must not be later than until.", "since")
    if until - since > LONGEST_SPAN:
        raise BadInput("since: at most {days} days at once.", "since", days=LONGEST_SPAN.days)


def _query(request: web.Request) -> dict[str, str]:
    """Every name once: of two different values nobody could say which was meant."""
    if len(set(request.query)) != len(request.query):
        raise BadInput("The query names something twice.")
    return dict(request.query)


def _converted(values: dict[str, str], shape: type[T]) -> T:
    try:
        return msgspec.convert(values, type=shape, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: msgspec.ValidationError) -> BadInput:
    text = str(error)
    found = _FIELD.search(text)
    field = (found["name"] or found["path"]) if found else None
    reason = text.partition(" - at ")[0]
    if field is None:
        return BadInput("{reason}.", reason=reason)
    if reason.startswith("Object missing"):
        return BadInput("{field} is missing.", field)
    if (length := _LENGTH.search(reason)) is not None and length["way"] == "<=":
        return BadInput("{field}: at most {most} characters.", field, most=int(length["limit"]))
    if length is not None:
        return BadInput("{field}: at least {least} characters.", field, least=int(length["limit"]))
    return BadInput("{field}: {reason}.", field, reason=reason)
