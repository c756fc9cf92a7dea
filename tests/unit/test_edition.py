"""What an administrator may change in what the line says, and what is refused with its field and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dialplan.edition import MAX_ADDED, MAX_FLOW, Changes, EditionError, changed, differences, shipped
from dialplan.flow import SayNode

ROOM = Path(__file__).parents[2] / "dialplan"
RELEASE = shipped(ROOM)
THREE = {"en": "Hello there.", "hi": "नमस्ते जी।", "ur": "سلام جناب۔"}


def said(key: str, words: dict[str, str] | None = None) -> dict[str, dict[str, str]]:
    return {lang: {key: text} for lang, text in (words or THREE).items()}


def faults(prompts=None, flows=None) -> list[tuple[str, int | None, str]]:
    with pytest.raises(EditionError) as refused:
        changed(RELEASE, 1, Changes(prompts or {}, flows or {}))
    return [(fault.field, fault.line, fault.reason) for fault in refused.value.faults]


def inbound(old: str, new: str) -> str:
    assert RELEASE.flow_texts["inbound"].count(old) == 1, old
    return RELEASE.flow_texts["inbound"].replace(old, new)


def test_no_changes_are_the_release_itself():
    same = changed(RELEASE, 1, Changes())
    assert (same.digest, same.flows, same.wording.texts) == (RELEASE.digest, RELEASE.flows, RELEASE.wording.texts)


def test_one_language_may_be_said_otherwise_alone():
    edition = changed(RELEASE, 1, Changes({"hi": {"goodbye": "फिर मिलेंगे।"}}))
    assert edition.wording.texts["hi"]["goodbye"] == "फिर मिलेंगे।"
    assert edition.wording.texts["en"] == RELEASE.wording.texts["en"]
    assert edition.digest != RELEASE.digest
    assert RELEASE.wording.texts["hi"]["goodbye"] != "फिर मिलेंगे।", "the release stays what it is"


def test_a_new_prompt_may_be_said_by_a_changed_flow():
    text = inbound('say = ["greet", "danger_hint"]', 'say = ["greet", "heat_wave", "danger_hint"]')
    edition = changed(RELEASE, 1, Changes(said("heat_wave"), {"inbound": text}))
    node = edition.flows["inbound"].nodes["greet"]
    assert isinstance(node, SayNode)
    assert "heat_wave" in node.say


def test_only_what_differs_is_an_edition():
    same = {"en": {"goodbye": RELEASE.wording.texts["en"]["goodbye"], "greet": "Hello."}}
    found = differences(RELEASE, changed(RELEASE, 1, Changes(same, dict(RELEASE.flow_texts))))
    assert found == Changes({"en": {"greet": "Hello."}}, {})


def test_what_is_tested_by_tones_keeps_them_when_prompts_come_and_go():
    edition = changed(RELEASE, 1, Changes(said("a_new_one")))
    before, after = RELEASE.wording.marker(["SD-07"]), edition.wording.marker(["SD-07"])
    assert {name: after[name] for name in before} == before
    assert len(set(after.values())) == len(after)
    assert {name.partition("~")[0] for name in after.keys() - before.keys()} == {"a_new_one"}


@pytest.mark.parametrize(
    ("prompts", "field", "reason"),
    [
        ({"en": {"goodbye": " "}}, "prompts.en.goodbye", "it is empty"),
        ({"en": {"goodbye": "Bye {n"}}, "prompts.en.goodbye", "brace"),
        ({"en": {"goodbye": "Bye {name}."}}, "prompts.en.goodbye", "known are"),
        ({"en": {"goodbye": "Bye {pairs}."}}, "prompts.en.goodbye", "is not known where this is said"),
        ({"en": {"goodbye": "a" * 601}}, "prompts.en.goodbye", "601 characters"),
        ({"en": {"goodbye": "Bye.\nBye."}}, "prompts.en.goodbye", "one line"),
        ({"en": {"1st": "One."}}, "prompts.en.1st", "no name for a prompt"),
        ({"xx": {"goodbye": "Bye."}}, "prompts.xx.goodbye", "no prompts in this language"),
        ({"en": {"registered": "Done."}}, "prompts.hi.registered", "in en it holds none"),
        ({"en": {"only_here": "Only here."}}, "prompts.hi.only_here", "every language"),
    ],
)
def test_words_that_cannot_be_said_are_refused_by_language_and_prompt(prompts, field, reason):
    found = faults(prompts)
    assert field in [one[0] for one in found]
    assert any(reason in one[2] for one in found), found


def test_all_faulty_prompts_are_told_at_once():
    assert len(faults({"en": {"goodbye": "", "greet": "{"}, "hi": {"goodbye": ""}})) >= 3


def test_a_value_may_be_left_out_of_all_languages_together():
    words = {"en": "In {area}.", "hi": "{area} में।", "ur": "{area} میں۔"}
    assert changed(RELEASE, 1, Changes(said("area_readback", words)))
    assert changed(RELEASE, 1, Changes(said("area_readback")))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('failure = "person"', 'failure = "goodbye"', "three failures lead to person"),
        ('9 = "danger", 0 = "person" }\nroot = true', '9 = "nowhere", 0 = "person" }\nroot = true', "leads to nowhere"),
        ('name = "inbound"', "name = 3", "name must be a text"),
        ('name = "inbound"', 'name = "inbound', "line 3"),
    ],
)
def test_a_flow_that_breaks_a_rule_is_refused_with_its_reason(old, new, reason):
    text = RELEASE.flow_texts["inbound"]
    assert old in text, old
    [(field, line, told)] = faults(flows={"inbound": text.replace(old, new, 1)})
    assert field == "flows.inbound"
    assert line >= 1
    assert reason in told


def test_a_flow_cannot_take_anothers_place():
    assert faults(flows={"inbound": RELEASE.flow_texts["callback"]}) == [
        ("flows.inbound", 1, 'its name must stay "inbound"')
    ]


def test_the_keys_that_work_everywhere_stay():
    text = RELEASE.flow_texts["inbound"]
    for key, target in RELEASE.flows["inbound"].always.items():
        [(_, _, told)] = faults(flows={"inbound": text.replace(f'"{key}" = "{target}"', "")})
        assert f"the key {key} leads to {target} from everywhere" in told


def test_an_edition_from_before_there_were_words_still_fits():
    text = re.sub(r'^(\[words\]\n("[^\n]*\n)+|words = [^\n]*\n)', "", RELEASE.flow_texts["inbound"], flags=re.MULTILINE)
    assert changed(RELEASE, 1, Changes(flows={"inbound": text})).flows["inbound"].words == {}


def test_what_closes_a_docket_is_no_editions_business():
    text = RELEASE.flow_texts["satisfaction"]
    swapped = text.replace('1 = "satisfied", 2 = "reason"', '2 = "satisfied", 1 = "reason"', 1)
    assert swapped != text
    [(field, _, told)] = faults(flows={"satisfaction": swapped})
    assert field == "flows.satisfaction"
    assert "only its words" in told
    assert changed(RELEASE, 1, Changes(flows={"satisfaction": text}))


def test_no_other_flow_can_be_made_and_none_be_endless():
    assert "no flow is called party" in faults(flows={"party": "x"})[0][2]
    assert "characters" in faults(flows={"inbound": "#" * (MAX_FLOW + 1)})[0][2]
    many = "".join(f'[node.n{n}]\nsay = ["greet"]\nnext = "n{n + 1}"\n' for n in range(500))
    assert "nobody can look over" in faults(flows={"inbound": f"{RELEASE.flow_texts['inbound']}\n{many}"})[0][2]


def told(flow: str, old: str, new: str) -> str:
    """The one reason for which this change of a flow is refused."""
    text = RELEASE.flow_texts[flow]
    assert old in text, old
    [(_, _, reason)] = faults(flows={flow: text.replace(old, new, 1)})
    return reason


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('args = { language = "ur" }', 'args = { language = "pa" }', "language cannot be pa"),
        ('args = { subject = "BILL" }', 'args = { subject = "BIL" }', "subject cannot be BIL"),
        ('args = { category = "SAF" }', "args = { }", "register lacks the argument category"),
        ('args = { category = "SAF" }', 'args = { category = "SAF", urgent = "yes" }', "takes no argument urgent"),
        ('"THEFT", sealed = "yes" }', '"THEFT" }', "who informs is written nowhere"),
        ('connect = "general"', 'connect = "generall"', "nobody is there for generall"),
        ('into = "consumer_number"', 'into = "number"', "a number is collected into"),
        ('into = "message"', 'into = "../../message"', "a recording is made into"),
        ("max_s = 60", "max_s = 100000", "max_s must lie between 1 and 180"),
        ('{ 1 = "yes correct", 2 = "no incorrect" }', '{ 1 = "yess", 2 = "no" }', "there are no words for yess"),
        ('{ 1 = "yes correct", 2 = "no incorrect" }', '{ 1 = " ", 2 = "no" }', "words must name a meaning"),
        ('{ 1 = "yes correct", 2 = "no incorrect" }', '{ 7 = "yes", 2 = "no" }', "7 is no key here"),
        ('{ 1 = "yes correct", 2 = "no incorrect" }', '{ 1 = "yes", 2 = "no yes" }', "would mean both 1 and 2"),
        ('"*" = "repeat"', '"7" = "repeat"', "7 works nowhere"),
        ('"*" = "repeat"', '"*" = 1', "words must be a table of texts"),
        ("timeout_s = 4", "timeout_s = inf", "timeout_s must lie between 1 and 30"),
        ("digits = 10", "digits = -1", "digits must lie between 1 and 20"),
        ('do = "note_served"', 'do = "withdraw_callback"', "withdraw_callback is done in callback alone"),
        ("[node.greet]\n", '[node.greet]\nname = "x"\n', "no setting name"),
    ],
)
def test_what_a_caller_would_find_out_is_found_out_before(old, new, reason):
    assert reason in told("inbound", old, new)


@pytest.mark.parametrize("said", ['"registered"', '"{docket}"', '"{due_prompt}"', '"supply_menu"'])
def test_a_value_that_is_not_there_on_every_road_is_refused(said):
    reason = told("inbound", 'say = ["greet", "danger_hint"]', f'say = ["greet", {said}]')
    assert "nothing provides" in reason


def test_a_promised_callback_knows_of_no_docket():
    assert "nothing provides" in told("callback", '["callback_greet", ', '["registered", ')


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            '9 = "danger", 0 = "person" }\nroot',
            '9 = "bill", 0 = "person" }\nroot',
            "key 9 leads to danger in every",
        ),
        (
            '9 = "danger", 0 = "person" }\nroot',
            '9 = "danger", 0 = "goodbye" }\nroot',
            "key 0 leads to person in every",
        ),
        ('connect = "danger"', 'connect = "general"', "stays as the release has it"),
        ("root = true\n", 'root = true\nfailure = "goodbye"\n', "three failures lead to person, not to goodbye"),
    ],
)
def test_the_way_to_a_person_stays_whatever_an_edition_says(old, new, reason):
    assert reason in told("inbound", old, new)


def test_not_endlessly_many_prompts_can_be_added():
    many = {lang: {f"new_{n}": "Word." for n in range(MAX_ADDED + 1)} for lang in THREE}
    assert f"more than {MAX_ADDED}" in faults(many)[0][2]
    full = {lang: {f"new_{n}": "Word." for n in range(MAX_ADDED)} for lang in THREE}
    assert changed(RELEASE, 1, Changes(full)).wording.marker([f"SD-{n}" for n in range(60)]), "there are tones for all"


def test_tables_within_tables_without_end_are_refused():
    assert "without end" in faults(flows={"inbound": "x = " + "[" * 50_000})[0][2]
