"""A private PostgreSQL for the line under chaos: on a unix socket, in a temporary folder, ended by its pid."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sunwai.distribution import find_program
from sunwai.errors import StartError

UP_WITHIN_S = 20.0
_DIES_WITH_US = ("setpriv", "--pdeathsig", "QUIT", "--")
_SETTINGS = ("listen_addresses=", "fsync=off", "max_connections=100")
"""The machine does not lose its power meanwhile: what a killed server wrote is there without fsync."""


class Postgres:
    """One server. `crash` and `start` are for the chaos; `url` is what the settings are given."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        # PostgreSQL refuses to run as root.
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": "postgres", "group": "postgres", "extra_groups": []}
            shutil.chown(folder, "postgres", "postgres")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/books?host={self._folder}"

    def make(self) -> None:
        """A cluster with an empty database, up. StartError when one of PostgreSQL's own programs fails."""
        data = str(self._folder / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self.start()
        self._until_up()
        self._run("createdb", "-h", str(self._folder), "-U", "postgres", "books")

    def start(self) -> None:
        """Returns at once; a server that recovers from a crash takes a moment."""
        command = [
            *_DIES_WITH_US,
            str(self._programs / "postgres"),
            "-D",
            str(self._folder / "data"),
            "-k",
            str(self._folder),
        ]
        for setting in _SETTINGS:
            command += ["-c", setting]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program, found by us
                command, stdout=log, stderr=log, cwd=self._folder, start_new_session=True, **self._as
            )

    async def crash(self) -> None:
        """Gone at once without writing anything more; its sessions are cut."""
        if self._process is not None:
            # A killed postmaster leaves its sessions running for a while, and nothing can be started beside them.
            self._process.send_signal(signal.SIGQUIT)
            await asyncio.to_thread(self._process.wait, UP_WITHIN_S)

    def end(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(UP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(UP_WITHIN_S)

    def _until_up(self) -> None:
        asking = [str(self._programs / "pg_isready"), "-q", "-t", "1", "-h", str(self._folder)]
        end = time.monotonic() + UP_WITHIN_S
        while subprocess.run(asking, check=False).returncode != 0:  # noqa: S603 - as above
            if time.monotonic() > end or (self._process and self._process.poll() is not None):
                raise StartError(f"PostgreSQL did not start: {self._last_words()}")
            time.sleep(0.05)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        try:
            subprocess.run(  # noqa: S603 - as above
                command, check=True, capture_output=True, timeout=60, cwd=self._folder, **self._as
            )
        except (subprocess.SubprocessError, OSError) as error:
            raise StartError(f"PostgreSQL's {program} failed: {error}") from error

    def _last_words(self) -> str:
        lines = (self._folder / "server.log").read_text(errors="replace").splitlines()
        return lines[-1] if lines else "it said nothing"


def why_not() -> str | None:
    """Why no server can be had here; None when one can."""
    if find_program("postgres") is None:
        return "PostgreSQL is not installed (`sunwai setup --for-tests` installs it)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "there is no user postgres, and PostgreSQL refuses to run as root"
    return None


@contextmanager
def private_server() -> Iterator[Postgres]:
    """A server while the block runs. StartError when there is none to be had."""
    program = find_program("postgres")
    reason = why_not()
    if program is None or reason:
        raise StartError(reason or "PostgreSQL is not installed")
    with tempfile.TemporaryDirectory(prefix="sunwai-pg-") as folder:
        server = Postgres(program.resolve().parent, Path(folder))
        try:
            server.make()
            yield server
        finally:
            server.end()
