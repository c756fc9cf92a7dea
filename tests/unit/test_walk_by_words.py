"""The walker when the caller speaks: a choice, one that is asked back, and what nobody understood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dialplan.flow import ConnectNode, EndNode, Flow, MenuNode, SayNode
from dialplan.steps import Ask, Connect, Left, Misheard, Pressed, Silent, Spoken
from dialplan.walk import Walk

NODES = (
    SayNode("hello", 1, ("hello",), "main"),
    MenuNode("main", 2, ("main",), {"1": "bill", "2": "meter", "3": "done"}, words={"1": "bill", "2": "meter"}),
    MenuNode("bill", 3, ("bill",), {"1": "bye"}),
    MenuNode("meter", 4, ("meter",), {"1": "bye"}),
    MenuNode("done", 5, ("solved",), {"1": "bye", "2": "main"}, words={"1": "yes", "2": "no"}, confirm=("1",)),
    MenuNode("danger", 6, ("danger",), {"1": "bye"}),
    ConnectNode("person", 7, "general", {"talked": "bye", "nobody": "bye", "callback": "bye"}),
    EndNode("bye", 8, ("bye",)),
)
FLOW = Flow(
    name="small",
    start="hello",
    home="main",
    failure="person",
    always={"0": "person", "9": "danger"},
    nodes={node.name: node for node in NODES},
    digest="d1",
    words={"0": "person", "9": "danger", "*": "repeat"},
)


def walk_at(node):
    walk = Walk(replace(FLOW, start=node), "hi", {})
    return walk, walk.start()


def said(step):
    return [say.key for say in step.say]


def test_what_is_said_for_certain_is_as_good_as_its_key():
    walk, _ = walk_at("main")
    assert walk.reply(Spoken("1", sure=True)).node == "bill"
    walk, _ = walk_at("main")
    assert walk.reply(Spoken("0", sure=True)) == Connect("person", "general")


def test_a_question_tells_the_language_and_what_counts_before_all_else():
    _, step = walk_at("main")
    assert (step.language, step.first, step.by_keys) == ("hi", "9", False)


def test_what_is_not_certain_is_asked_back_once_by_yes_and_no():
    walk, _ = walk_at("main")
    step = walk.reply(Spoken("1", sure=False))
    assert said(step) == ["doubt_lead", "meant_bill", "doubt_keys"]
    assert step.flush
    assert {"1", "2", "0", "9"} <= step.keys
    assert ("1", "yes correct") in step.words
    assert ("2", "no incorrect") in step.words
    assert walk.reply(Pressed("1")).node == "bill"


@pytest.mark.parametrize("yes", [Pressed("1"), Spoken("1", sure=True)])
def test_his_yes_may_be_pressed_or_said(yes):
    walk, _ = walk_at("main")
    walk.reply(Spoken("2", sure=False))
    assert walk.reply(yes).node == "meter"


@pytest.mark.parametrize("no", [Pressed("2"), Spoken("2", sure=True), Spoken("1", sure=False), Misheard()])
def test_anything_but_a_clear_yes_brings_the_question_by_keys(no):
    walk, _ = walk_at("main")
    walk.reply(Spoken("1", sure=False))
    step = walk.reply(no)
    assert said(step) == ["use_keys", "main"]
    assert step.by_keys
    assert walk.failures == 0


def test_silence_to_what_was_asked_back_is_silence():
    walk, _ = walk_at("main")
    walk.reply(Spoken("1", sure=False))
    assert said(walk.reply(Silent())) == ["silence_slow", "main"]
    assert walk.failures == 1


def test_other_keys_act_while_it_is_asked_back():
    walk, _ = walk_at("main")
    walk.reply(Spoken("1", sure=False))
    assert walk.reply(Pressed("9")).node == "danger"
    walk, _ = walk_at("main")
    walk.reply(Spoken("1", sure=False))
    assert walk.reply(Pressed("3")).node == "done", "he knows the menu's keys"


def test_what_was_asked_back_can_be_heard_again():
    walk, _ = walk_at("main")
    first = walk.reply(Spoken("1", sure=False))
    assert walk.reply(Pressed("*")) == first
    assert walk.reply(Pressed("1")).node == "bill"


def test_what_ends_something_for_good_is_asked_back_however_clearly_it_was_said():
    walk, _ = walk_at("done")
    step = walk.reply(Spoken("1", sure=True))
    assert said(step) == ["doubt_lead", "meant_yes", "doubt_keys"]
    walk, _ = walk_at("done")
    assert walk.reply(Spoken("2", sure=True)).node == "main"
    walk, _ = walk_at("done")
    assert walk.reply(Pressed("1")).node == "bye"


def test_a_choice_without_a_name_is_asked_back_by_its_number():
    walk, _ = walk_at("main")
    step = walk.reply(Spoken("3", sure=False))
    assert said(step) == ["doubt_lead", "meant_key", "doubt_keys"]
    assert step.say[1].values == {"key": "3"}


def test_who_was_not_understood_twice_hears_the_question_by_keys_and_has_not_failed():
    walk, _ = walk_at("main")
    step = walk.reply(Misheard())
    assert said(step) == ["use_keys", "main"]
    assert step.by_keys
    assert walk.failures == 0
    assert walk.reply(Pressed("1")).by_keys is False, "the next question hears him anew"


def test_three_failures_lead_to_a_person_also_for_who_speaks():
    walk, _ = walk_at("main")
    walk.reply(Misheard())
    for _ in range(2):
        assert isinstance(walk.reply(Silent()), Ask)
    assert walk.reply(Silent()) == Connect("person", "general")


@pytest.mark.parametrize("reply", [Pressed("2"), Silent(), Misheard()])
def test_what_was_asked_back_over_an_announcement_is_asked_once(reply):
    """A television must not hold anybody there."""
    walk, _ = walk_at("hello")
    assert said(walk.reply(Spoken("0", sure=False))) == ["doubt_lead", "meant_person", "doubt_keys"]
    assert said(walk.reply(reply)) == ["main"]


def test_danger_over_an_announcement_is_asked_back():
    walk, _ = walk_at("hello")
    step = walk.reply(Spoken("9", sure=False))
    assert said(step) == ["doubt_lead", "meant_danger", "doubt_keys"]
    assert step.timeout_s > 0


@pytest.mark.parametrize("again", [Spoken("9", sure=False), Spoken("9", sure=True), Misheard(), Pressed("1")])
def test_whoever_speaks_of_danger_again_is_in_danger(again):
    for node in ("hello", "main"):
        walk, _ = walk_at(node)
        walk.reply(Spoken("9", sure=False))
        assert walk.reply(again).node == "danger"


def test_silence_to_danger_asked_back_is_a_failure_and_never_the_menus_own_silence():
    nodes = {**FLOW.nodes, "main": replace(FLOW.nodes["main"], silence="bye")}
    walk = Walk(replace(FLOW, nodes=nodes, start="main"), "hi", {})
    walk.start()
    walk.reply(Spoken("9", sure=False))
    assert said(walk.reply(Silent())) == ["silence_slow", "main"]
    assert walk.failures == 1


def test_nobody_is_asked_back_for_ever():
    walk, _ = walk_at("done")
    for _ in range(9):
        step = walk.reply(Spoken("1", sure=True))
        if isinstance(step, Connect):
            break
        step = walk.reply(Misheard())
        if isinstance(step, Connect):
            break
    assert step == Connect("person", "general")


def test_danger_and_what_is_confirmed_wait_for_the_end_of_speech():
    walk, step = walk_at("main")
    assert (step.patient, step.late) == (("9",), False)
    asked = walk.reply(Spoken("1", sure=False))
    assert (set(asked.patient), asked.late) == ({"9", "1"}, True)
    _, step = walk_at("done")
    assert (set(step.patient), step.late) == ({"9", "1"}, True)


def test_whoever_leaves_while_he_is_asked_back_has_left():
    walk, _ = walk_at("main")
    walk.reply(Spoken("1", sure=False))
    assert walk.reply(Left()).say == ()


@pytest.mark.parametrize("style", ["press_or_say", "say_or_press"])
def test_he_is_told_once_that_he_may_speak_in_the_style_of_his_call(style):
    nodes = {**FLOW.nodes, "main": replace(FLOW.nodes["main"], root=True)}
    walk = Walk(replace(FLOW, nodes=nodes, start="main"), "hi", {"prompt_style": style, "heard_in": "hi ur"})
    assert said(walk.start()) == [style, "main"]
    assert said(walk.reply(Silent())) == ["silence_slow", "main"]
    walk.reply(Pressed("3"))
    assert said(walk.reply(Pressed("2"))) == ["main"], "back in the menu he knows it"


@pytest.mark.parametrize(
    "facts", [{}, {"prompt_style": "keys", "heard_in": "hi"}, {"prompt_style": "press_or_say", "heard_in": "en"}]
)
def test_where_nobody_listens_nothing_is_said_of_it(facts):
    nodes = {**FLOW.nodes, "main": replace(FLOW.nodes["main"], root=True)}
    assert said(Walk(replace(FLOW, nodes=nodes, start="main"), "hi", facts).start()) == ["main"]
