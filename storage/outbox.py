"""Written messages on their way: registered template and variables, never free text (I5, domain.md 2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, func, or_, select, update

from complaints.records import Message
from storage.columns import insert_all_if_new, insert_if_new
from storage.tables import outbox as table
from storage.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Registration:
    """As what a template is registered with the operators' platform (DLT); kept with each message that was sent."""

    entity: str
    template: str
    header: str
    category: str


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """A message that is ours to send until `leased_until`; `tries` counts claims, this one included."""

    message: Message
    owner: str
    leased_until: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message and what became of it. `state` is waiting, sent, delivered, undelivered or failed."""

    message: Message
    state: str
    written_at: datetime
    tries: int
    gateway_ref: str | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    reason: str | None = None
    registration: Registration | None = None


class Outbox:
    """The messages of all dockets. `owner` names the process that holds a lease."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def add(self, message: Message, at: datetime) -> bool:
        """Writes a message that belongs to no decision; False when its cause is already known."""
        return await self._books.write(lambda c: put(c, message, at))

    async def claim(self, now: datetime, lease_s: float, limit: int, owner: str) -> list[ClaimedMessage]:
        """At most `limit` messages that may go now, oldest first, each ours for `lease_s` seconds."""
        return await self._books.write(lambda c: _claim(c, now, lease_s, limit, owner))

    async def sent(
        self, cause: str, owner: str, gateway_ref: str, at: datetime, registration: Registration | None = None
    ) -> bool:
        """The gateway took it. False: it is no longer ours, another has sent it or will."""
        values: dict[str, object] = {"state": "sent", "gateway_ref": gateway_ref, "sent_at": at, "leased_until": None}
        if registration:
            values |= {
                "dlt_entity": registration.entity,
                "dlt_template": registration.template,
                "dlt_header": registration.header,
                "dlt_category": registration.category,
            }
        return await self._books.write(lambda c: _change_own(c, cause, owner, values))

    async def failed(self, cause: str, owner: str, reason: str, retry_at: datetime | None) -> bool:
        """The gateway did not take it: again at `retry_at`, or never when that is None. False as in `sent`."""
        values: dict[str, object] = {"reason": reason, "owner": None, "leased_until": None}
        values |= {"state": "failed"} if retry_at is None else {"due_at": retry_at}
        return await self._books.write(lambda c: _change_own(c, cause, owner, values))

    async def delivered(self, gateway_ref: str, at: datetime, *, reason: str | None = None) -> bool:
        """The gateway's word on a sent message: it arrived, or (with a reason) it did not. False: unknown reference."""
        values = {"state": "undelivered" if reason else "delivered", "delivered_at": None if reason else at}
        if reason:
            values["reason"] = reason
        statement = update(table).where(table.c.gateway_ref == gateway_ref).values(values)
        return await self._books.write(lambda c: c.execute(statement).rowcount > 0)

    async def for_docket(self, number: str) -> list[PostedMessage]:
        """All messages about a docket, oldest first."""
        return await self._books.read(lambda c: _for_docket(c, number))

    async def counts(self) -> Mapping[str, int]:
        """How many messages are in each state."""
        query = select(table.c.state, func.count()).group_by(table.c.state)
        rows = await self._books.read(lambda c: c.execute(query).all())
        return {state: count for state, count in rows}  # noqa: C416 - rows are not tuples for dict()'s types


def put(connection: Connection, message: Message, at: datetime) -> bool:
    """Part of a transaction: one message, once per cause; False when it was known."""
    return insert_if_new(connection, table, _values(message, at))


def put_all(connection: Connection, messages: Iterable[Message], at: datetime) -> None:
    """Part of a transaction: several messages."""
    insert_all_if_new(connection, table, [_values(message, at) for message in messages])


def _claim(connection: Connection, now: datetime, lease_s: float, limit: int, owner: str) -> list[ClaimedMessage]:
    free = or_(table.c.leased_until.is_(None), table.c.leased_until <= now)
    picked = (
        select(table.c.cause)
        .where(table.c.state == "waiting", table.c.due_at <= now, free)
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    statement = (
        update(table)
        .where(table.c.cause.in_(select(picked.c.cause)))
        .values(owner=owner, leased_until=now + timedelta(seconds=lease_s), tries=table.c.tries + 1)
        .returning(table)
    )
    rows = sorted(connection.execute(statement).mappings(), key=lambda row: (row["due_at"], row["written_at"]))
    return [ClaimedMessage(_message(row), owner, row["leased_until"], row["tries"]) for row in rows]


def _change_own(connection: Connection, cause: str, owner: str, values: Mapping[str, object]) -> bool:
    own = and_(table.c.cause == cause, table.c.owner == owner, table.c.state == "waiting")
    return connection.execute(update(table).where(own).values(dict(values))).rowcount == 1


def _for_docket(connection: Connection, number: str) -> list[PostedMessage]:
    query = select(table).where(table.c.docket == number).order_by(table.c.written_at, table.c.cause)
    return [_posted(row) for row in connection.execute(query).mappings()]


def _values(message: Message, at: datetime) -> dict[str, object]:
    return {
        "cause": message.cause,
        "template": message.template,
        "language": message.language,
        "recipient": message.to,
        "variables": dict(message.variables),
        "docket": message.docket,
        "not_before": message.not_before,
        "written_at": at,
        "due_at": message.not_before or at,
        "state": "waiting",
        "tries": 0,
    }


def _message(row: RowMapping) -> Message:
    return Message(
        cause=row["cause"],
        template=row["template"],
        language=row["language"],
        to=row["recipient"],
        variables=row["variables"],
        docket=row["docket"],
        not_before=row["not_before"],
    )


def _posted(row: RowMapping) -> PostedMessage:
    registration: Any = None
    if row["dlt_template"] is not None:
        registration = Registration(row["dlt_entity"], row["dlt_template"], row["dlt_header"], row["dlt_category"])
    return PostedMessage(
        message=_message(row),
        state=row["state"],
        written_at=row["written_at"],
        tries=row["tries"],
        gateway_ref=row["gateway_ref"],
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        reason=row["reason"],
        registration=registration,
    )
