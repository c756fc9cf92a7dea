"""What an inspector drew of the dockets closed on a day, and what he found (domain.md 3.4, inspector mode)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, insert, select, update

from complaints.records import State
from storage.dockets import unit_and_below
from storage.people import write_audit
from storage.tables import dockets, inspections, logins
from storage.transactions import Transactions

Draw = Callable[[Sequence[str]], Sequence[str]]
"""Picks some of the numbers of dockets."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """One docket of an inspector's draw; `finding` is None until he has said what he found."""

    day: date
    inspector: str
    docket: str
    n: int
    finding: str | None
    words: str | None
    found_at: datetime | None


class Inspections:
    """Draws and findings. A draw is made once a day and inspector: nobody draws again until he likes it."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def draw(
        self,
        day: date,
        begin: datetime,
        end: datetime,
        inspector: str,
        company: str | None,
        pick: Draw,
        *,
        unit: str | None = None,
    ) -> list[Inspection]:
        """The draw of `day`: made now of the dockets closed in [begin, end) when there is none yet."""
        closed = select(dockets.c.number).where(
            dockets.c.closed_at >= begin,
            dockets.c.closed_at < end,
            dockets.c.state == State.CLOSED_SATISFIED,
            dockets.c.sealed.is_(False),
        )
        if company is not None:
            closed = closed.where(dockets.c.company == company)
        if unit is not None:
            closed = closed.where(dockets.c.unit.in_(unit_and_below(unit)))

        def drawn(connection: Connection) -> list[Inspection]:
            # Two pages that ask at once: the second waits here, and finds what the first has drawn.
            connection.execute(select(logins.c.name).where(logins.c.name == inspector).with_for_update())
            if not (found := _of(connection, day, inspector)):
                numbers = list(connection.execute(closed.order_by(dockets.c.number)).scalars())
                rows = [
                    {"day": day, "inspector": inspector, "docket": number, "n": n}
                    for n, number in enumerate(pick(numbers), 1)
                ]
                if rows:
                    connection.execute(insert(inspections), rows)
                found = _of(connection, day, inspector)
            return found

        return await self._books.write(drawn)

    async def found(self, day: date, inspector: str, docket: str, finding: str, words: str, at: datetime) -> bool:
        """Keeps what he found, with its audit row; False when the docket is not of his draw, or he has said it."""
        here = (
            inspections.c.day == day,
            inspections.c.inspector == inspector,
            inspections.c.docket == docket,
            inspections.c.finding.is_(None),
        )
        statement = update(inspections).where(*here).values(finding=finding, words=words, found_at=at)

        def keep(connection: Connection) -> bool:
            if connection.execute(statement).rowcount != 1:
                return False
            write_audit(connection, f"inspector:{inspector}", "inspect", f"docket:{docket}", at, {"finding": finding})
            return True

        return await self._books.write(keep)


def _of(connection: Connection, day: date, inspector: str) -> list[Inspection]:
    mine = select(inspections).where(inspections.c.day == day, inspections.c.inspector == inspector)
    return [Inspection(**row) for row in connection.execute(mine.order_by(inspections.c.n)).mappings()]
