"""The one loop that talks: a step and a reply, keys before, during and after a prompt, hanging up anywhere."""

from collections import deque
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialplan.clips import Clip
from dialplan.flow import ConnectNode, DoNode, EndNode, Flow, MenuNode, NumberNode, RecordNode, SayNode
from dialplan.steps import (
    Ask,
    Collect,
    Connect,
    Done,
    Keyed,
    Left,
    Misheard,
    Pressed,
    Record,
    Recorded,
    Say,
    Silent,
    Spoken,
)
from dialplan.walk import Walk
from dialplan.wording import load
from ivr.conversation import LONGEST_PROMPT_S, SPEAKING_S, ask, collect, converse, record
from ivr.errors import HungUp
from ivr.line import AllSaid, KeyHeard, SpeechBegan, WordsHeard
from ivr.voice import Voice
from storage.clock import Clock

PROMPTS = Path(__file__).parents[2] / "dialplan" / "prompts"
VOICE = Voice(load(PROMPTS), Path("/prompts"), Clock(), ZoneInfo("Asia/Kolkata"))
SAID = "said"
"""In a caller's script: he lets the prompt end."""
GONE = "gone"
"""He hangs up."""


class ShortLine:
    """A line whose caller does as written: keys, `SAID`, `GONE`, or None for silence; afterwards he is silent."""

    call_ref = "n1-1"

    def __init__(self, *script, speech_s=0.0, before_s=None):
        self.script = deque(script)
        self.pressed = deque()
        self.log: list[str] = []
        self.clips: list[Clip] = []
        self.limits: list[float] = []
        self.speech_s = speech_s
        self.before_s = before_s
        self.speaking = False
        self.offered: dict[str, str] = {}

    async def answer(self):
        self.log.append("answer")

    async def say(self, clips):
        self.log.append("say")
        self.clips += clips
        self.speaking = True

    async def hush(self):
        self.log.append("hush")
        self.speaking = False

    async def hear(self, limit_s):
        self.limits.append(limit_s)
        if self.pressed:
            return KeyHeard(self.pressed.popleft())
        act = self.script.popleft() if self.script else None
        if act == GONE:
            raise HungUp(16)
        if act == SAID or (act is None and self.speaking):
            self.speaking = False
            return AllSaid()
        return act if act is None or isinstance(act, WordsHeard | SpeechBegan) else KeyHeard(act)

    def unhear(self, key):
        self.pressed.appendleft(key)

    def listen(self, language, keys, meant, patient=()):
        return self.offered

    def cease(self):
        return

    def deafen(self):
        return

    def flush(self):
        self.log.append("flush")
        self.pressed.clear()

    async def record(self, name, max_s):
        self.log.append(f"record {name} {max_s:g}")
        if self.script and self.script[0] == GONE:
            raise HungUp(16, recording=name)
        return self.speech_s

    async def record_on(self, name, max_s):
        self.log.append(f"record_on {name} {max_s:g}")
        return self.before_s

    async def hang_up(self):
        self.log.append("hang_up")


async def untold(digits):
    """Nobody wants to know how far he is."""


def question(keys="12", timeout_s=6.0, *, flush=False):
    return Ask("main", (Say("en", "goodbye"),), frozenset(keys), timeout_s, flush)


def number(digits=4):
    return Collect("number", (Say("en", "ask_docket_number"),), digits, 8.0, 4.0, flush=True)


# -- words


def words(text, confidence=1.0):
    return WordsHeard(1, text, confidence, 900)


class HearingLine(ShortLine):
    """The same with somebody who listens."""

    def __init__(self, *script):
        super().__init__(*script)
        self.offered = {"bill": "1", "meter": "2", "fire": "9"}

    def cease(self):
        self.log.append("cease")


def spoken_question(timeout_s=6.0, *, by_keys=False):
    asked = question("129", timeout_s)
    return replace(asked, language="en", words=(("1", "bill"),), first="9", by_keys=by_keys)


async def test_a_word_during_the_prompt_stops_it_and_is_the_answer():
    line = HearingLine(words("bill"))
    assert await ask(line, VOICE, spoken_question()) == Spoken("1", sure=True)
    assert line.log == ["say", "hush", "cease"]


async def test_a_key_pressed_while_a_word_is_made_out_beats_it():
    line = HearingLine(words("bill"))
    line.hush = lambda: _pressed_meanwhile(line, "2")
    assert await ask(line, VOICE, spoken_question()) == Pressed("2")


async def _pressed_meanwhile(line, key):
    line.speaking = False
    line.pressed.append(key)


@pytest.mark.parametrize("heard", [words("bill", 0.4), words("[unk] bill")])
async def test_a_word_that_is_not_certain_is_told_as_such(heard):
    assert await ask(HearingLine(SAID, heard), VOICE, spoken_question()) == Spoken("1", sure=False)


async def test_speech_over_the_menu_that_is_no_answer_is_no_answer():
    line = HearingLine(*[words("[unk]")] * 5, SAID, "1")
    assert await ask(line, VOICE, spoken_question()) == Pressed("1")


async def test_two_answers_that_are_none_are_told():
    line = HearingLine(SAID, words("[unk]"), words("bill meter"), "1")
    assert await ask(line, VOICE, spoken_question()) == Misheard()


async def test_who_was_sent_to_the_keys_is_not_sent_there_again_and_still_understood():
    line = HearingLine(SAID, *[words("[unk]")] * 5, words("meter"))
    assert await ask(line, VOICE, spoken_question(by_keys=True)) == Spoken("2", sure=True)


async def test_nobody_is_taken_for_silent_while_he_speaks_but_not_for_ever():
    line = HearingLine(SAID, *[SpeechBegan(1)] * 40)
    await ask(line, VOICE, spoken_question(timeout_s=1.0))
    assert line.limits[2] == pytest.approx(SPEAKING_S, abs=0.5)
    assert max(line.limits[2:]) <= 2 * SPEAKING_S + 1.0


async def test_where_our_own_prompt_names_the_words_only_what_comes_after_it_counts(monkeypatch):
    late = replace(spoken_question(), late=True)
    assert await ask(HearingLine(words("bill"), SAID, words("bill"), "2"), VOICE, late) == Pressed("2")
    monkeypatch.setattr("ivr.conversation.ECHO_S", -1.0)
    assert await ask(HearingLine(words("meter"), SAID, words("bill")), VOICE, late) == Spoken("1", sure=True)


async def test_who_was_not_understood_is_not_asked_back_but_for_danger():
    line = HearingLine(SAID, words("[unk] bill"), words("[unk] fire"))
    assert await ask(line, VOICE, spoken_question(by_keys=True)) == Spoken("9", sure=False)


async def test_an_announcement_is_left_for_clear_words_and_danger_is_asked_back():
    over = spoken_question(timeout_s=0.0)
    assert await ask(HearingLine(words("bill")), VOICE, over) == Spoken("1", sure=True)
    assert await ask(HearingLine(words("bill", 0.3)), VOICE, over) == Silent()
    assert await ask(HearingLine(words("fire")), VOICE, over) == Spoken("9", sure=False)


# -- asking


async def test_a_key_during_the_prompt_stops_it_and_is_the_answer():
    line = ShortLine("2")
    assert await ask(line, VOICE, question()) == Pressed("2")
    assert line.log == ["say", "hush"]


async def test_a_key_after_the_prompt_is_the_answer():
    assert await ask(ShortLine(SAID, "1"), VOICE, question()) == Pressed("1")


async def test_a_key_without_a_use_is_an_answer_as_well_and_the_walker_says_so():
    assert await ask(ShortLine("7"), VOICE, question()) == Pressed("7")


async def test_silence_is_counted_from_the_end_of_the_prompt():
    line = ShortLine(SAID)
    assert await ask(line, VOICE, question(timeout_s=6.0)) == Silent()
    assert line.limits == pytest.approx([LONGEST_PROMPT_S, 6.0], abs=0.5)


async def test_a_prompt_whose_end_nobody_tells_does_not_hold_the_caller_for_ever():
    line = ShortLine()
    line.hear = _nothing
    assert await ask(line, VOICE, question()) == Silent()


async def _nothing(limit_s):
    return None


async def test_an_announcement_ends_when_all_is_said():
    line = ShortLine(SAID)
    assert await ask(line, VOICE, question(keys="09", timeout_s=0.0)) == Silent()
    assert line.limits == pytest.approx([LONGEST_PROMPT_S], abs=0.5)


async def test_a_key_pressed_during_an_announcement_ends_it_and_is_kept_for_the_question_that_follows():
    line = ShortLine("1")
    assert await ask(line, VOICE, question(keys="09", timeout_s=0.0)) == Silent()
    assert await ask(line, VOICE, question()) == Pressed("1")


async def test_an_everywhere_key_acts_during_an_announcement():
    assert await ask(ShortLine("9"), VOICE, question(keys="09", timeout_s=0.0)) == Pressed("9")


async def test_before_a_confirmation_the_keys_pressed_earlier_are_forgotten():
    line = ShortLine(SAID)
    line.unhear("1")
    assert await ask(line, VOICE, question(flush=True)) == Silent()
    line.unhear("1")
    assert await ask(line, VOICE, question(flush=False)) == Pressed("1")


# -- numbers


async def test_digits_are_gathered_until_there_are_enough():
    line = ShortLine(*"1234")
    assert await collect(line, VOICE, number(), untold) == Keyed("1234")
    assert line.log[:3] == ["flush", "say", "hush"]  # the first digit stops the prompt


async def test_hash_ends_a_number_early_and_hash_alone_gives_up():
    assert await collect(ShortLine(*"12#"), VOICE, number(), untold) == Keyed("12")
    assert await collect(ShortLine("#"), VOICE, number(), untold) == Keyed("")


async def test_star_asks_for_help_before_and_among_the_digits():
    assert await collect(ShortLine("*"), VOICE, number(), untold) == Pressed("*")
    assert await collect(ShortLine(*"12*"), VOICE, number(), untold) == Pressed("*")


@pytest.mark.parametrize("key", "09")
async def test_while_a_number_is_keyed_the_everywhere_keys_are_digits(key):
    assert await collect(ShortLine(key, "1", "1", "1"), VOICE, number(), untold) == Keyed(f"{key}111")


async def test_a_pause_after_some_digits_ends_the_number():
    line = ShortLine("1", "2", None)
    assert await collect(line, VOICE, number(), untold) == Keyed("12")
    assert line.limits == [LONGEST_PROMPT_S, 4.0, 4.0]


async def test_no_digit_at_all_is_silence():
    line = ShortLine(SAID)
    assert await collect(line, VOICE, number(), untold) == Silent()
    assert line.limits[-1] == 8.0


async def test_the_hash_after_a_full_number_belongs_to_it_and_is_no_answer_to_the_next_question():
    # Each prompt that asks for a number says "then press hash"; at the next question hash changes the language.
    line = ShortLine(*"1234", "#", "1")
    assert await collect(line, VOICE, number(), untold) == Keyed("1234")
    assert await ask(line, VOICE, question(keys="12#", flush=True)) == Pressed("1")


# -- recording


async def test_a_recording_begins_after_the_tone_and_is_named_after_the_call():
    line = ShortLine(SAID, speech_s=3.5)
    step = Record("reason", (Say("en", "sat_reason"),), "reason", 20.0)
    assert await record(line, VOICE, step) == Recorded("n1-1-reason", 3.5)
    assert line.log == ["flush", "say", "record n1-1-reason 20"]
    assert line.clips[-1] == Clip("en", "beep")


async def test_a_key_goes_straight_to_the_recording_and_silence_is_no_recording():
    line = ShortLine("5", speech_s=0.0)
    step = Record("reason", (Say("en", "sat_reason"),), "reason", 20.0)
    assert await record(line, VOICE, step) == Recorded(None, 0.0)
    assert line.log == ["flush", "say", "hush", "record n1-1-reason 20"]


@pytest.mark.parametrize(("before_s", "kept"), [(4.0, "n1-1-reason"), (0.0, None)])
async def test_what_was_being_recorded_before_a_restart_is_recorded_on_and_not_asked_for_again(before_s, kept):
    line = ShortLine(before_s=before_s)
    step = Record("reason", (Say("en", "sat_reason"),), "reason", 20.0, again=True)
    assert await record(line, VOICE, step) == Recorded(kept, before_s)
    assert line.log == ["record_on n1-1-reason 20"]


async def test_who_had_not_begun_to_speak_before_a_restart_is_asked_again():
    line = ShortLine(SAID, speech_s=3.5)
    step = Record("reason", (Say("en", "sat_reason"),), "reason", 20.0, again=True)
    assert await record(line, VOICE, step) == Recorded("n1-1-reason", 3.5)
    assert line.log == ["record_on n1-1-reason 20", "flush", "say", "record n1-1-reason 20"]


# -- a whole talk

FLOW = Flow(
    name="small",
    start="hello",
    home="main",
    failure="person",
    always={"0": "person"},
    digest="d1",
    nodes={
        node.name: node
        for node in (
            SayNode("hello", 1, ("greet",), "main"),
            MenuNode("main", 2, ("status_menu",), {"1": "number", "2": "speak"}),
            NumberNode("number", 3, ("ask_docket_number",), 4, "keyed", "check", "bye", "wrong_key", "wrong_key"),
            DoNode("check", 4, "check_docket", {"ok": "bye"}, {"number": "$keyed"}),
            RecordNode("speak", 5, ("leave_message",), "message", "keep", "keep", 30.0),
            DoNode("keep", 6, "keep_message", {"ok": "bye"}, {"recording": "$message"}),
            ConnectNode("person", 7, "general", {"talked": "bye", "nobody": "bye", "callback": "bye"}),
            EndNode("bye", 8, ("goodbye",)),
        )
    },
)


class House:
    """Keeps what the loop asked of it."""

    def __init__(self, broken=None, *, keeps=True):
        self.deeds, self.connected, self.kept, self.places, self.answers = [], [], [], [], []
        self.keeps = keeps
        self._broken = broken

    async def do(self, step):
        if self._broken:
            raise self._broken
        self.deeds.append((step.deed, dict(step.args)))
        return Done("ok")

    async def connect(self, step):
        self.connected.append(step)
        return Done("talked")

    async def keep(self, walk):
        self.kept.append(walk.node if not walk.begun else f"{walk.node} {walk.begun}")
        return self.keeps

    def reached(self, place):
        self.places.append(place)

    def answered(self, question, reply, after_s, led_to):
        self.answers.append((question.node, reply))
        assert after_s >= 0

    async def talk(self, line):
        await converse(line, Walk(FLOW, "en", {}), VOICE, self.do, self.connect, self.keep, self)


async def test_a_talk_goes_from_the_greeting_through_the_deed_to_the_last_word():
    line, house = ShortLine(SAID, "1", *"1234"), House()
    await house.talk(line)
    assert house.deeds == [("check_docket", {"number": "1234"})]
    # Where he waits, and how far he is with his number: there a restarted controller goes on.
    assert house.kept == ["main", "number", "number 1", "number 12", "number 123"]
    assert house.places[0] == FLOW.start, "every place of the flow is told once, as it is reached"
    assert house.places[1:3] == ["main", "number"]
    assert len(house.places) == len(set(house.places))
    assert line.clips[-1].name == "goodbye.0"
    assert not line.speaking  # the last word was heard to its end


async def test_how_a_question_was_answered_is_told_and_of_numbers_nothing():
    line, house = ShortLine(SAID, "7", "1", *"1234"), House()
    await house.talk(line)
    assert house.answers == [("main", Pressed("7")), ("main", Pressed("1"))]


async def test_who_leaves_in_a_question_is_told_as_such():
    line, house = ShortLine(SAID, GONE), House()
    with pytest.raises(HungUp):
        await house.talk(line)
    assert house.answers == [("main", Left())]


async def test_digits_are_not_kept_one_by_one_where_keeping_fails():
    line, house = ShortLine(SAID, "1", *"1234"), House(keeps=False)
    await house.talk(line)
    assert house.kept == ["main", "number"]


async def test_a_key_for_a_person_brings_him_there():
    house = House()
    await house.talk(ShortLine("0"))
    assert house.connected == [Connect("person", "general")]


@pytest.mark.parametrize("script", [[GONE], [SAID, GONE], [SAID, "1", GONE], [SAID, "1", "1", "2", GONE]])
async def test_hanging_up_ends_the_talk_and_is_told_with_its_cause(script):
    line, house = ShortLine(*script), House()
    with pytest.raises(HungUp) as left:
        await house.talk(line)
    assert left.value.cause == 16
    assert house.deeds == []
    assert "goodbye.0" not in [clip.name for clip in line.clips]  # nothing is said to a dead line


async def test_who_hangs_up_while_he_speaks_has_his_message_kept_and_then_the_talk_ends():
    line, house = ShortLine(SAID, "2", SAID, GONE), House()
    with pytest.raises(HungUp):
        await house.talk(line)
    assert house.deeds == [("keep_message", {"recording": "n1-1-message"})]
    assert "goodbye.0" not in [clip.name for clip in line.clips]


async def test_who_hangs_up_before_the_tone_has_no_recording_to_keep():
    line, house = ShortLine(SAID, "2", GONE), House()
    with pytest.raises(HungUp):
        await house.talk(line)
    assert house.deeds == [("keep_message", {"recording": None})]


async def test_nothing_is_kept_of_a_caller_who_has_left():
    line, house = ShortLine(SAID, "2", SAID, GONE), House()
    with pytest.raises(HungUp):
        await house.talk(line)
    assert house.kept == ["main", "speak"]


async def test_a_fault_of_a_deed_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        await House(ZeroDivisionError()).talk(ShortLine(SAID, "1", *"1234"))
