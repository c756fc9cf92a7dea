"""The walker on a small flow: error ladder, keys everywhere, numbers, options, keeping and restoring."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.flow import BranchNode, ConnectNode, DoNode, EndNode, Flow, MenuNode, NumberNode, RecordNode, SayNode
from dialplan.steps import Ask, Collect, Connect, Do, Done, End, Keyed, Left, Pressed, Record, Recorded, Silent
from dialplan.walk import Walk, WalkError, restore

NODES = (
    SayNode("hello", 1, ("hello",), "main"),
    MenuNode(
        "main",
        2,
        ("main",),
        {"1": "number", "2": "message", "3": "by_size", "4": "quiet", "5": "which", "0": "person"},
        root=True,
    ),
    MenuNode("quiet", 3, ("quiet",), {"1": "bye"}, silence="bye", flush=True),
    NumberNode("number", 4, ("number",), 4, "keyed", "check", "failed", "again", "help"),
    DoNode("check", 5, "check_docket", {"found": "main", "wrong": "number", "trouble": "bye"}, {"number": "$keyed"}),
    SayNode("failed", 6, ("failed",), "person"),
    RecordNode("message", 7, ("speak",), "message", "keep", "keep_left", 30.0),
    DoNode("keep", 8, "keep_message", {"ok": "bye"}, {"recording": "$message"}),
    DoNode("keep_left", 9, "keep_message", {"ok": "after_left"}, {"recording": "$message", "how": "left"}),
    SayNode("after_left", 10, ("never",), "bye"),
    BranchNode("by_size", 11, "size", {"yes": "quiet", "none": "number", "3": "message"}, "main"),
    MenuNode("which", 12, ("which",), {"8": "bye"}, each="option", over="houses", chosen="chosen"),
    DoNode("chosen", 13, "choose_connection", {"ok": "main"}, {"choice": "$choice"}),
    MenuNode("language", 14, ("hi:choose", "en:choose"), {"1": "in_hindi", "2": "in_english"}, flush=True),
    DoNode("in_hindi", 15, "remember_language", {"ok": "back"}, {"language": "hi"}),
    DoNode("in_english", 16, "remember_language", {"ok": "back"}, {"language": "en"}),
    ConnectNode("person", 17, "general", {"talked": "bye", "nobody": "bye", "callback": "bye"}),
    EndNode("bye", 18, ("bye",)),
)
FLOW = Flow(
    name="small",
    start="hello",
    home="main",
    failure="person",
    always={"#": "language", "0": "person", "9": "quiet"},
    nodes={node.name: node for node in NODES},
    digest="d1",
)
HOUSES = ({"area": "SD-01", "last4": "0018"}, {"area": "SD-01", "last4": "0026"}, {"area": "SD-02", "last4": "0034"})


def walk_at(node, **facts):
    """A walk whose caller has just been brought to `node`, and that node's step."""
    walk = Walk(replace(FLOW, start=node), "hi", facts)
    return walk, walk.start()


def said(step):
    return [say.key for say in step.say]


# -- error ladder


def test_silence_is_answered_slower_then_by_any_key_then_by_a_person():
    walk, step = walk_at("main")
    assert said(step) == ["main"]
    step = walk.reply(Silent())
    assert said(step) == ["silence_slow", "main"]
    assert [say.slow for say in step.say] == [False, True]
    step = walk.reply(Silent())
    assert said(step) == ["silence_anykey", "main"]
    assert walk.reply(Silent()) == Connect("person", "general")


def test_a_wrong_key_is_told_and_the_options_come_again():
    walk, _ = walk_at("main")
    step = walk.reply(Pressed("7"))
    assert said(step) == ["wrong_key", "main"]
    assert not any(say.slow for say in step.say)


@pytest.mark.parametrize(
    "replies",
    [
        [Pressed("7"), Pressed("8"), Pressed("7")],
        [Silent(), Pressed("7"), Silent()],
        [Pressed("7"), Silent(), Pressed("1"), Keyed("1234"), Done("found"), Pressed("7")],
    ],
)
def test_three_failures_anywhere_lead_to_a_person(replies):
    walk, step = walk_at("main")
    for reply in replies:
        assert not isinstance(step, Connect)
        step = walk.reply(reply)
    assert step == Connect("person", "general")


def test_where_silence_is_an_answer_it_is_no_failure():
    walk, _ = walk_at("quiet")
    assert isinstance(walk.reply(Silent()), End)
    assert walk.failures == 0


def test_a_menu_waits_for_its_own_keys_and_those_that_work_everywhere():
    _, step = walk_at("quiet")
    assert step.keys == {"1", "*", "#", "0", "9"}
    assert step.timeout_s > 0
    assert step.flush
    _, step = walk_at("main")
    assert not step.flush


# -- keys everywhere


@pytest.mark.parametrize("node", ["hello", "main", "quiet", "which", "language"])
@pytest.mark.parametrize(("key", "leads_to"), [("0", "person"), ("9", "quiet"), ("#", "language")])
def test_the_everywhere_keys_work_in_every_announcement_and_menu(node, key, leads_to):
    walk, step = walk_at(node, houses=HOUSES)
    assert key in step.keys
    walk.reply(Pressed(key))
    assert walk.node == leads_to


@pytest.mark.parametrize("node", ["hello", "main", "quiet", "which", "language"])
def test_star_repeats_every_announcement_and_menu(node):
    walk, step = walk_at(node, houses=HOUSES)
    assert "*" in step.keys
    assert walk.reply(Pressed("*")) == step
    assert walk.failures == 0


@pytest.mark.parametrize("node", ["hello", "main", "quiet", "which"])
def test_after_the_change_of_language_the_caller_is_back_where_he_was_in_the_new_language(node):
    walk, before = walk_at(node, houses=HOUSES)
    walk.reply(Pressed("#"))
    assert walk.reply(Pressed("2")) == Do("in_english", "remember_language", {"language": "en"})
    step = walk.reply(Done("ok", {"language": "en"}))
    assert walk.node == node
    assert said(step) == said(before)
    assert {say.lang for say in step.say} == {"en"}


def test_who_asks_for_the_language_twice_still_gets_back_to_where_he_was():
    walk, _ = walk_at("main")
    walk.reply(Pressed("#"))
    walk.reply(Pressed("#"))
    walk.reply(Pressed("2"))
    walk.reply(Done("ok", {"language": "en"}))
    assert walk.node == "main"


def test_each_language_is_offered_in_its_own_voice():
    _, step = walk_at("language")
    assert [(say.lang, say.key) for say in step.say] == [("hi", "choose"), ("en", "choose")]


# -- numbers


def test_a_number_is_asked_for_with_its_length_and_what_was_pressed_before_is_forgotten():
    _, step = walk_at("number")
    assert isinstance(step, Collect)
    assert (step.digits, said(step), step.flush) == (4, ["number"], True)


def test_only_star_helps_while_a_number_is_keyed_and_help_costs_no_try():
    walk, first = walk_at("number")
    for _ in range(5):
        step = walk.reply(Pressed("*"))
        assert (step.node, said(step)) == ("number", ["help", "number"])
    walk.reply(Keyed("1234"))
    assert said(walk.reply(Done("wrong"))) == ["again", "number"]
    assert said(first) == ["number"]


def test_a_keyed_number_becomes_a_fact_and_the_argument_of_the_deed():
    walk, _ = walk_at("number")
    assert walk.reply(Keyed("0420")) == Do("check", "check_docket", {"number": "0420"})


def test_hash_alone_gives_up_at_once():
    walk, _ = walk_at("number")
    assert said(walk.reply(Keyed(""))) == ["failed"]
    assert isinstance(walk.reply(Silent()), Connect)


@pytest.mark.parametrize("reply", [Keyed("1234"), Silent()])
def test_after_two_tries_the_caller_is_not_asked_a_third_time(reply):
    walk, step = walk_at("number")
    for _ in range(2):
        assert isinstance(step, Collect)
        step = walk.reply(reply)
        step = walk.reply(Done("wrong")) if isinstance(step, Do) else step
    assert said(step) == ["failed"]


def test_a_number_that_was_right_does_not_count_against_the_next_one():
    walk, _ = walk_at("number")
    walk.reply(Keyed("1234"))
    walk.reply(Done("found"))
    assert said(walk.reply(Pressed("1"))) == ["number"]


# -- options


def test_every_house_is_an_option_with_its_own_key():
    walk, step = walk_at("which", houses=HOUSES)
    assert [(say.key, say.values.get("key"), say.values.get("last4")) for say in step.say[1:]] == [
        ("option", "1", "0018"),
        ("option", "2", "0026"),
        ("option", "3", "0034"),
    ]
    assert {"1", "2", "3", "8"} <= step.keys
    assert "4" not in step.keys
    assert walk.reply(Pressed("2")) == Do("chosen", "choose_connection", {"choice": 2})


def test_the_key_after_the_last_house_has_no_use():
    walk, _ = walk_at("which", houses=HOUSES)
    assert said(walk.reply(Pressed("4")))[0] == "wrong_key"
    assert "choice" not in walk.facts


# -- branches, deeds, recordings


@pytest.mark.parametrize(
    ("size", "leads_to"),
    [(True, "quiet"), (None, "number"), ("", "number"), (3, "message"), (False, "main"), ("odd", "main")],
)
def test_a_branch_goes_by_the_value_of_its_fact(size, leads_to):
    walk, _ = walk_at("by_size", size=size)
    assert walk.node == leads_to


def test_a_recording_becomes_the_argument_of_the_deed():
    walk, step = walk_at("message")
    assert step == Record("message", step.say, "message", 30.0)
    assert walk.reply(Recorded("n1-1-message", 4.0)) == Do("keep", "keep_message", {"recording": "n1-1-message"})


def test_who_hangs_up_while_he_speaks_has_his_deeds_done_and_hears_nothing_more():
    walk, _ = walk_at("message")
    step = walk.reply(Left("n1-1-message"))
    assert step == Do("keep_left", "keep_message", {"recording": "n1-1-message", "how": "left"})
    assert walk.reply(Done("ok")) == End("after_left", ())


@pytest.mark.parametrize("node", ["hello", "main", "number", "chosen", "person"])
def test_who_hangs_up_anywhere_else_ends_the_walk(node):
    walk, _ = walk_at(node)
    assert walk.reply(Left()) == End(node, ())


def test_a_reply_that_does_not_fit_is_a_fault_of_ours():
    walk, _ = walk_at("person")
    with pytest.raises(WalkError, match="no road for the result lost"):
        walk.reply(Done("lost"))
    walk, _ = walk_at("main")
    with pytest.raises(WalkError, match="Keyed is no reply to main"):
        walk.reply(Keyed("12"))
    walk, _ = walk_at("bye")
    with pytest.raises(WalkError, match="has ended"):
        walk.reply(Silent())


def test_a_circle_of_branches_is_told_and_not_walked_for_ever():
    circle = {"a": BranchNode("a", 1, "x", {}, "b"), "b": BranchNode("b", 2, "x", {}, "a")}
    walk = Walk(replace(FLOW, start="a", nodes={**FLOW.nodes, **circle}), "hi", {})
    with pytest.raises(WalkError, match="turns in a circle"):
        walk.start()


# -- keeping and restoring


def fitting(draw, walk, step):
    """A reply the talking loop could give to this step."""
    match step:
        case Do():
            node = walk.flow.nodes[step.node]
            language = {"language": step.args["language"]} if "language" in step.args else {}
            return Done(draw(st.sampled_from(sorted(node.then))), language)
        case Connect():
            return Done(draw(st.sampled_from(["talked", "nobody", "callback"])))
        case Collect():
            return draw(st.sampled_from([Pressed("*"), Silent(), Keyed(""), Keyed("1234")]))
        case Record():
            return draw(st.sampled_from([Recorded("n1-1-message", 2.0), Recorded(None, 0.0)]))
        case Ask(timeout_s=0.0):
            return draw(st.sampled_from([Silent(), *(Pressed(key) for key in sorted(step.keys))]))
        case _:
            return draw(st.sampled_from([Silent(), *(Pressed(key) for key in "0123456789*#")]))


@st.composite
def talks(draw):
    """A walk after some replies, and its last step."""
    walk = Walk(FLOW, "hi", {"houses": HOUSES, "size": None})
    step = walk.start()
    for _ in range(draw(st.integers(0, 12))):
        if isinstance(step, End):
            break
        step = walk.reply(fitting(draw, walk, step))
    return walk, step


@given(talk=talks())
def test_a_walk_restored_in_the_same_flow_asks_its_last_question_again(talk):
    walk, step = talk
    again = restore(FLOW, walk.keep())
    step_again = again.start()
    assert (type(step_again), step_again.node) == (type(step), step.node)
    if isinstance(step, Ask):
        # Whatever lead ("this key has no use") stood before it, the question is the same.
        assert [say.key for say in step.say][-len(step_again.say) :] == [say.key for say in step_again.say]
        assert (step_again.keys, step_again.flush) == (step.keys, step.flush)
        assert {say.lang for say in step_again.say} == {say.lang for say in step.say[-len(step_again.say) :]}
    elif isinstance(step, Record):
        assert step_again == replace(step, again=True)
    elif isinstance(step, Do | Connect):
        assert step_again == step
    assert (again.facts, again.failures, again.language) == (walk.facts, walk.failures, walk.language)


def test_a_number_asked_for_again_after_a_restore_costs_no_try_and_is_not_called_wrong():
    walk, step = walk_at("number")
    again = restore(walk.flow, walk.keep())
    assert again.start() == step
    walk.reply(Keyed("1234"))
    second = walk.reply(Done("wrong"))
    again = restore(walk.flow, walk.keep())
    assert again.start() == second


def begun_and_restored(digits, *, failed_before=False):
    """A walk whose caller had keyed these digits when its controller died, at the question said again."""
    walk, _ = walk_at("number")
    if failed_before:
        walk.reply(Keyed("9999"))
        walk.reply(Done("wrong"))
    walk.begun = digits
    again = restore(walk.flow, walk.keep())
    return again, again.start()


@pytest.mark.parametrize("digits", ["34", "1234"])
def test_who_had_keyed_a_part_of_his_number_may_go_on_after_a_restart_or_begin_anew(digits):
    walk, step = begun_and_restored("12")
    assert (said(step), step.flush) == (["number"], False)  # what he keys meanwhile is a part of it
    assert walk.reply(Keyed(digits)) == Do("check", "check_docket", {"number": "1234"})


@pytest.mark.parametrize("failed_before", [False, True])
@pytest.mark.parametrize("digits", ["", "4", "234"])
def test_digits_lost_in_a_restart_are_no_wrong_number_and_no_try_of_his(digits, failed_before):
    walk, _ = begun_and_restored("12", failed_before=failed_before)
    step = walk.reply(Keyed(digits))
    assert (said(step), step.flush) == (["number"], True)
    assert said(walk.reply(Keyed(""))) == ["failed"]


def test_who_cannot_find_his_number_says_so_after_a_restart_as_well():
    walk, _ = begun_and_restored("")
    assert said(walk.reply(Keyed(""))) == ["failed"]


def test_digits_keyed_before_two_restarts_are_one_number():
    walk, _ = begun_and_restored("12")
    walk.begun = "3"
    again = restore(walk.flow, walk.keep())
    again.start()
    assert again.reply(Keyed("4")) == Do("check", "check_docket", {"number": "1234"})


def test_digits_of_one_number_are_never_taken_for_the_next_one():
    walk, _ = begun_and_restored("12")
    walk.reply(Keyed("34"))
    walk.reply(Done("wrong"))
    assert walk.reply(Keyed("56")) == Do("check", "check_docket", {"number": "56"})


def test_a_recording_that_a_restart_interrupted_is_marked_so_and_only_the_first():
    walk, step = walk_at("message")
    again = restore(walk.flow, walk.keep())
    assert (step.again, again.start()) == (False, replace(step, again=True))
    assert again.reply(Recorded("n1-1-message", 3.0)) == walk.reply(Recorded("n1-1-message", 3.0))


def test_a_walk_restored_goes_back_after_a_change_of_language_as_the_first_would():
    walk, _ = walk_at("quiet")
    walk.reply(Pressed("#"))
    again = restore(walk.flow, walk.keep())
    again.start()
    again.reply(Pressed("2"))
    again.reply(Done("ok", {"language": "en"}))
    assert again.node == "quiet"


def test_in_a_flow_that_changed_a_walk_starts_over_with_its_facts_known():
    walk, _ = walk_at("which", houses=HOUSES, docket="10000012")
    walk.reply(Pressed("4"))
    kept = walk.keep()
    changed = replace(FLOW, digest="d2")
    again = restore(changed, kept)
    assert (again.node, again.failures) == (FLOW.start, 0)
    assert again.facts["docket"] == "10000012"
    assert said(again.start()) == ["hello"]
    # The same when the place is not there any more.
    state = json.loads(kept) | {"node": "gone"}
    assert restore(walk.flow, json.dumps(state)).node == walk.flow.start


def test_what_is_kept_is_plain_json_and_in_the_callers_script():
    walk, _ = walk_at("main", area="चौक", houses=HOUSES)
    kept = walk.keep()
    assert "चौक" in kept
    assert json.loads(kept)["facts"]["houses"][2]["last4"] == "0034"
    assert restore(walk.flow, kept).facts == walk.facts
