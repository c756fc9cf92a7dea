"""Promises of seeding: a demo is written once, finished when it was interrupted, and never on a live line."""

from datetime import UTC, datetime

import pytest

from storage.books import Books
from storage.errors import LiveLine
from storage.migrations import migrate
from sunwai import demo_consumers, demo_people, reference
from sunwai.demo import seed

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
HASH = "$argon2id$demo"


@pytest.fixture
async def books(tmp_path):
    url = f"sqlite:///{tmp_path / 'books.db'}"
    migrate(url)
    books = Books(url)
    await books.open()
    yield books
    await books.close()


async def test_a_demo_is_written_whole_and_only_once(books):
    await books.set_line_kind("demo")

    first = await seed(books, NOW, HASH)
    second = await seed(books, NOW, "another")

    assert first.new
    assert not second.new
    assert (first.feeders, first.transformers, first.consumers) == (50, 482, 12_025)
    assert len(await books.people.logins()) == first.logins == 166
    assert (await books.people.login("A17")).password_hash == HASH
    assert [row.deed for row in await books.people.audit_rows("line")] == ["demo_seeded"]


async def test_who_answers_for_a_place_is_found_on_all_rungs(books):
    await books.set_line_kind("demo")
    await seed(books, NOW, HASH)

    found = await books.consumers.officers_for("SD-12")

    assert {level: officer.code for level, officer in found.items()} == {
        1: "J34",
        2: "D12",
        3: "X05",
        4: "E03",
        5: "C02",
        6: "M01",
    }
    assert len(await books.consumers.by_phone("PROBE", "+915000000003")) == 3
    assert len(await books.consumers.categories("UV")) == 12


@pytest.mark.parametrize("kind", [None, "live"])
async def test_a_line_that_is_no_demo_is_refused_and_nothing_is_written(books, kind):
    if kind:
        await books.set_line_kind(kind)

    with pytest.raises(LiveLine):
        await seed(books, NOW, HASH)

    assert await books.consumers.companies() == []


async def test_an_interrupted_set_up_is_finished_by_the_next(books):
    await books.set_line_kind("demo")
    organisation = reference.organisation()
    await books.seeding.add_companies(organisation.companies)
    await books.seeding.add_units(organisation.units)
    await books.seeding.add_feeders(demo_consumers.network(organisation).feeders)
    staff = demo_people.officers(organisation)
    await books.people.add(demo_people.logins(organisation, staff, "earlier")[0])

    report = await seed(books, NOW, HASH)

    assert report.new
    assert await books.consumers.get(report.consumers) is not None
    assert (await books.people.login("A01")).password_hash == "earlier"
    assert len(await books.people.logins()) == report.logins
