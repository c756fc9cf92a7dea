"""Registering a complaint, now or, when the books are away or slow, from the journal once they are back (design 3.9).

One way for both: the same facts, the same desk, the same cause, so that a complaint is entered exactly once.
"""

from __future__ import annotations

from collections.abc import Callable

from complaints import desk
from complaints.ledger import Call
from complaints.records import Company, Decision, Docket, origin_of
from ivr.house import House
from storage.errors import NotInBooks
from storage.journal import Complaint


async def enter(house: House, complaint: Complaint, noted: Call) -> Docket:
    """The docket of this complaint, made unless its cause is known. StorageError when the books will not have it."""
    return await house.books.dockets.register(await decider(house, complaint), noted)


async def decider(house: House, complaint: Complaint) -> Callable[[str], Decision]:
    """What the desk decides about this complaint, given the number of its docket."""
    books = house.books
    category = await books.reference.category(complaint.category)
    if category is None:
        raise NotInBooks(f"there is no category {complaint.category}")
    consumer = await books.consumers.get(complaint.consumer_id) if complaint.consumer_id is not None else None
    code = complaint.company
    if consumer is None and not complaint.looked_up and complaint.phone:
        known = await books.callers.by_phone(complaint.phone, complaint.company, complaint.at)
        consumer = known.consumers[0] if len(known.consumers) == 1 else None
        code = known.company
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

    return decide
