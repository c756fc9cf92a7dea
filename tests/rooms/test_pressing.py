"""A caller presses his docket through the agent he speaks with; nobody else does it for him."""

from __future__ import annotations

from test_console_house import PHONE

from complaints.ledger import Call
from complaints.records import Origin, State

pytest_plugins = ("redis_fixture", "test_console_house")

CALL = "n1-1800000000.9"


async def in_call(house):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.in_call("A17", CALL, frozenset({"lang:hi", "co:PV", "cat:SUP"}))
    await house.books.calls.note(Call(CALL, "inbound", Origin.LINE, house.now, node="n1", company="PV", phone=PHONE))
    return page


async def test_only_the_callers_own_docket_is_pressed(house):
    page, docket = await in_call(house), await house.docket(phone="+915000012399")
    status, said = await page.post(f"/api/dockets/{docket.number}/press", {"call_ref": CALL})
    assert status == 403
    assert "not of the caller" in said["error"]


async def test_an_open_docket_goes_one_level_up_once_in_a_call(house):
    page, docket = await in_call(house), await house.docket()
    for _ in range(2):
        status, said = await page.post(f"/api/dockets/{docket.number}/press", {"call_ref": CALL})
        assert status == 200, said
    found = await house.books.dockets.get(docket.number)
    assert (found.level, found.repeats) == (docket.level + 1, docket.repeats + 1)
    assert (await house.books.dockets.timeline(docket.number))[-1].actor == "agent:A17"


async def test_a_docket_said_to_be_done_is_opened_again(house):
    page, docket = await in_call(house), await house.docket()
    officer = await house.enter("j09")
    await officer.post(f"/api/dockets/{docket.number}/claim", {"cause_code": "tree"})
    status, said = await page.post(f"/api/dockets/{docket.number}/press", {"call_ref": CALL})
    assert (status, said["state"]) == (200, State.REOPENED)


async def test_without_a_caller_on_the_line_it_is_refused(house):
    docket = await house.docket()
    page = await house.enter("a18")
    status, said = await page.post(f"/api/dockets/{docket.number}/press", {"call_ref": CALL})
    assert status == 403
    assert "speaking with" in said["error"]
    assert (await house.books.dockets.get(docket.number)).level == docket.level


async def test_no_other_role_presses(house):
    docket = await house.docket()
    for name in ("j09", "boss", "auditor"):
        page = await house.enter(name)
        assert (await page.post(f"/api/dockets/{docket.number}/press", {"call_ref": CALL}))[0] == 403
