"""The page itself: a few files, read once, served from memory; no script or style from anywhere else."""

from __future__ import annotations

import gzip
import hashlib
import secrets
from dataclasses import dataclass
from functools import cache

from aiohttp import web

from agent_console import built
from agent_console.errors import NotThere
from agent_console.plan import Console
from agent_console.route import Nothing

_NONCE = b"@NONCE@"
_POLICY = (
    "default-src 'self'; style-src 'self' 'nonce-{nonce}'; media-src 'self' blob:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
"""As for every answer (`answering.py`), and: the waveform's own style, and sound that has been fetched."""

_KINDS = {"index.html": "text/html", "desk.css": "text/css", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    packed: bytes
    kind: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    written = {name: _file((built.SOURCES / name).read_bytes(), kind) for name, kind in _KINDS.items()}
    return written | {built.BUNDLE: _file(built.read(), "text/javascript")}


def _file(body: bytes, kind: str) -> _File:
    return _File(body, gzip.compress(body), kind, hashlib.sha256(body).hexdigest()[:16])


def load() -> None:
    """Reads all files now, so that a missing one is told at start and not to the first agent. PageNotBuilt."""
    _files()


async def index(_: Console, __: web.Request, ___: Nothing) -> web.Response:
    """The page with a nonce of its own: the waveform's library brings a style of its own, and nothing else may."""
    nonce = secrets.token_urlsafe(16)
    body = _files()["index.html"].body.replace(_NONCE, nonce.encode())
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY.format(nonce=nonce)}
    return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)


async def file(_: Console, request: web.Request, __: Nothing) -> web.Response:
    return _answer(request, request.match_info["name"])


def _answer(request: web.Request, name: str) -> web.Response:
    found = _files().get(name)
    if found is None:
        raise NotThere("There is no such file.")
    headers = {"Cache-Control": "no-cache", "ETag": f'"{found.etag}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=found.packed, content_type=found.kind, charset="utf-8", headers=headers)
    return web.Response(body=found.body, content_type=found.kind, charset="utf-8", headers=headers)
