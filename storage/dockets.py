"""Dockets as the rooms above see them: numbers, decisions, and the questions asked about them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal, select, tuple_, update

from complaints.digits import DOCKET_DIGITS, with_check_digit
from complaints.ledger import Call
from complaints.lifecycle import OPEN_STATES
from complaints.records import Decision, Docket, State, TimelineRow
from storage import calls, decisions
from storage.people import write_audit
from storage.tables import counters, timeline, units
from storage.tables import dockets as table
from storage.transactions import Transactions

_NEXT = (
    update(counters).where(counters.c.name == "docket").values(value=counters.c.value + 1).returning(counters.c.value)
)
_OPEN = table.c.state.in_(sorted(OPEN_STATES))
# Statements of the call path are built once: building costs more than running them.
_BY_NUMBER = select(table).where(table.c.number == bindparam("number"))
_OPEN_OF_CONSUMER = select(table).where(table.c.consumer_id == bindparam("consumer"), _OPEN).order_by(table.c.due_at)
_OPEN_OF_PHONES = (
    select(table).where(table.c.phone.in_(bindparam("phones", expanding=True)), _OPEN).order_by(table.c.due_at)
)


class Dockets:
    """The dockets. `apply` is the only writer."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def next_number(self) -> str:
        """A number no other docket has: eight digits, the last its check digit. A number not used is lost, no harm."""
        return await self._books.write(_next_number)

    async def register(self, decide: Callable[[str], Decision], noted: Call) -> Docket:
        """Number, decision and the call's note in one transaction; `decide` makes the decision for the number given.

        A cause already known gives the docket it made. Raises as `apply`.
        """
        return await self._books.write(lambda c: _register(c, decide, noted))

    async def apply(self, decision: Decision) -> Docket:
        """Writes a decision in one transaction and returns the docket as it now stands (its version grown by one).

        A cause already known writes nothing. Raises StaleDocket, Refused, NotInBooks or BooksAway.
        """
        return await self._books.write(lambda c: decisions.apply(c, decision))

    async def get(self, number: str) -> Docket | None:
        """The docket of this number, sealed or not."""
        found = await self._select(_BY_NUMBER, {"number": number})
        return found[0] if found else None

    async def open_for_consumer(self, consumer_id: int) -> list[Docket]:
        """Dockets of a connection that have not ended, oldest promise first."""
        return await self._select(_OPEN_OF_CONSUMER, {"consumer": consumer_id})

    async def open_for_phone(self, phone: str) -> list[Docket]:
        """Dockets whose satisfaction callback goes to this number and that have not ended, oldest promise first."""
        return (await self._books.read(lambda c: open_of_phones(c, [phone])))[phone]

    async def timeline(self, number: str) -> list[TimelineRow]:
        """What happened to a docket, in the order it was written."""
        query = select(timeline).where(timeline.c.docket == number).order_by(timeline.c.id)
        return await self._books.read(lambda c: [decisions.timeline_row_of(row) for row in c.execute(query).mappings()])

    async def search(
        self,
        company: str | None = None,
        states: Collection[State] | None = None,
        owner: str | None = None,
        unit: str | None = None,
        limit: int = 100,
        *,
        after: tuple[datetime, str] | None = None,
        with_sealed: bool = False,
    ) -> list[Docket]:
        """Dockets by promised time, then number. `unit` means the unit and all below it.

        `after` is (due_at, number) of the last docket seen: the next page follows it. Sealed dockets only on request.
        """
        wanted: list[Any] = []
        if company is not None:
            wanted.append(table.c.company == company)
        if states is not None:
            wanted.append(table.c.state.in_(sorted(states)))
        if owner is not None:
            wanted.append(table.c.owner == owner)
        if unit is not None:
            wanted.append(table.c.unit.in_(unit_and_below(unit)))
        if after is not None:
            last_due, last_number = literal(after[0], table.c.due_at.type), literal(after[1])
            wanted.append(tuple_(table.c.due_at, table.c.number) > tuple_(last_due, last_number))
        if not with_sealed:
            wanted.append(table.c.sealed.is_(False))
        return await self._select(select(table).where(*wanted).order_by(table.c.due_at, table.c.number).limit(limit))

    async def of_category(self, category: str, states: Collection[State], limit: int = 20) -> list[Docket]:
        """Dockets of one category in these states, oldest first; sealed ones are left out."""
        wanted = (table.c.category == category, table.c.state.in_(sorted(states)), table.c.sealed.is_(False))
        return await self._select(select(table).where(*wanted).order_by(table.c.registered_at).limit(limit))

    async def note_refusal(self, docket: str, actor: str, deed: str, at: datetime) -> None:
        """Keeps in the audit that somebody tried what is not allowed (I2)."""
        await self._books.write(lambda c: write_audit(c, actor, f"refused:{deed}", f"docket:{docket}", at, {}))

    async def _select(self, query: Select[Any], values: Mapping[str, object] | None = None) -> list[Docket]:
        def read(connection: Connection) -> list[Docket]:
            return [decisions.docket_of(row) for row in connection.execute(query, values).mappings()]

        return await self._books.read(read)


def open_of_phones(connection: Connection, phones: Sequence[str]) -> dict[str, list[Docket]]:
    """Part of a transaction: for each of these numbers what `Dockets.open_for_phone` gives."""
    found: dict[str, list[Docket]] = {phone: [] for phone in phones}
    for row in connection.execute(_OPEN_OF_PHONES, {"phones": phones}).mappings():
        found[row["phone"]].append(decisions.docket_of(row))
    return found


def _next_number(connection: Connection) -> str:
    return with_check_digit(connection.execute(_NEXT).scalar_one(), DOCKET_DIGITS)


def _register(connection: Connection, decide: Callable[[str], Decision], noted: Call) -> Docket:
    docket = decisions.apply(connection, decide(_next_number(connection)))
    calls.put(connection, replace(noted, docket=docket.number))
    return docket


def unit_and_below(unit: str) -> Select[Any]:
    """The ids of a unit and all that lies below it."""
    below = select(units.c.id).where(units.c.id == unit).cte("below", recursive=True)
    return select(below.union_all(select(units.c.id).where(units.c.parent == below.c.id)).c.id)
