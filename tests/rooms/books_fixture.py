"""Books for tests: each test gets fresh ones, once in SQLite and once in PostgreSQL.

A test module that needs them says `pytest_plugins = ("books_fixture",)`. PostgreSQL is a cluster of our own in a
temporary folder, on a unix socket, ended by its pid. A machine without it fails these tests: nothing is skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
from books_town import found_town

from storage.books import Books
from storage.migrations import migrate

_UP_WITHIN_S = 20.0
_names = count(1)


class PostgresServer:
    """A private PostgreSQL; a new database is a copy of one that was migrated once."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self.folder = folder
        # PostgreSQL refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", str(folder / "data"), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        self._process = self._start()
        self._run("createdb", "-h", str(folder), "-U", "postgres", "template_books")
        migrate(self.url("template_books"))

    def _as_user(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {}
        return {"user": "postgres", "group": "postgres", "extra_groups": []}

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            capture_output=True,
            timeout=_UP_WITHIN_S,
            cwd=self.folder,
            **self._as_user(),
        )

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder)]
        for setting in ("listen_addresses=", "fsync=off", "max_connections=60"):
            command += ["-c", setting]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._as_user())
        end = time.monotonic() + _UP_WITHIN_S
        ready = [str(self._programs / "pg_isready"), "-q", "-t", "1", "-h", str(self.folder)]
        while subprocess.run(ready, check=False).returncode != 0:
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail("PostgreSQL did not start: " + (self.folder / "server.log").read_text(), pytrace=False)
        return process

    def url(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self, template: str = "template_books") -> str:
        name = f"books_{next(_names)}"
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", "-T", template, name)
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Hundreds of them are gigabytes of small files, and minutes to remove at the end."""
        name = url.removeprefix("postgresql://postgres@/").partition("?")[0]
        self._run("dropdb", "-h", str(self.folder), "-U", "postgres", "--force", name)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(timeout=_UP_WITHIN_S)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        pytest.fail("PostgreSQL is missing: run `sunwai setup --for-tests` or install postgresql", pytrace=False)
    with tempfile.TemporaryDirectory(prefix="sunwai-pg-") as folder:
        server = PostgresServer(programs[-1].parent, Path(folder))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("books") / "template.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
def file_url(migrated_file: Path, tmp_path: Path) -> str:
    """Fresh, migrated, empty books in SQLite."""
    shutil.copy(migrated_file, tmp_path / "books.db")
    return f"sqlite:///{tmp_path / 'books.db'}"


@pytest.fixture
def server_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The same in PostgreSQL."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["file_url", "server_url"], ids=["sqlite", "postgresql"])
def books_url(request: pytest.FixtureRequest) -> str:
    """The same in each of them: a test that takes it, or `books`, runs twice."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def books(books_url: str) -> AsyncIterator[Books]:
    opened = Books(books_url)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def town(books: Books) -> Books:
    """The books with a company, its organisation and three connections, two of them on one phone."""
    await found_town(books)
    return books
