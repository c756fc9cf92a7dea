"""A consumer's flags over HTTP: found by his whole number alone, changed with a reason, heard in his next call."""

from __future__ import annotations

import pytest
from test_console_house import CONSUMER, PASSWORD, PHONE

from agent_console.door import RIGHTS, Deed
from complaints.digits import CONSUMER_DIGITS, with_check_digit
from complaints.flags import FLAGS
from complaints.records import Consumer, Settlement
from storage.people import Login, Role

pytest_plugins = ("redis_fixture", "books_fixture", "test_console_house")

FLAGGED = f"/api/consumers/{CONSUMER}/flags"
IN_RAMPUR = with_check_digit(100_000_002, CONSUMER_DIGITS)
NOWHERE = with_check_digit(100_000_009, CONSUMER_DIGITS)


@pytest.fixture
async def house(any_house):
    """With a second consumer on the same telephone, in another sub-division."""
    second = Consumer(2, "PV", IN_RAMPUR, "rampur", "DT-0713", Settlement.RURAL, None, PHONE, ("hospital",))
    await any_house.books.seeding.add_consumers([second])
    return any_house


async def bounded(house, name: str, unit: str):
    """A supervisor of one unit alone."""
    boss = await house.books.people.login("boss")
    await house.books.people.add(Login(name, boss.password_hash, frozenset({Role.SUPERVISOR}), company="PV", unit=unit))
    page = house.page()
    assert (await page.log_in(name, PASSWORD))[0] == 200
    return page


async def test_he_is_found_by_his_number_with_what_is_known_of_him(house):
    boss = await house.enter("boss")
    status, said = await boss.post("/api/consumers/find", {"number": CONSUMER})
    assert status == 200, said
    assert said["found"] == [
        {
            "number": CONSUMER,
            "company": "PV",
            "area": "chowk",
            "transformer": "DT-0713",
            "language": "hi",
            "flags": [],
        }
    ]
    assert said["offered"] == dict(FLAGS)


@pytest.mark.parametrize("written", [PHONE, "5000012345", "05000012345", "50000 12345"])
async def test_all_who_share_a_telephone_are_found_by_its_whole_number(house, written):
    boss = await house.enter("boss")
    _, said = await boss.post("/api/consumers/find", {"phone": written})
    assert [one["number"] for one in said["found"]] == [CONSUMER, IN_RAMPUR]


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({}, 400, "number"),
        ({"number": CONSUMER, "phone": PHONE}, 400, "number"),
        ({"number": CONSUMER[:9]}, 400, "number"),
        ({"number": NOWHERE}, 404, None),
        ({"phone": "12345"}, 400, "phone"),
        ({"phone": "nobody"}, 400, "phone"),
        ({"name": "anybody"}, 400, "name"),
    ],
)
async def test_there_is_no_looking_around(house, asked, status, field):
    boss = await house.enter("boss")
    told, said = await boss.post("/api/consumers/find", asked)
    assert (told, said.get("field")) == (status, field)


async def test_a_part_of_a_telephone_number_finds_nobody(house):
    boss = await house.enter("boss")
    _, said = await boss.post("/api/consumers/find", {"phone": "5000012399"})
    assert said["found"] == []


async def test_flags_are_set_and_taken_away_with_a_reason_and_the_next_call_has_them(house):
    boss = await house.enter("boss")
    status, said = await boss.post(FLAGGED, {"add": ["slow_mode", "senior"], "reason": "asked for it himself"})
    assert (status, said["flags"]) == (200, ["senior", "slow_mode"]), said
    status, said = await boss.post(FLAGGED, {"remove": ["senior"], "add": ["disabled"], "reason": "seen his card"})
    assert said["flags"] == ["disabled", "slow_mode"]
    called = await house.books.callers.by_phone(PHONE, "PV", house.now)
    assert called.consumers[0].flags == ("disabled", "slow_mode")
    last, first = await house.books.people.audit_rows(f"consumer:{CONSUMER}")
    assert (first.actor, first.deed) == ("supervisor:boss", "change_flags")
    assert first.detail == {"before": "", "after": "senior slow_mode", "reason": "asked for it himself"}
    assert last.detail["before"] == "senior slow_mode"


async def test_a_flag_that_came_with_imported_data_may_be_taken_away_but_not_set(house):
    boss = await house.enter("boss")
    path = f"/api/consumers/{IN_RAMPUR}/flags"
    assert (await boss.post(FLAGGED, {"add": ["hospital"], "reason": "why not"}))[1]["field"] == "add"
    _, said = await boss.post(path, {"add": ["senior"], "reason": "his card"})
    assert said["flags"] == ["senior", "hospital"]
    _, said = await boss.post(path, {"remove": ["hospital"], "reason": "no longer"})
    assert said["flags"] == ["senior"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"add": ["king"], "reason": "because"}, "add"),
        ({"remove": ["king"], "reason": "because"}, "remove"),
        ({"add": ["senior"], "remove": ["senior"], "reason": "because"}, "remove"),
        ({"reason": "because"}, "add"),
        ({"add": ["senior"], "reason": "x"}, "reason"),
        ({"add": ["senior"]}, "reason"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_written(house, asked, field):
    boss = await house.enter("boss")
    status, said = await boss.post(FLAGGED, asked)
    assert (status, said["field"]) == (400, field)
    assert (await house.books.consumers.by_number(CONSUMER)).flags == ()
    assert await house.books.people.audit_rows(f"consumer:{CONSUMER}") == []


async def test_a_supervisor_sees_and_flags_nobody_outside_his_part_of_the_organisation(house):
    stranger, chowk = await house.enter("stranger"), await bounded(house, "s-chowk", "kotwali")
    for page, number in ((stranger, CONSUMER), (chowk, IN_RAMPUR)):
        assert (await page.post("/api/consumers/find", {"number": number}))[0] == 404
        status, _ = await page.post(f"/api/consumers/{number}/flags", {"add": ["senior"], "reason": "because"})
        assert status == 404
    assert (await stranger.post("/api/consumers/find", {"phone": PHONE}))[1]["found"] == []
    found = (await chowk.post("/api/consumers/find", {"phone": PHONE}))[1]["found"]
    assert [one["number"] for one in found] == [CONSUMER], "chowk lies below kotwali, rampur does not"
    assert ("supervisor:stranger", "refused:keep_consumers") in await house.audit(f"consumer:{CONSUMER}")
    assert (await house.books.consumers.by_number(IN_RAMPUR)).flags == ("hospital",)


async def test_only_supervisors_and_administrators_keep_flags(house):
    assert RIGHTS[Deed.KEEP_CONSUMERS] == {Role.SUPERVISOR, Role.ADMINISTRATOR}
    for name in ("a17", "j09", "auditor"):
        page = await house.enter(name)
        assert (await page.post("/api/consumers/find", {"number": CONSUMER}))[0] == 403
        assert (await page.post(FLAGGED, {"add": ["senior"], "reason": "because"}))[0] == 403
    admin = await house.enter("admin")
    assert (await admin.post(FLAGGED, {"add": ["senior"], "reason": "his card"}))[0] == 200
