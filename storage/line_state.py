"""What supervisors switch for the whole line while it runs; each change is a row of the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select, update

from storage.columns import insert_if_new
from storage.people import write_audit
from storage.tables import line_facts
from storage.transactions import Transactions

SURGE = "surge"
_SURGE = select(line_facts.c.value).where(line_facts.c.name == SURGE)
AUTOMATIC = "automatic"
"""Who switched, when it was the estimate and nobody's hand."""


@dataclass(frozen=True, slots=True)
class Surge:
    """Surge mode: a short menu, callbacks before waiting (domain.md 3.1). `since` is None when nobody ever switched."""

    on: bool = False
    by: str = ""
    since: datetime | None = None


class LineState:
    """The switches of the line."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def surge(self) -> Surge:
        """How surge mode stands."""
        return await self._books.read(_surge)

    async def set_surge(self, *, on: bool, by: str, at: datetime, reason: str = "") -> Surge:
        """Switch it; switching to what it is already changes and audits nothing."""
        return await self._books.write(lambda c: _set_surge(c, Surge(on, by, at), reason))


def _surge(connection: Connection) -> Surge:
    value = connection.execute(_SURGE).scalar_one_or_none()
    return Surge() if value is None else msgspec.json.decode(value, type=Surge)


def _set_surge(connection: Connection, wanted: Surge, reason: str) -> Surge:
    found = _surge(connection)
    if found.on == wanted.on or wanted.since is None:
        return found
    row = {"name": SURGE, "value": msgspec.json.encode(wanted).decode()}
    if not insert_if_new(connection, line_facts, row):
        connection.execute(update(line_facts).where(line_facts.c.name == SURGE).values(value=row["value"]))
    deed = "surge:on" if wanted.on else "surge:off"
    write_audit(connection, wanted.by, deed, "line", wanted.since, {"reason": reason} if reason else {})
    return wanted
