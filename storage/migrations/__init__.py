"""The books' schema, step by step: each other module of this folder is one revision, named r<number>_<what>.

Revisions run over a connection of ours, inside one transaction, so a step that fails leaves the books as they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext, MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from storage.transactions import file_engine, file_engine_wanted, said_plainly

_HERE = Path(__file__).parent
_WAIT_S = 30.0
_LOCK = 1912118


def migrate(url: str) -> None:
    """Brings the books to this program's schema, making them when they are not there. Blocks; may be called anywhere.

    It works in a thread of its own, so that a running event loop of the caller is no hindrance.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="books-migration") as thread, said_plainly():
        thread.submit(_migrate, url).result()


def schema_found(connection: Connection) -> str | None:
    """The revision the books are at; None when they are empty."""
    return MigrationContext.configure(connection).get_current_revision()


def schema_wanted() -> str | None:
    """The revision this program needs."""
    return _script().get_current_head()


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(_HERE), version_locations=[str(_HERE)])


def _migrate(url: str) -> None:
    parsed = make_url(url)
    if not file_engine_wanted(parsed):
        asyncio.run(_migrate_server(url))
        return
    Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = file_engine(url, _WAIT_S)
    with engine.execution_options(sunwai_writes=True).begin() as connection:
        _upgrade(connection)
    engine.dispose()


async def _migrate_server(url: str) -> None:
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"), poolclass=NullPool, connect_args={"timeout": _WAIT_S}
    )
    async with engine.begin() as connection:
        # Two starts at the same time: the second waits here and then finds nothing to do.
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        await connection.run_sync(_upgrade)
    await engine.dispose()


def _upgrade(connection: Connection) -> None:
    script = _script()

    def steps(found: tuple[str, ...] | str | None, _: MigrationContext) -> Iterable[MigrationStep]:
        missing = list(script.iterate_revisions("heads", found or "base"))
        return [MigrationStep.upgrade_from_script(script.revision_map, revision) for revision in reversed(missing)]

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, transactional_ddl=True)
        with environment.begin_transaction():
            environment.run_migrations()
