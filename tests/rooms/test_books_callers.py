"""Who is calling, who answers for the place, and filling the books of a demo."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from books_town import consumer

from complaints.ledger import Call
from complaints.records import Category, Company, DueWork, Origin, Settlement
from storage.books import Books
from storage.callers import Place
from storage.errors import LiveLine, NotInBooks

pytest_plugins = ("books_fixture",)


async def test_a_phone_with_several_connections_gives_them_all(town: Books) -> None:
    both = [consumer(1, "1000000018", "+915000012345"), consumer(2, "1000000026", "+915000012345")]
    assert await town.consumers.by_phone("PV", "+915000012345") == both
    assert await town.consumers.by_phone(None, "+915000012345") == both
    assert await town.consumers.by_phone("PROBE", "+915000012345") == []
    assert await town.consumers.by_phone(None, "+915000000001") == []


async def test_a_connection_is_found_by_its_number(town: Books) -> None:
    assert await town.consumers.by_number("1000000034") == consumer(3, "1000000034", None)
    assert await town.consumers.by_number("1000000035") is None
    assert await town.consumers.get(3) == consumer(3, "1000000034", None)


async def test_a_chosen_language_is_remembered_for_any_number(books: Books) -> None:
    assert await books.consumers.language_of("+915000000077") is None
    await books.consumers.remember_language("+915000000077", "ur")
    await books.consumers.remember_language("+915000000077", "en")
    assert await books.consumers.language_of("+915000000077") == "en"


async def test_the_officers_of_a_place_are_the_nearest_of_each_level(town: Books) -> None:
    found = await town.consumers.officers_for("SD-01")
    assert {level: officer.code for level, officer in found.items()} == {1: "J09", 2: "S01", 3: "X01", 6: "M01"}
    rural = await town.consumers.officers_for("SD-02")
    assert {level: officer.code for level, officer in rural.items()} == {1: "J01", 3: "X01", 6: "M01"}
    assert await town.consumers.officers_for("nowhere") == {}


async def test_the_organisation_comes_back_as_it_was_written(town: Books) -> None:
    unit = await town.consumers.unit("SD-02")
    assert unit is not None
    assert (unit.parent, unit.settlement) == ("DV-01", Settlement.RURAL)
    assert [each.id for each in await town.consumers.units("PV")] == ["DV-01", "PV-0", "SD-01", "SD-02"]
    officer = await town.consumers.officer("X01")
    assert officer is not None
    assert (officer.level, officer.unit) == (3, "DV-01")
    assert await town.consumers.staff_phones() == {"+915000000009", "+915000000301"}
    probe = Company("PROBE", "Probe", hours=("00:00", "24:00"), verify_delay_min=0)
    assert await town.consumers.company("PROBE") == probe
    assert [each.code for each in await town.consumers.companies()] == ["PROBE", "PV"]
    assert await town.consumers.company("NONE") is None


async def test_a_company_has_the_common_kinds_of_complaints_and_its_own(town: Books) -> None:
    own = Category("SOLAR", {"en": "Solar meter"}, 168, 360, 3, None)
    await town.seeding.add_categories([own], company="PV")
    assert [each.code for each in await town.consumers.categories("PV")] == ["SOLAR", "SUP-FUSE"]
    assert [each.code for each in await town.consumers.categories("PROBE")] == ["SUP-FUSE"]
    assert await town.consumers.category("SOLAR") == own


async def test_the_books_of_a_live_line_never_become_a_demo(books: Books) -> None:
    assert await books.line_kind() is None
    with pytest.raises(LiveLine):
        await books.seeding.refuse_live()
    await books.set_line_kind("live")
    await books.set_line_kind("live")
    with pytest.raises(LiveLine):
        await books.set_line_kind("demo")
    with pytest.raises(LiveLine):
        await books.seeding.refuse_live()
    assert await books.line_kind() == "live"


async def test_a_demo_may_be_seeded(books: Books) -> None:
    await books.set_line_kind("demo")
    await books.seeding.refuse_live()


async def test_twelve_thousand_connections_are_written_at_once(town: Books) -> None:
    many = [consumer(100 + nth, f"2{nth:09d}", f"+9150001{nth:05d}") for nth in range(12_000)]
    await town.seeding.add_consumers(many)
    assert await town.consumers.by_number("2000011999") == many[-1]


async def test_a_connection_of_nowhere_is_refused_and_nothing_of_the_batch_is_written(town: Books) -> None:
    good = consumer(10, "3000000010", None)
    with pytest.raises(NotInBooks):
        await town.seeding.add_consumers([good, replace(good, id=11, number="3000000011", unit="nowhere")])
    assert await town.consumers.by_number("3000000010") is None


async def test_who_is_owed_a_callback_has_his_old_place_until_it_is_kept(books: Books) -> None:
    phone, now = "+915000012345", datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
    asked_at = now - timedelta(hours=2)
    call = Call("n1-1.0", "inbound", Origin.LINE, asked_at, phone=phone, queued_at=asked_at)
    await books.calls.note(replace(call, callback_cause="promise:n1-1.0"))
    assert (await books.callers.by_phone(phone, "PV", now)).place is None
    work = DueWork("promise:n1-1.0", "ring_promise", now, "PV", {"phone": phone, "purpose": "cut"})
    await books.due.add(work)
    assert (await books.callers.by_phone(phone, "PV", now)).place == Place(asked_at, cut=True)
    assert (await books.callers.by_phone("+915000099999", "PV", now)).place is None
    assert (await books.callers.by_phone(phone, "PV", now + timedelta(days=2))).place is None
    await books.due.withdraw(work.cause)
    await books.due.add(replace(work, cause="promise:n1-1.0#2", payload={"phone": phone}))
    assert (await books.callers.by_phone(phone, "PV", now)).place == Place(asked_at, cut=False)
    await books.due.withdraw("promise:n1-1.0#2")
    assert (await books.callers.by_phone(phone, "PV", now)).place is None
