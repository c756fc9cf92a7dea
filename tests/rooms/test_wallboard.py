"""The wallboard: what supervisors see of now and of the day, and that nobody else does."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import Origin

pytest_plugins = ("redis_fixture", "test_console_house")

LIMIT_S = 15
LEASE_S = 600.0


@pytest.fixture
async def watching(house):
    """The messages of a page's WebSocket, for a log-in."""
    opened = []

    async def watch(name: str):
        page = await house.enter(name)
        ws = await page.http.ws_connect(page.root + "/ws")
        opened.append(ws)
        return ws

    yield watch
    for ws in opened:
        await ws.close()


async def until(ws, wanted):
    async with asyncio.timeout(LIMIT_S):
        while True:
            message = json.loads((await ws.receive()).data)
            if message.get("wall") and wanted(message["wall"]):
                return message["wall"]


async def call(house, number: int, **facts) -> None:
    began = house.now - timedelta(seconds=60)
    row = Call(f"n1-1.{number}", "inbound", Origin.LINE, began, node="n1", company="PV", **facts)
    await house.books.calls.note(row)


async def test_an_agents_change_is_on_the_supervisors_page(house, watching):
    ws = await watching("boss")
    agent = await house.enter("a17")
    await agent.get("/api/agent")
    shown = await until(ws, lambda wall: any(one["agent"] == "A17" for one in wall["agents"]))
    [tile] = [one for one in shown["agents"] if one["agent"] == "A17"]
    assert (tile["state"], tile["reachable"]) == ("break", False)
    await house.floor.contact("A17", ok=True)
    await agent.post("/api/agent/state", {"state": "ready"})
    await until(ws, lambda wall: any(one["state"] == "ready" and one["reachable"] for one in wall["agents"]))


async def test_the_day_adds_up_or_says_that_it_does_not(house):
    now = house.now
    queued = {"queued_at": now - timedelta(seconds=50)}
    over = {"ended_at": now, "ended_by": EndedBy.CALLER}
    await call(house, 1, outcome=Outcome.TALKED, talked_at=now - timedelta(seconds=40), **queued, **over)
    await call(house, 2, outcome=Outcome.CALLER_LEFT, no_callback="withheld", **queued, **over)
    await call(house, 3)
    boss = await house.enter("boss")
    day = (await boss.get("/api/wall"))[1]["day"]
    assert (day["offered"], day["going"], day["balanced"]) == (3, 1, True)
    assert day["outcomes"]["talked"] == day["outcomes"]["caller_left"] == 1
    assert (day["asked_for_person"], day["answered"], day["abandoned"]) == (2, 1, 1)
    assert [level["share"] for level in day["levels"]] == [0.5, 0.5], "who gave up counts as offered"


async def test_open_danger_is_shown_with_the_moment_it_was_registered(house):
    await house.docket(category="BILL")
    danger = await house.docket(category="SAF")
    boss = await house.enter("boss")
    [shown] = (await boss.get("/api/wall"))[1]["day"]["danger"]
    assert (shown["docket"], shown["since"]) == (danger.number, danger.registered_at.timestamp())


@pytest.mark.parametrize("name", ["a17", "j09", "auditor", "vigilance"])
async def test_nobody_but_supervisors_and_administrators_sees_it(house, watching, name):
    page = await house.enter(name)
    assert (await page.get("/api/wall"))[0] == 403
    ws = await watching(name)
    async with asyncio.timeout(LIMIT_S):
        assert json.loads((await ws.receive()).data)["wall"] is None


async def test_nothing_is_read_while_nobody_looks(house, watching, monkeypatch):
    read = []
    agents = house.floor.agents

    async def counted():
        read.append(1)
        return await agents()

    monkeypatch.setattr(house.floor, "agents", counted)
    await watching("a17")
    await asyncio.sleep(1.2)
    assert not read
    ws = await watching("boss")
    await until(ws, lambda wall: wall["day"] is not None)
    assert read


async def test_a_suspended_agent_is_out_with_all_his_pages_and_back_when_he_is_let_in(house, watching):
    boss, agent = await house.enter("boss"), await house.enter("a17")
    ws = await agent.http.ws_connect(agent.root + "/ws")
    assert (await boss.post("/api/agents/A17/suspend", {"reason": "asked for money"}))[0] == 200
    async with asyncio.timeout(LIMIT_S):
        while json.loads((await ws.receive()).data)["type"] != "end":
            pass
    await ws.close()
    assert (await agent.get("/api/agent"))[0] == 401
    assert (await house.page().log_in("a17"))[0] == 401
    assert await house.floor.agent("A17") is None
    assert (await boss.get("/api/suspended"))[1] == {"agents": ["A17"]}
    assert await house.audit("agent:A17") == [("supervisor:boss", "suspend")]
    assert (await boss.post("/api/agents/A17/restore"))[0] == 200
    assert (await house.page().log_in("a17"))[0] == 200


async def test_nobody_suspends_who_is_not_his_to_suspend(house):
    for name, status in (("a18", 403), ("admin", 403), ("stranger", 404)):
        page = await house.enter(name)
        assert (await page.post("/api/agents/A17/suspend", {"reason": "because"}))[0] == status
    assert (await house.books.people.login_of_agent("A17")).active


async def test_an_agents_change_is_shown_when_it_happens_not_at_the_next_look(house, watching, monkeypatch):
    monkeypatch.setattr("agent_console.wall.AGENTS_AT_LEAST_EVERY_S", 10 * LIMIT_S)
    agent = await house.enter("a17")
    await agent.get("/api/agent")
    ws = await watching("boss")
    await until(ws, lambda wall: any(one["agent"] == "A17" for one in wall["agents"]))
    await agent.post("/api/agent/state", {"state": "ready"})
    await until(ws, lambda wall: any(one["state"] == "ready" for one in wall["agents"]))


async def test_a_page_that_is_no_longer_heard_is_shown_though_nothing_tells_of_it(house, watching):
    await house.floor.contact("A17", ok=True)
    await house.floor.sign_in("A17", {"co:PV"}, "PV", now=house.epoch, lease_s=LEASE_S)
    ws = await watching("boss")
    await until(ws, lambda wall: any(one["reachable"] for one in wall["agents"]))
    await house.floor.beat("A17", 0.1, house.epoch)  # his page's last word
    await until(ws, lambda wall: not any(one["reachable"] for one in wall["agents"]))


async def test_whom_an_administrator_made_inactive_no_supervisor_lets_in(house):
    await house.books.people.set_active("a18", active=False)
    boss = await house.enter("boss")
    assert (await boss.get("/api/suspended"))[1]["agents"] == []
    status, said = await boss.post("/api/agents/A18/restore")
    assert (status, said["error"]) == (409, "This agent is not suspended; an administrator says who may log in.")
    assert not (await house.books.people.login("a18")).active
