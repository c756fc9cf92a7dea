"""Inspector mode: ten dockets closed on a day, drawn by lot and once only; he listens, finds, and prints his report."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from agent_console.bodies import DocketNumber, Note, check_day
from agent_console.docket_shapes import DocketView, docket_view
from agent_console.errors import BadInput, NotPossible
from agent_console.recordings_api import RecordedCall, shown
from agent_console.route import Done, Visit
from storage.inspections import Inspection
from storage.reports import day_bounds

DRAWN = 10
CONSUMERS_ANSWER = "satisfaction"

Finding = Literal["true", "doubtful", "false"]
"""What the recording says of the closing: the consumer agreed, it is not clear, he did not."""


class InspectionAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day of the line's own time zone; yesterday when left out."""

    day: date | None = None


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """One docket of the draw, the recorded answers of its consumer, and what was found (null: not yet)."""

    n: int
    docket: DocketView
    calls: tuple[RecordedCall, ...]
    finding: str | None
    words: str | None
    found_at: datetime | None


class InspectionView(msgspec.Struct, frozen=True, kw_only=True):
    day: str
    inspector: str
    dockets: tuple[Drawn, ...]


class Find(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    day: date
    docket: DocketNumber
    finding: Finding
    words: Note = ""


async def inspection(visit: Visit, asked: InspectionAsked) -> InspectionView:
    """The draw of that day: made when it is first asked for, the same ever after."""
    zone = visit.console.plan.timezone
    today = visit.now.astimezone(ZoneInfo(zone)).date()
    day = asked.day or today - timedelta(days=1)
    check_day(day, "day")
    if day >= today:
        raise BadInput("day: only a day that is over can be inspected.", "day")
    login = visit.visitor.login
    drawn = await visit.console.books.inspections.draw(
        day, *day_bounds(day, zone), login.name, login.company, _by_lot, unit=login.unit
    )
    rows = await asyncio.gather(*[_row(visit, one) for one in drawn])
    return InspectionView(day=day.isoformat(), inspector=login.name, dockets=tuple(row for row in rows if row))


def _by_lot(numbers: Sequence[str]) -> Sequence[str]:
    return secrets.SystemRandom().sample(numbers, min(DRAWN, len(numbers)))


async def _row(visit: Visit, drawn: Inspection) -> Drawn | None:
    books = visit.console.books
    docket = await books.dockets.get(drawn.docket)
    if docket is None:
        return None
    answers = [call for call in await books.audits.of_docket(docket.number) if call.kind == CONSUMERS_ANSWER]
    return Drawn(
        n=drawn.n,
        docket=docket_view(docket, visit.visitor.login),
        calls=await shown(visit, answers),
        finding=drawn.finding,
        words=drawn.words,
        found_at=drawn.found_at,
    )


async def find(visit: Visit, asked: Find) -> Done:
    """What was found stays as first said; what is not plainly true needs words."""
    if asked.finding != "true" and not asked.words.strip():
        raise BadInput("words: say in a few words what you heard.", "words")
    name = visit.visitor.login.name
    done = await visit.console.books.inspections.found(
        asked.day, name, asked.docket, asked.finding, asked.words.strip(), visit.now
    )
    if not done:
        raise NotPossible("This docket is not of your draw, or you have said what you found.")
    return Done()
