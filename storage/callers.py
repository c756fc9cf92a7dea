"""Everything the line wants to know of a caller at the first ring, read in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select

from complaints import ladders
from complaints.records import Company, Consumer, Docket
from storage import consumers, dockets
from storage.tables import calls, due_work
from storage.transactions import Transactions

PLACE_KEPT = timedelta(days=1)

_later_tries = [calls.c.callback_cause.concat(f"#{number}") for number in range(2, ladders.PROMISE.tries + 1)]
_OWED = (
    select(calls.c.queued_at, due_work.c.payload["purpose"].as_string().label("purpose"))
    .join(due_work, or_(*[due_work.c.cause == cause for cause in (calls.c.callback_cause, *_later_tries)]))
    .where(
        calls.c.phone == bindparam("phone"),
        calls.c.offered_at >= bindparam("since"),
        calls.c.queued_at.is_not(None),
        due_work.c.state == "waiting",
    )
    .order_by(calls.c.offered_at)
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Place:
    """His place in the queue, from an earlier call whose callback is still owed; `cut`: that call was cut."""

    queued_at: datetime
    cut: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """`language` is the one last chosen from this number; `dockets` are open, oldest promise first, sealed ones too.

    `place` is what he left behind when he is owed a callback: it is his again (design 3.15).
    """

    consumers: tuple[Consumer, ...]
    language: str | None
    dockets: tuple[Docket, ...]
    company: Company | None
    place: Place | None


class Callers:
    """Who may be calling."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def by_phone(self, phone: str, usual_company: str, now: datetime) -> Caller:
        """One transaction. The company is that of the first connection, else `usual_company`."""
        return await self._books.read(lambda c: _by_phone(c, phone, usual_company, now))


def _by_phone(connection: Connection, phone: str, usual_company: str, now: datetime) -> Caller:
    found = consumers.of_phone(connection, phone)
    company = found[0].company if found else usual_company
    return Caller(
        consumers=tuple(found),
        language=consumers.language_chosen(connection, phone),
        dockets=tuple(dockets.open_of_phone(connection, phone)),
        company=consumers.company_of(connection, company),
        place=_place(connection, phone, now),
    )


def _place(connection: Connection, phone: str, now: datetime) -> Place | None:
    row = connection.execute(_OWED, {"phone": phone, "since": now - PLACE_KEPT}).first()
    return Place(row.queued_at, row.purpose == "cut") if row else None
