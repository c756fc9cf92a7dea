"""Editions at the console: checked whole, kept for good, used when every node can speak them, for administrators."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from test_console_house import LOGINS, RELEASE

from complaints.records import Company
from dialplan.edition import changed
from storage.commands import Answer
from storage.editions import Voicing

pytest_plugins = ("books_fixture", "redis_fixture", "test_console_house")

BYE = {"en": {"goodbye": "So long."}}
WHY = "the minister's visit"


async def made(page, **what):
    status, said = await page.post("/api/editions", {"base": 0, "prompts": BYE, "reason": WHY, **what})
    assert status == 201, said
    return said


async def voiced(house, number: int, node: str = "n1", fault: str | None = None) -> None:
    digest = changed(RELEASE, number, await house.books.editions.changes(number)).digest
    await house.books.editions.voiced(Voicing(number, node, digest, house.clock.wall_now(), fault))


async def test_an_edition_is_made_used_and_left_again_and_all_of_it_is_kept(any_house):
    house = any_house
    admin = await house.enter("admin")
    first = await made(admin)
    assert (first["number"], first["ready"], first["base"], first["actor"]) == (1, False, 0, "administrator:admin")
    status, said = await admin.post("/api/editions/1/use", {"before": 0, "reason": WHY})
    assert (status, "not ready on every node" in said["error"]) == (409, True)
    await voiced(house, 1)
    status, said = await admin.post("/api/editions/1/use", {"before": 0, "reason": WHY})
    assert (status, said["used"]) == (200, 1)
    second = await made(admin, base=1, prompts={"hi": {"goodbye": "फिर मिलेंगे।"}}, reason="Hindi as well")
    assert second["number"] == 2
    whole = (await admin.get("/api/editions/2"))[1]
    words = {prompt["key"]: prompt for prompt in whole["prompts"]}["goodbye"]
    assert (words["words"]["en"], words["words"]["hi"]) == ("So long.", "फिर मिलेंगे।"), "it stands on edition 1"
    assert words["released"]["en"] == RELEASE.wording.texts["en"]["goodbye"]
    status, said = await admin.post("/api/editions/0/use", {"before": 1, "reason": "the visit is over"})
    assert (status, said["used"]) == (200, 0)
    assert [(one["number"], one["reason"]) for one in said["uses"]] == [(0, "the visit is over"), (1, WHY)]
    assert [one["number"] for one in said["editions"]] == [2, 1, 0]
    deeds = [
        (row.deed, row.detail["reason"])
        for row in await house.books.people.audit_rows("edition:1")
        if "reason" in row.detail
    ]
    assert sorted(deeds) == [("make_edition", WHY), ("use_edition", WHY)]


async def test_every_prompt_and_flow_can_be_read(house):
    admin = await house.enter("admin")
    _, whole = await admin.get("/api/editions/0")
    assert {prompt["key"] for prompt in whole["prompts"]} == RELEASE.wording.keys
    flows = {flow["name"]: flow for flow in whole["flows"]}
    assert {name: flow["fixed"] for name, flow in flows.items()} == {
        "callback": False,
        "inbound": False,
        "satisfaction": True,
    }
    assert "main_full: asks main_menu" in flows["inbound"]["drawing"]


async def test_a_check_keeps_nothing_and_tells_all_faults_or_the_flows_as_they_would_be(house):
    admin = await house.enter("admin")
    faulty = {"en": {"goodbye": "", "greet": "{"}}
    status, said = await admin.post("/api/editions/check", {"base": 0, "prompts": faulty, "flows": {"inbound": "x"}})
    assert status == 200
    assert {fault["field"] for fault in said["faults"]} >= {"prompts.en.goodbye", "prompts.en.greet"}
    flow = {"inbound": RELEASE.flow_texts["inbound"].replace('say = ["greet", "danger_hint"]', 'say = ["greet"]')}
    status, said = await admin.post("/api/editions/check", {"base": 0, "flows": flow})
    assert (status, said["faults"]) == (200, [])
    assert "greet: says greet\n" in said["drawings"]["inbound"]
    assert await house.books.editions.highest() == 0


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"prompts": {"en": {"goodbye": ""}}}, "prompts.en.goodbye: it is empty"),
        ({"flows": {"inbound": "nonsense = "}}, "flows.inbound, line 1"),
        ({"base": 7}, "no such edition"),
        ({"prompts": {}}, "Nothing is said otherwise"),
        ({"prompts": {"en": {"goodbye": RELEASE.wording.texts["en"]["goodbye"]}}}, "Nothing is said otherwise"),
        ({"prompts": {"en": {"goodbye": "a" * 700}}}, "at most 600 characters"),
        ({"reason": ""}, "reason"),
        ({"more": 1}, "more"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_kept(house, wrong, sentence):
    admin = await house.enter("admin")
    status, said = await admin.post("/api/editions", {"base": 0, "prompts": BYE, "reason": WHY} | wrong)
    assert status == 400
    assert sentence in said["error"]
    assert await house.books.editions.highest() == 0


async def test_of_two_administrators_the_second_is_told_that_another_edition_is_in_use(any_house):
    house = any_house
    admin = await house.enter("admin")
    for words in ("So long.", "Farewell."):
        await voiced(house, (await made(admin, prompts={"en": {"goodbye": words}}))["number"])
    asked = [admin.post(f"/api/editions/{number}/use", {"before": 0, "reason": WHY}) for number in (1, 2)]
    answers = await asyncio.gather(*asked)
    assert sorted(status for status, _ in answers) == [200, 409]
    assert len(await house.books.editions.uses()) == 1


async def test_a_node_that_cannot_speak_an_edition_keeps_all_from_using_it_and_says_why(house):
    admin = await house.enter("admin")
    await made(admin)
    await voiced(house, 1, fault="espeak-ng is not installed (apt install espeak-ng)")
    _, said = await admin.get("/api/editions")
    assert said["editions"][0]["voices"][0] == {
        "node": "n1",
        "ready": False,
        "fault": "espeak-ng is not installed (apt install espeak-ng)",
    }
    assert (await admin.post("/api/editions/1/use", {"before": 0, "reason": WHY}))[0] == 409


async def test_a_trial_rings_the_telephone_by_the_controller_and_is_audited_without_the_number(house, controller):
    controller.answers["try_edition"] = lambda _: Answer(True)
    admin = await house.enter("admin")
    status, _ = await admin.post("/api/editions/0/try", {"phone": "5000012345", "flow": "inbound", "language": "en"})
    assert status == 200
    [command] = controller.asked
    assert (command.deed, command.args) == (
        "try_edition",
        {"edition": "0", "phone": "+915000012345", "flow": "inbound", "language": "en"},
    )
    [row] = await house.books.people.audit_rows("edition:0")
    assert row.detail == {"flow": "inbound", "phone_ends": "2345"}


@pytest.mark.parametrize(
    "wrong", [{"phone": "12"}, {"phone": "nobody"}, {"phone": "+447911123456"}, {"flow": "party"}, {"language": "xx"}]
)
async def test_a_trial_that_cannot_be_is_refused_by_its_field(house, wrong):
    admin = await house.enter("admin")
    status, said = await admin.post("/api/editions/0/try", {"phone": "5000012345"} | wrong)
    assert status == 400
    assert said["field"] == next(iter(wrong)) or next(iter(wrong)) in said["error"]


async def test_why_a_trial_cannot_be_now_is_told(house, controller):
    controller.answers["try_edition"] = lambda _: Answer(False, "not_spoken")
    admin = await house.enter("admin")
    status, said = await admin.post("/api/editions/0/try", {"phone": "5000012345"})
    assert (status, "not ready yet" in said["error"]) == (409, True)


async def test_nobody_but_an_administrator_of_the_whole_line_changes_what_it_says(house):
    for name in ("boss", "a17", "j09", "auditor", "inspector"):
        page = await house.enter(name)
        assert (await page.get("/api/editions"))[0] == 403, name
        assert (await page.post("/api/editions", {"base": 0, "prompts": BYE, "reason": WHY}))[0] == 403, name
        assert (await page.post("/api/editions/0/try", {"phone": "5000012345"}))[0] == 403, name
    await house.books.people.add(replace(LOGINS[9], name="own", company="PV"))
    own = await house.enter("own")
    await house.books.seeding.add_companies([Company("UV", "UV")])
    status, said = await own.post("/api/editions", {"base": 0, "prompts": BYE, "reason": WHY})
    assert (status, "of the whole line" in said["error"]) == (403, True)
    assert (await (await house.enter("admin")).get("/api/editions/9"))[0] == 404
