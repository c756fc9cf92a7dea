"""SIP as text, as much as a telephone needs that registers and rings: reading a message, answering it, digest. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sunwai.errors import SunwaiError

_END = "\r\n"
_GIVEN_BACK = ("via", "from", "to", "call-id", "cseq")
_PARTS = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class SipWord:
    """A request or an answer, without its body. `headers` in their order, names in lower case."""

    first: str
    headers: Sequence[tuple[str, str]]

    @property
    def status(self) -> int | None:
        """Of an answer; None for a request."""
        return int(self.first.split(" ", 2)[1]) if self.first.startswith("SIP/2.0 ") else None

    @property
    def method(self) -> str:
        """What is asked, or what was asked when this is the answer."""
        return self.get("cseq").rpartition(" ")[2]

    def get(self, name: str) -> str:
        """The first header of this name; "" when there is none."""
        return next((value for each, value in self.headers if each == name), "")


def read(text: str) -> SipWord:
    """SunwaiError for what is no SIP."""
    first, *lines = text.partition(_END * 2)[0].split(_END)
    if "SIP/2.0" not in first:
        raise SunwaiError("the exchange said something that is not SIP")
    parts = (line.partition(":") for line in lines)
    return SipWord(first, [(name.strip().lower(), value.strip()) for name, _, value in parts])


def written(first: str, headers: Sequence[tuple[str, str]]) -> str:
    """A message without a body."""
    lines = [first, *(f"{name}: {value}" for name, value in headers), "Content-Length: 0"]
    return _END.join(lines) + _END * 2


def answer_to(asked: SipWord, status: str, tag: str, *more: tuple[str, str]) -> str:
    """`status` such as "200 OK"; `tag` names our side of the dialog."""
    kept = [(name, value) for name, value in asked.headers if name in _GIVEN_BACK]
    told = [(name, f"{value};tag={tag}" if name == "to" and ";tag=" not in value else value) for name, value in kept]
    return written(f"SIP/2.0 {status}", [*told, *more])


def credentials(challenge: str, method: str, uri: str, user: str, password: str, ours: str) -> str:
    """The Authorization for a WWW-Authenticate with MD5 and qop=auth (RFC 2617), which Asterisk asks for.

    `ours` is a nonce of our own making. SunwaiError for any other challenge.
    """
    asked = {name: quoted or plain for name, quoted, plain in _PARTS.findall(challenge)}
    if asked.get("algorithm", "MD5").upper() != "MD5" or "auth" not in asked.get("qop", ""):
        raise SunwaiError("the exchange asks for a digest that this telephone does not know")
    who, what = _md5(f"{user}:{asked['realm']}:{password}"), _md5(f"{method}:{uri}")
    response = _md5(f"{who}:{asked['nonce']}:00000001:{ours}:auth:{what}")
    told = {"username": user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": uri, "response": response}
    if "opaque" in asked:
        told["opaque"] = asked["opaque"]
    told["cnonce"] = ours
    quoted = ", ".join(f'{name}="{value}"' for name, value in told.items())
    return f"Digest {quoted}, algorithm=MD5, qop=auth, nc=00000001"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
