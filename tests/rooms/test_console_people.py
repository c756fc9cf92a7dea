"""An administrator keeps the line's people over HTTP: at once, never without himself, and all of it in the audit."""

from __future__ import annotations

import asyncio
import json

import pytest
from test_console_house import PASSWORD

from agent_console import live
from agent_console.passwords import made_up
from complaints.ledger import Call
from complaints.records import Origin
from dialplan.routing import Waiting, pick, routing_key
from storage.commands import Answer
from storage.floor_records import AgentState
from storage.people import Role

pytest_plugins = ("redis_fixture", "books_fixture", "test_console_house")

CALL = "n1-1800000000.9"
LIMIT_S = 15
SHIFT = {"starts": "22:00", "ends": "06:00", "days": [6, 1, 1]}
NEW = {
    "name": "a30",
    "roles": ["agent"],
    "agent": "A30",
    "company": "PV",
    "languages": ["hi", "ur"],
    "categories": ["BILL"],
    "vendor": " <script>alert(1)</script> ",
    "shift": SHIFT,
}


@pytest.fixture
def house(any_house):
    return any_house


async def signed_in(house, name: str, code: str, state: AgentState = AgentState.READY):
    """His page, on the floor with a telephone that can be reached."""
    page = await house.enter(name)
    await page.get("/api/agent")
    await house.floor.contact(code, ok=True)
    if state is AgentState.READY:
        await page.post("/api/agent/state", {"state": "ready"})
    return page


async def test_a_new_agent_can_log_in_at_once_with_the_password_that_is_told_once(house):
    admin = await house.enter("admin")
    status, said = await admin.post("/api/people", NEW)
    assert status == 201, said
    assert said["person"]["vendor"] == "<script>alert(1)</script>"
    assert said["person"]["shift"] == {"starts": "22:00", "ends": "06:00", "days": [1, 6]}
    page = house.page()
    assert (await page.log_in("a30", said["password"]))[0] == 200
    assert (await page.get("/api/agent"))[1]["agent"] == "A30"
    listed = json.dumps((await admin.get("/api/people"))[1])
    assert said["password"] not in listed
    assert "argon2" not in listed
    [row] = [one for one in await house.books.people.audit_rows("login:a30") if one.deed == "add_person"]
    assert (row.actor, row.detail["agent"]) == ("administrator:admin", "A30")
    assert said["password"] not in str(row)


async def test_a_password_that_was_typed_is_not_told_back(house):
    admin = await house.enter("admin")
    _, said = await admin.post("/api/people", NEW | {"password": "typed by the chief"})
    assert said["password"] is None
    assert (await house.page().log_in("a30", "typed by the chief"))[0] == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "a17"}, "name"),
        ({"agent": "A17"}, "agent"),
        ({"roles": []}, "roles"),
        ({"roles": ["king"]}, "roles"),
        ({"agent": None}, "agent"),
        ({"roles": ["auditor"]}, "agent"),
        ({"languages": []}, "languages"),
        ({"roles": ["agent", "officer"]}, "officer"),
        ({"roles": ["agent", "officer"], "officer": "J09"}, "officer"),
        ({"roles": ["agent", "officer"], "officer": "J99"}, "unit"),
        ({"company": "NONE"}, "company"),
        ({"unit": "nowhere"}, "unit"),
        ({"company": "OTHER", "unit": "chowk"}, "unit"),
        ({"shift": SHIFT | {"ends": "22:00"}}, "shift"),
        ({"shift": SHIFT | {"days": []}}, "shift"),
        ({"shift": SHIFT | {"starts": "25:00"}}, "shift.starts"),
        ({"password": "short"}, "password"),
        ({"name": "longest-name", "password": "Longest-Name"}, "password"),
        ({"vendor": "x" * 65}, "vendor"),
        ({"name": "a 30"}, "name"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_its_field_and_nothing_is_kept(house, wrong, field):
    admin = await house.enter("admin")
    before = await house.books.people.logins()
    status, said = await admin.post("/api/people", NEW | wrong)
    assert status in (400, 409), said
    assert said["field"].partition("[")[0] == field
    assert said["error"][-1] == "."
    assert await house.books.people.logins() == before


async def test_the_list_is_narrowed_by_role_vendor_and_active(house):
    admin = await house.enter("admin")
    await admin.post("/api/people", NEW)
    await admin.post("/api/people/a18", {"active": False, "vendor": "B"})

    async def names(query: str) -> list[str]:
        status, said = await admin.get(f"/api/people?{query}")
        assert status == 200, said
        return [one["name"] for one in said["found"]]

    assert await names("role=agent") == ["a17", "a18", "a30"]
    assert await names("role=agent&active=true") == ["a17", "a30"]
    assert await names("vendor=B") == ["a18"]
    assert await names("vendor=B&active=true") == []
    assert "a17" in await names("vendor=")
    _, said = await admin.get("/api/people?vendor=B")
    assert said["vendors"] == ["<script>alert(1)</script>", "B"]
    assert set(said["roles"]) == set(Role)


async def test_nobody_but_administrators_keeps_people_and_trying_is_audited(house):
    for name in ("boss", "a17", "auditor"):
        page = await house.enter(name)
        assert (await page.get("/api/people"))[0] == 403
        assert (await page.post("/api/people", NEW))[0] == 403
        assert (await page.post("/api/people/a18", {"active": False}))[0] == 403
        assert (await page.post("/api/people/a18/password", {}))[0] == 403
    assert ("supervisor:boss", "refused:keep_people") in await house.audit("login:a18")
    assert (await house.books.people.login("a18")).active


async def test_a_changed_role_ends_his_page_and_takes_him_off_the_floor_at_once(house, controller):
    controller.answers = {"forget_phone": lambda command: Answer(command.id, ok=True)}
    admin, page = await house.enter("admin"), await signed_in(house, "a17", "A17")
    async with page.http.ws_connect(page.root + "/ws") as ws:
        done = {"roles": ["supervisor"], "agent": None, "languages": []}
        status, said = await admin.post("/api/people/a17", done)
        assert (status, said["roles"]) == (200, ["supervisor"]), said
        async with asyncio.timeout(LIMIT_S):
            while json.loads((await ws.receive()).data)["type"] != "end":
                pass
    assert (await page.get("/api/me"))[0] == 401
    assert await house.floor.agent("A17") is None
    assert [one.deed for one in controller.asked] == ["forget_phone"]
    row = (await house.books.people.audit_rows("login:a17"))[0]
    assert (row.deed, row.detail["roles_before"], row.detail["roles_after"]) == ("change_person", "agent", "supervisor")
    again = await house.enter("a17")
    assert (await again.get("/api/ledger"))[0] == 200


async def test_who_is_made_inactive_in_a_call_is_out_and_his_caller_goes_to_the_next(house, controller):
    admin = await house.enter("admin")
    await signed_in(house, "a17", "A17", AgentState.BREAK)
    await house.in_call("A17", CALL, frozenset({"lang:hi"}))

    def give_up(command):
        asyncio.get_running_loop().create_task(house.floor.released("A17", CALL, wrap_up_s=None, now=house.epoch))
        return Answer(command.id, ok=True)

    controller.answers = {"give_up": give_up, "forget_phone": lambda command: Answer(command.id, ok=True)}
    assert (await admin.post("/api/people/a17", {"active": False}))[0] == 200
    assert [(one.deed, one.call) for one in controller.asked] == [("give_up", CALL), ("forget_phone", None)]
    assert await house.floor.agent("A17") is None
    assert (await house.page().log_in("a17"))[0] == 401


async def test_new_skills_count_for_the_next_match_without_a_new_log_in(house):
    admin, page = await house.enter("admin"), await signed_in(house, "a18", "A18")
    now = house.epoch
    bill_in_urdu = frozenset({"co:PV", "lang:ur", "cat:METER"})
    await house.floor.enqueue(Waiting(CALL, routing_key(now, 3), bill_in_urdu, now, 3), "n1")

    async def match():
        return pick(await house.floor.waiting_heads(now), await house.floor.ready_agents(now))

    assert await match() is None
    status, said = await admin.post("/api/people/a18", {"languages": ["hi", "ur"], "categories": ["BILL", "METER"]})
    assert status == 200, said
    assert await match() == (CALL, "A18")
    assert (await page.get("/api/agent"))[1]["state"] == "ready", "his session and his state go on"


async def test_skills_changed_while_the_floor_could_not_be_told_reach_it_by_his_page(house, monkeypatch):
    monkeypatch.setattr(live, "CHECKED_EVERY_S", 0.0)
    page = await signed_in(house, "a18", "A18")
    async with page.http.ws_connect(page.root + "/ws") as ws:
        await house.books.staffing.change("a18", {"languages": ("ur",)}, "administrator:admin", house.now, _anything)
        assert "lang:ur" not in (await house.floor.agent("A18")).skills
        await ws.send_str('{"type":"beat"}')
        async with asyncio.timeout(LIMIT_S):
            while "lang:ur" not in (await house.floor.agent("A18")).skills:  # noqa: ASYNC110 - it happens in Redis
                await asyncio.sleep(0.02)


async def test_a_page_whose_session_has_ended_elsewhere_signs_nobody_in_again(house):
    """Another console's page: nobody tells it, its next heartbeat finds the agent gone from the floor."""
    page = await signed_in(house, "a18", "A18")
    async with page.http.ws_connect(page.root + "/ws") as ws:
        await house.books.people.set_active("a18", active=False)
        await house.floor.sign_out("A18")
        await ws.send_str('{"type":"beat"}')
        async with asyncio.timeout(LIMIT_S):
            while json.loads((await ws.receive()).data)["type"] != "end":
                pass
    assert await house.floor.agent("A18") is None


def _anything(_before, _after) -> None:
    """Whatever is asked is allowed."""


async def test_a_new_password_puts_out_whoever_has_the_old_one(house, controller):
    controller.answers = {"forget_phone": lambda command: Answer(command.id, ok=True)}
    admin, page = await house.enter("admin"), await signed_in(house, "a17", "A17")
    status, said = await admin.post("/api/people/a17/password", {})
    assert status == 200
    assert (await page.get("/api/me"))[0] == 401
    assert await house.floor.agent("A17") is None
    assert (await house.page().log_in("a17", PASSWORD))[0] == 401
    assert (await house.page().log_in("a17", said["password"]))[0] == 200
    assert ("administrator:admin", "set_password") in await house.audit("login:a17")
    assert (await admin.post("/api/people/a17/password", {"password": "short"}))[1]["field"] == "password"


@pytest.mark.parametrize(
    ("changes", "field"), [({"roles": ["auditor"]}, "roles"), ({"active": False}, "active")], ids=["role", "active"]
)
async def test_an_administrator_never_shuts_himself_out(house, changes, field):
    admin = await house.enter("admin")
    await admin.post("/api/people", {"name": "z02", "roles": ["administrator"]})
    status, said = await admin.post("/api/people/admin", changes)
    assert (status, said["field"]) == (409, field)
    assert ("administrator:admin", "refused:keep_people") in await house.audit("login:admin")
    assert (await admin.post("/api/people/z02", {"active": False}))[0] == 200, "another one he may"
    assert (await admin.post("/api/people/admin", {"vendor": "the house"}))[0] == 200
    assert (await admin.get("/api/people"))[0] == 200, "and goes on working"


async def test_an_administrator_of_a_company_keeps_its_people_alone(house):
    admin = await house.enter("admin")
    _, said = await admin.post("/api/people", {"name": "z02", "roles": ["administrator"], "company": "PV"})
    page = house.page()
    await page.log_in("z02", said["password"])
    _, listed = await page.get("/api/people")
    assert {one["company"] for one in listed["found"]} == {"PV"}
    assert listed["companies"] == ["PV"]
    assert (await page.post("/api/people/stranger", {"active": False}))[0] == 404
    assert (await page.post("/api/people/stranger/password", {}))[0] == 404
    assert ("administrator:z02", "refused:keep_people") in await house.audit("login:stranger")
    assert (await page.post("/api/people", NEW | {"company": "OTHER"}))[1]["field"] == "company"
    assert (await page.post("/api/people/a17", {"company": None}))[1]["field"] == "company"
    status, said = await page.post("/api/people", {key: value for key, value in NEW.items() if key != "company"})
    assert (status, said["person"]["company"]) == (201, "PV")


async def test_who_is_not_there_is_not_changed(house):
    admin = await house.enter("admin")
    assert (await admin.post("/api/people/nobody", {"active": False}))[0] == 404
    assert (await admin.post("/api/people/a17", {"password_hash": "x"}))[0] == 400


async def test_the_vendor_is_on_the_wallboard(house):
    admin = await house.enter("admin")
    await admin.post("/api/people/a17", {"vendor": "A"})
    await signed_in(house, "a17", "A17")
    await signed_in(house, "a18", "A18")
    boss = await house.enter("boss")
    shown = (await boss.get("/api/wall"))[1]["agents"]
    assert [(one["agent"], one["vendor"]) for one in shown] == [("A17", "A"), ("A18", None)]
    assert all("shift" not in one for one in shown)


def test_no_two_passwords_that_are_made_are_the_same():
    made = [made_up() for _ in range(50)]
    assert len(set(made)) == 50
    assert all(len(one) == 19 and not set(one) & set("il01o") for one in made)


async def test_history_stays_with_the_code_of_who_has_left(house):
    """Nobody is deleted: what he did is told under his code for good."""
    await house.books.calls.note(Call(CALL, "inbound", Origin.LINE, house.now, agent="A18"))
    admin = await house.enter("admin")
    await admin.post("/api/people/a18", {"active": False})
    assert (await house.books.people.login_of_agent("A18")).name == "a18"
    status, said = await admin.post("/api/people", NEW | {"agent": "A18"})
    assert (status, said["field"]) == (409, "agent")
