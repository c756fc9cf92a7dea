"""How the books are reached: each deed is a plain function of a connection, run as one transaction.

SQLite: one writing thread and a few reading ones. A transaction is one hop to a thread, so the write lock that all
processes share is never held while the event loop does something else; measured against a driver that hops for every
statement, a decision costs a quarter of the CPU. PostgreSQL: asyncpg under SQLAlchemy's asyncio engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

import asyncpg  # type: ignore[import-untyped] # it ships neither stubs nor a marker
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage.errors import BooksAway, NotInBooks, StorageError

T = TypeVar("T")
Deed = Callable[[Connection], T]

READERS = 3
SERVER_CONNECTIONS = 10


class Transactions(Protocol):
    """One way to run deeds. Both raise BooksAway after `limit_s` seconds, and NotInBooks for a broken reference."""

    async def read(self, deed: Deed[T]) -> T:
        """The result of a deed that only reads."""
        ...

    async def write(self, deed: Deed[T]) -> T:
        """The result of a deed once it is on disk; when it raises, nothing of it is."""
        ...

    async def close(self) -> None:
        """Ends all connections."""
        ...


def transactions(url: str, limit_s: float) -> Transactions:
    """The right kind for `url` ("sqlite:///file" or "postgresql://..."; a driver named in it is of no account)."""
    if file_engine_wanted(make_url(url)):
        return FileTransactions(url, limit_s)
    return ServerTransactions(url, limit_s)


def file_engine_wanted(url: URL) -> bool:
    """True for SQLite, False for PostgreSQL; StorageError for everything else."""
    name = url.get_backend_name()
    if name not in ("sqlite", "postgresql"):
        raise StorageError(f"the books are kept in SQLite or PostgreSQL, not in {name}")
    if name == "sqlite" and (not url.database or ":memory:" in url.database):
        raise StorageError("the books need a file: an in-memory SQLite is lost with its connection")
    return name == "sqlite"


class FileTransactions:
    """SQLite in one file: WAL, BEGIN IMMEDIATE for writers, synchronous=FULL (design 3.9)."""

    def __init__(self, url: str, limit_s: float) -> None:
        self._limit_s = limit_s
        self._engine = file_engine(url, limit_s)
        self._writing_engine = self._engine.execution_options(sunwai_writes=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="books-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="books-reader")

    async def read(self, deed: Deed[T]) -> T:
        return await self._in_thread(self._readers, self._engine, deed)

    async def write(self, deed: Deed[T]) -> T:
        return await self._in_thread(self._writer, self._writing_engine, deed)

    async def close(self) -> None:
        for threads in (self._writer, self._readers):
            await asyncio.to_thread(threads.shutdown)
        self._engine.dispose()

    async def _in_thread(self, threads: ThreadPoolExecutor, engine: Engine, deed: Deed[T]) -> T:
        # A deed given up on is still finished by its thread: that is why every write has a cause or is an upsert.
        return await _within(
            self._limit_s, asyncio.get_running_loop().run_in_executor(threads, _one_transaction, engine, deed)
        )


class ServerTransactions:
    """PostgreSQL. Lock and statement limits are set on the server as well, so that nothing waits there unseen."""

    def __init__(self, url: str, limit_s: float) -> None:
        self._limit_s = limit_s
        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            hide_parameters=True,
            pool_size=SERVER_CONNECTIONS,
            max_overflow=0,
            pool_timeout=limit_s,
            pool_pre_ping=True,
            connect_args={
                "timeout": limit_s,
                "command_timeout": limit_s,
                "server_settings": {
                    "application_name": "sunwai",
                    "timezone": "UTC",
                    "idle_in_transaction_session_timeout": str(int(limit_s * 2000)),
                },
            },
        )

    async def read(self, deed: Deed[T]) -> T:
        return await _within(self._limit_s, self._run(deed))

    async def write(self, deed: Deed[T]) -> T:
        return await _within(self._limit_s, self._run(deed))

    async def close(self) -> None:
        await self._engine.dispose()

    async def _run(self, deed: Deed[T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(deed)


def file_engine(url: str, limit_s: float) -> Engine:
    """An SQLite engine that begins its transactions itself; the option `sunwai_writes` takes the write lock at once.

    A transaction that reads first and writes later fails "locked" in spite of the timeout [measured, design 3.9].
    """
    engine = create_engine(
        make_url(url).set(drivername="sqlite+pysqlite"),
        hide_parameters=True,
        pool_size=READERS + 1,
        max_overflow=0,
        connect_args={"timeout": limit_s},
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={int(limit_s * 1000)}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("sunwai_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _one_transaction(engine: Engine, deed: Deed[T]) -> T:
    with engine.begin() as connection:
        return deed(connection)


async def _within(limit_s: float, work: Awaitable[T]) -> T:
    with said_plainly():
        async with asyncio.timeout(limit_s):
            return await work


@contextmanager
def said_plainly() -> Iterator[None]:
    """Turns what drivers raise into our own errors; no row's content is carried along (design 5.10)."""
    try:
        yield
    except IntegrityError as error:
        raise NotInBooks(_first_line(error)) from None
    except ProgrammingError:
        raise
    except TimeoutError:
        raise BooksAway("the books did not answer within their limit") from None
    except (DBAPIError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise BooksAway(f"the books cannot be used: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """PostgreSQL tells the offending values from its second line on."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    return str(cause).partition("\n")[0] if not isinstance(cause, SQLAlchemyError) else type(cause).__name__
