"""Editions of what the line says, as administrators made them: none is ever changed or deleted, so that any of them can
be used again; which one was used from when is a history of its own.

Each node speaks an edition by itself (renders its sounds) before its controller uses it, and notes here that it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from dialplan.edition import SHIPPED, Changes
from storage.errors import NotInBooks, Refused
from storage.people import write_audit
from storage.tables import edition_uses, edition_voices, editions
from storage.transactions import Transactions

MADE, USED = "make_edition", "use_edition"
"""Deeds of the audit."""


@dataclass(frozen=True, slots=True)
class EditionRow:
    """One edition but for what it says. `base` is the edition it was made from; 0 is the release's own."""

    number: int
    at: datetime
    actor: str
    reason: str
    base: int


@dataclass(frozen=True, slots=True)
class Use:
    """From this moment on calls are spoken in this edition."""

    number: int
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Voicing:
    """A node has rendered an edition's sounds; `digest` tells of which words, `fault` why it could not."""

    number: int
    node: str
    digest: str
    at: datetime
    fault: str | None = None


class Editions:
    """Making, using and looking up."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def make(self, changes: Changes, base: int, reason: str, actor: str, at: datetime) -> int:
        """A new edition with its audit row; its number. What it says has been checked (`dialplan.edition`)."""

        def write(connection: Connection) -> int:
            told = {"prompts": _plain(changes.prompts), "flows": dict(changes.flows)}
            row = {"at": at, "actor": actor, "reason": reason, "base": base, **told}
            number = int(connection.execute(insert(editions).returning(editions.c.number), row).scalar_one())
            write_audit(connection, actor, MADE, f"edition:{number}", at, {"reason": reason, "base": base})
            return number

        return await self._books.write(write)

    async def use(self, number: int, before: int, reason: str, actor: str, at: datetime) -> None:
        """Calls are spoken in `number` from now on. NotInBooks when there is no such edition; Refused when `before` is
        no longer the one in use: somebody else was quicker, and whoever asked has not seen it."""

        def write(connection: Connection) -> None:
            # Whoever comes second waits here for the first, and then sees what he did.
            connection.execute(select(editions.c.number).order_by(editions.c.number).with_for_update()).all()
            here = select(editions.c.number).where(editions.c.number == number)
            if number != SHIPPED and connection.execute(here).first() is None:
                raise NotInBooks("there is no such edition")
            used = connection.execute(_LAST_USE).scalar()
            if (SHIPPED if used is None else used) != before:
                raise Refused("another edition has been put to use meanwhile")
            row = {"number": number, "at": at, "actor": actor, "reason": reason}
            connection.execute(insert(edition_uses), row)
            write_audit(connection, actor, USED, f"edition:{number}", at, {"reason": reason, "before": before})

        await self._books.write(write)

    async def used(self) -> int:
        """The number of the edition in use."""
        found = await self._books.read(lambda c: c.execute(_LAST_USE).scalar())
        return SHIPPED if found is None else int(found)

    async def changes(self, number: int) -> Changes:
        """What an edition says otherwise than the release; NotInBooks when there is no such edition."""
        if number == SHIPPED:
            return Changes()
        query = select(editions.c.prompts, editions.c.flows).where(editions.c.number == number)
        row = await self._books.read(lambda c: c.execute(query).mappings().first())
        if row is None:
            raise NotInBooks("there is no such edition")
        return Changes(row["prompts"], row["flows"])

    async def newest(self, limit: int = 50) -> list[EditionRow]:
        """The latest first."""
        return await self._rows(_ROW.order_by(editions.c.number.desc()).limit(limit))

    async def get(self, number: int) -> EditionRow | None:
        found = await self._rows(_ROW.where(editions.c.number == number))
        return found[0] if found else None

    async def uses(self, limit: int = 50) -> list[Use]:
        """Which edition was used from when, the latest first."""
        columns = (edition_uses.c.number, edition_uses.c.at, edition_uses.c.actor, edition_uses.c.reason)
        query = select(*columns).order_by(edition_uses.c.id.desc()).limit(limit)
        return await self._books.read(lambda c: [Use(*row) for row in c.execute(query)])

    async def voiced(self, voicing: Voicing) -> None:
        """This node has rendered an edition, or could not; what was noted of it before is replaced."""
        row = {name: getattr(voicing, name) for name in ("number", "node", "digest", "at", "fault")}
        here = (edition_voices.c.number == voicing.number) & (edition_voices.c.node == voicing.node)

        def write(connection: Connection) -> None:
            connection.execute(delete(edition_voices).where(here))
            connection.execute(insert(edition_voices), row)

        await self._books.write(write)

    async def voicings(self, number: int | None = None, node: str | None = None) -> list[Voicing]:
        """Of one edition or all, by one node or all."""
        query = select(edition_voices).order_by(edition_voices.c.number, edition_voices.c.node)
        if number is not None:
            query = query.where(edition_voices.c.number == number)
        if node is not None:
            query = query.where(edition_voices.c.node == node)
        return await self._books.read(lambda c: [Voicing(**row) for row in c.execute(query).mappings()])

    async def highest(self) -> int:
        """The number of the newest edition; 0 when none was ever made."""
        return await self._books.read(lambda c: int(c.execute(select(func.max(editions.c.number))).scalar() or SHIPPED))

    async def _rows(self, query: Select[Any]) -> list[EditionRow]:
        return await self._books.read(lambda c: [_row(row) for row in c.execute(query).mappings()])


_LAST_USE = select(edition_uses.c.number).order_by(edition_uses.c.id.desc()).limit(1)
_ROW = select(editions.c.number, editions.c.at, editions.c.actor, editions.c.reason, editions.c.base)


def _row(row: RowMapping) -> EditionRow:
    return EditionRow(row["number"], row["at"], row["actor"], row["reason"], row["base"])


def _plain(prompts: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    return {lang: dict(texts) for lang, texts in prompts.items()}
