"""Recordings at the console: found, heard by a ticket with a reason, scored, contested, inspected."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update
from test_console_house import LOGINS

from complaints.ledger import SEALED, Call, EndedBy, Outcome
from complaints.records import Origin, State
from complaints.scoring import Point, wants_second
from storage.people import Role
from storage.recordings import Recordings
from storage.tables import dockets

pytest_plugins = ("redis_fixture", "test_console_house")

REF = "n1-1795400000.7"
YES = {point.value: True for point in Point}


@pytest.fixture
def sound(house):
    """Writes a packed recording of so many seconds; returns its path."""

    def write(call_ref: str = REF, seconds: float = 4.0):
        return tone(Recordings(house.plan.recordings).packed_path(call_ref), seconds)

    return write


def tone(path, seconds, channels=2):
    path.parent.mkdir(parents=True, exist_ok=True)
    form = ("-r", "8000", "-c", str(channels), "-b", "16")
    subprocess.run(["sox", "-n", *form, str(path), "synth", str(seconds), "sine", "440"], check=True)
    return path


@pytest.fixture
def spoke(house):
    """Notes a call in which A17 spoke; facts may differ."""

    async def note(call_ref: str = REF, **facts):
        began = house.now - timedelta(minutes=10)
        usual = {
            "company": "PV",
            "phone": "+915000012345",
            "answered_at": began,
            "queued_at": began + timedelta(seconds=20),
            "talked_at": began + timedelta(seconds=30),
            "ended_at": began + timedelta(seconds=90),
            "agent": "A17",
            "outcome": Outcome.TALKED,
            "ended_by": EndedBy.CALLER,
            "steps": ((1.0, "greeting"), (9.5, "main")),
        }
        call = Call(call_ref, facts.pop("kind", "inbound"), Origin.LINE, began, node="n1", **{**usual, **facts})
        await house.books.calls.note(call)
        return call

    return note


async def ticket(page, call_ref=REF, part="call", why="weekly audit"):
    return await page.post(f"/api/recordings/{call_ref}/listen", {"why": why, "part": part})


async def hear(page, address, **headers):
    async with page.http.get(page.root + address, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_recording_is_found_by_what_an_auditor_knows_of_it(house, spoke):
    await spoke()
    await spoke("n1-1795400001.8", agent="A18", outcome=Outcome.CALLER_LEFT, docket="10000010", talked_at=None)
    auditor, boss = await house.enter("auditor"), await house.enter("boss")

    async def found(page, query):
        status, said = await page.get(f"/api/recordings{query}")
        assert status == 200, said
        return {one["call_ref"][-1] for one in said["calls"]}

    assert await found(auditor, "") == {"7", "8"}
    assert await found(auditor, "?agent=A17") == {"7"}
    assert await found(auditor, "?docket=10000010") == {"8"}
    assert await found(auditor, "?outcome=caller_left") == {"8"}
    assert await found(boss, "?phone=5000012345&agent=A18") == {"8"}
    await auditor.post(f"/api/recordings/{REF}/score", {"points": {**YES, "closing": False}})
    assert await found(auditor, "?scored=no") == {"8"}
    assert await found(auditor, "?score_below=95") == {"7"}
    assert await found(auditor, "?score_below=80") == set()
    assert await found(await house.enter("stranger"), "") == set(), "another company's calls"


async def test_a_listener_of_one_place_finds_what_belongs_to_its_dockets(house, spoke):
    there, elsewhere = await house.docket(unit="chowk"), await house.docket(unit="rampur")
    await spoke("n1-1795400000.1", docket=there.number)
    await spoke("n1-1795400000.2", docket=elsewhere.number)
    await spoke("n1-1795400000.3")
    await house.books.people.add(replace(LOGINS[6], name="auditor2", unit="kotwali"))
    auditor = await house.enter("auditor2")
    found = (await auditor.get("/api/recordings"))[1]["calls"]
    assert [one["docket"] for one in found] == [there.number]
    assert (await ticket(auditor, "n1-1795400000.2"))[0] == 404


async def test_who_sees_no_numbers_cannot_search_by_one(house):
    status, said = await (await house.enter("auditor")).get("/api/recordings?phone=5000012345")
    assert (status, said["error"]) == (403, "Your log-in sees no numbers, so it cannot search by one.")


async def test_pages_follow_each_other_without_gap_or_double(house, spoke):
    for n in range(7):
        await spoke(f"n1-179540000{n}.1")
    auditor = await house.enter("auditor")
    seen, after = [], ""
    for _ in range(4):
        said = (await auditor.get(f"/api/recordings?limit=2{after}"))[1]
        seen += [one["call_ref"] for one in said["calls"]]
        if said["next"] is None:
            break
        after = f"&after={said['next'].replace('+', '%2B')}"
    assert len(seen) == len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


async def test_nobody_listens_without_a_reason_and_every_listening_is_kept(house, spoke, sound):
    await spoke()
    path = sound()
    auditor = await house.enter("auditor")
    status, said = await ticket(auditor, why="")
    assert status == 400
    status, said = await ticket(auditor, why="weekly audit")
    status, headers, body = await hear(auditor, said["address"])
    assert (status, headers["Content-Type"], body) == (200, "audio/flac", path.read_bytes())
    assert headers["Content-Disposition"] == "inline"
    one = (await auditor.get(f"/api/recordings/{REF}"))[1]
    [listened] = one["listened"]
    assert (listened["actor"], listened["why"]) == ("auditor:auditor", "weekly audit")
    assert one["seconds"] == pytest.approx(4.0)
    assert one["missing_s"] == pytest.approx(86.0), "time without sound is not in the file, and that is said"
    assert [mark["what"] for mark in one["marks"]] == ["step.greeting", "step.main", "moment.queued", "moment.talked"]


async def test_sound_is_served_in_ranges_and_only_to_whom_the_ticket_was_given(house, spoke, sound):
    await spoke()
    whole = sound().read_bytes()
    auditor, boss = await house.enter("auditor"), await house.enter("boss")
    address = (await ticket(auditor))[1]["address"]
    status, headers, body = await hear(auditor, address, Range="bytes=100-199")
    assert (status, headers["Content-Range"], body) == (206, f"bytes 100-199/{len(whole)}", whole[100:200])
    assert (await hear(boss, address))[0] == 403, "somebody else must say himself why he listens"
    assert (await hear(auditor, address.replace("until=", "until=9")))[0] == 403, "an hour cannot be made longer"
    house.clock.jump(3601)
    assert (await hear(auditor, address))[0] == 403, "after an hour the reason is asked for again"


async def test_a_damaged_or_missing_recording_is_told_in_words(house, spoke, sound):
    await spoke()
    auditor = await house.enter("auditor")
    status, said = await ticket(auditor)
    assert (status, said["error"]) == (404, "There is no such recording; it was never made, or it is no longer kept.")
    sound().write_bytes(b"this is no sound")
    address = (await ticket(auditor))[1]["address"]
    status, _, body = await hear(auditor, address)
    assert status == 409
    assert b"The recording cannot be heard: a packed recording cannot be read." in body
    assert (await auditor.get(f"/api/recordings/{REF}"))[1]["seconds"] is None


async def test_a_call_that_has_just_ended_is_not_packed_yet(house, spoke, sound):
    await spoke()
    packed = sound()
    packed.rename(packed.with_suffix(".raw"))
    auditor = await house.enter("auditor")
    address = (await ticket(auditor))[1]["address"]
    assert (await hear(auditor, address))[0] == 409


async def test_who_may_not_hear_is_told_what_he_would_be_told_of_nothing(house, spoke, sound):
    await spoke()
    sound()
    for name in ("stranger", "j09", "a18", "a17"):
        page = await house.enter(name)
        status, said = await ticket(page)
        assert (status, said["error"]) == (404, "There is no such recording, or it is not yours to hear."), name
    rows = await house.books.people.audit_rows(f"call_ref:{REF}")
    assert {row.actor for row in rows} == {"supervisor:stranger", "officer:J09", "agent:A18", "agent:A17"}
    assert (await (await house.enter("admin")).get("/api/recordings"))[0] == 403


async def test_a_sealed_call_is_for_vigilance_alone(house, spoke, sound):
    await spoke(flags={SEALED: "yes"}, phone=None)
    sound()
    auditor, vigilance = await house.enter("auditor"), await house.enter("vigilance")
    assert (await ticket(auditor))[0] == 404
    assert (await auditor.get("/api/recordings"))[1]["calls"] == []
    assert (await ticket(vigilance))[0] == 200
    assert len((await vigilance.get("/api/recordings"))[1]["calls"]) == 1


async def test_an_officer_hears_the_consumers_answer_about_his_own_docket(house, spoke, sound):
    docket = await house.docket(unit="chowk")
    await spoke(kind="satisfaction", docket=docket.number, agent=None)
    sound()
    assert (await ticket(await house.enter("j09"), why="what did he say"))[0] == 200
    assert (await ticket(await house.enter("j20"), why="what did he say"))[0] == 404


async def test_a_message_in_the_inbox_is_heard_by_whoever_settles_it(house, spoke):
    await spoke(agent=None)
    await house.books.inbox.add(REF, recording=f"{REF}-message", phone=None, company="PV", at=house.now)
    said = tone(house.plan.spool / f"{REF}-message.wav", 1, channels=1)
    agent = await house.enter("a18")
    address = (await ticket(agent, part="message", why="inbox"))[1]["address"]
    status, headers, body = await hear(agent, address)
    assert (status, headers["Content-Type"], body) == (200, "audio/wav", said.read_bytes())
    assert (await ticket(agent))[0] == 404, "the call itself is not his"
    assert (await ticket(await house.enter("j09"), part="message", why="inbox"))[0] == 404, "nobody but who settles it"
    await house.books.inbox.settle(REF, "agent:A18", house.now, reason="only breathing")
    assert (await ticket(agent, part="message", why="inbox"))[0] == 404, "it is settled"


async def test_a_score_stays_as_first_said_and_the_agent_sees_and_contests_it(house, spoke, sound):
    await spoke()
    sound()
    auditor, boss, agent = await house.enter("auditor"), await house.enter("boss"), await house.enter("a17")
    status, said = await auditor.post(f"/api/recordings/{REF}/score", {"points": {"greeting": True}})
    assert status == 400
    assert "listening" in said["error"]
    card = {"points": {**YES, "hold": None, "closing": False}, "remark": "no goodbye"}
    status, said = await auditor.post(f"/api/recordings/{REF}/score", card)
    assert (status, said["score"]) == (200, pytest.approx(88.9))
    assert (await auditor.post(f"/api/recordings/{REF}/score", card))[0] == 409
    [mine] = (await agent.get("/api/scores/mine"))[1]["scores"]
    assert (mine["scorer"], mine["remark"]) == ("auditor", "no goodbye")
    assert (await ticket(agent, why="my own score"))[0] == 200, "what he is judged by he may hear"
    contest = f"/api/scores/{REF}/auditor/contest"
    assert (await (await house.enter("a18")).post(contest, {"reason": "it was mine"}))[0] == 409
    assert (await agent.post(contest, {"reason": "I did say it"}))[0] == 200
    assert (await agent.post(contest, {"reason": "again"}))[0] == 409
    [waiting] = (await boss.get("/api/scores/contested"))[1]["scores"]
    assert waiting["contested"] == "I did say it"
    assert (await auditor.post(f"/api/scores/{REF}/auditor/answer", {"answer": "no"}))[0] == 403
    assert (await boss.post(f"/api/scores/{REF}/auditor/answer", {"answer": "heard: you did"}))[0] == 200
    assert (await boss.get("/api/scores/contested"))[1]["scores"] == []
    assert (await agent.get("/api/scores/mine"))[1]["scores"][0]["answer"] == "heard: you did"


async def test_the_second_scorer_does_not_see_the_first_card_before_he_has_given_his_own(house, spoke):
    twice = next(ref for ref in (f"n1-1795400000.{n}" for n in range(1000)) if wants_second(ref))
    await spoke(twice)
    auditor, boss = await house.enter("auditor"), await house.enter("boss")
    await auditor.post(f"/api/recordings/{twice}/score", {"points": YES})
    seen = (await boss.get(f"/api/recordings/{twice}"))[1]["call"]
    assert (seen["second"], seen["scores"]) == (True, [])
    assert (await auditor.get(f"/api/recordings/{twice}"))[1]["call"]["scores"] != [], "his own he sees"
    await boss.post(f"/api/recordings/{twice}/score", {"points": YES})
    seen = (await boss.get(f"/api/recordings/{twice}"))[1]["call"]
    assert (seen["second"], len(seen["scores"])) == (False, 2)


async def test_nobody_scores_his_own_call_nor_answers_about_it(house, spoke):
    await spoke()
    both = frozenset({Role.AGENT, Role.SUPERVISOR})
    await house.books.people.add(replace(LOGINS[5], name="both", roles=both, agent="A30"))
    await spoke("n1-1795400000.30", agent="A30")
    page, auditor = await house.enter("both"), await house.enter("auditor")
    assert (await page.post("/api/recordings/n1-1795400000.30/score", {"points": YES}))[0] == 409
    await auditor.post("/api/recordings/n1-1795400000.30/score", {"points": YES})
    await page.post("/api/scores/n1-1795400000.30/auditor/contest", {"reason": "not so"})
    assert (await page.post("/api/scores/n1-1795400000.30/auditor/answer", {"answer": "indeed"}))[0] == 409


async def test_an_informers_message_is_heard_by_vigilance_alone(house, spoke):
    await spoke(agent=None, flags={SEALED: "yes"}, phone=None)
    await house.books.inbox.add(REF, recording=f"{REF}-message", phone=None, company="PV", at=house.now)
    tone(house.plan.spool / f"{REF}-message.wav", 1, channels=1)
    for name in ("a18", "boss"):
        page = await house.enter(name)
        assert (await page.get("/api/inbox"))[1]["messages"] == [], name
        assert (await ticket(page, part="message", why="inbox"))[0] == 404, name
    vigilance = await house.enter("vigilance")
    assert len((await vigilance.get("/api/inbox"))[1]["messages"]) == 1
    assert (await ticket(vigilance, part="message", why="a tip"))[0] == 200


@pytest.mark.parametrize("days", ["since=0001-01-01&until=0001-01-02", "since=2026-11-02&until=2026-11-01"])
async def test_days_that_cannot_be_are_refused_in_words(house, days):
    auditor, boss = await house.enter("auditor"), await house.enter("boss")
    for path in ("/api/recordings", "/api/scores/agreement"):
        status, said = await auditor.get(f"{path}?{days}")
        assert (status, said["field"] in ("since", "until")) == (400, True)
    assert (await boss.get("/api/trend?date=0001-01-01"))[0] == 400
    assert (await (await house.enter("inspector")).get("/api/inspection?day=9999-12-31"))[0] == 400


async def test_two_scorers_are_compared(house, spoke):
    await spoke()
    auditor, boss = await house.enter("auditor"), await house.enter("boss")
    await auditor.post(f"/api/recordings/{REF}/score", {"points": YES})
    await boss.post(f"/api/recordings/{REF}/score", {"points": {**YES, "data": False}})
    day = house.now.astimezone(ZoneInfo(house.plan.timezone)).date()
    said = (await auditor.get(f"/api/scores/agreement?since={day}&until={day}"))[1]
    assert (said["scored"], said["calls"], said["points"], said["agreed"]) == (1, 1, 10, 9)


async def test_an_inspectors_ten_are_drawn_once_and_findings_stay(house, monkeypatch):
    yesterday = house.now - timedelta(days=1)
    closed = [await house.docket() for _ in range(12)]
    for docket in closed:
        await _closed(house, docket.number, yesterday)
    inspector = await house.enter("inspector")
    status, first = await inspector.get("/api/inspection")
    assert (status, len(first["dockets"])) == (200, 10)
    again = (await inspector.get("/api/inspection"))[1]
    assert [one["docket"]["number"] for one in again["dockets"]] == [
        one["docket"]["number"] for one in first["dockets"]
    ], "nobody draws again until he likes it"
    number = first["dockets"][0]["docket"]["number"]
    found = {"day": first["day"], "docket": number, "finding": "false"}
    assert (await inspector.post("/api/inspection/finding", found))[0] == 400, "a false closing needs words"
    assert (await inspector.post("/api/inspection/finding", {**found, "words": "he says no"}))[0] == 200
    assert (await inspector.post("/api/inspection/finding", {**found, "words": "he says no"}))[0] == 409
    left = next(one.number for one in closed if one.number not in {d["docket"]["number"] for d in first["dockets"]})
    assert (await inspector.post("/api/inspection/finding", {**found, "docket": left, "words": "..."}))[0] == 409
    today = house.now.astimezone(ZoneInfo(house.plan.timezone)).date()
    assert (await inspector.get(f"/api/inspection?day={today}"))[0] == 400
    assert (await (await house.enter("auditor")).get("/api/inspection"))[0] == 403


async def _closed(house, number, at):
    """Sets the docket's end past the desk: how one comes to be closed is another test's subject."""
    statement = update(dockets).where(dockets.c.number == number).values(state=State.CLOSED_SATISFIED, closed_at=at)
    await house.books.transactions.write(lambda c: c.execute(statement) and None)
