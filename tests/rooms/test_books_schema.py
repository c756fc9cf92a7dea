"""The books fit the program, answer by index, and say plainly when they are away."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from books_town import NOW
from sqlalchemy import Connection, event, text

from complaints.records import DueWork
from storage.audits import CallsAsked
from storage.books import Books
from storage.columns import METADATA
from storage.errors import BooksAway, StorageError, WrongSchema
from storage.migrations import migrate
from storage.transactions import FileTransactions

pytest_plugins = ("books_fixture",)


async def test_the_migrations_build_exactly_the_tables_we_use(books: Books) -> None:
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), METADATA)

    assert await books.transactions.read(differences) == []


async def test_migrating_again_changes_nothing_and_keeps_what_is_there(books: Books, books_url: str) -> None:
    number = await books.dockets.next_number()
    migrate(books_url)
    assert await books.dockets.next_number() > number


async def test_books_that_were_never_made_are_not_opened(tmp_path: Path) -> None:
    books = Books(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(WrongSchema, match="schema none"):
        await books.open()
    await books.close()


async def test_books_of_another_version_are_not_opened(books: Books) -> None:
    change = text("UPDATE alembic_version SET version_num = '0001'")
    await books.transactions.write(lambda c: c.execute(change) and None)
    with pytest.raises(WrongSchema, match="0001"):
        await books.open()


async def test_a_ping_answers(books: Books) -> None:
    await books.ping()


async def test_books_that_are_away_say_so(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path / 'no folder' / 'books.db'}", f"postgresql://u@/none?host={tmp_path}"):
        books = Books(url, limit_s=2)
        with pytest.raises(BooksAway):
            await books.ping()
        await books.close()


async def test_a_database_that_is_not_there_is_away(server_url: str) -> None:
    gone = Books(server_url.replace("/books_", "/gone_"), limit_s=2)
    with pytest.raises(BooksAway):
        await gone.ping()
    await gone.close()


async def test_a_writer_that_waits_too_long_gives_up(file_url: str) -> None:
    """Another process holds the lock: the limit ends the wait, and afterwards everything works again."""
    other = sqlite3.connect(file_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    hasty = Books(file_url, limit_s=0.3)
    with pytest.raises(BooksAway):
        await hasty.dockets.next_number()
    await hasty.consumers.companies()  # readers are not held up
    other.execute("ROLLBACK")
    other.close()
    assert await hasty.dockets.next_number()
    await hasty.close()


async def test_a_locked_row_of_postgresql_does_not_hold_a_writer_for_ever(server_url: str) -> None:
    hasty = Books(server_url, limit_s=0.5)

    def hold_and_fail(connection: Connection) -> None:
        connection.execute(text("UPDATE counters SET value = value"))
        connection.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(BooksAway):
        await hasty.transactions.write(hold_and_fail)
    assert await hasty.dockets.next_number()
    await hasty.close()


async def test_only_a_file_or_postgresql_can_be_books() -> None:
    for url in ("mysql://u@h/d", "sqlite://", "sqlite:///:memory:"):
        with pytest.raises(StorageError):
            Books(url)


async def test_the_driver_named_in_a_url_is_of_no_account(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'deep' / 'books.db'}"
    migrate(url)
    books = Books(url)
    await books.open()
    await books.close()


async def test_sqlite_is_set_up_to_lose_nothing(file_url: str) -> None:
    def settings(connection: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    books = Books(file_url)
    assert await books.transactions.write(settings) == ["wal", 2, 1]
    await books.close()


async def test_times_without_a_zone_are_refused(books: Books) -> None:
    naive = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001 - the mistake under test
    with pytest.raises(Exception, match="know their zone"):
        await books.due.claim(["ring_promise"], naive, 30, 1, "ivr:1")


_SMALL = ("SCAN above", "SCAN picked", "SCAN audit_scores USING INDEX ix_audit_scores_contested")
"""What may be read whole: parts of a statement, and an index that holds nothing but what still waits."""


async def test_what_a_caller_waits_for_is_found_by_index(migrated_file: Path, tmp_path: Path) -> None:
    file = shutil.copy(migrated_file, tmp_path / "books.db")
    books = Books(f"sqlite:///{file}")
    assert isinstance(books.transactions, FileTransactions)
    await books.due.add(DueWork("p", "ring_promise", NOW, "PV", {}))  # else nothing is claimed
    statements: list[tuple[str, tuple[object, ...]]] = []

    def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
        statements.append((statement, parameters))

    event.listen(books.transactions._engine, "before_cursor_execute", note)
    await books.consumers.by_phone("PV", "+915000012345")
    await asyncio.gather(*[books.callers.by_phone(f"+91500001234{number}", "PV", NOW) for number in range(9)])
    await books.consumers.by_number("1000000018")
    await books.consumers.language_of("+915000012345")
    await books.consumers.officers_for("SD-01")
    await books.dockets.get("10000010")
    await books.dockets.open_for_phone("+915000012345")
    await books.dockets.open_for_consumer(1)
    await books.dockets.timeline("10000010")
    await books.due.claim(["ring_promise"], NOW, 30, 10, "ivr:1")
    await books.outbox.claim(NOW, 30, 10, "sender:1")
    await books.calls.get("n1-1.1")
    await books.calls.open_calls("n1")
    await books.calls.ledger(NOW, NOW, now=NOW)
    await books.people.session("digest", NOW)
    for asked in ({}, {"agent": "A17"}, {"docket": "10000010"}, {"phone": "+915000012345"}, {"scored": "no"}):
        await books.audits.search(CallsAsked(NOW, NOW, company="PV", **asked))
    await books.audits.scores(["n1-1.1"])
    await books.audits.scores_of_agent("A17")
    await books.audits.contested("PV")
    await books.audits.of_docket("10000010")
    await books.inspections.draw(NOW.date(), NOW, NOW, "inspector", "PV", lambda numbers: numbers)
    await books.close()
    statements = [each for each in statements if not each[0].startswith("BEGIN")]
    assert len(statements) == 33

    raw = sqlite3.connect(file)
    for statement, parameters in statements:
        plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        scans = [line for line in plan if line.startswith("SCAN") and not line.startswith(_SMALL)]
        assert not scans, f"{statement}\n{plan}"
        assert any("USING" in line for line in plan), f"{statement}\n{plan}"
    raw.close()
