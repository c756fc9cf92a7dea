"""Dockets at the console: nobody closes one, an officer only claims, and everybody sees no more than is his."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from test_console_house import CONSUMER, OFFICERS_PHONE, PHONE

from complaints import desk
from complaints.ledger import Call, Outcome
from complaints.records import Attempt, Origin, State, Verdict
from storage.inbox import RecordedMessage, put

pytest_plugins = ("redis_fixture", "test_console_house")

CALL = "n1-1800000000.8"
EVERYBODY = ("a17", "j09", "j20", "boss", "auditor", "inspector", "vigilance", "admin", "stranger")


async def claimed(house, docket):
    company = await house.books.consumers.company("PV")
    kind = await house.books.consumers.category(docket.category)
    return await house.books.dockets.apply(desk.claim(docket, "officer:J09", "tree", "", house.now, kind, company))


async def asked(house, docket, verdict=Verdict.NOT_SATISFIED, call_ref="n1-1800000001.1"):
    """One satisfaction attempt on a claimed docket."""
    company = await house.books.consumers.company("PV")
    docket = await house.books.dockets.apply(desk.begin_verifying(docket, house.now))
    attempt = Attempt(
        docket.number,
        docket.claims,
        1,
        call_ref,
        PHONE,
        house.now,
        verdict,
        recording="2026/a.wav",
        reason_recording="r",
    )
    return await house.books.dockets.apply(desk.verdict(docket, attempt, house.now, company, {}))


# --- nobody closes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERYBODY)
async def test_no_role_closes_a_docket(house, name):
    docket = await claimed(house, await house.docket())
    page = await house.enter(name)
    for body in ({}, {"state": "closed_satisfied"}, {"force": True, "version": docket.version}, ["anything"]):
        status, said = await page.post(f"/api/dockets/{docket.number}/close", body)
        assert status == 409
        assert said["error"].startswith("Only the consumer's own confirmation closes a docket")
    assert await house.books.dockets.get(docket.number) == docket
    refusals = [deed for _, deed in await house.audit(f"docket:{docket.number}")]
    assert refusals == ["refused:close"] * 4


async def test_two_people_who_try_to_close_at_once_are_both_refused_and_both_remembered(house):
    docket = await house.docket()
    boss, officer = await house.enter("boss"), await house.enter("j09")
    path = f"/api/dockets/{docket.number}/close"
    answers = await asyncio.gather(boss.post(path), officer.post(path))
    assert [status for status, _ in answers] == [409, 409]
    assert {actor for actor, _ in await house.audit(f"docket:{docket.number}")} == {"supervisor:boss", "officer:J09"}
    assert await house.books.dockets.get(docket.number) == docket


async def test_closing_a_docket_that_does_not_exist_is_404(house):
    assert (await (await house.enter("boss")).post("/api/dockets/99999999/close"))[0] == 404


# --- the field -------------------------------------------------------------------------------------------------------


async def test_work_done_only_claims_and_promises_the_consumer_a_call(house):
    docket = await house.docket()
    page = await house.enter("j09")
    body = {"cause_code": "jumper open", "note": "tightened", "version": docket.version}
    status, said = await page.post(f"/api/dockets/{docket.number}/claim", body)
    assert (status, said["state"], said["claimed_by"]) == (200, "resolution_claimed", "officer:J09")
    assert said["closed_at"] is None
    promised = await house.books.due.get(f"ring:{docket.number}:1:0")
    assert promised.kind == "ring_satisfaction"
    _, timeline = await page.get(f"/api/dockets/{docket.number}/timeline")
    assert [row["deed"] for row in timeline["rows"]] == ["register", "claim"]
    assert timeline["rows"][1]["note"] == "tightened"


async def test_an_agent_cannot_claim(house):
    docket = await house.docket()
    page = await house.enter("a17")
    status, _ = await page.post(f"/api/dockets/{docket.number}/claim", {"cause_code": "tree"})
    assert status == 403
    assert await house.books.dockets.get(docket.number) == docket
    assert await house.audit(f"docket:{docket.number}") == [("agent:A17", "refused:claim")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "cause_code"),
        ({"cause_code": "magic"}, "cause_code"),
        ({"cause_code": "tree", "close": True}, "close"),
        ({"cause_code": "tree", "note": "x" * 4001}, "note"),
        ({"cause_code": "tree", "version": 0}, "version"),
    ],
)
async def test_a_claim_that_does_not_fit_is_refused_with_its_field(house, body, field):
    docket = await house.docket()
    status, said = await (await house.enter("j09")).post(f"/api/dockets/{docket.number}/claim", body)
    assert (status, said["field"]) == (400, field)
    assert await house.books.dockets.get(docket.number) == docket


async def test_the_officer_moves_the_docket_through_the_field(house):
    docket = await house.docket()
    page, path = await house.enter("j09"), f"/api/dockets/{docket.number}"
    for deed, body, state in (
        ("accept", {}, "accepted"),
        ("arrive", {"note": "at the pole"}, "on_site"),
        ("wait", {"reason": "transformer on its way"}, "waiting"),
        ("note", {"note": "crew of four"}, "waiting"),
        ("claim", {"cause_code": "DT burnt"}, "resolution_claimed"),
    ):
        status, said = await page.post(f"{path}/{deed}", body)
        assert (status, said["state"]) == (200, state)
    assert (await page.post(f"{path}/wait", {}))[0] == 400


async def test_what_the_table_of_moves_does_not_know_is_409_and_changes_nothing(house):
    docket = await claimed(house, await house.docket())
    page = await house.enter("j09")
    for deed, body in (
        ("accept", {}),
        ("arrive", {}),
        ("wait", {"reason": "no crew"}),
        ("claim", {"cause_code": "tree"}),
    ):
        assert (await page.post(f"/api/dockets/{docket.number}/{deed}", body))[0] == 409
    assert await house.books.dockets.get(docket.number) == docket
    assert len(await house.audit(f"docket:{docket.number}")) == 4


async def test_of_two_officers_claiming_at_once_the_second_is_told_who_was_quicker(house):
    docket = await house.docket()
    first, second = await house.enter("j09"), await house.enter("s01")
    path, body = f"/api/dockets/{docket.number}/claim", {"cause_code": "tree", "version": docket.version}
    answers = await asyncio.gather(first.post(path, body), second.post(path, body))
    assert sorted(status for status, _ in answers) == [200, 409]
    (told,) = [said["error"] for status, said in answers if status == 409]
    (winner,) = [said["claimed_by"] for status, said in answers if status == 200]
    assert told.startswith(f"Somebody was quicker: {winner} did claim at ")
    assert (await house.books.dockets.get(docket.number)).claims == 1


async def test_two_notes_on_the_same_version_are_never_one_of_them_lost_in_silence(house):
    docket = await house.docket()
    pages = [await house.enter(name) for name in ("a17", "boss", "j09", "a17")]
    path = f"/api/dockets/{docket.number}/note"
    answers = await asyncio.gather(*(page.post(path, {"note": f"note {n}"}) for n, page in enumerate(pages)))
    kept = {row.note for row in await house.books.dockets.timeline(docket.number)}
    for number, (status, _) in enumerate(answers):
        assert (status == 200) == (f"note {number}" in kept)
        assert status in (200, 409)


async def test_an_officer_of_another_place_neither_sees_nor_moves_a_docket(house):
    docket = await house.docket("chowk")
    page = await house.enter("j20")
    for suffix in ("", "/timeline", "/register"):
        assert (await page.get(f"/api/dockets/{docket.number}{suffix}"))[0] == 404
    assert (await page.post(f"/api/dockets/{docket.number}/claim", {"cause_code": "tree"}))[0] == 404
    assert (await page.get("/api/dockets"))[1]["dockets"] == []
    assert (await page.get("/api/dockets?unit=chowk"))[0] == 404
    audited = await house.audit(f"docket:{docket.number}")
    assert audited == [("officer:J20", "refused:see_dockets")] * 3 + [("officer:J20", "refused:claim")]


async def test_the_officer_above_sees_what_lies_below_him(house):
    docket = await house.docket("chowk")
    page = await house.enter("s01")
    assert (await page.get(f"/api/dockets/{docket.number}"))[0] == 200
    assert [one["number"] for one in (await page.get("/api/dockets"))[1]["dockets"]] == [docket.number]
    assert (await page.get("/api/dockets?owner=me"))[1]["dockets"] == []


async def test_another_companys_people_see_nothing(house):
    docket = await house.docket()
    page = await house.enter("stranger")
    assert (await page.get(f"/api/dockets/{docket.number}"))[0] == 404
    assert (await page.get("/api/dockets?state=all"))[1]["dockets"] == []
    assert (await page.get("/api/dockets?company=PV"))[0] == 404
    assert (await page.get("/api/register/PV/verify"))[0] == 404


# --- what is shown ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "open_phone", "sealed_phone"),
    [("a17", "…2345", None), ("j09", "…2345", None), ("boss", PHONE, None), ("vigilance", PHONE, PHONE)],
)
async def test_numbers_are_masked_and_a_sealed_dockets_number_is_vigilances_alone(
    house, name, open_phone, sealed_phone
):
    open_docket = await house.docket()
    sealed = await house.docket(category="THEFT", sealed=True, call_ref=CALL, note="he said his name")
    page = await house.enter(name)
    assert (await page.get(f"/api/dockets/{open_docket.number}"))[1]["phone"] == open_phone
    _, shown = await page.get(f"/api/dockets/{sealed.number}")
    assert (shown["phone"], shown["call_ref"]) == (sealed_phone, CALL if name == "vigilance" else None)
    _, timeline = await page.get(f"/api/dockets/{sealed.number}/timeline")
    assert (timeline["rows"][0]["note"] == "he said his name") == (name == "vigilance")
    listed = [one["number"] for one in (await page.get("/api/dockets"))[1]["dockets"]]
    assert (sealed.number in listed) == (name == "vigilance")


async def test_an_agent_is_not_led_to_other_agents_recordings(house):
    docket = await asked(house, await claimed(house, await house.docket()), call_ref=CALL)
    path = f"/api/dockets/{docket.number}/register"
    agent, boss = await house.enter("a17"), await house.enter("boss")
    (row,) = (await boss.get(path))[1]["rows"]
    assert (row["recording"], row["verdict"], row["dialled"]) == ("2026/a.wav", "not_satisfied", PHONE)
    (row,) = (await agent.get(path))[1]["rows"]
    assert (row["recording"], row["reason_recording"], row["dialled"]) == (None, None, "…2345")
    await house.books.calls.note(Call(CALL, "satisfaction", Origin.LINE, house.now, agent="A17"))
    (row,) = (await agent.get(path))[1]["rows"]
    assert row["recording"] == "2026/a.wav"


async def test_the_list_is_read_in_pages_without_gap_or_repetition(house):
    made = {(await house.docket()).number for _ in range(5)}
    page, seen, after = await house.enter("boss"), [], ""
    while True:
        _, said = await page.get(f"/api/dockets?limit=2{after}")
        seen += [one["number"] for one in said["dockets"]]
        if said["next"] is None:
            break
        after = "&after=" + said["next"].replace("+", "%2B")
    assert len(seen) == 5
    assert set(seen) == made


@pytest.mark.parametrize(
    "query",
    ["state=done", "limit=0", "limit=many", "after=yesterday", "color=red", "limit=2&limit=3", "after=2026-01-01~1"],
)
async def test_a_filter_that_does_not_fit_is_refused(house, query):
    assert (await (await house.enter("boss")).get(f"/api/dockets?{query}"))[0] == 400


async def test_states_are_filtered_as_asked(house):
    docket = await claimed(house, await house.docket())
    await house.docket()
    page = await house.enter("boss")
    _, said = await page.get("/api/dockets?state=resolution_claimed,verifying")
    assert [one["number"] for one in said["dockets"]] == [docket.number]


# --- registering -----------------------------------------------------------------------------------------------------


async def agent_in_call(house, **more):
    page = await house.enter("a17")
    await page.get("/api/agent")
    await house.books.calls.note(
        replace(Call(CALL, "inbound", Origin.LINE, house.now, company="PV", phone=PHONE, agent="A17"), **more)
    )
    await house.in_call("A17", CALL)
    return page


async def test_an_agent_registers_on_his_call_and_the_call_knows_it(house):
    page = await agent_in_call(house)
    body = {"category": "BILL", "language": "ur", "call_ref": CALL, "consumer_number": CONSUMER, "note": "billed twice"}
    status, said = await page.post("/api/dockets", body)
    assert (status, said["state"], said["owner"], said["unit"], said["level"]) == (201, "assigned", "J09", "chowk", 1)
    docket = await house.books.dockets.get(said["number"])
    assert (docket.phone, docket.language, docket.call_ref) == (PHONE, "ur", CALL)
    (row,) = await house.books.dockets.timeline(docket.number)
    assert (row.actor, row.note) == ("agent:A17", "billed twice")
    call = await house.books.calls.get(CALL)
    assert call.docket == docket.number
    assert Outcome.DOCKET_REGISTERED in call.flags


async def test_registering_twice_on_one_call_gives_the_one_docket(house):
    page = await agent_in_call(house)
    body = {"category": "BILL", "language": "hi", "call_ref": CALL, "consumer_number": CONSUMER}
    first, second = await asyncio.gather(page.post("/api/dockets", body), page.post("/api/dockets", body))
    assert first[0] == second[0] == 201
    assert first[1]["number"] == second[1]["number"]


async def test_without_a_call_a_request_id_makes_repetition_harmless(house):
    page = await house.enter("a17")
    body = {"category": "BILL", "language": "hi", "unit": "rampur"}
    assert (await page.post("/api/dockets", body))[1]["field"] == "request_id"
    body["request_id"] = "0f8f2a3c-1"
    first, second = await page.post("/api/dockets", body), await page.post("/api/dockets", body)
    assert first[1]["number"] == second[1]["number"]
    assert (first[1]["owner"], first[1]["settlement"]) == ("J20", "rural")


async def test_a_number_is_changed_only_after_read_back_and_never_to_one_of_our_own_peoples(house):
    page = await agent_in_call(house)
    body = {"category": "BILL", "language": "hi", "call_ref": CALL, "phone": "5000054321"}
    assert (await page.post("/api/dockets", body))[1]["field"] == "read_back"
    assert (await page.post("/api/dockets", {**body, "read_back": True, "phone": "12"}))[1]["field"] == "phone"
    officers = {**body, "read_back": True, "phone": OFFICERS_PHONE}
    assert (await page.post("/api/dockets", officers))[0] == 409
    status, said = await page.post("/api/dockets", {**body, "read_back": True})
    assert status == 201
    assert (await house.books.dockets.get(said["number"])).phone == "+915000054321"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "NONE"}, "category"),
        ({"language": "fr"}, "language"),
        ({"consumer_number": "1000000010"}, "consumer_number"),
        ({"unit": "nowhere"}, "unit"),
        ({"sealed": True}, "sealed"),
        ({"state": "closed_satisfied"}, "state"),
        ({"call_ref": "a b"}, "call_ref"),
    ],
)
async def test_a_registration_that_does_not_fit_is_refused_with_its_field(house, change, field):
    page = await agent_in_call(house)
    body = {"category": "BILL", "language": "hi", "call_ref": CALL, **change}
    status, said = await page.post("/api/dockets", body)
    assert (status, said["field"]) == (400, field)


async def test_nobody_registers_on_another_agents_call(house):
    await agent_in_call(house)
    other = await house.enter("a18")
    body = {"category": "BILL", "language": "hi", "call_ref": CALL}
    assert (await other.post("/api/dockets", body))[0] == 403


async def test_a_name_with_script_in_it_comes_back_as_plain_text(house):
    docket, note = await house.docket(), "<script>alert(1)</script>"
    page = await house.enter("a17")
    await page.post(f"/api/dockets/{docket.number}/note", {"note": note})
    async with page.http.get(f"{page.root}/api/dockets/{docket.number}/timeline") as answer:
        assert answer.headers["Content-Type"] == "application/json"
        assert (await answer.json())["rows"][-1]["note"] == note


# --- inbox, ledger, register -----------------------------------------------------------------------------------------


async def message(house, call_ref=CALL):
    await house.books.transactions.write(
        lambda c: put(c, RecordedMessage(call_ref, "2026/m.wav", house.now, PHONE, "PV"))
    )


async def test_a_message_ends_with_a_docket_or_a_reason_and_only_once(house):
    await message(house)
    docket = await house.docket()
    agent, boss = await house.enter("a17"), await house.enter("boss")
    (shown,) = (await agent.get("/api/inbox"))[1]["messages"]
    assert (shown["call_ref"], shown["phone"]) == (CALL, "…2345")
    path = f"/api/inbox/{CALL}/settle"
    assert (await agent.post(path, {}))[0] == 400
    assert (await agent.post(path, {"docket": docket.number, "reason": "both"}))[0] == 400
    assert (await agent.post(path, {"docket": "99999999"}))[0] == 404
    assert (await agent.post(path, {"docket": docket.number}))[0] == 200
    status, said = await boss.post(path, {"reason": "silent message"})
    assert (status, said["error"]) == (409, "Somebody was quicker: agent:A17 settled this message.")
    assert (await boss.get("/api/inbox"))[1]["messages"] == []
    assert (await boss.post("/api/inbox/n1-nothing/settle", {"reason": "silent"}))[0] == 404


async def test_the_ledger_of_a_local_day_balances_in_words_and_figures(house):
    midnight = house.now.replace(year=2026, month=3, day=9, hour=18, minute=30, second=0, microsecond=0)
    for number, (moment, outcome) in enumerate(
        (
            (midnight, Outcome.TALKED),
            (midnight.replace(hour=20), Outcome.CALLER_LEFT),
            (midnight.replace(hour=17), None),
        )
    ):
        await house.books.calls.note(
            Call(f"n1-{number}", "inbound", Origin.LINE, moment, outcome=outcome, ended_at=moment)
        )
    page = await house.enter("auditor")
    _, said = await page.get("/api/ledger?date=2026-03-10")
    assert (said["offered"], said["outcomes"]["talked"], said["outcomes"]["caller_left"]) == (2, 1, 1)
    assert (said["lost"], said["without_outcome"], said["balanced"]) == (["n1-1"], [], True)
    _, said = await page.get("/api/ledger?date=2026-03-09")
    assert (said["offered"], said["without_outcome"], said["balanced"]) == (1, ["n1-2"], False)
    assert (await page.get("/api/ledger?date=yesterday"))[1]["field"] == "date"
    assert (await page.get("/api/ledger"))[1]["offered"] == 0


async def test_the_register_is_verified_row_by_row(house):
    page = await house.enter("auditor")
    assert (await page.get("/api/register/PV/verify"))[1]["rows"] == 0
    docket = await asked(house, await claimed(house, await house.docket()))
    assert docket.state is State.REOPENED
    _, said = await page.get("/api/register/PV/verify")
    assert (said["ok"], said["rows"], said["first_bad"]) == (True, 1, None)
    assert (await page.get("/api/register/NONE/verify"))[0] == 404
