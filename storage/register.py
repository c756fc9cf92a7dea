"""The satisfaction register: every attempt to hear the consumer's word, append-only and hash-chained (I2, I6)."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update

from complaints.records import Attempt, Docket, Origin, Verdict
from storage.columns import insert_if_new
from storage.people import write_audit
from storage.register_chain import (
    EXPORTED,
    PERSONAL,
    Head,
    chain_of,
    genesis,
    moment_text,
    personal_digest,
    plain_fields,
    row_hash,
)
from storage.tables import register as table
from storage.tables import register_heads as heads
from storage.tables import register_salts as salts
from storage.transactions import Transactions

_PAGE = 1000
_WITH_SALT = table.outerjoin(salts, and_(salts.c.chain == table.c.chain, salts.c.n == table.c.n))


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row and its place. When `erased`, its attempt has an empty `dialled` and names no recording."""

    chain: str
    n: int
    attempt: Attempt
    hash: str
    erased: bool


class Register:
    """Reading, exporting and erasing; rows are written only by decisions."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def rows(self, docket: str) -> list[RegisterRow]:
        """All attempts of a docket in order."""
        return await self._books.read(lambda c: _rows(c, docket))

    async def export(self, company: str, *, origin: Origin = Origin.LINE) -> AsyncIterator[dict[str, object]]:
        """The rows of one chain in order, plain JSON values, with salts: personal data as long as nothing was erased.

        `register_chain.verify_rows` checks them without any books.
        """
        chain, last = chain_of(company, origin), 0
        while page := await self._books.read(lambda c, after=last: _page(c, chain, after)):  # type: ignore[misc] # mypy does not infer a lambda's default
            for row in page:
                yield row
            last += len(page)

    async def head(self, company: str, *, origin: Origin = Origin.LINE) -> Head | None:
        """The end of a chain; None while it has no row."""
        chain = chain_of(company, origin)
        return await self._books.read(lambda c: _head(c, chain))

    async def erase(self, row: RegisterRow, actor: str, at: datetime) -> bool:
        """Removes number, recording names and salt of a row for good and notes it in the audit. False: already done.

        The recordings themselves are not touched.
        """
        return await self._books.write(lambda c: _erase(c, row, actor, at))


def append(connection: Connection, docket: Docket, attempts: Iterable[Attempt]) -> None:
    """Part of a transaction: the attempts as the next rows of the docket's chain."""
    chain = chain_of(docket.company, docket.origin)
    insert_if_new(connection, heads, {"chain": chain, "n": 0, "hash": genesis(chain)})
    # Writers of one chain wait here for each other: a chain has one end.
    end = connection.execute(select(heads).where(heads.c.chain == chain).with_for_update()).one()
    n, previous = end.n, end.hash
    for attempt in attempts:
        n += 1
        previous = _append_one(connection, chain, n, previous, attempt)
    connection.execute(update(heads).where(heads.c.chain == chain).values(n=n, hash=previous))


def _append_one(connection: Connection, chain: str, n: int, previous: str, attempt: Attempt) -> str:
    """Writes row `n` and its salt; returns its hash."""
    salt = secrets.token_hex(16)
    personal = {name: getattr(attempt, name) for name in PERSONAL}
    plain = plain_fields(chain, n, attempt)
    digest = personal_digest(salt, personal)
    hashed = row_hash(previous, plain, digest)
    row = {**plain, **personal, "at": attempt.at, "personal_digest": digest, "hash": hashed}
    connection.execute(insert(table), row)
    connection.execute(insert(salts), {"chain": chain, "n": n, "salt": salt})
    return hashed


def _rows(connection: Connection, docket: str) -> list[RegisterRow]:
    query = (
        select(table, salts.c.salt).select_from(_WITH_SALT).where(table.c.docket == docket).order_by(table.c.n)
    )  # a docket's rows are all in one chain
    return [_row(row) for row in connection.execute(query).mappings()]


def _row(row: RowMapping) -> RegisterRow:
    attempt = Attempt(
        docket=row["docket"],
        claim=row["claim"],
        attempt=row["attempt"],
        call_ref=row["call_ref"],
        dialled=row["dialled"] or "",
        at=row["at"],
        verdict=Verdict(row["verdict"]),
        cause_code=row["cause_code"],
        duration_s=row["duration_s"],
        recording=row["recording"],
        reason_recording=row["reason_recording"],
        by=row["by"],
    )
    return RegisterRow(row["chain"], row["n"], attempt, row["hash"], erased=row["salt"] is None)


def _page(connection: Connection, chain: str, after: int) -> list[dict[str, object]]:
    query = (
        select(table, salts.c.salt)
        .select_from(_WITH_SALT)
        .where(table.c.chain == chain, table.c.n > after)
        .order_by(table.c.n)
        .limit(_PAGE)
    )
    rows = connection.execute(query).mappings()
    return [{name: row[name] for name in EXPORTED} | {"at": moment_text(row["at"])} for row in rows]


def _head(connection: Connection, chain: str) -> Head | None:
    row = connection.execute(select(heads).where(heads.c.chain == chain)).first()
    return Head(row.chain, row.n, row.hash) if row and row.n else None


def _erase(connection: Connection, row: RegisterRow, actor: str, at: datetime) -> bool:
    here = (salts.c.chain == row.chain) & (salts.c.n == row.n)
    if connection.execute(delete(salts).where(here)).rowcount == 0:
        return False
    own = (table.c.chain == row.chain) & (table.c.n == row.n)
    connection.execute(update(table).where(own).values(dict.fromkeys(PERSONAL)))
    subject = f"docket:{row.attempt.docket}"
    write_audit(connection, actor, "erase_register_row", subject, at, {"chain": row.chain, "n": row.n})
    return True
