"""The table of promised times: who changes it, from when it counts, and what is kept of what stood before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from test_console_house import LOGINS

pytest_plugins = ("books_fixture", "redis_fixture", "test_console_house")

TIMES = {"urban_h": 6.0, "rural_h": 12.5, "verify_after_min": 45, "reason": "the regulator's order of this month"}


async def test_a_change_counts_for_the_next_docket_and_no_earlier_one(any_house):
    house = any_house
    earlier = await house.docket(category="SUP-FUSE")
    admin = await house.enter("admin")
    status, said = await admin.post("/api/promised_times/SUP-FUSE", TIMES)
    assert (status, said["urban_h"], said["rural_h"], said["verify_after_min"]) == (200, 6.0, 12.5, 45)
    later = await house.docket(category="SUP-FUSE")
    assert later.due_at - later.registered_at == timedelta(hours=6)
    kept = await house.books.dockets.get(earlier.number)
    assert kept.due_at - kept.registered_at == timedelta(hours=4), "what a consumer was promised stays promised"


async def test_what_stood_before_is_kept_with_who_and_why(any_house):
    house = any_house
    admin = await house.enter("admin")
    await admin.post("/api/promised_times/SUP-FUSE", TIMES)
    await admin.post("/api/promised_times/SUP-FUSE", {**TIMES, "urban_h": 3})
    await admin.post("/api/promised_times/SUP-FUSE", {**TIMES, "urban_h": 3})  # nothing changes, nothing is written
    table = (await admin.get("/api/promised_times"))[1]["categories"]
    [fuse] = [one for one in table if one["code"] == "SUP-FUSE"]
    assert [(row["before"]["urban_h"], row["after"]["urban_h"]) for row in fuse["history"]] == [("6", "3"), ("4", "6")]
    assert fuse["history"][-1]["actor"] == "administrator:admin"
    assert fuse["history"][-1]["reason"] == TIMES["reason"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"urban_h": 0}, "urban_h"),
        ({"rural_h": 100_000}, "rural_h"),
        ({"reason": ""}, "reason"),
        ({"verify_after_min": None}, "verify_after_min"),
        ({"priority": 1}, "priority"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_field_and_nothing_changes(house, wrong, field):
    admin = await house.enter("admin")
    status, said = await admin.post("/api/promised_times/SUP-FUSE", {**TIMES, **wrong})
    assert status == 400
    assert field in said["error"]
    assert (await house.books.consumers.category("SUP-FUSE")).urban_h == 4


async def test_nobody_but_an_administrator_changes_it(house):
    for name in ("boss", "a17", "j09", "auditor"):
        page = await house.enter(name)
        assert (await page.post("/api/promised_times/SUP-FUSE", TIMES))[0] == 403, name
    assert (await (await house.enter("admin")).post("/api/promised_times/NONE", TIMES))[0] == 404


async def test_who_keeps_one_company_does_not_change_the_table_of_all(house):
    await house.books.people.add(replace(LOGINS[9], name="own", company="PV"))
    status, said = await (await house.enter("own")).post("/api/promised_times/SUP-FUSE", TIMES)
    assert (status, "share this table" in said["error"]) == (409, True)
    assert (await house.books.consumers.category("SUP-FUSE")).urban_h == 4


async def test_a_running_controller_has_it_within_seconds(house):
    """Its own copy of what hardly ever changes is at most two seconds old."""
    assert (await house.books.reference.category("SUP-FUSE")).urban_h == 4
    await (await house.enter("admin")).post("/api/promised_times/SUP-FUSE", TIMES)

    for _ in range(1000):
        if (await house.books.reference.category("SUP-FUSE")).urban_h == 6:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the old promise is still given after ten seconds")
