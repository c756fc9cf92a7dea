"""An agent's desk: states, telephone, ending a call, and the disposition without which no wrap-up is left."""

from __future__ import annotations

import pytest

from complaints.ledger import Call, Outcome
from complaints.records import Origin
from storage.commands import Answer
from storage.floor_records import AgentState

pytest_plugins = ("redis_fixture", "test_console_house")

CALL = "n1-1800000000.7"


async def noted(house, call_ref=CALL, agent="A17"):
    return await house.books.calls.note(Call(call_ref, "inbound", Origin.LINE, house.now, node="n1", agent=agent))


async def test_an_agent_is_signed_in_with_the_skills_of_his_log_in(house):
    page = await house.enter("a17")
    assert (await page.post("/api/agent/state", {"state": "ready"}))[1]["state"] == "ready"
    agent = await house.floor.agent("A17")
    assert {"co:PV", "lang:hi", "lang:ur", "lang:marker", "cat:SAF", "cat:OTHER"} <= agent.skills
    assert agent.lease_until - house.epoch == pytest.approx(15, abs=2)
    other = await house.enter("a18")
    await other.get("/api/agent")
    assert (await house.floor.agent("A18")).skills == {"co:PV", "lang:hi", "cat:BILL"}


async def test_a_break_needs_one_of_the_known_reasons(house):
    page = await house.enter("a17")
    status, said = await page.post("/api/agent/state", {"state": "break"})
    assert (status, said["field"]) == (400, "reason")
    assert (await page.post("/api/agent/state", {"state": "break", "reason": "shopping"}))[0] == 400
    assert (await page.post("/api/agent/state", {"state": "break", "reason": "tea"}))[1]["reason"] == "tea"


@pytest.mark.parametrize("state", ["talking", "offered", "wrap_up", "off", ""])
async def test_states_that_belong_to_calls_cannot_be_asked_for(house, state):
    page = await house.enter("a17")
    assert (await page.post("/api/agent/state", {"state": state}))[0] == 400


async def test_nobody_leaves_a_talk_by_a_button(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.in_call("A17", CALL)
    status, said = await page.post("/api/agent/state", {"state": "break", "reason": "tea"})
    assert (status, said["error"]) == (409, "You are in a call: it ends first.")
    assert (await house.floor.agent("A17")).state is AgentState.TALKING


async def test_wrap_up_is_not_left_before_the_call_has_its_disposition(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await noted(house)
    await house.wrapping_up("A17", CALL)
    for wish in ({"state": "ready"}, {"state": "break", "reason": "tea"}):
        status, said = await page.post("/api/agent/state", wish)
        assert (status, said["field"]) == (409, "disposition")
    assert (await house.floor.agent("A17")).state is AgentState.WRAP_UP
    status, view = await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    assert (status, view["disposition_missing"]) == (200, False)
    assert (await page.post("/api/agent/state", {"state": "ready"}))[1]["state"] == "ready"


async def test_the_disposition_joins_the_row_of_the_ledger_and_leaves_its_outcome_alone(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await noted(house)
    await house.books.calls.note(
        Call(CALL, "inbound", Origin.LINE, house.now, outcome=Outcome.TALKED, flags={"talked": "yes"})
    )
    await house.wrapping_up("A17", CALL)
    body = {"disposition": "wrong number/silent", "note": "line was noisy"}
    assert (await page.post(f"/api/calls/{CALL}/disposition", body))[0] == 200
    call = await house.books.calls.get(CALL)
    assert (call.disposition, call.outcome, call.agent) == ("wrong number/silent", Outcome.TALKED, "A17")
    assert call.flags["talked"] == "yes"
    assert (call.flags["disposition_by"], call.flags["disposition_note"]) == ("agent:A17", "line was noisy")


async def test_a_disposition_given_before_the_controllers_row_is_not_lost(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.wrapping_up("A17", CALL)
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    earlier = house.now.replace(microsecond=0)
    await house.books.calls.note(Call(CALL, "field", Origin.FIELD, earlier, node="n1"))
    call = await house.books.calls.get(CALL)
    assert (call.disposition, call.kind, call.origin) == ("information given", "field", Origin.FIELD)


async def test_only_one_of_the_twelve_dispositions_is_taken(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.wrapping_up("A17", CALL)
    for body in ({"disposition": "done"}, {}, {"disposition": "information given", "note": "x" * 4001}):
        assert (await page.post(f"/api/calls/{CALL}/disposition", body))[0] == 400
    _, choices = await page.get("/api/choices")
    assert len(choices["dispositions"]) == 12


async def test_nobody_gives_another_agents_call_its_disposition(house):
    await noted(house, agent="A18")
    page = await house.enter("a17")
    status, _ = await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    assert status == 403
    assert (await house.books.calls.get(CALL)).disposition is None
    assert ("agent:A17", "refused:be_agent") in await house.audit(f"call_ref:{CALL}")


async def test_a_disposition_is_not_changed_after_the_wrap_up(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await noted(house)
    await house.wrapping_up("A17", CALL)
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    await page.post("/api/agent/state", {"state": "ready"})
    assert (await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "test/practice"}))[0] == 409
    assert (await house.books.calls.get(CALL)).disposition == "information given"


async def test_logging_out_leaves_the_floor_but_not_a_call_without_disposition(house, controller):
    controller.answers["forget_phone"] = lambda _: Answer(ok=True)
    page = await house.enter("a17")
    await page.get("/api/agent")
    await noted(house)
    await house.wrapping_up("A17", CALL)
    assert (await page.post("/api/logout"))[0] == 200
    assert (await house.floor.agent("A17")).state is AgentState.WRAP_UP
    assert controller.asked == []
    page = await house.enter("a17")
    await page.post(f"/api/calls/{CALL}/disposition", {"disposition": "information given"})
    assert (await page.post("/api/logout"))[0] == 200
    assert await house.floor.agent("A17") is None
    assert [(one.deed, one.args) for one in controller.asked] == [("forget_phone", {"agent": "A17"})]


async def test_the_telephones_account_comes_from_the_controller_and_is_of_this_session(house, controller):
    controller.answers["make_phone"] = lambda _: Answer(ok=True, result={"password": "of this session"})
    page = await house.enter("a17")
    status, phone = await page.post("/api/agent/phone")
    assert status == 200
    assert phone == {"address": "127.0.0.1", "port": 5060, "user": "agent-A17", "password": "of this session"}
    (asked,) = controller.asked
    assert (asked.actor, asked.args["agent"]) == ("agent:A17", "A17")
    again = await house.enter("a17")
    await again.post("/api/agent/phone")
    assert controller.asked[1].args["session"] != asked.args["session"]


async def test_an_agent_ends_his_own_call_through_the_controller_that_has_it(house, controller):
    controller.answers["hang_up"] = lambda _: Answer(ok=True)
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.in_call("A17", CALL)
    assert (await page.post(f"/api/calls/{CALL}/hang_up"))[0] == 200
    assert [(one.deed, one.call) for one in controller.asked] == [("hang_up", CALL)]


async def test_an_agent_cannot_end_a_call_he_is_not_in(house, controller):
    controller.answers["hang_up"] = lambda _: Answer(ok=True)
    page = await house.enter("a17")
    other = await house.enter("a18")
    await page.get("/api/agent")
    await other.get("/api/agent")
    await house.in_call("A18", CALL)
    assert (await page.post(f"/api/calls/{CALL}/hang_up"))[0] == 403
    assert controller.asked == []


@pytest.mark.parametrize(
    ("reason", "status"), [("gone", 409), ("failed", 503), ("too_long", 503), ("telephone_away", 503), ("strange", 409)]
)
async def test_a_controller_that_says_no_is_told_in_a_sentence(house, controller, reason, status):
    controller.answers["hang_up"] = lambda _: Answer(ok=False, reason=reason)
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.in_call("A17", CALL)
    said = await page.post(f"/api/calls/{CALL}/hang_up")
    assert said[0] == status
    assert reason not in said[1]["error"]


async def test_a_controller_that_does_not_answer_is_503_and_says_what_is_not_known(house):
    page = await house.enter("a17")
    status, said = await page.post("/api/agent/phone")
    assert status == 503
    assert "not known" in said["error"]


async def test_a_supervisor_sees_the_agents_of_his_company_only(house):
    agent = await house.enter("a17")
    await agent.get("/api/agent")
    _, said = await (await house.enter("boss")).get("/api/agents")
    assert [(one["agent"], one["state"]) for one in said["agents"]] == [("A17", "break")]
    _, said = await (await house.enter("stranger")).get("/api/agents")
    assert said["agents"] == []
