"""Recorded messages of callers: each becomes a docket or a stated reason (design 3.19)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from complaints.ledger import SEALED
from storage.columns import insert_if_new
from storage.errors import Refused
from storage.tables import calls
from storage.tables import inbox as table
from storage.transactions import Transactions


@dataclass(frozen=True, slots=True)
class RecordedMessage:
    """What a caller left, by call. `docket` may be known at once; settled means heard, by whom and when."""

    call_ref: str
    recording: str
    at: datetime
    phone: str | None = None
    company: str | None = None
    docket: str | None = None
    reason: str | None = None
    settled_by: str | None = None
    settled_at: datetime | None = None


class Inbox:
    """The messages waiting to be heard, and those settled."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def add(
        self,
        call_ref: str,
        *,
        recording: str,
        phone: str | None,
        company: str | None,
        at: datetime,
        docket: str | None = None,
    ) -> bool:
        """Keeps a message, with its docket if the call has one; False when there is one of this call already.

        It stays open until somebody has heard it and settled it.
        """
        message = RecordedMessage(call_ref, recording, at, phone, company, docket)
        return await self._books.write(lambda c: put(c, message))

    async def open(
        self, company: str | None = None, limit: int = 100, *, sealed: bool = False
    ) -> list[RecordedMessage]:
        """Messages not settled yet, oldest first; those of one company, or of all. A message may have no company.

        Messages of sealed calls only on request: an informer's voice is for vigilance.
        """
        query = select(table).where(table.c.settled_at.is_(None)).order_by(table.c.at).limit(limit)
        if not sealed:
            informers = select(calls.c.call_ref).where(
                calls.c.call_ref == table.c.call_ref, calls.c.flags[SEALED].as_string().is_not(None)
            )
            query = query.where(~informers.exists())
        if company is not None:
            query = query.where((table.c.company == company) | table.c.company.is_(None))
        return await self._books.read(lambda c: [_message(row) for row in c.execute(query).mappings()])

    async def get(self, call_ref: str) -> RecordedMessage | None:
        """The message of this call, settled or not."""
        query = select(table).where(table.c.call_ref == call_ref)
        row = await self._books.read(lambda c: c.execute(query).mappings().first())
        return _message(row) if row else None

    async def settle(
        self, call_ref: str, actor: str, at: datetime, *, docket: str | None = None, reason: str | None = None
    ) -> bool:
        """Ends a message with a docket or with a reason, not both; False when it was settled or is unknown."""
        if bool(docket) == bool(reason):
            raise Refused("a message ends with a docket or with a stated reason")
        end: dict[str, object] = {"docket": docket} if docket else {"reason": reason}
        statement = (
            update(table)
            .where(table.c.call_ref == call_ref, table.c.settled_at.is_(None))
            .values(end | {"settled_by": actor, "settled_at": at})
        )
        return await self._books.write(lambda c: c.execute(statement).rowcount == 1)


def put(connection: Connection, message: RecordedMessage) -> bool:
    """Part of a transaction: one message, once per call."""
    return insert_if_new(connection, table, asdict(message))


def _message(row: RowMapping) -> RecordedMessage:
    return RecordedMessage(**dict(row))
