"""A line that a test may break: started for one test alone, with ways to find and to hurt its processes.

Prompts and books are prepared once for a module and copied for each line, which makes a start a matter of seconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import pytest
from phone_line import House, read_quietly, settings_text, until, until_ready

from ivr.exchange import Exchange, NotHeard, Phone
from ivr.tones import to_ulaw, tone
from sunwai import wiring
from sunwai.asterisk_conf import ARI_USER
from sunwai.books_setup import prepare_books
from sunwai.reference import places
from sunwai.render import render
from sunwai.rescue import APP, AsteriskWatch
from sunwai.settings import Line, read_settings

END_LIMIT_S = 20
CONTROLLER, REDIS, ASTERISK = " sunwai controller ", "redis-server", "/var/asterisk/etc/asterisk.conf"
"""What the command lines of these processes have and no other's has."""


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A folder of tones, demo books and secrets, from which lines are copied."""
    with tempfile.TemporaryDirectory(prefix="sp", dir="/tmp") as folder:
        line = a_line(Path(folder))
        render(wiring.wording(), places(), line.prompts, None, ("marker",))
        asyncio.run(prepare_books(line, lambda _: None))
        yield line.var


@pytest.fixture
def house(prepared: Path) -> Iterator[House]:
    """A fresh line with its exchange; at the end nothing of it may be left, whatever was done to it."""
    with a_folder(prepared) as folder:
        line, log = a_line(folder), folder / "parent.log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "sunwai", "run", "--exchange", "--settings", str(line.file)]
            parent = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
        try:
            until_ready(parent, log)
            yield House(line, parent)
        finally:
            end(parent)


@contextmanager
def a_folder(prepared: Path) -> Iterator[Path]:
    """A folder with a copy of what was prepared; no process that names it may outlive the block."""
    with tempfile.TemporaryDirectory(prefix="sb", dir="/tmp") as folder:
        shutil.copytree(prepared, Path(folder) / "var")
        yield Path(folder)
        left = processes(folder)
        assert not left, f"processes outlived the line: {left}"


def a_line(folder: Path) -> Line:
    file = folder / "sunwai.toml"
    file.write_text(settings_text(), encoding="utf-8")
    return read_settings(file)


def end(parent: subprocess.Popen[bytes]) -> None:
    parent.send_signal(signal.SIGINT)
    try:
        parent.wait(END_LIMIT_S)
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait(END_LIMIT_S)


def processes(folder: str) -> dict[int, str]:
    """Command lines of all processes that name this folder."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = read_quietly(entry).replace(b"\0", b" ").decode(errors="replace").strip()
        if folder in words:
            found[int(entry.parent.name)] = words
    return found


def pid_of(house: House, what: str) -> int | None:
    """The process of this line whose command line has `what` ("controller", "redis-server", "asterisk/etc").

    Of the controller's two the elder one: a spare is always started after the one that is in service.
    """
    named = processes(str(house.line.var.parent)).items()
    return min((pid for pid, words in named if what in words and pid != house.parent.pid), default=None)


def hurt(house: House, what: str, number: signal.Signals = signal.SIGKILL) -> int:
    """Send a signal to a process of this line; its id."""
    pid = pid_of(house, what)
    assert pid is not None, f"no process of {what} is running"
    os.kill(pid, number)
    return pid


async def replaced(house: House, what: str, before: int, limit_s: float = 30.0) -> None:
    """Until the parent has started another process in the place of `before`."""

    async def another():
        return pid_of(house, what) not in (None, before)

    await until(another, limit_s)


@asynccontextmanager
async def without_controller(house: House) -> AsyncIterator[None]:
    """The controller is dead for as long as the block lasts: its parent, who would start it again, is held."""
    house.parent.send_signal(signal.SIGSTOP)
    try:
        hurt(house, CONTROLLER)
        async with AsteriskWatch(house.line.ari_url, ARI_USER, house.line.secret("ari")) as watch:

            async def forgotten():
                return not await watch.knows_app(APP)

            await until(forgotten)
        yield
    finally:
        house.parent.send_signal(signal.SIGCONT)


async def gone(phone: Phone) -> None:
    """Hang up, and wait until the telephone has been put away: its sockets belong to this test."""
    await phone.hang_up()
    await phone.until_ended()


async def hears(exchange: Exchange, listener: Phone, speaker: Phone, marker: str) -> None:
    """The speaker says it again, as people do, until the listener has heard it."""
    for _ in range(20):
        speaker.media.say(to_ulaw(tone(exchange.tones[marker])))
        with suppress(NotHeard):
            await listener.hear(marker, limit_s=1.0)
            return
    raise AssertionError(f"{marker} was not heard")


async def speaks(exchange: Exchange, phone: Phone) -> None:
    """Three seconds of sound, begun after the tone; returns when all of it has been said."""
    await phone.hear("beep", limit_s=10)
    phone.media.say(to_ulaw(tone(exchange.tones["agent_coming"])) * 15)

    async def silent():
        return not phone.media._to_say

    await until(silent, 20)
