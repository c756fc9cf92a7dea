"""The page itself: a few hand-written files, read once, served from memory; no script or style from anywhere else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aiohttp import web

from agent_console.errors import NotThere
from agent_console.plan import Console
from agent_console.route import Nothing

_FOLDER = Path(__file__).parent / "web"
_KINDS = {
    "index.html": "text/html",
    "desk.js": "text/javascript",
    "desk.css": "text/css",
    "icon.svg": "image/svg+xml",
    "words.hi.json": "application/json",
    "words.ur.json": "application/json",
    "words.en.json": "application/json",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    kind: str
    etag: str


@cache
def _files() -> dict[str, _File]:
    return {name: _read(_FOLDER / name, kind) for name, kind in _KINDS.items()}


def _read(path: Path, kind: str) -> _File:
    body = path.read_bytes()
    return _File(body, kind, hashlib.sha256(body).hexdigest()[:16])


def load() -> None:
    """Reads all files now, so that a missing one is told at start and not to the first agent."""
    _files()


async def index(_: Console, request: web.Request, __: Nothing) -> web.Response:
    return _answer(request, "index.html")


async def file(_: Console, request: web.Request, __: Nothing) -> web.Response:
    return _answer(request, request.match_info["name"])


def _answer(request: web.Request, name: str) -> web.Response:
    found = _files().get(name)
    if found is None:
        raise NotThere("There is no such file.")
    headers = {"Cache-Control": "no-cache", "ETag": f'"{found.etag}"'}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=found.body, content_type=found.kind, charset="utf-8", headers=headers)
