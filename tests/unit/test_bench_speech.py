"""The speech bench: whose voices, what happens to them, and when a step is too much."""

from __future__ import annotations

import random
import runpy
from array import array
from pathlib import Path

import pytest

from dialplan.words import Understood, understood
from sunwai import wiring
from sunwai.bench.speech import extent, is_too_much
from sunwai.bench.speech_accuracy import _judged
from sunwai.bench.speech_load import FRAME_BYTES, FRAMES_IN_CYCLE, Callers, Side, Step, Word
from sunwai.bench.voices import HELD_OUT, NONSENSE, WAYS, Way, _with_losses, questions

RELEASE = wiring.release()
TOOL = Path(__file__).parents[2] / "tools" / "speech_model" / "voices.py"


def test_its_voices_are_those_that_never_train():
    told = runpy.run_path(str(TOOL))
    assert set(HELD_OUT) == set(told["HELD_OUT"]) - set(told["STRANGE"])
    assert not set(HELD_OUT) & set(told["TRAINING"])


@pytest.mark.parametrize("words", RELEASE.words.values(), ids=lambda words: f"{words.language}.{words.engine}")
def test_its_nonsense_means_nothing_at_any_menu(words):
    for question in questions(RELEASE, words):
        for text in NONSENSE[words.engine]:
            assert understood(text, question.offered, question.first) is None, (question.name, text)


def test_every_menu_with_words_is_asked():
    names = {question.name for question in questions(RELEASE, RELEASE.words["hi", "hi"])}
    assert {"inbound.main_full", "satisfaction.question", "callback.asked"} <= names


def test_lost_packets_are_silence_of_their_length():
    sound = array("h", [1000] * 8000).tobytes()
    arrived = _with_losses(sound, 0.5, random.Random(1))  # noqa: S311 - which packets are lost
    assert len(arrived) == len(sound)
    frames = [arrived[begin : begin + 320] for begin in range(0, len(arrived), 320)]
    assert {bytes(320), sound[:320]} == set(frames)
    assert 15 <= frames.count(bytes(320)) <= 35


def test_all_ways_have_names_of_their_own():
    assert len({way.name for way in WAYS}) == len(WAYS)
    assert Way("quiet") in WAYS


@pytest.mark.parametrize(
    ("told", "meant", "judged"),
    [
        (None, None, "rejected"),
        (Understood("1", sure=True), None, "taken"),
        (Understood("1", sure=False), None, "asked_back"),
        (None, "1", "nothing"),
        (Understood("2", sure=True), "1", "wrong"),
        (Understood("2", sure=False), "1", "wrong"),
        (Understood("1", sure=True), "1", "right"),
        (Understood("1", sure=False), "1", "unsure"),
    ],
)
def test_what_was_understood_is_judged_by_what_was_meant(told, meant, judged):
    assert _judged(told, meant) == judged


def step(p95_s, understood=100, callers=10):
    return Step("ours", callers, 100, understood, p95_s, p95_s, 0.1, 1000)


def test_a_step_is_too_much_when_its_p95_has_doubled_or_words_are_lost():
    alone = [step(0.3, callers=1)]
    assert not is_too_much([step(0.55)], alone)
    assert is_too_much([step(0.65)], alone)
    assert is_too_much([step(0.3, understood=90)], alone)
    assert not is_too_much([step(0.3, understood=90)], [step(0.3, understood=92)]), (
        "a word nobody understands is no load"
    )
    assert is_too_much([step(None, understood=0)], alone)
    assert not is_too_much([step(0.3), step(0.4), step(9.0)], alone), "the median of the rounds counts"


def test_a_quick_run_is_seconds_and_a_whole_one_ten_minutes_of_memory():
    assert extent(rounds=3, quick=True).memory_s < 30
    assert (extent(rounds=3, quick=False).memory_s, extent(rounds=3, quick=False).rounds) == (600.0, 3)


class Listening(Side):
    """Counts frames; understands each word at the frame that is told."""

    def __init__(self, callers, understands_at):
        super().__init__(None, callers.heard)
        self.frames, self.asked, self.understands_at = [], 0, understands_at

    async def attach(self, caller): ...

    async def sound(self, caller, frame):
        self.frames.append(frame)
        if len(self.frames) == self.understands_at:
            self.heard(caller)

    def ask(self, caller):
        self.asked += 1


@pytest.mark.parametrize("understands_at", [28, 35])
async def test_a_caller_says_his_word_once_in_a_cycle_and_its_end_is_what_counts(monkeypatch, understands_at):
    """25 frames of silence, a word of five; it may be understood before its very end."""
    monkeypatch.setattr("sunwai.bench.speech_load.LAST_WORDS_FRAMES", 5)
    word = Word("x", (b"\1" * FRAME_BYTES,) * 5, 29)
    callers = Callers(1, [word])
    side = Listening(callers, understands_at)
    await callers.speak(side, 0.02 * 40)
    assert side.asked == 1
    assert side.frames.count(b"\1" * FRAME_BYTES) == 5
    assert callers.said == 1
    assert len(callers.took_s) == 1
    assert (callers.took_s[0] == 0.0) == (understands_at < 30)
    assert FRAMES_IN_CYCLE == 200
