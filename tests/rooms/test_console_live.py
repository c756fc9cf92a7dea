"""The page's one WebSocket: a snapshot, numbered changes, a heartbeat that keeps the agent available."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent_console import live
from agent_console.door import OPEN, RIGHTS
from agent_console.live import SESSION_OVER
from agent_console.openapi import plain_path
from agent_console.routes import ROUTES
from complaints.ledger import Call, Outcome
from complaints.records import Origin
from dialplan.routing import Waiting, routing_key
from storage.commands import Answer
from storage.floor_records import AgentState

pytest_plugins = ("redis_fixture", "test_console_house")

CALL = "n1-1800000000.9"
LIMIT_S = 15


class Wire:
    """One page's WebSocket."""

    def __init__(self, ws):
        self.ws = ws
        self.heard = []

    async def until(self, wanted):
        """The first message from now on that `wanted` says yes to."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                message = await self.ws.receive()
                assert message.type is aiohttp.WSMsgType.TEXT, message
                self.heard.append(json.loads(message.data))
                if wanted(self.heard[-1]):
                    return self.heard[-1]

    async def beat(self):
        await self.ws.send_str('{"type":"beat"}')


@pytest.fixture
async def connect(house):
    """Opens the WebSocket of a page; all are closed at the end."""
    opened = []

    async def connect(page):
        ws = await page.http.ws_connect(page.root + "/ws")
        opened.append(ws)
        return Wire(ws)

    yield connect
    for ws in opened:
        await ws.close()


async def agent_when(house, wanted):
    """Agent A17 once `wanted` says yes to him, which must be soon."""
    async with asyncio.timeout(LIMIT_S):
        while (agent := await house.floor.agent("A17")) is None or not wanted(agent):  # noqa: ASYNC110 - it happens in Redis
            await asyncio.sleep(0.02)
    return agent


async def test_an_agents_page_begins_with_a_snapshot_and_signs_him_in_on_a_break(house, connect):
    wire = await connect(await house.enter("a17"))
    first = await wire.until(lambda _: True)
    assert (first["type"], first["n"], first["pop"], first["waiting"]) == ("snapshot", 0, None, 0)
    assert (first["agent"]["agent"], first["agent"]["state"]) == ("A17", "break")


async def test_changes_come_numbered_without_a_gap_and_only_of_his_own(house, connect):
    page, other = await house.enter("a17"), await house.enter("a18")
    wire = await connect(page)
    await wire.until(lambda one: one["type"] == "snapshot")
    await other.post("/api/agent/state", {"state": "ready"})
    await page.post("/api/agent/state", {"state": "ready"})
    await wire.until(lambda one: one["type"] == "agent" and one["agent"]["state"] == "ready")
    assert [one["n"] for one in wire.heard] == list(range(len(wire.heard)))
    assert {one["agent"]["agent"] for one in wire.heard if "agent" in one} == {"A17"}


async def test_the_screen_pop_is_shown_while_the_telephone_rings_and_gone_with_the_call(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await wire.until(lambda one: one["type"] == "snapshot")
    await page.post("/api/agent/state", {"state": "ready"})
    await house.floor.contact("A17", ok=True)
    now = house.epoch
    await house.floor.enqueue(Waiting(CALL, routing_key(now, 3), frozenset({"lang:hi"}), now, 3), "n1")
    offer = await house.floor.reserve(CALL, "A17", owner="n1", lease_s=30, now=now)
    pop = {"call_ref": CALL, "phone": "+915000012345", "consumers": []}
    assert await house.floor.show("A17", msgspec.json.encode(pop))
    shown = await wire.until(lambda one: one["type"] == "pop" and one["pop"])
    assert shown["pop"] == pop
    assert (await house.floor.agent("A17")).state is AgentState.OFFERED
    await house.floor.refused(offer, AgentState.READY, now=house.epoch)
    await wire.until(lambda one: one["type"] == "pop" and one["pop"] is None)


async def test_the_queue_is_told_to_every_page(house, connect):
    wire = await connect(await house.enter("boss"))
    first = await wire.until(lambda one: one["type"] == "snapshot")
    assert first["agent"] is None
    now = house.epoch
    await house.floor.enqueue(Waiting(CALL, routing_key(now - 40, 3), frozenset(), now - 40, 3), "n1")
    told = await wire.until(lambda one: one.get("waiting") == 1)
    assert told["oldest"] == pytest.approx(now - 40, abs=1)
    await house.floor.leave(CALL)
    assert (await wire.until(lambda one: one.get("waiting") == 0))["oldest"] is None


async def test_a_heartbeat_renews_the_lease_and_silence_lets_it_run_out(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await wire.until(lambda one: one["type"] == "snapshot")
    await page.post("/api/agent/state", {"state": "ready"})
    await house.floor.contact("A17", ok=True)
    house.clock.jump(20)
    assert not (await house.floor.agent("A17")).available(house.epoch)
    await wire.beat()
    await agent_when(house, lambda agent: agent.available(house.epoch))


async def test_after_the_wrap_up_time_he_is_ready_by_himself_only_with_a_disposition(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await house.books.calls.note(Call(CALL, "inbound", Origin.LINE, house.now, agent="A17"))
    await house.wrapping_up("A17", CALL)
    ends = await wire.until(lambda one: one.get("agent") and one["agent"]["state"] == "wrap_up")
    assert ends["agent"]["disposition_missing"]
    assert ends["agent"]["wrap_up_ends"] == pytest.approx(house.epoch + 30, abs=2)
    house.clock.jump(31)
    lease = (await house.floor.agent("A17")).lease_until
    await wire.beat()
    await agent_when(house, lambda agent: agent.lease_until > lease)
    await wire.beat()
    assert (await house.floor.agent("A17")).state is AgentState.WRAP_UP
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    await wire.beat()
    assert (await agent_when(house, lambda agent: agent.state is AgentState.READY)).reason == "wrap_up_over"


async def test_before_the_wrap_up_time_is_over_a_heartbeat_leaves_him_in_peace(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await house.wrapping_up("A17", CALL)
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    lease = (await house.floor.agent("A17")).lease_until
    for _ in range(2):
        await wire.beat()
    await agent_when(house, lambda agent: agent.lease_until > lease)
    assert (await house.floor.agent("A17")).state is AgentState.WRAP_UP


async def test_logging_out_ends_the_page(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await wire.until(lambda one: one["type"] == "snapshot")
    await page.post("/api/logout")
    await wire.until(lambda one: one["type"] == "end")
    async with asyncio.timeout(LIMIT_S):
        closed = await wire.ws.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, SESSION_OVER)


LAST_MINUTE_S = 12 * 3600 - 60


async def test_a_session_that_ends_in_a_call_ends_after_it(house, connect, monkeypatch):
    monkeypatch.setattr(live, "CHECKED_EVERY_S", 0.0)
    page = await house.enter("a17")
    wire = await connect(page)
    await house.in_call("A17", CALL)
    house.clock.jump(LAST_MINUTE_S)
    lease = (await house.floor.agent("A17")).lease_until
    await wire.beat()
    await agent_when(house, lambda agent: agent.lease_until > lease)
    house.clock.jump(5 * 60)
    assert (await page.get("/api/me"))[0] == 200
    assert (await house.floor.agent("A17")).state is AgentState.TALKING
    await house.floor.released("A17", CALL, now=house.epoch, wrap_up_s=None)
    house.clock.jump(11 * 60)
    await wire.beat()
    await wire.until(lambda one: one["type"] == "end")
    assert (await page.get("/api/me"))[0] == 401


async def test_nobody_is_offered_a_call_in_the_last_moments_of_his_session(house, connect, monkeypatch):
    monkeypatch.setattr(live, "CHECKED_EVERY_S", 0.0)
    page = await house.enter("a17")
    wire = await connect(page)
    await page.post("/api/agent/state", {"state": "ready"})
    house.clock.jump(LAST_MINUTE_S - 60)
    lease = (await house.floor.agent("A17")).lease_until
    await wire.beat()
    assert (await agent_when(house, lambda agent: agent.lease_until > lease)).state is AgentState.READY
    house.clock.jump(60)
    await wire.beat()
    agent = await agent_when(house, lambda agent: agent.state is AgentState.BREAK)
    assert agent.reason == live.SESSION_ENDS
    house.clock.jump(61)
    assert (await page.get("/api/me"))[0] == 401, "it is not prolonged for whoever is in no call"


async def test_no_other_call_begins_in_a_session_that_lasted_for_one(house, connect, monkeypatch):
    monkeypatch.setattr(live, "CHECKED_EVERY_S", 3600.0)
    page = await house.enter("a17")
    house.clock.jump(LAST_MINUTE_S)
    wire = await connect(page)
    await house.in_call("A17", CALL)
    lease = (await house.floor.agent("A17")).lease_until
    house.clock.jump(1)
    await wire.beat()
    await agent_when(house, lambda agent: agent.lease_until > lease)
    await house.floor.released("A17", CALL, now=house.epoch, wrap_up_s=None)
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    assert (await page.post("/api/agent/state", {"state": "ready"}))[0] == 200
    await wire.beat()
    await agent_when(house, lambda agent: (agent.state, agent.reason) == (AgentState.BREAK, live.SESSION_ENDS))
    house.clock.jump(9 * 60)
    assert (await page.get("/api/me"))[0] == 200, "time to wrap up"


async def test_who_is_on_a_break_when_his_session_ends_keeps_its_reason(house, connect):
    page = await house.enter("a17")
    wire = await connect(page)
    await page.post("/api/agent/state", {"state": "break", "reason": "meal"})
    house.clock.jump(LAST_MINUTE_S)
    lease = (await house.floor.agent("A17")).lease_until
    await wire.beat()
    assert (await agent_when(house, lambda agent: agent.lease_until > lease)).reason == "meal"


async def test_a_forgotten_page_of_an_older_session_neither_stops_nor_holds_anybody(house, connect):
    old = await house.enter("a17")
    forgotten = await connect(old)
    house.clock.jump(LAST_MINUTE_S)
    page = await house.enter("a17")
    await connect(page)
    await page.post("/api/agent/state", {"state": "ready"})
    lease = (await house.floor.agent("A17")).lease_until
    house.clock.jump(1)
    await forgotten.beat()
    assert (await agent_when(house, lambda agent: agent.lease_until > lease)).state is AgentState.READY
    await house.in_call("A17", CALL)
    lease = (await house.floor.agent("A17")).lease_until
    house.clock.jump(1)
    await forgotten.beat()
    await agent_when(house, lambda agent: agent.lease_until > lease)
    house.clock.jump(60)
    assert (await old.get("/api/me"))[0] == 401
    assert (await page.get("/api/me"))[0] == 200


async def test_a_page_that_says_something_else_is_closed(house, connect):
    wire = await connect(await house.enter("a17"))
    await wire.ws.send_str('{"type":"close_docket"}')
    async with asyncio.timeout(LIMIT_S):
        while (message := await wire.ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE


async def test_a_log_in_with_too_many_pages_is_told_so(house, connect):
    page = await house.enter("a17")
    for _ in range(8):
        await (await connect(page)).until(lambda one: one["type"] == "snapshot")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await connect(page)
    assert refused.value.status == 429


async def test_while_redis_is_away_the_page_says_so_and_afterwards_the_ready_agent_is_ready_again(
    fragile_house, breakable_redis
):
    house = fragile_house
    page = await house.enter("a17")
    ws = await page.http.ws_connect(page.root + "/ws")
    wire = Wire(ws)
    await wire.until(lambda one: one["type"] == "snapshot")
    await page.post("/api/agent/state", {"state": "ready"})
    await wire.until(lambda one: one.get("agent") and one["agent"]["state"] == "ready")
    breakable_redis.kill()
    stale = await wire.until(lambda one: one["type"] == "stale")
    assert stale["since"] == pytest.approx(house.epoch, abs=5)
    assert (await page.post("/api/agent/state", {"state": "ready"}))[0] == 503
    assert (await page.get("/readyz"))[1]["away"] == ["floor", "telephone"]
    breakable_redis.start()
    back = await wire.until(lambda one: one["type"] != "stale")
    assert (back["type"], back["agent"]) == ("snapshot", None)
    await wire.beat()
    await wire.until(lambda one: one.get("agent") and one["agent"]["state"] == "ready")
    await ws.close()


# --- machines --------------------------------------------------------------------------------------------------------


async def test_alive_and_ready_are_two_questions(house, controller):
    page, registered = house.page(), False
    controller.answers["ready"] = lambda _: Answer(ok=registered)
    assert (await page.get("/healthz"))[0] == 200
    assert await page.get("/readyz") == (503, {"ok": False, "away": ["telephone"]})
    registered = True
    async with asyncio.timeout(LIMIT_S):
        while (await page.get("/readyz"))[0] != 200:
            asked = len(controller.asked)
    assert asked < 5, "the controller is asked about once a second, not at every question"


async def test_metrics_tell_requests_by_pattern_pages_and_the_ledger(house, connect):
    await house.books.calls.note(Call(CALL, "inbound", Origin.LINE, house.now, outcome=Outcome.TALKED))
    page = await house.enter("boss")
    await (await connect(page)).until(lambda one: one["type"] == "snapshot")
    await page.get("/api/dockets/12345678")
    async with page.http.get(page.root + "/metrics") as answer:
        text = await answer.text()
    assert "12345678" not in text
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert found[("sunwai_ledger_offered", ())] == 1
    assert found[("sunwai_ledger_outcomes", (("outcome", "talked"),))] == 1
    assert found[("sunwai_console_pages", ())] == 1
    asked = (("method", "GET"), ("route", "/api/dockets/{number}"), ("status", "404"))
    assert found[("sunwai_console_requests_total", asked)] == 1


async def test_every_route_is_described_and_every_reference_leads_somewhere(house):
    _, document = await house.page().get("/api/openapi.json")
    assert document["openapi"].startswith("3.1")
    for route in ROUTES:
        operation = document["paths"][plain_path(route.path)][route.method.lower()]
        named = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
        assert all(f"{{{name}}}" in plain_path(route.path) for name in named)
        assert plain_path(route.path).count("{") == len(named)
        assert "409" in operation["responses"]
        assert ("security" in operation) == (route.deed not in OPEN)
    schemas = document["components"]["schemas"]
    references = list(_references(document))
    assert references
    for reference in references:
        assert reference.removeprefix("#/components/schemas/") in schemas
    ids = [one["operationId"] for path in document["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))
    for schema in schemas.values():
        if "enum" in schema:
            continue
        assert schema["type"] == "object"
        assert set(schema.get("required", [])) <= set(schema["properties"])


def test_bodies_of_people_allow_no_unknown_field():
    for route in ROUTES:
        if route.method == "POST" and not route.path.endswith("/close"):
            with pytest.raises(msgspec.ValidationError, match="unknown field"):
                msgspec.convert({"unknown_to_all": 1}, type=route.asks)


def test_every_deed_of_the_table_has_its_right():
    assert {route.deed for route in ROUTES} == set(RIGHTS) | OPEN


def _references(node):
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "$ref")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
