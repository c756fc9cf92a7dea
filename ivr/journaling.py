"""What waits in the journal is entered in the books once they take it, by the ways of the call itself (design 3.9)."""

from __future__ import annotations

import asyncio

import structlog

from complaints.ledger import Call, Outcome
from complaints.records import Attempt, origin_of
from ivr import registering, satisfaction
from ivr.house import House
from ivr.meters import JOURNAL
from storage.errors import BooksAway, NotInBooks, StorageError
from storage.journal import AttemptMade, Complaint, Entry, Promised, SpokenMessage

log = structlog.get_logger(__name__)

EVERY_S = 2.0


async def keep_journal(house: House) -> None:
    """Until cancelled: what waits in the journal is entered as soon as the books take it."""
    while True:
        await house.journal.reserve()
        await asyncio.sleep(EVERY_S)
        await enter_waiting(house)


async def enter_waiting(house: House) -> None:
    """One round through the journal, oldest first; it ends at once when the books are still away."""
    entries = await house.journal.entries()
    JOURNAL.set(len(entries))
    for entry in entries:
        try:
            await _enter(house, entry)
        except BooksAway:
            return
        except StorageError as error:
            log.error("journal_entry_refused", kind=type(entry).__name__, error=type(error).__name__)
            continue
        await house.journal.forget(entry)
        log.info("journal_entry_entered", kind=type(entry).__name__)


async def _enter(house: House, entry: Entry) -> None:
    match entry:
        case Complaint():
            await registering.enter(house, entry, _row(house, entry))
        case SpokenMessage():
            await house.books.inbox.add(
                entry.call_ref,
                recording=entry.recording,
                phone=entry.phone,
                company=entry.company,
                at=entry.at,
                docket=entry.docket,
            )
        case Promised():
            await house.books.due.add(entry.work)
        case AttemptMade():
            await _conclude(house, entry.attempt)


async def _conclude(house: House, attempt: Attempt) -> None:
    """A consumer's word counts whenever the books hear of it: the desk decides on the docket as it is by now.

    Once: books that were only slow may have written it after all, when nobody waited for them any more.
    """
    docket = await house.books.dockets.get(attempt.docket)
    company = await house.books.reference.company(docket.company) if docket else None
    if docket is None or company is None:
        raise NotInBooks("an attempt belongs to a docket the books do not know")
    if any(row.attempt.call_ref == attempt.call_ref for row in await house.books.register.rows(attempt.docket)):
        return
    await satisfaction.conclude(house, company, docket, attempt)


def _row(house: House, complaint: Complaint) -> Call:
    """What the ledger shall know of the call at least, should its controller have died before the books were back."""
    return Call(
        call_ref=complaint.call_ref,
        kind="inbound",
        origin=origin_of(complaint.company),
        offered_at=complaint.at,
        node=house.plan.node,
        company=complaint.company,
        phone=None if complaint.sealed else complaint.phone,
        flags={Outcome.DOCKET_REGISTERED: complaint.at.isoformat(timespec="seconds")},
    )
