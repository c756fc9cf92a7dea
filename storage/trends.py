"""How a day went, quarter hour by quarter hour: the read side of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from complaints.ledger import Outcome
from complaints.records import Origin
from storage.books import Books
from storage.calls import TO_THE_LINE
from storage.tables import calls

SLOT = timedelta(minutes=15)
LOST = frozenset({Outcome.CALLER_LEFT, Outcome.CUT, Outcome.REJECTED_CAPACITY})


@dataclass(frozen=True, slots=True)
class Slot:
    """Calls offered in the quarter hour that begins at `at` (UTC), and what became of them."""

    at: datetime
    offered: int
    talked: int
    lost: int


async def trend(books: Books, begin: datetime, end: datetime) -> list[Slot]:
    """The slots of [begin, end), all of them; a slot nobody called in has zeros. Only three columns are read."""
    query = select(calls.c.offered_at, calls.c.talked_at.is_not(None), calls.c.outcome).where(
        calls.c.origin == Origin.LINE,
        calls.c.kind.in_(TO_THE_LINE),
        calls.c.offered_at >= begin,
        calls.c.offered_at < end,
    )
    rows = await books.transactions.read(lambda c: [tuple(row) for row in c.execute(query)])
    return summed(rows, begin, end)


def summed(rows: list[tuple[datetime, bool, str | None]], begin: datetime, end: datetime) -> list[Slot]:
    """Rows of (offered at, talked with a person, outcome) by slot. Pure."""
    count = -((begin - end) // SLOT)
    offered, talked, lost = [0] * count, [0] * count, [0] * count
    for at, with_person, outcome in rows:
        place = (at - begin) // SLOT
        offered[place] += 1
        talked[place] += with_person
        lost[place] += outcome in LOST
    return [Slot(begin + n * SLOT, offered[n], talked[n], lost[n]) for n in range(count)]
