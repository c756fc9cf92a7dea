"""A test phone hears which prompt and which numbers were said, and mistakes nothing else for them."""

import math
import random
from array import array
from pathlib import Path

import pytest

from dialplan.wording import load, marker_tones
from ivr.tones import FRAME, RATE_HZ, ToneHearing, to_alaw, to_ulaw, tone

TABLE = load(Path(__file__).parents[2] / "dialplan" / "prompts").marker(["SD-07"])
LAWS = {"ulaw": to_ulaw, "alaw": to_alaw}


def silence(samples):
    return array("h", [0] * samples)


def spoken(*names, before=0):
    sound = silence(before)
    for name in names:
        sound += tone(TABLE[name])
    return sound


def hear(sound, law="ulaw", size=FRAME):
    hearing = ToneHearing(TABLE, law)
    stream = LAWS[law](sound)
    return [name for at in range(0, len(stream), size) for name in hearing.feed(stream[at : at + size])]


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_marker_is_heard_as_itself(law):
    assert hear(spoken(*TABLE, before=53), law) == list(TABLE)


@pytest.mark.parametrize("before", [0, 1, 40, 80, 120, 159])
@pytest.mark.parametrize("size", [160, 100, 480, 10_000])
def test_the_bounds_of_frames_and_packets_do_not_matter(before, size):
    said = ["registered", "p/44", "p/17", "p/44", "p/44", "greet~slow", "beep"]
    assert hear(spoken(*said, before=before), size=size) == said


def test_a_prompt_cut_off_by_a_key_is_not_heard_and_the_next_one_is():
    cut = spoken("main_menu")[: 50 * RATE_HZ // 1000]
    assert hear(cut + spoken("supply_menu")) == ["supply_menu"]


def test_a_marker_that_follows_another_without_a_gap_is_heard():
    first = spoken("main_menu")[: 150 * RATE_HZ // 1000]
    assert hear(first + spoken("supply_menu", "goodbye")) == ["main_menu", "supply_menu", "goodbye"]


def test_a_long_tone_is_one_marker():
    low, high = (2 * math.pi * hz / RATE_HZ for hz in TABLE["greet"])
    sound = array("h", (int(6000 * (math.sin(low * n) + math.sin(high * n))) for n in range(RATE_HZ)))
    assert hear(sound) == ["greet"]


def test_markers_are_heard_at_a_tenth_of_the_loudness():
    quiet = array("h", (sample // 10 for sample in spoken("greet", "p/12")))
    assert hear(quiet) == ["greet", "p/12"]


def music(seconds):
    """Plucked chords with partials, as holding music has them."""
    sound = array("h")
    for chord in range(seconds * 2):
        hz = 220 * 2 ** (chord * 7 % 12 / 12)
        parts = [hz, hz * 1.25, hz * 1.5, hz * 2, hz * 3]
        for n in range(RATE_HZ // 2):
            fade = 1800 * math.exp(-3 * n / RATE_HZ)
            sound.append(int(fade * sum(math.sin(2 * math.pi * part * n / RATE_HZ) for part in parts)))
    return sound


def test_music_around_a_marker_is_no_marker():
    tune = music(6)
    assert hear(tune + spoken("wait_position", "n/3") + tune) == ["wait_position", "n/3"]


def test_noise_single_tones_and_keys_are_no_markers():
    dice = random.Random(7)  # noqa: S311 - noise, not a secret
    noise = array("h", (int(dice.gauss(0, 5000)) for _ in range(4 * RATE_HZ)))
    single = array("h", (int(12000 * math.sin(2 * math.pi * 450 * n / RATE_HZ)) for n in range(RATE_HZ)))
    key = array("h", (int(6000 * (math.sin(0.605 * n) + math.sin(1.05 * n))) for n in range(RATE_HZ)))
    assert hear(noise + single + key + silence(RATE_HZ)) == []


def test_a_pair_that_belongs_to_no_name_is_not_heard():
    small = marker_tones(["one", "two"])
    unknown = next(pair for pair in TABLE.values() if pair not in small.values())
    assert ToneHearing(small).feed(to_ulaw(tone(unknown))) == []


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_a_marker_clip_is_whole_frames_and_ends_in_silence(law):
    sound = tone(TABLE["greet"])
    assert len(sound) == 10 * FRAME
    assert set(LAWS[law](sound)[-2 * FRAME :]) == {{"ulaw": 0xFF, "alaw": 0xD5}[law]}


@pytest.mark.parametrize(
    ("law", "known"),
    [
        # Samples and codes from the tables of ITU-T G.711, scaled to 16 bits.
        ("ulaw", [(0, 0xFF), (8, 0xFE), (-8, 0x7E), (32124, 0x80), (-32124, 0x00), (32767, 0x80), (132, 0xEF)]),
        ("alaw", [(8, 0xD5), (-8, 0x55), (24, 0xD4), (32256, 0xAA), (-32256, 0x2A), (-32768, 0x2A), (264, 0xC5)]),
    ],
)
def test_samples_become_the_nearest_code_of_the_law(law, known):
    samples = array("h", [sample for sample, _ in known])
    assert list(LAWS[law](samples)) == [code for _, code in known]
