"""The whole line on real Asterisk with its exchange, once per test session; callers, agents and officers per test.

The line speaks in marker tones, so that a test asserts what the caller heard. It runs as `sunwai run --exchange`, the
parent of everything, in a folder of its own; the folder's path must be short (unix sockets).
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from complaints.records import Consumer
from ivr.exchange import Exchange
from storage.books import Books
from sunwai import wiring
from sunwai.asterisk_conf import EXCHANGE_USER, exchange_url
from sunwai.books_setup import prepare_books
from sunwai.console_client import ConsolePerson
from sunwai.reference import places
from sunwai.render import render
from sunwai.settings import Line, read_settings

ROOT = Path(__file__).parents[2]
START_LIMIT_S = 90

SETTINGS = """
[line]
marker_prompts = true
[telephony]
agent_port = {sip}
trunk_port = {sip}
trunk_peer_port = {sip}
http_port = {http}
rtp_start = {rtp}
rtp_end = {rtp_end}
soft_limit = 16
hard_limit = 30
fallback_wait_s = 2
dial_timeout_s = 6
asterisk_root = "{asterisk}"
[console]
port = {console}
[queue]
ring_s = 3
danger_ring_s = 3
control_room = "5000009999"
control_room_after_s = 5
max_wait_s = 60
announce_every_s = 4
wrapup_s = 1
nobody_after_s = 2
callbacks_at_once = 10
[storage]
journal_after_s = 3.0
[metrics]
enabled = false
"""


@dataclass(frozen=True)
class House:
    """The running line: its settings, its parent's process, and ways in."""

    line: Line
    parent: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        web = self.line.settings.console
        return f"http://{web.address}:{web.port}"

    def person(self, name: str) -> ConsolePerson:
        """Somebody at the console, by log-in: A01 (agent), J01 (officer), P01 (the probe's agent), P-L1 ..."""
        return ConsolePerson(self.url, name, self.line.secret("demo_password"))

    def pid_of(self, role: str) -> int:
        """The process of a role ("controller", "asterisk", "redis" ...); of a role and its spare the elder one."""
        for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda found: int(found.name)):
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if role in words and any(str(self.line.var.parent) in word for word in words):
                return int(entry.name)
        raise AssertionError(f"no process of {role} is running")


def free_port(kind: int = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def port_with_next_free(kind: int, *addresses: str) -> int:
    """A port that is free on all these addresses together with the one after it, which the exchange takes.

    Below the range from which the system takes ports for outgoing connections.
    """
    while True:
        port = 20000 + secrets.randbelow(9000)
        try:
            for address in addresses:
                for each in (port, port + 1):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind((address, each))
        except OSError:
            continue
        return port


def settings_text() -> str:
    rtp = 30000 + secrets.randbelow(80) * 400
    return SETTINGS.format(
        sip=port_with_next_free(socket.SOCK_DGRAM, "127.0.0.1", "127.0.0.2", "127.0.0.3"),
        http=port_with_next_free(socket.SOCK_STREAM, "127.0.0.1"),
        console=free_port(),
        rtp=rtp,
        rtp_end=rtp + 199,
        asterisk=os.environ.get("SUNWAI_ASTERISK") or ROOT / "var" / "asterisk" / "root",
    )


@pytest.fixture(scope="session")
def house():
    """Start the line once; at the end nothing of it may be left."""
    with a_running_line(settings_text()) as house:
        yield house


@contextmanager
def a_running_line(settings: str) -> Iterator[House]:
    """A line with these settings (TOML), an Asterisk of its own and an exchange; all has ended after the block."""
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        file = Path(folder) / "sunwai.toml"
        file.write_text(settings, encoding="utf-8")
        line = read_settings(file)
        render(wiring.wording(), places(), line.prompts, None, ("marker",))
        asyncio.run(prepare_books(line, lambda _: None))
        with (Path(folder) / "parent.log").open("wb") as log:
            command = [sys.executable, "-m", "sunwai", "run", "--exchange", "--settings", str(file)]
            parent = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
        try:
            until_ready(parent, Path(folder) / "parent.log")
            yield House(line, parent)
        finally:
            parent.send_signal(signal.SIGINT)
            try:
                parent.wait(20)
            finally:
                if parent.poll() is None:
                    parent.kill()
            left = [entry for entry in Path("/proc").glob("[0-9]*/cmdline") if folder.encode() in read_quietly(entry)]
        assert not left, f"processes outlived the line: {left}"


def read_quietly(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def until_ready(parent: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    waiting = asyncio.new_event_loop()
    try:
        while b"Ctrl-C ends" not in log.read_bytes():
            assert parent.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            waiting.run_until_complete(asyncio.sleep(0.1))
    finally:
        waiting.close()


@pytest.fixture
async def exchange(house: House):
    """The public network and the SIP phones, fresh for each test."""
    tones = wiring.wording().marker(places())
    async with Exchange(exchange_url(house.line), EXCHANGE_USER, house.line.secret("ari_exchange"), tones) as made:
        yield made


@pytest.fixture
async def books(house: House):
    """The line's own books, to be read."""
    opened = Books(house.line.books_url)
    await opened.open()
    yield opened
    await opened.close()


@asynccontextmanager
async def agent_at_work(house: House, exchange: Exchange, name: str, *, state: str = "ready"):
    """An agent with his page open and his SIP phone registered; he gives dispositions and leaves at the end."""
    async with house.person(name) as agent:
        await agent.open_page()
        phone = await agent.post("/api/agent/phone")
        await exchange.register_phone(phone["user"], phone["password"], f"{phone['address']}:{phone['port']}")
        await agent.until(lambda page: bool(page["agent"] and page["agent"]["phone_reachable"]), 15)
        await put_to_rest(agent)  # whatever an earlier test may have left him in
        if state == "ready":
            await agent.post("/api/agent/state", {"state": "ready"})
        try:
            yield agent
        finally:
            await put_to_rest(agent)
            await exchange.unregister_phone(phone["user"])


async def put_to_rest(agent: ConsolePerson) -> None:
    """Out of whatever a test left him in, so that the next one finds nobody ready."""
    view = await agent.get("/api/agent")
    if view["disposition_missing"]:
        await agent.post(f"/api/calls/{view['call_ref']}/disposition", {"disposition": "test/practice"})
    if view["state"] not in ("offered", "talking"):
        await agent.post("/api/agent/state", {"state": "break", "reason": "rest"})


async def own_consumer(books: Books, place: int, *, flagged: bool = False) -> Consumer:
    """A consumer of the demo company with Hindi and a phone of his own, flagged or not; another one for each `place`.

    For callers without a past: those of the probe have open dockets from other tests.
    """
    for number in range(1000 + 100 * place, 1100 + 100 * place):
        found = await books.consumers.by_phone(None, f"+9150000{number:05d}")
        if len(found) == 1 and found[0].language == "hi" and bool(found[0].flags) is flagged:
            return found[0]
    raise AssertionError("the demo has no such consumer")


def hurry(house: House, cause: str) -> None:
    """The moment of a rung is now: what lies hours ahead is not waited for."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(house.line.var / "books" / "sunwai.db", timeout=5) as books:
        moved = books.execute("UPDATE due_work SET due_at = ? WHERE cause = ? AND state = 'waiting'", (now, cause))
        assert moved.rowcount == 1
    books.close()


async def until(found: Callable[[], object], limit_s: float = 10.0) -> object:
    """Poll an async question until its answer is true; fails after `limit_s` seconds."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                answer = await found()
                if answer:
                    return answer
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"it did not happen within {limit_s:g} s") from None
