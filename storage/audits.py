"""Finding recorded calls, and the score cards given to them: what an auditor works with (domain.md 3.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, literal, select, tuple_, update

from complaints.ledger import SEALED, Call, Outcome
from complaints.records import Origin
from complaints.scoring import Point
from storage.calls import call_of
from storage.columns import insert_if_new
from storage.dockets import unit_and_below
from storage.people import write_audit
from storage.tables import audit_scores, calls, dockets
from storage.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Score:
    """What one scorer said of a call; `score` is 0..100 (`scoring.score_of`). An agent may contest it once."""

    call_ref: str
    scorer: str
    agent: str
    company: str | None
    at: datetime
    points: Mapping[Point, bool | None]
    score: float | None
    remark: str
    contested: str | None = None
    contested_at: datetime | None = None
    answer: str | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CallsAsked:
    """Which recorded calls are wanted; None asks for all. Calls offered in [begin, end), latest first.

    `unit`: only what belongs to a docket of it or of what lies below. `scored`: "no", "yes" or "contested";
    `score_below` 0..100. `after` is (offered_at, call_ref) of the last one seen.
    """

    begin: datetime
    end: datetime
    company: str | None = None
    unit: str | None = None
    docket: str | None = None
    agent: str | None = None
    phone: str | None = None
    outcome: Outcome | None = None
    scored: str | None = None
    score_below: float | None = None
    sealed: bool = False
    after: tuple[datetime, str] | None = None
    limit: int = 50


class Audits:
    """Reading recorded calls; writing and contesting scores."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def search(self, asked: CallsAsked) -> list[Call]:
        """Answered calls of the line, of every kind."""
        query = (
            select(calls)
            .where(*_wanted(asked))
            .order_by(calls.c.offered_at.desc(), calls.c.call_ref.desc())
            .limit(asked.limit)
        )
        return await self._books.read(lambda c: [call_of(row) for row in c.execute(query).mappings()])

    async def of_docket(self, docket: str, limit: int = 50) -> list[Call]:
        """The calls in which a docket was spoken of, oldest first."""
        query = select(calls).where(calls.c.docket == docket).order_by(calls.c.offered_at).limit(limit)
        return await self._books.read(lambda c: [call_of(row) for row in c.execute(query).mappings()])

    async def scores(self, call_refs: Sequence[str]) -> list[Score]:
        """The scores of these calls, first given first."""
        query = select(audit_scores).where(audit_scores.c.call_ref.in_(call_refs)).order_by(audit_scores.c.at)
        return await self._books.read(lambda c: [_score(row) for row in c.execute(query).mappings()])

    async def scores_of_agent(self, agent: str, limit: int = 50) -> list[Score]:
        """The latest scores of an agent, latest first."""
        query = select(audit_scores).where(audit_scores.c.agent == agent)
        query = query.order_by(audit_scores.c.at.desc()).limit(limit)
        return await self._books.read(lambda c: [_score(row) for row in c.execute(query).mappings()])

    async def contested(self, company: str | None, limit: int = 100) -> list[Score]:
        """Scores an agent has contested and nobody has answered, oldest first."""
        table = audit_scores
        query = select(table).where(table.c.contested_at.is_not(None), table.c.answered_at.is_(None))
        if company is not None:
            query = query.where(table.c.company == company)
        query = query.order_by(table.c.at).limit(limit)
        return await self._books.read(lambda c: [_score(row) for row in c.execute(query).mappings()])

    async def scored_between(self, begin: datetime, end: datetime, company: str | None) -> list[Score]:
        """All scores given in [begin, end), by call and then in the order they were given."""
        query = select(audit_scores).where(audit_scores.c.at >= begin, audit_scores.c.at < end)
        if company is not None:
            query = query.where(audit_scores.c.company == company)
        query = query.order_by(audit_scores.c.call_ref, audit_scores.c.at)
        return await self._books.read(lambda c: [_score(row) for row in c.execute(query).mappings()])

    async def score(self, score: Score, actor: str) -> bool:
        """Keeps a score and its audit row; False when this scorer has scored the call already."""
        return await self._books.write(lambda c: _put(c, score, actor))

    async def contest(self, call_ref: str, scorer: str, agent: str, reason: str, at: datetime) -> bool:
        """The agent contests a score of his; False when there is none, or he has contested it before."""
        here = and_(_key(call_ref, scorer), audit_scores.c.agent == agent, audit_scores.c.contested_at.is_(None))
        values: dict[str, object] = {"contested": reason, "contested_at": at}
        return await self._books.write(lambda c: _change(c, here, values, f"agent:{agent}", "contest", call_ref, at))

    async def answer(self, call_ref: str, scorer: str, answer: str, actor: str, at: datetime) -> bool:
        """A supervisor answers a contested score; False when it is not contested, or answered already."""
        open_one = and_(audit_scores.c.contested_at.is_not(None), audit_scores.c.answered_at.is_(None))
        values: dict[str, object] = {"answer": answer, "answered_by": actor, "answered_at": at}
        here = and_(_key(call_ref, scorer), open_one)
        return await self._books.write(lambda c: _change(c, here, values, actor, "answer_contest", call_ref, at))


def _key(call_ref: str, scorer: str) -> ColumnElement[bool]:
    return and_(audit_scores.c.call_ref == call_ref, audit_scores.c.scorer == scorer)


def _wanted(asked: CallsAsked) -> list[ColumnElement[bool]]:
    """One condition for each thing asked for."""
    wanted: list[ColumnElement[bool]] = [
        calls.c.origin == Origin.LINE,
        calls.c.offered_at >= asked.begin,
        calls.c.offered_at < asked.end,
        calls.c.answered_at.is_not(None),
    ]
    for name in ("company", "docket", "agent", "phone", "outcome"):
        value = getattr(asked, name)
        if value is not None:
            wanted.append(calls.c[name] == value)
    if asked.unit is not None:
        theirs = select(dockets.c.number).where(dockets.c.unit.in_(unit_and_below(asked.unit)))
        wanted.append(calls.c.docket.in_(theirs))
    if not asked.sealed:
        wanted.append(calls.c.flags[SEALED].as_string().is_(None))
    if asked.after is not None:
        wanted.append(tuple_(calls.c.offered_at, calls.c.call_ref) < tuple_(*_bound(asked.after)))
    return wanted + _by_score(asked)


def _bound(after: tuple[datetime, str]) -> tuple[Any, Any]:
    return literal(after[0], calls.c.offered_at.type), literal(after[1])


def _by_score(asked: CallsAsked) -> list[ColumnElement[bool]]:
    of_this_call = audit_scores.c.call_ref == calls.c.call_ref
    wanted: list[ColumnElement[bool]] = []
    if asked.scored == "no":
        wanted.append(~exists().where(of_this_call))
    elif asked.scored == "yes":
        wanted.append(exists().where(of_this_call))
    elif asked.scored == "contested":
        wanted.append(exists().where(of_this_call, audit_scores.c.contested_at.is_not(None)))
    if asked.score_below is not None:
        wanted.append(exists().where(of_this_call, audit_scores.c.score < asked.score_below))
    return wanted


def _put(connection: Connection, score: Score, actor: str) -> bool:
    row = {
        "call_ref": score.call_ref,
        "scorer": score.scorer,
        "agent": score.agent,
        "company": score.company,
        "at": score.at,
        "points": {str(point): done for point, done in score.points.items()},
        "score": score.score,
        "remark": score.remark,
    }
    if not insert_if_new(connection, audit_scores, row):
        return False
    write_audit(connection, actor, "score", f"recording:{score.call_ref}", score.at, {"agent": score.agent})
    return True


def _change(
    connection: Connection,
    here: ColumnElement[bool],
    values: Mapping[str, object],
    actor: str,
    deed: str,
    call_ref: str,
    at: datetime,
) -> bool:
    if connection.execute(update(audit_scores).where(here).values(dict(values))).rowcount != 1:
        return False
    write_audit(connection, actor, deed, f"recording:{call_ref}", at, {})
    return True


def _score(row: RowMapping) -> Score:
    values: dict[str, Any] = dict(row)
    values["points"] = {Point(name): done for name, done in row["points"].items()}
    return Score(**values)
