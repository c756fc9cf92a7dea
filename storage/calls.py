"""The line's ledger: one row per call, an upsert keyed by its call_ref, and the sums over it (I1, design 3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, bindparam, func, or_, select, update

from complaints.ledger import LATE_S, Answer, Call, EndedBy, Outcome, is_lost
from complaints.records import DueWork, Origin
from dialplan.deeds import PROMPT_STYLE
from storage import due
from storage.call_rows import UNHEARD_STAGE, merged
from storage.columns import insert_if_new
from storage.tables import calls as table
from storage.together import Together
from storage.transactions import Transactions

TO_THE_LINE = ("inbound", "field")
"""Kinds of calls that were made to us; the ledger of what was offered holds these only."""
ALL_KINDS = (*TO_THE_LINE, "satisfaction", "callback")

# Statements of the call path are built once: building costs more than running them.
_BY_REF = select(table).where(table.c.call_ref == bindparam("ref"))
_HELD_BY_REF = _BY_REF.with_for_update()
_BY_REFS = select(table).where(table.c.call_ref.in_(bindparam("refs", expanding=True)))
_CHANGE = update(table).where(table.c.call_ref == bindparam("ref"))
_FIELDS = tuple(field.name for field in fields(Call))
_NOTHING_GOT = (Outcome.CALLER_LEFT, Outcome.CUT, Outcome.REJECTED_CAPACITY)


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """The ledger of a stretch of time. `going` counts calls not ended, or ended less than 60 s ago and not yet settled.

    `without_outcome` and `lost` hold call_refs. `balanced` is the law: offered = sum of outcomes + going.
    """

    offered: int
    outcomes: Mapping[Outcome, int]
    going: int
    without_outcome: tuple[str, ...]
    lost: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        return not self.without_outcome and self.offered == sum(self.outcomes.values()) + self.going


@dataclass(frozen=True, slots=True)
class Queued:
    """A call to us that was put into the queue, as far as the service level must know it."""

    queued_at: datetime
    talked_at: datetime | None
    is_over: bool
    is_short: bool


@dataclass(frozen=True, slots=True)
class AnsweredCall:
    """How the questions of one call were answered, and in which style it was told that it may speak."""

    style: str
    answers: tuple[Answer, ...]


class Calls:
    """Noting calls and summing them up."""

    def __init__(self, books: Transactions) -> None:
        self._books = books
        self._rows = Together(self._found)

    async def close(self) -> None:
        """Before the books are closed."""
        await self._rows.close()

    async def note(self, call: Call) -> Call:
        """Adds what is known about a call to its row, by the rules of `call_rows.merged`; returns the row."""
        return await self._books.write(lambda c: put(c, call))

    async def note_all(self, noted: Iterable[Call], owed: Iterable[DueWork] = ()) -> None:
        """Notes of many calls, and the callbacks their callers are owed, in one transaction (I5)."""
        await self._books.write(lambda c: _note_all(c, noted, owed))

    async def get(self, call_ref: str) -> Call | None:
        """The row of this call."""
        return await self._rows.ask(call_ref)

    async def live(self) -> list[Call]:
        """Calls of all kinds and nodes that have not ended, oldest first."""
        return await self._select(select(table).where(table.c.ended_at.is_(None)).order_by(table.c.offered_at))

    async def open_calls(self, node: str) -> list[Call]:
        """Calls of a node that have not ended: what its controller reconciles when it connects."""
        open_here = and_(table.c.node == node, table.c.ended_at.is_(None))
        return await self._select(select(table).where(open_here).order_by(table.c.offered_at))

    async def left_by(self, node: str) -> list[Call]:
        """Calls of a dead node that have no outcome, ended or not: what another node settles in its place."""
        unsettled = and_(table.c.outcome.is_(None), table.c.ended_at.is_not(None), table.c.kind.in_(TO_THE_LINE))
        left = and_(table.c.node == node, or_(table.c.ended_at.is_(None), unsettled))
        return await self._select(select(table).where(left).order_by(table.c.offered_at))

    async def ended_unheard(self, node: str, since: datetime) -> list[Call]:
        """Calls to a node, offered since then, whose end no controller heard: Asterisk's own log alone told it."""
        unheard = or_(table.c.outcome.is_(None), table.c.stage == UNHEARD_STAGE)
        here = and_(table.c.node == node, table.c.offered_at >= since, table.c.kind.in_(TO_THE_LINE))
        query = select(table).where(here, table.c.ended_at.is_not(None), unheard).order_by(table.c.offered_at)
        return await self._select(query)

    async def of_phone(self, phone: str, since: datetime) -> list[Call]:
        """Calls from or to a number since then, oldest first."""
        since_then = and_(table.c.phone == phone, table.c.offered_at >= since)
        return await self._select(select(table).where(since_then).order_by(table.c.offered_at))

    async def queued(self, day_start: datetime, day_end: datetime, origin: Origin) -> list[Queued]:
        """Calls to us offered in [day_start, day_end) that were put into the queue.

        Not their whole rows: the wallboard reads a day of ten thousand again and again, and that took half a second.
        """
        is_over, is_short = table.c.ended_at.is_not(None), table.c.outcome.is_not_distinct_from(Outcome.SHORT_ABANDON)
        query = select(table.c.queued_at, table.c.talked_at, is_over, is_short).where(
            _offered(day_start, day_end, origin, TO_THE_LINE), table.c.queued_at.is_not(None)
        )
        return await self._books.read(lambda c: [Queued(*row) for row in c.execute(query)])

    async def answered(self, start: datetime, end: datetime, origin: Origin) -> list[AnsweredCall]:
        """Calls of all kinds offered in [start, end) that were asked anything; two columns of each are read."""
        query = select(table.c.flags, table.c.answers).where(_offered(start, end, origin, ALL_KINDS))
        rows = await self._books.read(lambda c: c.execute(query).all())
        return [
            AnsweredCall(flags.get(PROMPT_STYLE, ""), tuple(Answer(*answer) for answer in answers))
            for flags, answers in rows
            if answers
        ]

    async def ledger(
        self,
        day_start: datetime,
        day_end: datetime,
        origin: Origin = Origin.LINE,
        *,
        now: datetime,
        kinds: Sequence[str] = TO_THE_LINE,
    ) -> LedgerSum:
        """The sum over calls offered in [day_start, day_end). `now` tells which of them are still going."""
        return await self._books.read(lambda c: _ledger(c, _offered(day_start, day_end, origin, kinds), now))

    async def _found(self, call_refs: Sequence[str]) -> dict[str, Call | None]:
        rows = await self._books.read(lambda c: c.execute(_BY_REFS, {"refs": call_refs}).mappings().all())
        found = {row["call_ref"]: call_of(row) for row in rows}
        return {call_ref: found.get(call_ref) for call_ref in call_refs}

    async def _select(self, query: Select[Any]) -> list[Call]:
        return await self._books.read(lambda c: [call_of(row) for row in c.execute(query).mappings()])


def put(connection: Connection, call: Call) -> Call:
    """Part of a transaction: one note, merged into the row. A row that would not change is not written."""
    here = {"ref": call.call_ref}
    row = connection.execute(_HELD_BY_REF, here).mappings().first()
    if row is None:
        if insert_if_new(connection, table, _values(call)):
            return call
        row = connection.execute(_HELD_BY_REF, here).mappings().one()  # another process was the first to note it
    kept = call_of(row)
    together = merged(kept, call)
    if together != kept:
        connection.execute(_CHANGE, here | _values(together))
    return together


def _note_all(connection: Connection, noted: Iterable[Call], owed: Iterable[DueWork]) -> None:
    for work in owed:
        due.put(connection, work)
    for call in noted:
        put(connection, call)


def unsettled(connection: Connection, node: str, before: datetime) -> list[Call]:
    """Part of a transaction: calls to us that ended before then without an outcome, held for writing."""
    query = (
        select(table)
        .where(
            table.c.node == node,
            table.c.outcome.is_(None),
            table.c.ended_at.is_not(None),
            table.c.ended_at <= before,
            table.c.kind.in_(TO_THE_LINE),
        )
        .with_for_update()
    )
    return [call_of(row) for row in connection.execute(query).mappings()]


def is_known(connection: Connection, call_ref: str) -> bool:
    """Part of a transaction: True when the call has a row."""
    return connection.execute(select(table.c.call_ref).where(table.c.call_ref == call_ref)).first() is not None


def call_of(row: RowMapping) -> Call:
    """The record kept in a row of `calls`."""
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    values["origin"] = Origin(row["origin"])
    values["outcome"] = Outcome(row["outcome"]) if row["outcome"] else None
    values["ended_by"] = EndedBy(row["ended_by"]) if row["ended_by"] else None
    values["steps"] = tuple((at, name) for at, name in row["steps"])
    values["answers"] = tuple(Answer(*answer) for answer in row["answers"])
    return Call(**values)


def _values(call: Call) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(call, name) for name in _FIELDS}
    values["flags"] = {str(name): value for name, value in call.flags.items()}
    values["steps"] = [list(step) for step in call.steps]
    values["answers"] = [list(astuple(answer)) for answer in call.answers]
    return values


def _offered(start: datetime, end: datetime, origin: Origin, kinds: Sequence[str]) -> Any:  # noqa: ANN401 - SQLAlchemy's type of a condition differs with its parts
    return and_(
        table.c.origin == origin, table.c.offered_at >= start, table.c.offered_at < end, table.c.kind.in_(kinds)
    )


def _ledger(connection: Connection, offered: Any, now: datetime) -> LedgerSum:  # noqa: ANN401 - as above
    count = func.count()
    by_outcome = connection.execute(select(table.c.outcome, count).where(offered).group_by(table.c.outcome)).all()
    outcomes = {Outcome(name): int(number) for name, number in by_outcome if name is not None}
    total = sum(int(number) for _, number in by_outcome)
    got_nothing = or_(table.c.outcome.in_(_NOTHING_GOT), table.c.outcome.is_(None))
    doubtful = [call_of(row) for row in connection.execute(select(table).where(offered, got_nothing)).mappings()]
    without = {call.call_ref for call in _ended_without_outcome(doubtful, now)}
    lost = sorted(call.call_ref for call in doubtful if is_lost(call) and (call.outcome or call.call_ref in without))
    going = total - sum(outcomes.values()) - len(without)
    return LedgerSum(total, outcomes, going, tuple(sorted(without)), tuple(lost))


def _ended_without_outcome(calls: Iterable[Call], now: datetime) -> list[Call]:
    late = now - timedelta(seconds=LATE_S)
    return [call for call in calls if call.outcome is None and call.ended_at and call.ended_at < late]
