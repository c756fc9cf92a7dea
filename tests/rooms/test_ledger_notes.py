"""Notes of the ledger share their transactions, and none is lost while the books are away."""

import asyncio
from datetime import UTC, datetime, timedelta

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import DueWork, Origin
from storage.errors import BooksAway
from storage.ledger_notes import LedgerNotes

pytest_plugins = ("books_fixture",)

NOON = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)


class CountedCalls:
    """The calls shelf with its writes counted, and away when told so."""

    def __init__(self, calls):
        self._calls = calls
        self.writes = 0
        self.away = False

    async def note_all(self, noted, owed=()):
        if self.away:
            raise BooksAway("the books did not answer within their limit")
        self.writes += 1
        await self._calls.note_all(noted, owed)


def call(number, **facts):
    return Call(f"n1-{number}", "inbound", Origin.LINE, NOON, node="n1", company="PV", **facts)


def ended(number):
    return call(number, ended_at=NOON + timedelta(seconds=30), outcome=Outcome.TALKED, ended_by=EndedBy.CALLER)


async def test_the_end_of_a_call_is_on_disk_when_settle_returns(books):
    notes = LedgerNotes(books.calls)
    notes.note(call(1, stage="main"))
    await notes.settle(ended(1), None)
    row = await books.calls.get("n1-1")
    assert (row.outcome, row.stage) == (Outcome.TALKED, "main")


async def test_a_callback_owed_is_written_with_the_end_it_is_owed_for(books):
    work = DueWork("lost:1", "ring_promise", NOON, "PV", {"phone": "+915000000001"})
    await LedgerNotes(books.calls).settle(ended(1), work)
    assert await books.due.get("lost:1") == work


async def test_calls_that_end_together_share_few_transactions(books):
    counted = CountedCalls(books.calls)
    notes = LedgerNotes(counted)
    await asyncio.gather(*(notes.settle(ended(number), None) for number in range(50)))
    assert counted.writes <= 2
    assert all([await books.calls.get(f"n1-{number}") for number in range(50)])


async def test_what_could_not_be_written_is_written_when_the_books_are_back(books):
    counted = CountedCalls(books.calls)
    counted.away = True
    notes = LedgerNotes(counted)
    work = DueWork("lost:2", "ring_promise", NOON, "PV", {"phone": "+915000000001"})
    await notes.settle(ended(2), work)
    notes.note(call(3, stage="main"))
    assert await books.calls.get("n1-2") is None
    counted.away = False
    await notes.flush()
    assert (await books.calls.get("n1-2")).outcome is Outcome.TALKED
    assert (await books.calls.get("n1-3")).stage == "main"
    assert await books.due.get("lost:2") == work
