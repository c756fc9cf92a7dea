"""Filling the books in bulk: organisation, network, consumers. Demo data are refused by a live line (design 3.17)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from sqlalchemy import Connection, Table, insert, select

from complaints.records import Category, Company, Consumer, Officer, Settlement, Unit
from storage.columns import insert_if_new
from storage.errors import LiveLine
from storage.tables import categories, companies, consumers, feeders, line_facts, officers, transformers, units
from storage.transactions import Transactions

LineKind = Literal["demo", "live"]


@dataclass(frozen=True, slots=True)
class Feeder:
    """An 11 kV line, such as F-07."""

    id: str
    company: str
    name: str
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Transformer:
    """A distribution transformer, such as DT-0713, in the sub-division `unit`."""

    id: str
    feeder: str
    unit: str


class Seeding:
    """Bulk writing; each call is one transaction. NotInBooks when a row is there already or names an unknown one."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def line_kind(self) -> LineKind | None:
        """What this line was set up as; None before that."""
        return await self._books.read(_line_kind)

    async def set_line_kind(self, kind: LineKind) -> None:
        """Says once for all what this line is; LiveLine when a live one should become a demo, or the reverse."""
        await self._books.write(lambda c: _set_line_kind(c, kind))

    async def refuse_live(self) -> None:
        """To be asked before demo data are made: LiveLine unless the line is a demo."""
        if await self.line_kind() != "demo":
            raise LiveLine("demo data belong only into the books of a demo line")

    async def add_companies(self, rows: Iterable[Company]) -> None:
        await self._insert(companies, [asdict(row) for row in rows])

    async def add_units(self, rows: Iterable[Unit]) -> None:
        """In any order: parents may come after their children."""
        await self._insert(units, [asdict(row) for row in rows])

    async def add_officers(self, rows: Iterable[Officer]) -> None:
        await self._insert(officers, [asdict(row) for row in rows])

    async def add_categories(self, rows: Iterable[Category], company: str | None = None) -> None:
        """Kinds of complaints of one company, or of all."""
        await self._insert(categories, [asdict(row) | {"company": company} for row in rows])

    async def add_feeders(self, rows: Iterable[Feeder]) -> None:
        await self._insert(feeders, [asdict(row) for row in rows])

    async def add_transformers(self, rows: Iterable[Transformer]) -> None:
        await self._insert(transformers, [asdict(row) for row in rows])

    async def add_consumers(self, rows: Iterable[Consumer]) -> None:
        await self._insert(consumers, [asdict(row) for row in rows])

    async def _insert(self, table: Table, rows: list[dict[str, object]]) -> None:
        if rows:
            await self._books.write(lambda c: _insert_all(c, table, rows))


def _insert_all(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    connection.execute(insert(table), rows)


def _line_kind(connection: Connection) -> LineKind | None:
    value = connection.execute(select(line_facts.c.value).where(line_facts.c.name == "kind")).scalar_one_or_none()
    if value is None:
        return None
    return "live" if value == "live" else "demo"


def _set_line_kind(connection: Connection, kind: LineKind) -> None:
    if not insert_if_new(connection, line_facts, {"name": "kind", "value": kind}) and _line_kind(connection) != kind:
        raise LiveLine(f"these books belong to another kind of line: they cannot become {kind}")
