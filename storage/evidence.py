"""What the books say about a stretch of time, for a verdict over it (docs/chaos.md): the read side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from complaints.ledger import Call
from storage.books import Books
from storage.calls import call_of
from storage.tables import calls, dockets, due_work, register


@dataclass(frozen=True, slots=True)
class DocketOfCall:
    """A docket registered in a call."""

    number: str
    call_ref: str
    category: str


@dataclass(frozen=True, slots=True)
class Promise:
    """A row of due work: `state` is waiting, done or withdrawn."""

    cause: str
    kind: str
    state: str
    payload: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A row of the satisfaction register: the attempt of a claim that was made."""

    docket: str
    claim: int
    attempt: int
    call_ref: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Calls of all kinds offered in the stretch, dockets registered in it, attempts made in it, all due work."""

    calls: tuple[Call, ...]
    dockets: tuple[DocketOfCall, ...]
    promises: tuple[Promise, ...]
    attempts: tuple[Attempt, ...]


async def evidence(books: Books, begin: datetime, end: datetime) -> Evidence:
    """All of it in one reading. BooksAway when they are."""
    return await books.transactions.read(lambda c: _evidence(c, begin, end))


def _evidence(connection: Connection, begin: datetime, end: datetime) -> Evidence:
    offered = select(calls).where(calls.c.offered_at >= begin, calls.c.offered_at < end).order_by(calls.c.offered_at)
    new = dockets.c.registered_at >= begin, dockets.c.registered_at < end, dockets.c.call_ref.is_not(None)
    return Evidence(
        tuple(call_of(row) for row in connection.execute(offered).mappings()),
        tuple(
            DocketOfCall(row.number, row.call_ref, row.category)
            for row in connection.execute(select(dockets).where(*new).order_by(dockets.c.number))
        ),
        tuple(_promise(row) for row in connection.execute(select(due_work).order_by(due_work.c.cause))),
        tuple(
            Attempt(row.docket, row.claim, row.attempt, row.call_ref, row.verdict)
            for row in connection.execute(select(register).where(register.c.at >= begin, register.c.at < end))
        ),
    )


def _promise(row: Any) -> Promise:  # noqa: ANN401 - SQLAlchemy's rows have the attributes of their statement
    return Promise(row.cause, row.kind, row.state, row.payload)
