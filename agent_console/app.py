"""Puts the console together: an aiohttp application of the route table, and the server that runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from agent_console import live, page
from agent_console.answering import guarded, in_one_shape
from agent_console.bodies import BODY_LIMIT
from agent_console.feed import Feed
from agent_console.limiter import FailureLimit
from agent_console.meters import Meters
from agent_console.openapi import DESCRIPTION
from agent_console.passwords import Passwords
from agent_console.plan import CONSOLE, Console, ConsolePlan
from agent_console.relays import Relays
from agent_console.routes import ROUTES
from agent_console.telephone import Telephone
from agent_console.wall import Wallboard, WallPlan
from storage.books import Books
from storage.clock import Clock
from storage.commands import Commands
from storage.floor import Floor
from storage.recordings import Recordings
from storage.spoken import Spoken

log = structlog.get_logger(__name__)

LISTENING: web.AppKey[asyncio.Task[None]] = web.AppKey("listening", asyncio.Task)
"""The task that listens to the floor; when it ends by itself, the service must end (`serve`)."""

_SHUTDOWN_S = 5.0


def make_app(books: Books, floor: Floor, commands: Commands, clock: Clock, plan: ConsolePlan) -> web.Application:
    """The application. Books, floor and commands are opened and closed by whoever calls."""
    page.load()
    feed = Feed(floor, clock)
    recordings = Recordings(plan.recordings)
    app = web.Application(middlewares=[in_one_shape], client_max_size=BODY_LIMIT)
    app[CONSOLE] = Console(
        books=books,
        floor=floor,
        commands=commands,
        clock=clock,
        plan=plan,
        passwords=Passwords(),
        failures=FailureLimit(),
        feed=feed,
        meters=Meters(),
        telephone=Telephone(commands, plan.node),
        relays=Relays(),
        wallboard=Wallboard(books, floor, feed, clock, WallPlan(plan.timezone, plan.lines)),
        recordings=recordings,
        spoken=Spoken(plan.spool, recordings),
    )
    app[live.SOCKETS] = set()
    for route in (*ROUTES, DESCRIPTION):
        app.router.add_route(route.method, route.path, guarded(route))
    app.cleanup_ctx.append(_background)
    app.on_shutdown.append(live.close_all)
    app.on_shutdown.append(_close_relays)
    return app


async def _close_relays(app: web.Application) -> None:
    await app[CONSOLE].relays.close_all()


async def _background(app: web.Application) -> AsyncIterator[None]:
    """The feed listens as long as the application runs. Its tasks are in a group of its own, inside `Feed.run`."""
    console = app[CONSOLE]
    app[LISTENING] = asyncio.create_task(console.feed.run(*console.wallboard.loops()), name="feed")
    yield
    await console.feed.end(app[LISTENING])
    await console.passwords.close()


async def serve(app: web.Application, stop: asyncio.Event) -> None:
    """Serve on the plan's address and port until `stop`; raises when the feed ends by itself, and OSError when the
    port is taken. aiohttp's own access log is off: it would write paths, and with them numbers (design 5.10)."""
    plan = app[CONSOLE].plan
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    stopping = asyncio.create_task(stop.wait(), name="console stops")
    try:
        await web.TCPSite(runner, plan.address, plan.port).start()
        log.info("console_open", address=plan.address, port=plan.port)
        listening = app[LISTENING]
        await asyncio.wait((stopping, listening), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await listening
    finally:
        stopping.cancel()
        await runner.cleanup()
