"""Two nodes of one line, for tests that may kill one: an Asterisk with its controller and console each.

They share the books (PostgreSQL) and the floor (a Redis that belongs to neither), as on machines of their own; one
exchange plays the network of both and all phones. Companies ring back at any hour, or the test would depend on it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from argon2 import PasswordHasher
from broken_line import end, processes
from phone_line import House, free_port, settings_text, until_ready
from rooms.redis_fixture import RedisServer

from storage.books import Books
from storage.migrations import migrate
from sunwai import reference, wiring
from sunwai.bench.lines import as_toml
from sunwai.chaos.postgres import private_server
from sunwai.demo import seed
from sunwai.reference import places
from sunwai.render import render
from sunwai.settings import Line, Settings, read_settings

NEAR, FAR = "n1", "n2"
DOORS = {NEAR: "127.0.0.4", FAR: "127.0.0.5"}
"""The nodes' addresses of the inter-node trunk."""


def node_settings(name: str, common: Settings, books: str, floor: str) -> Settings:
    """`common` are the settings of the near node, whose exchange is the far node's network as well."""
    [other] = DOORS.keys() - {name}
    telephony = msgspec.structs.replace(
        common.telephony, node_address=DOORS[name], node_port=common.telephony.trunk_port
    )
    telephony = msgspec.structs.replace(telephony, nodes={other: f"{DOORS[other]}:{common.telephony.trunk_port}"})
    console = common.console
    if name == FAR:  # the exchange's phones have the port after the near node's
        taken = {telephony.http_port, telephony.http_port + 1, console.port}
        http, web = (other_port(taken) for _ in range(2))
        shift, console = telephony.rtp_end - telephony.rtp_start + 1, msgspec.structs.replace(console, port=web)
        telephony = msgspec.structs.replace(
            telephony,
            agent_port=telephony.agent_port + 2,
            trunk_port=telephony.trunk_port + 2,
            http_port=http,
            rtp_start=telephony.rtp_end + shift + 1,
            rtp_end=telephony.rtp_end + 2 * shift,
        )
    return msgspec.structs.replace(
        common,
        line=msgspec.structs.replace(common.line, node=name),
        telephony=telephony,
        console=console,
        storage=msgspec.structs.replace(common.storage, books=books, floor=floor),
    )


def other_port(taken: set[int]) -> int:
    """A free port that is not `taken`, and is from now on: what nobody has opened yet counts as free."""
    while (port := free_port()) in taken:
        pass
    taken.add(port)
    return port


@contextmanager
def started(folder: Path, settings: Settings, *, exchange: bool) -> Iterator[House]:
    """One node, its parent just started; nothing of it outlives the block."""
    file, log = folder / "sunwai.toml", folder / "parent.log"
    file.write_text(as_toml(settings), encoding="utf-8")
    words = ["--exchange"] if exchange else []
    with log.open("wb") as out:
        command = [sys.executable, "-m", "sunwai", "run", *words, "--settings", str(file)]
        parent = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, start_new_session=True)
    try:
        yield House(read_settings(file), parent)
    finally:
        if parent.poll() is None:
            end(parent)
        left = processes(str(folder))
        assert not left, f"processes outlived the node: {left}"


async def fill(line: Line) -> None:
    """The demo, with companies that ring at any hour: as data (design 3.17)."""
    await asyncio.to_thread(migrate, line.books_url)
    books = Books(line.books_url)
    await books.open()
    try:
        await books.set_line_kind("demo")
        companies = reference.organisation().companies
        await books.seeding.add_companies(replace(company, hours=("00:00", "24:00")) for company in companies)
        await seed(books, datetime.now(UTC), PasswordHasher().hash(line.secret("demo_password")))
    finally:
        await books.close()


@pytest.fixture(scope="module")
def nodes() -> Iterator[tuple[House, House]]:
    """The near node, beside which the exchange runs, and the far one; the same for all tests of a module."""
    with ExitStack() as stack:
        postgres = stack.enter_context(private_server())
        shared = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sf", dir="/tmp")))
        redis = RedisServer(shared)
        redis.start()
        stack.callback(redis.kill)
        common = msgspec.toml.decode(settings_text().encode(), type=Settings)
        folders = {
            name: Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sn", dir="/tmp"))) for name in DOORS
        }
        settings = {name: node_settings(name, common, postgres.url, redis.url) for name in DOORS}
        near = Line(settings[NEAR], folders[NEAR], None)
        render(wiring.wording(), places(), near.prompts, None, ("marker",))
        asyncio.run(fill(near))
        shutil.copytree(near.var, folders[FAR] / "var")  # the same password for the same people
        pair = [
            stack.enter_context(started(folders[name], settings[name], exchange=name == NEAR)) for name in (NEAR, FAR)
        ]
        for house in pair:
            until_ready(house.parent, house.line.var.parent / "parent.log")
        yield pair[0], pair[1]


@pytest.fixture(scope="module")
def house(nodes: tuple[House, House]) -> House:
    return nodes[0]


@pytest.fixture(scope="module")
def far(nodes: tuple[House, House]) -> House:
    return nodes[1]


def trunk_of(house: House) -> str:
    telephony = house.line.settings.telephony
    return f"{telephony.trunk_address}:{telephony.trunk_port}"


def kill_whole(house: House) -> None:
    """The machine is gone: nothing of it says a last word, its parent least of all."""
    found = processes(str(house.line.var.parent))
    assert house.parent.pid in found
    for pid in sorted(found, key=lambda each: each != house.parent.pid):
        with suppress(ProcessLookupError):  # a child ends with its parent
            os.kill(pid, signal.SIGKILL)
    house.parent.wait(10)
