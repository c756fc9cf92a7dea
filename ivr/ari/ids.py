"""Ids we choose ourselves, so that a request can be sent before the one in front of it is answered (asterisk.md 12).

Parts are joined with dots: Asterisk 22 answers 409 "already exists" when one of the two ids of a Local channel is the
other followed by a hyphen.
"""

import os
import re
import zlib
from collections.abc import Mapping
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9._-]*", re.ASCII)


def leg_id(call: str, role: str, number: int = 1) -> str:
    """The id of a channel that we make for a call: its agent's leg, its callback's leg, its listening supervisor."""
    return f"{call}.{role}{number}"


def is_leg(channel: str, role: str) -> bool:
    """Whether `channel` is the id of a leg that somebody made for that role."""
    return channel.rpartition(".")[2].rstrip("0123456789") == role


def bridge_id(call: str, kind: str) -> str:
    """The id of a bridge made for one call (`ring`, `talk`)."""
    return f"{call}.{kind}"


def playback_id(channel: str) -> str:
    """The one playback id of a channel: fixed, so that it can be stopped by who did not start it (design 3.8)."""
    return f"{channel}.say"


def rest_application(app: str, number: int) -> str:
    """The application name of a REST-only socket; with the process id: two controllers never replace each other."""
    return f"{app}-rest-{os.getpid()}-{number}"


def socket_number(call: str, sockets: int) -> int:
    """Which REST socket serves a call, 0 … sockets-1; the same in every process and after every restart."""
    return zlib.crc32(call.encode()) % sockets


def path(*parts: str) -> str:
    """The parts of a URI joined, each quoted whole: a recording's name may hold slashes (asterisk.md 5)."""
    return "/".join([_quoted(part) for part in parts])


def with_query(uri: str, query: Mapping[str, str | int | bool | None] | None) -> str:
    """The URI with its query; None leaves a parameter out, truth is written true or false."""
    if not query:
        return uri
    pairs = [f"{name}={_quoted(_written(value))}" for name, value in query.items() if value is not None]
    return f"{uri}?{'&'.join(pairs)}" if pairs else uri


def _quoted(text: str) -> str:
    """Nearly all of what we send is plain: asking first is four times as quick as quoting (measured)."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="")


def _written(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
