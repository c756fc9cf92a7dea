"""The flow that asks whether the problem is solved: one question, one verdict, and none without a key (I2)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.records import Verdict
from dialplan.loading import load_flows
from dialplan.steps import Ask, Connect, Do, Done, End, Left, Pressed, Record, Recorded, Silent
from dialplan.walk import Walk
from dialplan.wording import load

ROOM = Path(__file__).parents[2] / "dialplan"
FLOW = load_flows(ROOM / "flows", load(ROOM / "prompts").catalogue)["satisfaction"]
FACTS = {
    "docket": "10000012",
    "pairs": "10000012",
    "category": "category_sup_fuse",
    "when": "2026-11-23T12:30:00+00:00",
    "due_prompt": "status_due",
    "status_prompt": "docket_status_verifying",
    "role": "role_L2",
}
OPEN_STILL = {"sat_silence", "sat_later", "sat_reopened"}
"""Prompts that say, or mean, that the complaint stays open."""


class Asked:
    """A consumer who was rung: `hear` gives a reply and goes on through deeds; verdicts are kept as given."""

    def __init__(self, verdict_result="ok", by="line"):
        self.walk = Walk(FLOW, "hi", {**FACTS, "by": by})
        self.verdicts: list[dict] = []
        self.said: list[str] = []
        self._result = verdict_result
        self.step = self._on(self.walk.start())

    def _on(self, step):
        self.said += [say.key for say in getattr(step, "say", ())]
        while isinstance(step, Do):
            if step.deed == "verdict":
                self.verdicts.append(dict(step.args))
            step = self.walk.reply(Done(self._result if step.deed == "verdict" else "ok", FACTS))
            self.said += [say.key for say in getattr(step, "say", ())]
        return step

    def hear(self, *replies):
        for reply in replies:
            self.step = self._on(self.walk.reply(reply))
        return self

    def press(self, keys):
        return self.hear(*(Pressed(key) for key in keys))


def test_an_agent_speaks_first_and_then_the_same_question_is_asked_whatever_came_of_the_talk():
    for came in ("talked", "nobody", "callback"):
        consumer = Asked(by="agent").hear(Silent(), Silent())
        assert isinstance(consumer.step, Connect)
        assert consumer.verdicts == []
        consumer.hear(Done(came))
        assert [say.key for say in consumer.step.say] == ["sat_question"]
        assert consumer.step.flush  # what was pressed in the talk is no answer
        assert consumer.press("1").verdicts == [{"verdict": Verdict.SATISFIED}]


def test_who_leaves_in_the_talk_with_the_agent_has_said_nothing():
    assert Asked(by="agent").hear(Silent(), Silent(), Left()).verdicts == []


def asked(**parts):
    """A consumer to whom the question is being put."""
    return Asked(**parts).hear(Silent())


def test_nothing_of_the_consumer_is_said_before_a_key_and_the_call_tells_what_it_is():
    walk = Walk(FLOW, "hi", FACTS)
    assert [say.key for say in walk.start().say] == ["sat_greet"]
    question = walk.reply(Silent())
    assert [say.key for say in question.say] == ["sat_question"]
    assert question.flush  # a key pressed before the question is no answer


def test_one_is_a_yes_and_only_one_is():
    assert asked().press("1").verdicts == [{"verdict": Verdict.SATISFIED}]
    for key in "234567890*#":
        assert {"verdict": "satisfied"} not in asked().press(key).verdicts


def test_after_a_yes_he_is_told_that_it_is_closed_because_he_said_so():
    call = asked().press("1").press("1")
    assert call.step == End("closed", call.step.say)
    assert "sat_closed" in call.said


def test_silence_to_the_question_about_service_leaves_the_yes_as_it_is():
    call = asked().press("1").hear(Silent())
    assert call.said[-3:] == ["sat_closed", "sat_thanks", "goodbye"]
    assert len(call.verdicts) == 1


def test_two_asks_for_the_reason_and_reopens_with_it():
    call = asked().press("2")
    assert isinstance(call.step, Record)
    assert call.verdicts == []
    call.hear(Recorded("n1-1-reason", 6.0))
    assert call.verdicts == [{"verdict": Verdict.NOT_SATISFIED, "reason": "n1-1-reason"}]
    assert call.said[-2:] == ["sat_reopened", "person_by_zero"]


def test_a_no_counts_without_a_word_of_reason():
    assert asked().press("2").hear(Recorded(None, 0.0)).verdicts == [{"verdict": Verdict.NOT_SATISFIED, "reason": None}]


@pytest.mark.parametrize("recording", ["n1-1-reason", None])
def test_a_no_counts_when_the_consumer_hangs_up_instead_of_speaking_on(recording):
    call = asked().press("2").hear(Left(recording))
    assert call.verdicts == [{"verdict": Verdict.NOT_SATISFIED, "reason": recording}]
    assert call.step.say == ()


def test_three_is_later_and_zero_is_a_person():
    assert asked().press("3").verdicts == [{"verdict": Verdict.LATER}]
    person = asked().press("0")
    assert person.verdicts == [{"verdict": Verdict.PERSON}]
    assert person.hear(Silent()).step == Connect("queue", "general")


def test_zero_works_from_the_first_word_on():
    call = Asked().press("0")
    assert call.verdicts == [{"verdict": Verdict.PERSON}]


def test_nothing_pressed_is_no_key_and_never_a_yes():
    call = asked().hear(Silent(), Silent(), Silent())
    assert call.verdicts == [{"verdict": Verdict.NO_KEY}]
    assert "sat_silence" in call.said


def test_keys_without_a_use_are_no_answer():
    assert asked().press("777").verdicts == [{"verdict": Verdict.NO_KEY}]


@pytest.mark.parametrize("moment", ["greeting", "question"])
def test_who_hangs_up_before_a_key_has_given_no_verdict(moment):
    call = Asked() if moment == "greeting" else asked()
    assert call.hear(Left()).verdicts == []


def test_a_verdict_that_could_not_be_written_claims_nothing():
    for keys in ("1", "3"):
        said = asked(verdict_result="trouble").press(keys).said
        assert not {"sat_closed", "sat_later", "sat_reopened"} & set(said)


@pytest.mark.parametrize("wrong", ["444", "4444"])
def test_after_a_yes_no_wrong_key_makes_us_say_that_the_complaint_stays_open(wrong):
    call = asked().press("1")
    for key in wrong:
        if isinstance(call.step, Ask):
            call.press(key)
    assert not OPEN_STILL & set(call.said)


def test_wrong_keys_before_the_yes_do_not_turn_it_into_silence_after_it():
    call = asked().press("77").press("1").press("4")
    assert not OPEN_STILL & set(call.said)


@pytest.mark.parametrize("keys", ["1", "2"])
def test_who_answered_and_then_finds_no_person_is_not_told_that_we_ask_again_later(keys):
    call = asked().press(keys)
    if isinstance(call.step, Record):
        call.hear(Recorded(None, 0.0))
    call.press("0").hear(Silent(), Done("nobody"))
    assert isinstance(call.step, End)
    assert "sat_later" not in call.said


REPLIES = [Silent(), Left(), *(Pressed(key) for key in "0123456789*#")]


@given(data=st.data())
def test_whatever_is_pressed_there_is_a_yes_only_after_key_one_at_the_question(data):
    call = Asked()
    said_yes = False
    for _ in range(12):
        step = call.step
        if isinstance(step, End):
            break
        if isinstance(step, Connect):
            reply = Done(data.draw(st.sampled_from(["talked", "nobody", "callback"])))
        elif isinstance(step, Record):
            reply = data.draw(st.sampled_from([Recorded("r", 1.0), Recorded(None, 0.0), Left("r")]))
        else:
            reply = data.draw(st.sampled_from(REPLIES))
        said_yes = said_yes or (step.node == "question" and reply == Pressed("1"))
        call.hear(reply)
    first = call.verdicts[0]["verdict"] if call.verdicts else None
    assert (first == Verdict.SATISFIED) <= said_yes
    for given_verdict in call.verdicts:
        assert given_verdict["verdict"] in set(Verdict)
