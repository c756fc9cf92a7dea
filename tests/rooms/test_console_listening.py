"""Listening in at the console: who may, what is kept of it, and what the controller is asked."""

from __future__ import annotations

from dataclasses import replace

from test_console_house import LOGINS

from storage.commands import Answer
from storage.floor_records import AgentState
from storage.people import Role

pytest_plugins = ("redis_fixture", "test_console_house")

REF = "n1-1795400000.9"
WHY = {"mode": "listen", "reason": "weekly coaching"}


async def test_a_supervisor_is_brought_into_a_talk_and_it_is_kept_why(house, controller):
    controller.answers = {"listen": lambda _: Answer(True), "stop_listening": lambda _: Answer(True)}
    await (await house.enter("a17")).get("/api/agent")
    await house.in_call("A17", REF)
    boss = await house.enter("boss")
    for mode in ("listen", "whisper", "barge"):
        assert (await boss.post("/api/agents/A17/listen_in", {**WHY, "mode": mode}))[0] == 200
    assert (await boss.post("/api/agents/A17/stop_listening"))[0] == 200
    assert [command.deed for command in controller.asked] == ["listen"] * 3 + ["stop_listening"]
    assert {command.call for command in controller.asked} == {REF}
    assert {command.args["agent"] for command in controller.asked} == {"A17"}
    [code] = {command.args["by"] for command in controller.asked}
    assert str(code).startswith("w-"), "his telephone is no agent's"
    kept = [row for row in await house.books.people.audit_rows("agent:A17") if row.deed == "listen_in"]
    assert [(row.actor, row.detail["mode"], row.detail["call"]) for row in reversed(kept)] == [
        ("supervisor:boss", mode, REF) for mode in ("listen", "whisper", "barge")
    ]


async def test_nobody_else_listens_in(house, controller):
    await (await house.enter("a17")).get("/api/agent")
    await house.in_call("A17", REF)
    for name, status in (("auditor", 403), ("inspector", 403), ("admin", 403), ("a18", 403), ("stranger", 404)):
        page = await house.enter(name)
        assert (await page.post("/api/agents/A17/listen_in", WHY))[0] == status, name
    assert controller.asked == []
    rows = await house.books.people.audit_rows("agent:A17")
    assert {row.deed for row in rows} == {"refused:listen_in"}


async def test_without_a_reason_or_a_talk_nobody_is_asked(house, controller):
    boss = await house.enter("boss")
    assert (await boss.post("/api/agents/A17/listen_in", {"mode": "listen", "reason": ""}))[0] == 400
    assert (await boss.post("/api/agents/A17/listen_in", {"mode": "shout", "reason": "coaching"}))[0] == 400
    await (await house.enter("a17")).get("/api/agent")
    status, said = await boss.post("/api/agents/A17/listen_in", WHY)
    assert (status, said["error"]) == (409, "This agent is in no call at the moment.")
    assert (await boss.post("/api/agents/A99/listen_in", WHY))[0] == 404
    assert controller.asked == []


async def test_a_second_supervisor_is_told_that_somebody_is_there(house, controller):
    controller.answers = {"listen": lambda _: Answer(False, "listened_to")}
    await (await house.enter("a17")).get("/api/agent")
    await house.in_call("A17", REF)
    status, said = await (await house.enter("boss")).post("/api/agents/A17/listen_in", WHY)
    assert (status, said["error"]) == (409, "Another supervisor is in this call already.")


async def test_a_supervisor_has_a_telephone_and_an_auditor_has_none(house, controller):
    made = {"user": "agent-w-1", "password": "secret", "domain": "127.0.0.1"}
    controller.answers = {"make_phone": lambda _: Answer(True, "", made)}
    status, said = await (await house.enter("boss")).post("/api/agent/phone", {"kind": "browser"})
    assert (status, said["user"]) == (200, "agent-w-1")
    assert await house.floor.agents() == [], "nobody who only listens is on the floor"
    assert (await (await house.enter("auditor")).post("/api/agent/phone", {"kind": "browser"}))[0] == 403


async def test_who_is_an_agent_as_well_takes_a_break_before_he_listens(house, controller):
    controller.answers = {"listen": lambda _: Answer(True)}
    both = frozenset({Role.AGENT, Role.SUPERVISOR})
    await house.books.people.add(replace(LOGINS[5], name="both", roles=both, agent="A30", languages=("hi",)))
    await (await house.enter("a17")).get("/api/agent")
    await house.in_call("A17", REF)
    page = await house.enter("both")
    await page.get("/api/agent")
    await house.floor.contact("A30", ok=True)
    await house.floor.set_state("A30", AgentState.READY, now=house.epoch)
    status, said = await page.post("/api/agents/A17/listen_in", WHY)
    assert (status, said["error"]) == (409, "You are at work as an agent: take a break before you listen to others.")
    await page.post("/api/agent/state", {"state": "break", "reason": "supervisor"})
    assert (await page.post("/api/agents/A17/listen_in", WHY))[0] == 200
