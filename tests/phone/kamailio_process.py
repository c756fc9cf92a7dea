"""Kamailio with the configuration of docs/kamailio, on an address of loopback, for the tests that go through it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from sunwai.setup_kamailio import Kamailio, find_kamailio

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "docs" / "kamailio"
DISPATCHER, FIRST, SECOND, NETWORK, STRANGER = (f"127.0.0.{last}" for last in (20, 21, 22, 23, 24))
SILENT, BACK = "no longer answers", "answers again"


def free_port() -> int:
    """Free at all the addresses, and not one that the system gives to somebody else while it is free for a moment."""
    for port in random.sample(range(11_000, 20_000), 50):
        with ExitStack() as doors, suppress(OSError):
            for address in (DISPATCHER, FIRST, SECOND, NETWORK, STRANGER):
                doors.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((address, port))
            return port
    raise AssertionError("no free port was found on loopback")


def kamailio() -> Kamailio:
    found = find_kamailio(ROOT / "var")
    if found is None:
        pytest.fail("kamailio is missing: type `sunwai setup --for-tests`", pytrace=False)
    return found


def command(listen: str, nodes: Path, folder: Path) -> list[str]:
    """The configuration as it is in docs, for a place of ours; quick to ask, little memory, for a few calls."""
    found = kamailio()
    definitions = {
        "LISTEN": f"udp:{listen}", "LIST": f'"{nodes}"', "MODULES": f'"{found.modules}/"', "ASK_EVERY_S": "1",
        "NODE_SILENT_MS": "800",
    }  # fmt: skip
    given = [word for name, value in definitions.items() for word in ("-A", f"{name}={value}")]
    return [str(found.program), "-f", str(CONF / "kamailio.cfg"), *given, "-m", "16", "-M", "4", "-Y", str(folder)]


def environment() -> dict[str, str]:
    return {**os.environ, **kamailio().environment}


@asynccontextmanager
async def dispatching(listed: str, port: int, log: Path) -> AsyncIterator[None]:
    """Kamailio at DISPATCHER with this list while the block runs; started, but perhaps not yet listening."""
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        nodes = Path(folder) / "dispatcher.list"
        nodes.write_text(listed, encoding="ascii")
        words = [*command(f"{DISPATCHER}:{port}", nodes, Path(folder)), "-DD", "-E"]
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                *words, stdout=out, stderr=out, env=environment(), start_new_session=True
            )
        try:
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(10):
                    await process.wait()


async def until_said(log: Path, what: str, times: int = 1, limit_s: float = 15) -> None:
    """Until Kamailio has noticed so often, by its log. It asks each second."""
    async with asyncio.timeout(limit_s):
        while _said(log, what) < times:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


def _said(log: Path, what: str) -> int:
    return log.read_text(encoding="utf-8", errors="replace").count(what)
