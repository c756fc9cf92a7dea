"""Promises with a moment: written with their cause, claimed with a lease, never deleted (I5, design 3.20)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, RowMapping, and_, bindparam, or_, select, update

from complaints.records import DueWork, Message
from storage import outbox
from storage.columns import insert_all_if_new, insert_if_new
from storage.tables import due_work as table
from storage.transactions import Transactions


def _free(now: Any) -> Any:  # noqa: ANN401 - a moment or a place for one; SQLAlchemy's conditions differ with their parts
    return or_(table.c.leased_until.is_(None), table.c.leased_until <= now)


# Statements of every second are built once: building costs more than running them.
_NOW = bindparam("now", type_=table.c.due_at.type)
_IS_DUE = and_(
    table.c.state == "waiting",
    table.c.kind.in_(bindparam("kinds", expanding=True)),
    table.c.due_at <= _NOW,
    _free(_NOW),
)
_ANY = select(table.c.cause).where(_IS_DUE).limit(1)
# One statement for both engines: SQLite has no row locks to skip, there the writer's lock is held already.
_PICKED = (
    select(table.c.cause)
    .where(_IS_DUE)
    .order_by(table.c.due_at)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
    .cte("picked")
)
_CLAIM = (
    update(table)
    .where(table.c.cause.in_(select(_PICKED.c.cause)))
    .values(owner=bindparam("by"), leased_until=bindparam("until"), tries=table.c.tries + 1)
    .returning(table)
)


@dataclass(frozen=True, slots=True)
class ClaimedWork:
    """Work that is ours until `leased_until`. `promised_at` is what was promised first; `tries` counts claims."""

    work: DueWork
    owner: str
    leased_until: datetime
    promised_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Told:
    """One piece of work as it stands. `state` is waiting, done or withdrawn; `result` says how it ended."""

    work: DueWork
    promised_at: datetime
    state: str
    result: str | None
    done_at: datetime | None


class Due:
    """The due work of all kinds. `owner` names the process that holds a lease, such as "ivr:n1:4711"."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def add(self, work: DueWork) -> bool:
        """Writes a promise; False when its cause is already known (whatever became of it)."""
        return await self._books.write(lambda c: put(c, work))

    async def claim(
        self, kinds: Collection[str], now: datetime, lease_s: float, limit: int, owner: str
    ) -> list[ClaimedWork]:
        """At most `limit` pieces that are due, earliest first, each ours for `lease_s` seconds.

        Whoever dies with a lease loses it at its end, and the work is claimable again. Asked each second by every
        process that works: as long as nothing is due, that is one small reading, and nobody waits for the writer.
        """
        asked = {"kinds": list(kinds), "now": now}
        if not await self._books.read(lambda c: c.execute(_ANY, asked).first() is not None):
            return []
        asked |= {"most": limit, "by": owner, "until": now + timedelta(seconds=lease_s)}
        return await self._books.write(lambda c: _claim(c, asked))

    async def done(
        self,
        cause: str,
        owner: str,
        result: str,
        at: datetime,
        *,
        then: DueWork | None = None,
        message: Message | None = None,
    ) -> bool:
        """Ends claimed work; what follows from it (`then`, `message`) is written in the same transaction (I5).

        False: it is no longer ours (withdrawn, or claimed by another after our lease ended), and nothing follows.
        """
        return await self._books.write(lambda c: _done(c, (cause, owner), result, at, then, message))

    async def retry(self, cause: str, owner: str, at: datetime) -> bool:
        """Gives claimed work back, due again at `at`. False as in `done`."""
        values = {"due_at": at, "owner": None, "leased_until": None}
        return await self._books.write(lambda c: _change_own(c, cause, owner, values))

    async def hasten(self, cause: str, at: datetime) -> bool:
        """Makes waiting work due at `at` if it is later; False when it is not waiting."""
        return await self._books.write(lambda c: _hasten(c, cause, at))

    async def release(self, kinds: Collection[str], owner: str) -> int:
        """Gives back what a process of this name held when it died; for its successor's start. How many there were."""
        return await self._books.write(lambda c: _release(c, kinds, owner))

    async def withdraw(self, cause: str) -> bool:
        """Makes waiting work pointless; False when it was not waiting."""
        return await self._books.write(lambda c: take_back(c, cause))

    async def get(self, cause: str) -> DueWork | None:
        """The promise of this cause in whatever state, or None."""
        return await self._books.read(lambda c: _get(c, cause))

    async def pending(self, kinds: Collection[str], limit: int = 1000) -> list[DueWork]:
        """What waits, claimed or not, earliest first."""
        return await self._books.read(lambda c: _waiting(c, [table.c.kind.in_(kinds)], limit))

    async def promised(self, kind: str, begin: datetime, end: datetime) -> list[Told]:
        """Everything of a kind promised in [begin, end), in whatever state, earliest first."""
        query = (
            select(table)
            .where(table.c.kind == kind, table.c.promised_at >= begin, table.c.promised_at < end)
            .order_by(table.c.promised_at)
        )
        return await self._books.read(lambda c: [_told(row) for row in c.execute(query).mappings()])

    async def late(self, now: datetime, limit: int = 1000) -> list[DueWork]:
        """What should have been done before `now` and is held by nobody, earliest first."""
        return await self._books.read(lambda c: _waiting(c, [table.c.due_at < now, _free(now)], limit))


def _done(
    connection: Connection,
    own: tuple[str, str],
    result: str,
    at: datetime,
    then: DueWork | None,
    message: Message | None,
) -> bool:
    cause, owner = own
    values = {"state": "done", "result": result, "done_at": at, "leased_until": None}
    if not _change_own(connection, cause, owner, values):
        return False
    if then is not None:
        put(connection, then)
    if message is not None:
        outbox.put(connection, message, at)
    return True


def put(connection: Connection, work: DueWork) -> bool:
    """Part of a transaction: one promise, once per cause; False when it was known."""
    return insert_if_new(connection, table, _values(work))


def put_all(connection: Connection, works: Iterable[DueWork]) -> None:
    """Part of a transaction: several promises."""
    insert_all_if_new(connection, table, [_values(work) for work in works])


def take_back(connection: Connection, cause: str) -> bool:
    """Part of a transaction: withdraws one waiting promise."""
    waiting = and_(table.c.cause == cause, table.c.state == "waiting")
    values = {"state": "withdrawn", "leased_until": None}
    return connection.execute(update(table).where(waiting).values(values)).rowcount == 1


def _claim(connection: Connection, asked: Mapping[str, object]) -> list[ClaimedWork]:
    claimed = [_claimed(row) for row in connection.execute(_CLAIM, asked).mappings()]
    return sorted(claimed, key=lambda each: each.work.due_at)


def _change_own(connection: Connection, cause: str, owner: str, values: Mapping[str, object]) -> bool:
    own = and_(table.c.cause == cause, table.c.owner == owner, table.c.state == "waiting")
    return connection.execute(update(table).where(own).values(dict(values))).rowcount == 1


def _hasten(connection: Connection, cause: str, at: datetime) -> bool:
    later = and_(table.c.cause == cause, table.c.state == "waiting", table.c.due_at > at)
    return connection.execute(update(table).where(later).values(due_at=at)).rowcount == 1


def _release(connection: Connection, kinds: Collection[str], owner: str) -> int:
    held = and_(table.c.owner == owner, table.c.state == "waiting", table.c.kind.in_(kinds))
    return connection.execute(update(table).where(held).values(owner=None, leased_until=None)).rowcount


def _get(connection: Connection, cause: str) -> DueWork | None:
    row = connection.execute(select(table).where(table.c.cause == cause)).mappings().first()
    return _work(row) if row else None


def _waiting(connection: Connection, conditions: Iterable[Any], limit: int) -> list[DueWork]:
    query = select(table).where(table.c.state == "waiting", *conditions).order_by(table.c.due_at).limit(limit)
    return [_work(row) for row in connection.execute(query).mappings()]


def _values(work: DueWork) -> dict[str, object]:
    return {
        "cause": work.cause,
        "kind": work.kind,
        "promised_at": work.due_at,
        "due_at": work.due_at,
        "company": work.company,
        "payload": dict(work.payload),
        "state": "waiting",
        "tries": 0,
    }


def _work(row: RowMapping) -> DueWork:
    return DueWork(row["cause"], row["kind"], row["due_at"], row["company"], row["payload"])


def _told(row: RowMapping) -> Told:
    return Told(_work(row), row["promised_at"], row["state"], row["result"], row["done_at"])


def _claimed(row: RowMapping) -> ClaimedWork:
    return ClaimedWork(_work(row), row["owner"], row["leased_until"], row["promised_at"], row["tries"])
