"""A master, a replica and three Sentinels on loopback, all the real redis-server, ended by their pids.

A test module that needs it says `pytest_plugins = ("sentinel_fixture",)`.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from redis import exceptions
from redis.asyncio import Redis

SERVICE = "sunwai"
DOWN_AFTER_MS = 500
_UP_WITHIN_S = 20.0


def free_ports(number: int) -> list[int]:
    doors = [socket.socket() for _ in range(number)]
    try:
        for door in doors:
            door.bind(("127.0.0.1", 0))
        return [int(door.getsockname()[1]) for door in doors]
    finally:
        for door in doors:
            door.close()


class SentinelHouse:
    """`url` names all Sentinels. `master` and `replica` are ports."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail("redis-server is missing: run `sunwai setup`", pytrace=False)
        self._program = program
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.master, self.replica, *self.sentinels = free_ports(5)

    @property
    def url(self) -> str:
        return f"sentinel://{','.join(f'127.0.0.1:{port}' for port in self.sentinels)}/{SERVICE}/0"

    async def start(self) -> None:
        """Sentinels last: one that finds no replica at first looks again after ten seconds only."""
        nothing_kept = ("--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0")
        self._start(self.master, *nothing_kept)
        self._start(self.replica, *nothing_kept, "--replicaof", f"127.0.0.1 {self.master}")
        await _until(self._follows)
        for port in self.sentinels:
            file = self._folder / f"sentinel-{port}.conf"  # Sentinels write into it what they learn
            file.write_text(
                f"sentinel monitor {SERVICE} 127.0.0.1 {self.master} 2\n"
                f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
                f"sentinel failover-timeout {SERVICE} 5000\n"
            )
            self._start(port, file=file)

    def kill(self, port: int) -> None:
        process = self._processes.pop(port)
        process.kill()
        process.wait(10)

    def kill_all(self) -> None:
        for port in list(self._processes):
            self.kill(port)

    async def ready(self) -> None:
        """Until each Sentinel knows both others and the replica: then they can agree."""
        for port in self.sentinels:
            await _until(partial(self._agrees, port))

    async def _follows(self) -> bool:
        async with _asked(self.replica) as redis:
            return (await redis.info("replication"))["master_link_status"] == "up"

    async def _agrees(self, port: int) -> bool:
        async with _asked(port) as redis:
            (state,) = (await redis.sentinel_masters()).values()
            return state["num-other-sentinels"] == 2 and state["num-slaves"] == 1

    def _start(self, port: int, *options: str, file: Path | None = None) -> None:
        way = [str(file), "--sentinel"] if file else []
        command = [
            self._program,
            *way,
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            *options,
            "--dir",
            str(self._folder),
        ]
        with (self._folder / f"{port}.log").open("ab") as log:
            self._processes[port] = subprocess.Popen(command, stdout=log, stderr=log)


@asynccontextmanager
async def _asked(port: int):
    redis = Redis(host="127.0.0.1", port=port)
    try:
        yield redis
    finally:
        await redis.aclose()


async def _until(so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(_UP_WITHIN_S):
        while True:
            with suppress(exceptions.RedisError, OSError, KeyError):  # it is starting
                if await so():
                    return
            await asyncio.sleep(0.05)


@pytest.fixture
async def sentinel_house():
    with tempfile.TemporaryDirectory(prefix="sentinel-") as folder:
        house = SentinelHouse(Path(folder))
        try:
            await house.start()
            await house.ready()
            yield house
        finally:
            house.kill_all()
