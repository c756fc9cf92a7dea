"""Everything the line wants to know of a caller at the first ring, read in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select

from complaints import ladders
from complaints.records import Consumer, Docket
from storage import consumers, dockets
from storage.tables import calls, due_work
from storage.together import Together
from storage.transactions import Transactions

PLACE_KEPT = timedelta(days=1)

_later_tries = [calls.c.callback_cause.concat(f"#{number}") for number in range(2, ladders.PROMISE.tries + 1)]
_OWED = (
    select(calls.c.phone, calls.c.queued_at, due_work.c.payload["purpose"].as_string().label("purpose"))
    .join(due_work, or_(*[due_work.c.cause == cause for cause in (calls.c.callback_cause, *_later_tries)]))
    .where(
        calls.c.phone.in_(bindparam("phones", expanding=True)),
        calls.c.offered_at >= bindparam("since"),
        calls.c.queued_at.is_not(None),
        due_work.c.state == "waiting",
    )
    .order_by(calls.c.offered_at)
)


@dataclass(frozen=True, slots=True)
class Place:
    """His place in the queue, from an earlier call whose callback is still owed; `cut`: that call was cut."""

    queued_at: datetime
    cut: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """`language` is the one last chosen from this number; `dockets` are open, oldest promise first, sealed ones too.

    `company` is the code of the first connection's, else of the usual one.

    `place` is what he left behind when he is owed a callback: it is his again (design 3.15).
    """

    consumers: tuple[Consumer, ...]
    language: str | None
    dockets: tuple[Docket, ...]
    company: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: whose number, whose line he phoned, and when."""

    phone: str
    usual_company: str
    now: datetime


class Callers:
    """Who may be calling."""

    def __init__(self, books: Transactions) -> None:
        self._books = books
        self._callers = Together(self._found)

    async def close(self) -> None:
        """Before the books are closed."""
        await self._callers.close()

    async def by_phone(self, phone: str, usual_company: str, now: datetime) -> Caller:
        """Read in one transaction."""
        return await self._callers.ask(Asked(phone, usual_company, now))

    async def _found(self, asked: Sequence[Asked]) -> dict[Asked, Caller]:
        return await self._books.read(lambda c: _found(c, asked))


def _found(connection: Connection, asked: Sequence[Asked]) -> dict[Asked, Caller]:
    phones = list({each.phone for each in asked})
    theirs = consumers.of_phones(connection, phones)
    languages = consumers.languages_chosen(connection, phones)
    dockets_of = dockets.open_of_phones(connection, phones)
    places = _places(connection, phones, min(each.now for each in asked) - PLACE_KEPT)
    return {
        each: Caller(
            consumers=tuple(theirs[each.phone]),
            language=languages.get(each.phone),
            dockets=tuple(dockets_of[each.phone]),
            company=theirs[each.phone][0].company if theirs[each.phone] else each.usual_company,
            place=places.get(each.phone),
        )
        for each in asked
    }


def _places(connection: Connection, phones: Sequence[str], since: datetime) -> dict[str, Place]:
    """Of each number the first that is still owed."""
    found: dict[str, Place] = {}
    for row in connection.execute(_OWED, {"phones": phones, "since": since}):
        found.setdefault(row.phone, Place(row.queued_at, row.purpose == "cut"))
    return found
