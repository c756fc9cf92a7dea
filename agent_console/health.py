"""Is the console alive, can it serve, and what does it count: for machines that watch it."""

from __future__ import annotations

import asyncio

import msgspec
from aiohttp import web

from agent_console.oversight_api import ledger_of
from agent_console.plan import Console
from agent_console.route import Nothing
from complaints.ledger import Outcome
from storage.errors import BooksAway
from storage.floor_records import FloorAway

LEDGER_EVERY_S = 10.0
_METRICS = "text/plain; version=0.0.4; charset=utf-8"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """`away` names what does not answer: "books", "floor", "telephone"."""

    ok: bool
    away: tuple[str, ...] = ()


async def healthz(_: Console, __: web.Request, ___: Nothing) -> Ready:
    """This process answers."""
    return Ready(ok=True)


async def readyz(console: Console, _: web.Request, __: Nothing) -> web.Response:
    """200 when books, floor and telephone (a controller registered with Asterisk) answer, else 503 with names."""
    away: list[str] = []
    try:
        await console.books.ping()
    except BooksAway:
        away.append("books")
    try:
        await console.floor.ping()
    except FloorAway:
        away.append("floor")
    if "floor" in away or not await console.telephone.ready():
        away.append("telephone")
    body = msgspec.json.encode(Ready(ok=not away, away=tuple(away)))
    return web.Response(body=body, status=503 if away else 200, content_type="application/json")


async def metrics(console: Console, _: web.Request, __: Nothing) -> web.Response:
    """Prometheus' text. The ledger is read at most every ten seconds; while the books are away it stays as it was."""
    meters = console.meters
    meters.pages.set(console.feed.pages)
    async with meters.ledger_lock:
        now = asyncio.get_running_loop().time()
        if now - meters.ledger_tried >= LEDGER_EVERY_S:
            meters.ledger_tried = now
            await _read_ledger(console)
    return web.Response(body=meters.text(), headers={"Content-Type": _METRICS})


async def _read_ledger(console: Console) -> None:
    try:
        _, found = await ledger_of(console, None, console.clock.wall_now())
    except BooksAway:
        return  # the age of the figures tells: sunwai_ledger_read_seconds
    outcomes = {outcome.value: found.outcomes.get(outcome, 0) for outcome in Outcome}
    console.meters.ledger(found.offered, outcomes, len(found.without_outcome), console.epoch)
