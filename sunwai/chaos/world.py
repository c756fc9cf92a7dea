"""The line under chaos: settings, ports, books and folder of its own; its parent is a process of ours.

The running line is never touched: what is hurt here is found among the children of our own parent process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from argon2 import PasswordHasher

from storage.migrations import migrate
from sunwai import reference, wiring
from sunwai.bench.lines import as_toml, asterisk_root
from sunwai.console_client import ConsolePerson
from sunwai.demo import seed
from sunwai.errors import StartError
from sunwai.parent import ready
from sunwai.reference import places
from sunwai.render import render
from sunwai.settings import (
    Line,
    LogSettings,
    QueueSettings,
    Settings,
    StorageSettings,
    TelephonySettings,
    read_settings,
)

SOFT_LIMIT, HARD_LIMIT = 40, 80
START_LIMIT_S = 90.0
END_LIMIT_S = 30.0
_RTP_SPAN = 400
_RTP_FIRST, _RTP_PLACES = 30000, 40
QUEUE = QueueSettings(
    ring_s=4, danger_ring_s=3, max_wait_s=60, announce_every_s=4, wrapup_s=1, nobody_after_s=3, handle_time_s=10
)
"""Shorter than a real line's, so that minutes show what hours would."""

DIES_WITH_US = ("setpriv", "--pdeathsig", "INT", "--")
"""Nothing may be left running, however we end: the line's parent then ends its children in order."""

PROGRAMS = {
    "controller": " sunwai controller ",
    "console": " sunwai console ",
    "worker": " sunwai worker ",
    "redis": "redis-server",
    "asterisk": "/asterisk/etc/asterisk.conf",
}
"""What the command line of each has and no other child's has. The exchange is not among them: it plays the network."""


@dataclass(frozen=True)
class World:
    """The running line. `log` is what its parent said."""

    line: Line
    parent: subprocess.Popen[bytes]
    log: Path

    def person(self, name: str) -> ConsolePerson:
        """Somebody at the console, by log-in."""
        web = self.line.settings.console
        return ConsolePerson(f"http://{web.address}:{web.port}", name, self.line.secret("demo_password"))

    def pid_of(self, program: str) -> int | None:
        """The process of one of PROGRAMS now; None while it is being started again."""
        wanted = PROGRAMS[program]
        return next((pid for pid, words in children(self.parent.pid) if wanted in words), None)

    def check(self) -> None:
        """StartError when the parent has ended: then nothing that follows means anything."""
        if self.parent.poll() is not None:
            raise StartError(f"the line's parent ended under chaos: see {self.log}")


@asynccontextmanager
async def a_world(line: Line, folder: Path, books: str) -> AsyncIterator[World]:
    """Prepare and start a line in `folder`; `books` as in storage.books. At the end nothing of it runs any more."""
    own = _written(line, folder, books)
    await asyncio.to_thread(render, wiring.wording(), places(), own.prompts, None, ("marker",))
    await _fill_books(own)
    log = folder / "parent.log"
    with log.open("wb") as out:
        command = [*DIES_WITH_US, sys.executable, "-m", "sunwai", "run", "--exchange", "--settings", str(own.file)]
        parent = subprocess.Popen(  # noqa: S603, ASYNC220 - ourselves; it outlives this loop's turn by minutes
            command, cwd=folder, env=_environment(), stdout=out, stderr=out, start_new_session=True
        )
    world = World(own, parent, log)
    try:
        await _until_ready(world)
        yield world
    finally:
        await asyncio.to_thread(_end, parent)


def forget_recordings(world: World) -> None:
    """They are large, and the verdict has been given."""
    shutil.rmtree(world.line.recordings, ignore_errors=True)


def chaos_settings(line: Line, books: str) -> Settings:
    """Everything replaced that could touch the line itself or anything beyond loopback."""
    sip, http = _free_ports()
    rtp = _RTP_FIRST + secrets.randbelow(_RTP_PLACES) * 2 * _RTP_SPAN
    return Settings(
        line=msgspec.structs.replace(
            line.settings.line, kind="demo", company="PV", node="c1", marker_prompts=True, clock_offset_s=0.0
        ),
        telephony=TelephonySettings(
            agent_port=sip,
            trunk_port=sip,
            trunk_peer_port=sip,
            http_port=http,
            rtp_start=rtp,
            rtp_end=rtp + _RTP_SPAN - 1,
            soft_limit=SOFT_LIMIT,
            hard_limit=HARD_LIMIT,
            fallback_wait_s=2,
            dial_timeout_s=6.0,
            asterisk_root=asterisk_root(line),
        ),
        console=msgspec.structs.replace(line.settings.console, address="127.0.0.1", port=_free_port()),
        queue=QUEUE,
        storage=StorageSettings(var=".", books=books),
        metrics=msgspec.structs.replace(line.settings.metrics, enabled=False),
        log=LogSettings(),
    )


def _written(line: Line, folder: Path, books: str) -> Line:
    folder.mkdir(parents=True)
    file = folder / "sunwai.toml"
    file.write_text(as_toml(chaos_settings(line, books)), encoding="utf-8")
    return read_settings(file)


async def _fill_books(line: Line) -> None:
    """The demo, with companies that ring their consumers at once and at any hour: as data (design 3.17)."""
    (line.var / "books").mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, line.books_url)
    books = wiring.make_books(line)
    await books.open()
    try:
        await books.set_line_kind("demo")
        companies = reference.organisation().companies
        await books.seeding.add_companies(
            replace(company, hours=("00:00", "24:00"), verify_delay_min=0) for company in companies
        )
        await seed(books, datetime.now(UTC), PasswordHasher().hash(line.secret("demo_password")))
    finally:
        await books.close()


def _environment() -> dict[str, str]:
    """The line's processes find the rooms that we were started from."""
    here = str(Path(__file__).resolve().parents[2])
    there = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{there}" if there else here}


async def _until_ready(world: World) -> None:
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while b"Ctrl-C ends" not in await asyncio.to_thread(world.log.read_bytes):
                world.check()
                await asyncio.sleep(0.2)
            await ready(world.line)
    except TimeoutError:
        raise StartError(f"the line did not start within {START_LIMIT_S:.0f} s: see {world.log}") from None


def _end(parent: subprocess.Popen[bytes]) -> None:
    if parent.poll() is None:
        parent.send_signal(signal.SIGINT)
        try:
            parent.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            parent.kill()  # its children die with it
            parent.wait(END_LIMIT_S)


def children(parent: int, processes: Path = Path("/proc")) -> list[tuple[int, str]]:
    """Ids and command lines, the elder first: of a role and its spare that is the one that serves.

    By the time they began (proc(5), field 22): ids start anew at the bottom when the highest has been given.
    """
    found = []
    for entry in processes.glob("[0-9]*"):
        try:
            after_name = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                found.append((int(after_name[19]), int(entry.name), words))
        except (OSError, IndexError, ValueError):
            continue  # it has just ended
    return [(pid, words) for _, pid, words in sorted(found)]


def _free_ports() -> tuple[int, int]:
    """A SIP port that is free where each side needs it (the exchange's phones use the next), and a pair for HTTP."""
    for _ in range(100):
        sip, http = _free_port(socket.SOCK_DGRAM, "127.0.0.2"), _free_port()
        doors = (("127.0.0.1", sip), ("127.0.0.1", sip + 1), ("127.0.0.3", sip))
        if all(_is_free(socket.SOCK_DGRAM, *door) for door in doors) and _is_free(
            socket.SOCK_STREAM, "127.0.0.1", http + 1
        ):
            return sip, http
    raise StartError("no free ports were found on loopback")


def _free_port(kind: int = socket.SOCK_STREAM, address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def _is_free(kind: int, address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
