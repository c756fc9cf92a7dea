"""Ringing a caller by a click: who may, when, and that nobody is shown a number for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from complaints.ledger import SEALED, Call, Outcome
from complaints.owed import CLICKED
from complaints.records import Origin
from storage.floor_records import AgentState
from storage.reports import promises_kept

pytest_plugins = ("redis_fixture", "test_console_house")

REF = "n1-1795400000.5"
PHONE = "+915000012345"


@pytest.fixture
async def spoke(house):
    """A caller who has left a message, an hour ago; facts may differ."""

    async def note(call_ref: str = REF, *, message: bool = True, **facts):
        at = house.now - timedelta(hours=1)
        usual = {"company": "PV", "phone": PHONE, "language": "hi", "outcome": Outcome.MESSAGE_LEFT, "ended_at": at}
        await house.books.calls.note(Call(call_ref, "inbound", Origin.LINE, at, **{**usual, **facts}))
        if message:
            said = {"recording": f"{call_ref}-message", "phone": facts.get("phone", PHONE), "company": "PV"}
            await house.books.inbox.add(call_ref, at=at, **said)

    return note


def to_the_hour(house, hour: int) -> None:
    """The line's clock goes on to this hour of its own day."""
    local = house.now.astimezone(ZoneInfo(house.plan.timezone))
    then = datetime.combine(local.date() + timedelta(days=1), datetime.min.time(), local.tzinfo) + timedelta(hours=hour)
    house.clock.jump((then - local).total_seconds())


async def ready(house, code: str):
    page = await house.enter(code.lower())
    await page.get("/api/agent")
    await house.floor.contact(code, ok=True)
    await house.floor.set_state(code, AgentState.READY, now=house.epoch)
    return page


async def clicked(house):
    return [work for work in await house.books.due.pending(["ring_promise"]) if work.cause.startswith(CLICKED)]


async def test_an_agent_who_is_ready_rings_who_left_a_message_and_speaks_with_him(house, spoke):
    to_the_hour(house, 12)
    await spoke()
    agent = await ready(house, "A17")
    assert PHONE not in str(await agent.get("/api/inbox")), "he needs no number for it"
    assert (await agent.post(f"/api/calls/{REF}/call_back"))[0] == 200
    [work] = await clicked(house)
    assert (work.payload["agent"], work.payload["phone"], work.company) == ("A17", PHONE, "PV")
    status, said = await agent.post(f"/api/calls/{REF}/call_back")
    assert (status, said["error"]) == (409, "He is being rung already: wait a minute.")
    [row] = await house.books.people.audit_rows(f"call:{REF}")
    assert (row.actor, row.deed) == ("agent:A17", "call_back")
    kept = await promises_kept(house.books, house.now - timedelta(days=1), house.now + timedelta(days=1))
    assert kept.made == 0, "a click is no promise that was made to a caller"


async def test_an_agent_who_is_not_ready_is_told_so_and_nobody_is_rung(house, spoke):
    to_the_hour(house, 12)
    await spoke()
    agent = await house.enter("a17")
    await agent.get("/api/agent")
    status, said = await agent.post(f"/api/calls/{REF}/call_back")
    assert (status, said["error"]) == (409, "Be ready first: the call comes to you.")
    assert await clicked(house) == []


async def test_at_night_only_a_supervisor_rings_and_by_any_agent(house, spoke):
    to_the_hour(house, 23)
    await spoke()
    agent, boss = await ready(house, "A17"), await house.enter("boss")
    status, said = await agent.post(f"/api/calls/{REF}/call_back")
    assert (status, said["error"]) == (
        409,
        "Consumers are rung between 09:00 and 20:30; a supervisor may decide otherwise.",
    )
    assert (await boss.post(f"/api/calls/{REF}/call_back"))[0] == 200
    [work] = await clicked(house)
    assert "agent" not in work.payload


@pytest.mark.parametrize(
    ("facts", "message"),
    [({}, False), ({"flags": {SEALED: "yes"}, "phone": None}, True), ({"company": "OTHER"}, True)],
    ids=["no message", "sealed", "another company's"],
)
async def test_what_is_not_his_to_answer_looks_like_nothing(house, spoke, facts, message):
    to_the_hour(house, 12)
    await spoke(message=message, **facts)
    agent = await ready(house, "A17")
    assert (await agent.post(f"/api/calls/{REF}/call_back"))[0] == 404
    assert (await agent.post("/api/calls/n1-1795400000.99/call_back"))[0] == 404
    assert await clicked(house) == []


async def test_who_withheld_his_number_cannot_be_rung(house, spoke):
    to_the_hour(house, 12)
    await spoke(phone=None)
    status, said = await (await house.enter("boss")).post(f"/api/calls/{REF}/call_back")
    assert (status, said["error"]) == (409, "This caller withheld his number: nobody can ring him.")
