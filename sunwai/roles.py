"""The roles: what each process of the line runs. All end cleanly on SIGTERM and leave callers where they are."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from prometheus_client import start_http_server

from agent_console.app import make_app, serve
from notifications.gateway import make_gateway
from notifications.sender import Sender
from notifications.templates import load_templates
from storage.commands import Commands
from storage.floor import Floor
from sunwai import wiring
from sunwai.heartbeat import beat
from sunwai.settings import Line
from sunwai.worker import Worker

log = structlog.get_logger(__name__)

Role = Callable[[Line], Awaitable[None]]


async def controller(line: Line) -> None:
    """Calls, holding, offers, callbacks, agents' phones."""
    heart, house = wiring.make_controller(line)
    await house.books.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(beat(lambda: house.ari.registered))
            tasks.create_task(heart.run())
    finally:
        await house.books.close()
        await house.floor.close()


async def console(line: Line) -> None:
    """Pages, HTTP and WebSocket API, health and metrics."""
    books, floor = wiring.make_books(line), Floor(line.floor_url, wiring.prefix_of(line))
    commands = Commands(line.floor_url, wiring.prefix_of(line))
    await books.open()
    try:
        app = make_app(books, floor, commands, wiring.make_clock(line), wiring.make_console_plan(line))
        await serve(app, asyncio.Event())
    finally:
        await books.close()
        await floor.close()
        await commands.close()


async def notifications(line: Line) -> None:
    """Written messages: takes from the outbox and sends."""
    books = wiring.make_books(line)
    await books.open()
    settings = line.settings.messages
    gateway = make_gateway(settings.gateway, line.var / "messages")
    sender = Sender(
        books, gateway, load_templates(), wiring.make_clock(line), attempts=settings.attempts, retry_s=settings.retry_s
    )
    try:
        await sender.run()
    finally:
        await books.close()


async def worker(line: Line) -> None:
    """Escalations, the CEL reader, recordings."""
    books = wiring.make_books(line)
    await books.open()
    try:
        await Worker(books, wiring.make_clock(line), wiring.make_worker_plan(line)).run()
    finally:
        await books.close()


ROLES: dict[str, Role] = {
    "controller": controller,
    "console": console,
    "notifications": notifications,
    "worker": worker,
}


METRICS_PORT_AFTER = {"controller": 1, "notifications": 2, "worker": 3}
"""Which port a role's metrics are on, counted from `console.port`; the console serves its own."""


def run_role(name: str, line: Line) -> int:
    """Run one role until SIGTERM or SIGINT; 0 then, 1 when it fell over."""
    try:
        if line.settings.metrics.enabled and name in METRICS_PORT_AFTER:
            start_http_server(line.settings.console.port + METRICS_PORT_AFTER[name], addr="127.0.0.1")
        uvloop.run(_until_told(ROLES[name], line))
    except Exception:  # top of a process: the parent restarts it, the log says why
        log.exception("role_failed", role=name)
        return 1
    return 0


async def _until_told(role: Role, line: Line) -> None:
    work = asyncio.ensure_future(role(line))
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("role_ended")
