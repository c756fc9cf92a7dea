"""A Redis of our own for tests: the real program on a unix socket, no persistence, ended by its pid.

A test module that needs it says `pytest_plugins = ("redis_fixture",)`; each test takes a prefix of its own.
A machine without redis-server fails these tests: nothing here is skipped.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

_UP_WITHIN_S = 10.0


class RedisServer:
    """One redis-server that can be stopped, frozen and started again under the same address."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail(
                "redis-server is missing: run `sunwai setup` or install the package redis-server", pytrace=False
            )
        self._program = program
        self._folder = folder
        self._socket = folder / "redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        with (self._folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, *options, "--dir", str(self._folder)], stdout=log)
        end = time.monotonic() + _UP_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                pytest.fail("redis-server did not start: " + (self._folder / "redis.log").read_text(), pytrace=False)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
            line.settimeout(0.2)
            line.connect(str(self._socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False

    def kill(self) -> None:
        """SIGKILL, and wait: everything it knew is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None
            self._socket.unlink(missing_ok=True)

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


def _running() -> Iterator[RedisServer]:
    # Not pytest's tmp_path: a socket's path may have 107 characters only.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for all tests of the session."""
    yield from _running()


@pytest.fixture
def breakable_redis() -> Iterator[RedisServer]:
    """A Redis for one test, which may kill, freeze and start it."""
    yield from _running()


@pytest.fixture
def prefix() -> str:
    """A prefix no other test uses."""
    return f"test-{uuid4().hex}"
