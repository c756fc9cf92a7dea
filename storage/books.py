"""The books: one object with a shelf for each subject, opened once per process."""

from __future__ import annotations

from sqlalchemy import Connection, text

from storage.audits import Audits
from storage.callers import Callers
from storage.calls import Calls
from storage.consumers import Consumers
from storage.dockets import Dockets
from storage.due import Due
from storage.editions import Editions
from storage.errors import WrongSchema
from storage.inbox import Inbox
from storage.inspections import Inspections
from storage.line_state import LineState
from storage.migrations import schema_found, schema_wanted
from storage.outbox import Outbox
from storage.people import People
from storage.promised_times import PromisedTimes
from storage.reference_data import ReferenceData
from storage.register import Register
from storage.second_factors import SecondFactors
from storage.seeding import LineKind, Seeding
from storage.staffing import Staffing
from storage.transactions import transactions

LIMIT_S = 5.0


class Books:
    """All that is written down. `url` is "sqlite:///<file>" or "postgresql://..."; `limit_s` bounds every call in it.

    Every method of every shelf may raise BooksAway; what was written then is unknown and is repeated by its cause.
    """

    def __init__(self, url: str, *, limit_s: float = LIMIT_S) -> None:
        self.transactions = transactions(url, limit_s)
        self.dockets = Dockets(self.transactions)
        self.consumers = Consumers(self.transactions)
        self.calls = Calls(self.transactions)
        self.callers = Callers(self.transactions)
        self.reference = ReferenceData(self.consumers)
        self.due = Due(self.transactions)
        self.outbox = Outbox(self.transactions)
        self.inbox = Inbox(self.transactions)
        self.line_state = LineState(self.transactions)
        self.register = Register(self.transactions)
        self.people = People(self.transactions)
        self.audits = Audits(self.transactions)
        self.inspections = Inspections(self.transactions)
        self.second_factors = SecondFactors(self.transactions)
        self.staffing = Staffing(self.transactions)
        self.editions = Editions(self.transactions)
        self.promised_times = PromisedTimes(self.transactions)
        self.seeding = Seeding(self.transactions)

    async def open(self) -> None:
        """Checks that the books can be read and fit this program; WrongSchema or BooksAway otherwise."""
        found = await self.transactions.read(schema_found)
        wanted = schema_wanted()
        if found != wanted:
            raise WrongSchema(
                f"the books are at schema {found or 'none'}, this program needs {wanted}: run `sunwai setup`"
            )

    async def close(self) -> None:
        """Finishes what is being written and ends all connections."""
        for reading in (self.callers, self.calls, self.reference):
            await reading.close()
        await self.transactions.close()

    async def ping(self) -> None:
        """Returns when the books answer; BooksAway otherwise."""
        await self.transactions.read(_ping)

    async def line_kind(self) -> LineKind | None:
        """What this line was set up as; None before that."""
        return await self.seeding.line_kind()

    async def set_line_kind(self, kind: LineKind) -> None:
        """Says once for all what this line is; LiveLine when it already is the other kind."""
        await self.seeding.set_line_kind(kind)


def _ping(connection: Connection) -> None:
    connection.execute(text("SELECT 1"))
