"""Surge mode: switched by whoever may, seen by the calls within seconds, audited, and back without a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from ivr.surge import AGREED, SurgeWatch
from storage.books import Books
from storage.clock import Clock
from storage.floor_records import Agent, AgentState
from storage.line_state import AUTOMATIC

pytest_plugins = ("books_fixture", "redis_fixture", "test_console_house")

AT = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)


class Staff:
    """`count` agents at work."""

    def __init__(self, count: int) -> None:
        self.count = count

    async def agents(self) -> list[Agent]:
        return [Agent(f"A{n}", AgentState.TALKING, 0.0, 0.0, float("inf"), True) for n in range(self.count)]


def watch(books: Books, staff: Staff, *, automatic: bool) -> SurgeWatch:
    plan = SimpleNamespace(surge_automatic=automatic, handle_time_s=180.0, patience_s=120.0)
    return SurgeWatch(books, staff, Clock(), plan)


async def test_a_switch_is_seen_and_every_change_stands_in_the_audit_once(books: Books) -> None:
    seen = watch(books, Staff(0), automatic=False)
    await seen.look()
    assert not seen.on
    for _ in range(2):
        await books.line_state.set_surge(on=True, by="s01", at=AT, reason="a storm in the north")
    await seen.look()
    assert seen.on
    await books.line_state.set_surge(on=False, by="s02", at=AT + timedelta(hours=1))
    await seen.look()
    assert not seen.on
    rows = await books.people.audit_rows("line")
    assert [(row.deed, row.actor, row.detail.get("reason")) for row in rows] == [
        ("surge:off", "s02", None),
        ("surge:on", "s01", "a storm in the north"),
    ]


async def test_the_estimate_switches_on_when_it_is_hopeless_for_a_while_and_off_again(books: Books) -> None:
    staff = Staff(2)
    seen = watch(books, staff, automatic=True)
    for _ in range(60):
        seen.asked_for_a_person()
    for _ in range(AGREED - 1):
        await seen.look()
    assert not seen.on, "one gust is no surge"
    await seen.look()
    assert (seen.on, (await books.line_state.surge()).by) == (True, AUTOMATIC)
    staff.count = 20_000
    for _ in range(AGREED + 1):
        await seen.look()
    assert not seen.on


async def test_what_a_person_switched_on_only_a_person_switches_off(books: Books) -> None:
    seen = watch(books, Staff(500), automatic=True)
    await books.line_state.set_surge(on=True, by="s01", at=AT)
    for _ in range(2 * AGREED):
        await seen.look()
    assert seen.on


async def test_a_supervisor_switches_it_at_the_console_and_nobody_else(house) -> None:
    boss, agent, stranger = await house.enter("boss"), await house.enter("a17"), await house.enter("stranger")
    assert (await agent.get("/api/surge"))[1] == {"on": False, "by": "", "since": None}
    assert (await agent.post("/api/surge", {"on": True}))[0] == 403
    assert (await stranger.post("/api/surge", {"on": True}))[0] == 404
    status, said = await boss.post("/api/surge", {"on": True, "reason": "heat"})
    assert (status, said["on"], said["by"]) == (200, True, "boss")
    assert (await agent.get("/api/surge"))[1]["on"] is True
    status, said = await boss.post("/api/surge", {"on": "perhaps"})
    assert (status, said["field"]) == (400, "on")
    await boss.post("/api/surge", {"on": False})
    rows = await house.books.people.audit_rows("line")
    assert [row.deed for row in rows] == ["surge:off", "surge:on"]
