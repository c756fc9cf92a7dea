"""Kinds of columns and the naming of constraints that all tables share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    Dialect,
    Executable,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only when the column is exactly INTEGER PRIMARY KEY.
SERIAL = BigInteger().with_variant(Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept in UTC with microseconds. A naive one is a ValueError: its zone would be a guess."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the books take only times that know their zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def text(
    name: str,
    reference: ForeignKey | None = None,
    *,
    primary_key: bool = False,
    unique: bool = False,
    index: bool = False,
) -> Column[str]:
    """A text that must be there."""
    references = () if reference is None else (reference,)
    return Column(
        name, String, *references, nullable=False, primary_key=primary_key, unique=unique or None, index=index or None
    )


def maybe(name: str, reference: ForeignKey | None = None, *, index: bool = False) -> Column[str]:
    """A text that may be missing."""
    references = () if reference is None else (reference,)
    return Column(name, String, *references, nullable=True, index=index or None)


def whole(name: str) -> Column[int]:
    """A whole number that must be there."""
    return Column(name, Integer, nullable=False)


def moment(name: str) -> Column[datetime]:
    """A moment that must be there."""
    return Column(name, UtcTime, nullable=False)


def maybe_moment(name: str) -> Column[datetime]:
    """A moment that may be missing."""
    return Column(name, UtcTime, nullable=True)


def of(target: str) -> ForeignKey:
    """A reference to `table.column` of another table."""
    return ForeignKey(target)


def insert_if_new(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Inserts `row` unless one with its primary key is there; True when it was inserted.

    On PostgreSQL a second writer of the same key waits here until the first has committed or given up.
    """
    key = table.primary_key.columns
    statement = _insert_if_new(connection.dialect.name, table, tuple(key))
    return connection.execute(statement, dict(row)).first() is not None


def insert_all_if_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """The same for many rows in one statement, without saying which were new."""
    if rows:
        connection.execute(_insert_if_new(connection.dialect.name, table, ()), [dict(row) for row in rows])


@cache
def _insert_if_new(dialect: str, table: Table, returned: tuple[Column[Any], ...]) -> Executable:
    """Statements of the call path are built once: building costs more than running them."""
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing()
    return statement.returning(*returned) if returned else statement
