"""Fills the books of a demo line: organisation, network, 12,000 consumers, officers and log-ins (design 3.17).

The same every time. Each shelf is filled in one transaction and only when it is empty, so that a set-up that was
interrupted is finished by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from storage.books import Books
from storage.errors import NotInBooks
from storage.people import Login
from sunwai import demo_consumers, demo_people, reference
from sunwai.demo_stories import Town
from sunwai.reference import places

__all__ = ["SeedReport", "demo_town", "places", "seed"]


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What a demo holds; `new` is False when all of it was there before. `seconds` is how long it took."""

    new: bool
    companies: int
    units: int
    officers: int
    categories: int
    feeders: int
    transformers: int
    consumers: int
    logins: int
    seconds: float


async def seed(books: Books, now: datetime, password_hash: str) -> SeedReport:
    """Writes the demo. `password_hash` (argon2id) becomes everybody's. LiveLine unless the line was set up as a demo.

    `now` is the moment of the audit row.
    """
    await books.seeding.refuse_live()
    begun = time.monotonic()
    organisation = reference.organisation()
    staff = demo_people.officers(organisation)
    net = demo_consumers.network(organisation)
    kinds = reference.categories()
    consumers = demo_consumers.consumers(organisation, net, staff)
    logins = demo_people.logins(organisation, staff, password_hash)
    added = False
    shelves, found = books.seeding, books.consumers
    if await found.company(organisation.companies[-1].code) is None:
        await shelves.add_companies(organisation.companies)
        added = True
    if await found.unit(organisation.units[-1].id) is None:
        await shelves.add_units(organisation.units)
        added = True
    if await found.category(kinds[-1].code) is None:
        await shelves.add_categories(kinds)
        added = True
    if await found.officer(staff[-1].code) is None:
        await shelves.add_officers(staff)
        added = True
    added |= await _add_missing(books, logins)
    if await found.get(consumers[-1].id) is None:
        await _unless_there(shelves.add_feeders(net.feeders))
        await _unless_there(shelves.add_transformers(net.transformers))
        await shelves.add_consumers(consumers)
        added = True
    report = SeedReport(
        new=added,
        companies=len(organisation.companies),
        units=len(organisation.units),
        officers=len(staff),
        categories=len(kinds),
        feeders=len(net.feeders),
        transformers=len(net.transformers),
        consumers=len(consumers),
        logins=len(logins),
        seconds=time.monotonic() - begun,
    )
    if added:
        await books.people.audit("line", "demo_seeded", "line", now, {"consumers": report.consumers})
    return report


def demo_town() -> Town:
    """Whom the stories of the demo are about."""
    organisation = reference.organisation()
    staff = demo_people.officers(organisation)
    company = next(one for one in organisation.companies if one.code == demo_people.MAIN)
    consumers = demo_consumers.consumers(organisation, demo_consumers.network(organisation), staff)
    return Town(company, [one for one in consumers if one.company == company.code])


async def _add_missing(books: Books, logins: list[Login]) -> bool:
    """Adds the log-ins that are not there; passwords of those that are stay as they are."""
    there = {login.name for login in await books.people.logins()}
    missing = [login for login in logins if login.name not in there]
    for login in missing:
        await books.people.add(login)
    return bool(missing)


async def _unless_there(adding: Awaitable[None]) -> None:
    """An interrupted set-up may have come as far as the network; the consumers that follow need it to be right."""
    with suppress(NotInBooks):
        await adding
