"""One role as a process: read the settings, start its metrics, run until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import structlog
import uvloop
from prometheus_client import start_http_server

from sunwai.errors import SunwaiError
from sunwai.heartbeat import Word, wait_for_the_word
from sunwai.logs import start_logs
from sunwai.roles import ROLES
from sunwai.settings import Line, read_settings

log = structlog.get_logger(__name__)

Role = Callable[[Line, Word], Awaitable[None]]

METRICS_PORT_AFTER = {"controller": 1, "notifications": 2, "worker": 3}
"""Which port a role's metrics are on, counted from `console.port`; the console serves its own."""


def main(words: Sequence[str] | None = None) -> int:
    """`sunwai ROLE [--settings FILE]`: 0 when told to end, 1 when the role fell over, 2 for wrong settings."""
    parser = argparse.ArgumentParser(prog="sunwai", description="Run one role alone (under systemd, say).")
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--settings", type=Path, help="the settings file (default: ./sunwai.toml, else the defaults)")
    given = parser.parse_args(words)
    try:
        line = read_settings(given.settings)
    except SunwaiError as error:
        sys.stderr.write(f"sunwai: {error}\n")
        return 2
    start_logs(line.settings.log)
    return run_role(given.role, line)


def run_role(name: str, line: Line) -> int:
    """Run one role until SIGTERM or SIGINT; 0 then, 1 when it fell over."""
    try:
        role: Role = importlib.import_module(f"sunwai.roles.{name}").run
        uvloop.run(_until_told(name, role, line))
    except Exception:  # top of a process: the parent restarts it, the log says why
        log.exception("role_failed", role=name)
        return 1
    return 0


async def _until_told(name: str, role: Role, line: Line) -> None:
    work = asyncio.ensure_future(role(line, partial(_word, name, line)))
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("role_ended")


async def _word(name: str, line: Line) -> None:
    """A spare waits here with everything loaded; the metrics' port is still its forerunner's until then."""
    await wait_for_the_word()
    if line.settings.metrics.enabled and name in METRICS_PORT_AFTER:
        start_http_server(line.settings.console.port + METRICS_PORT_AFTER[name], addr="127.0.0.1")
