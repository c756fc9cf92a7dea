"""Registering a complaint, now or, when the books are away or slow, from the journal once they are back (design 3.9).

One way for both: the same facts, the same desk, the same cause, so that a complaint is entered exactly once.
"""

from __future__ import annotations

import asyncio

import structlog

from complaints import desk
from complaints.ledger import Call, Outcome
from complaints.records import Company, Decision, Docket, origin_of
from ivr.house import House
from ivr.meters import JOURNAL
from storage.errors import BooksAway, NotInBooks, StorageError
from storage.journal import Complaint, Entry, Promised, SpokenMessage

log = structlog.get_logger(__name__)

EVERY_S = 2.0


async def enter(house: House, complaint: Complaint, noted: Call) -> Docket:
    """The docket of this complaint, made unless its cause is known. StorageError when the books will not have it."""
    books = house.books
    category = await books.reference.category(complaint.category)
    if category is None:
        raise NotInBooks(f"there is no category {complaint.category}")
    consumer = await books.consumers.get(complaint.consumer_id) if complaint.consumer_id is not None else None
    code = complaint.company
    if consumer is None and not complaint.looked_up and complaint.phone:
        known = await books.callers.by_phone(complaint.phone, complaint.company, complaint.at)
        consumer = known.consumers[0] if len(known.consumers) == 1 else None
        code = known.company.code if known.company else code
    company = await books.reference.company(consumer.company if consumer else code)
    officers = await books.reference.officers_for(consumer.unit if consumer else None)

    def decide(number: str) -> Decision:
        facts = desk.Registration(
            cause=complaint.cause,
            number=number,
            company=company or Company(code, code),
            category=category,
            language=complaint.language,
            consumer=consumer,
            phone=complaint.phone,
            sealed=complaint.sealed,
            call_ref=complaint.call_ref,
            origin=origin_of(company.code if company else code),
            officers=officers,
        )
        return desk.register(facts, complaint.at)

    return await books.dockets.register(decide, noted)


async def keep_journal(house: House) -> None:
    """Until cancelled: what waits in the journal is entered as soon as the books take it."""
    while True:
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
            await enter(house, entry, _row(house, entry))
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
