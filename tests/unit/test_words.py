"""What may be said instead of a key: the phrases of the release, how they are read, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dialplan
from dialplan.edition import shipped
from dialplan.flow import MenuNode
from dialplan.steps import Ask, Silent
from dialplan.walk import Walk
from dialplan.words import (
    LONGEST_PHRASE,
    MEANINGS,
    UNKNOWN,
    Understood,
    WordsError,
    choices,
    clash,
    complete,
    grammar,
    load_file,
    load_words,
    understood,
)

ROOM = Path(dialplan.__file__).parent
RELEASE = shipped(ROOM)
HINDI, URDU, URDU_BY_HINDI, ENGLISH = (
    RELEASE.words[pair] for pair in (("hi", "hi"), ("ur", "ur"), ("ur", "hi"), ("en", "en"))
)
EVERY = RELEASE.words.values()
MENUS = [(flow, node) for flow in RELEASE.flows.values() for node in flow.nodes.values() if isinstance(node, MenuNode)]


def offered(flow: str, name: str, words=HINDI) -> dict[str, str]:
    """What may be said at a menu of the release."""
    found = RELEASE.flows[flow]
    node = found.nodes[name]
    assert isinstance(node, MenuNode)
    keys = {*node.keys, *found.always, "*"}
    return choices(keys, (*found.words.items(), *node.words.items()), words)


# -- the release


@pytest.mark.parametrize(("flow", "node"), MENUS, ids=lambda one: one.name)
def test_every_key_of_every_menu_can_be_said(flow, node):
    for key in node.keys:
        assert key in {**flow.words, **node.words}, f"{flow.name}: {node.name} has no word for {key}"


@pytest.mark.parametrize("words", EVERY, ids=lambda one: f"{one.language} by {one.engine}")
@pytest.mark.parametrize(("flow", "node"), MENUS, ids=lambda one: one.name)
def test_what_is_said_in_a_menu_chooses_one_key_whoever_listens(flow, node, words):
    assert clash([*node.words.items()], words) is None


def test_every_language_can_be_heard_and_urdu_by_a_hindi_engine_too():
    assert set(RELEASE.words) == {("hi", "hi"), ("ur", "ur"), ("ur", "hi"), ("en", "en")}
    assert {words.script for words in EVERY} == {"Devanagari", "Arabic", "Latin"}
    assert URDU_BY_HINDI.script == HINDI.script


def test_what_a_menu_asks_carries_its_words_and_those_that_work_everywhere():
    walk = Walk(RELEASE.flows["satisfaction"], "hi", {"by": "line", "phone_known": True})
    step = walk.start()
    assert isinstance(step, Ask)
    assert dict(step.words) == {"0": "person", "*": "repeat"}
    step = walk.reply(Silent())
    assert isinstance(step, Ask)
    assert step.node == "question"
    assert dict(step.words)["1"] == "yes solved"
    said = choices(step.keys, step.words, HINDI)
    assert understood("जी हाँ", said) == Understood("1", sure=True)
    assert understood("फिर से बोलो", said) == Understood("*", sure=True)


# -- everyday words


@pytest.mark.parametrize(
    ("words", "flow", "menu", "heard", "key"),
    [
        (HINDI, "inbound", "main_full", "बत्ती गुल", "1"),
        (HINDI, "inbound", "main_full", "लाइट नहीं है", "1"),
        (HINDI, "inbound", "main_full", "डीपी जल गया", "1"),
        (HINDI, "inbound", "main_full", "बिजली चोरी", "5"),
        (HINDI, "inbound", "main_full", "गलत बिल", "2"),
        (HINDI, "inbound", "main_full", "आग लग गई", "9"),
        (HINDI, "inbound", "main_full", "तीन", "3"),
        (URDU, "inbound", "main_full", "بجلی چوری", "5"),
        (URDU, "inbound", "main_full", "ٹرانسفارمر جل گیا", "1"),
        (URDU_BY_HINDI, "inbound", "main_full", "लोड शेडिंग", "1"),
        (ENGLISH, "inbound", "main_full", "new connection", "4"),
        (ENGLISH, "inbound", "main_full", "no power", "1"),
        (HINDI, "satisfaction", "question", "हाँ", "1"),
        (URDU, "satisfaction", "question", "نہیں", "2"),
        (URDU_BY_HINDI, "satisfaction", "question", "जी नहीं", "2"),
        (ENGLISH, "satisfaction", "question", "not solved", "2"),
        (HINDI, "satisfaction", "question", "बाद में", "3"),
        (HINDI, "satisfaction", "question", "अभी नहीं", "2"),
        (URDU, "satisfaction", "question", "ابھی تک نہیں", "2"),
        (URDU_BY_HINDI, "inbound", "main_full", "करंट नहीं है", "1"),
        (HINDI, "inbound", "readback", "ठीक है", "1"),
        (HINDI, "inbound", "danger", "करंट लगा", "1"),
        (HINDI, "inbound", "danger", "ख़तरा", "9"),
    ],
)
def test_everyday_words_choose_their_key(words, flow, menu, heard, key):
    assert understood(heard, offered(flow, menu, words)) == Understood(key, sure=True)


# -- how what was heard is read


def test_the_longest_phrase_counts():
    said = {"no": "2", "no power": "1", "power": "1"}
    assert understood("no power", said) == Understood("1", sure=True)
    assert understood("power no", said) is None, "two keys were said"


@pytest.mark.parametrize("heard", [f"{UNKNOWN} bill", f"bill {UNKNOWN}", "bill my", f"{UNKNOWN} bill {UNKNOWN} bill"])
def test_what_is_said_beside_a_choice_makes_it_unsure(heard):
    assert understood(heard, {"bill": "2", "my house": "1"}) == Understood("2", sure=False)


@pytest.mark.parametrize("heard", ["", UNKNOWN, f"{UNKNOWN} {UNKNOWN}", "house", "my", "bill meter"])
def test_nothing_or_two_things_are_no_choice(heard):
    assert understood(heard, {"bill": "2", "meter": "3", "my house": "1"}) is None


def test_who_only_shows_that_he_listens_closes_nothing():
    for words, fillers in (
        (HINDI, ("जी", "ठीक है", "एक मिनट")),
        (URDU, ("جی", "ٹھیک ہے")),
        (ENGLISH, ("okay", "right")),
    ):
        for filler in fillers:
            found = understood(filler, offered("satisfaction", "question", words))
            assert found is None or found.key != "1", filler


def test_no_to_a_promised_call_does_not_take_it_away():
    assert understood("नहीं", offered("callback", "asked")) is None


def test_danger_counts_before_what_it_is_about():
    said = offered("inbound", "main_full")
    assert understood("ट्रांसफार्मर आग लग गई", said) is None
    assert understood("ट्रांसफार्मर आग लग गई", said, first="9") == Understood("9", sure=False)
    assert understood("आग लग गई", said, first="9") == Understood("9", sure=True)
    assert understood("बिल", said, first="9") == Understood("2", sure=True)


def test_unknown_speech_parts_a_phrase():
    """ "It is never solved" is not "it is solved"."""
    assert understood(f"it is {UNKNOWN} solved", {"it is solved": "1"}) is None


def test_a_choice_said_twice_is_sure():
    assert understood("bill bill", {"bill": "2"}) == Understood("2", sure=True)


def test_a_menus_own_words_come_before_those_that_work_everywhere():
    said = choices({"1", "9"}, (("9", "danger"), ("1", "hurt")), ENGLISH)
    assert said["shock"] == "1"
    assert said["danger"] == "9"


def test_only_keys_that_have_a_use_can_be_said():
    said = choices({"1"}, (("2", "bill"), ("1", "meter")), ENGLISH)
    assert set(said.values()) == {"1"}
    assert "one" in said
    assert "two" not in said


def test_a_phrase_is_whole_when_no_longer_one_could_turn_it_into_another_choice():
    offered = {"no": "2", "no power": "1", "no power at all": "1", "bill": "3", "bill complaint": "3"}
    assert complete("bill", offered), "a complaint about it is the same choice"
    assert complete("no power", offered)
    assert not complete("no", offered)
    assert not complete("power", offered)


def test_who_speaks_mostly_of_something_else_has_not_chosen_but_danger_counts():
    offered = {"bill": "2", "fire": "9"}
    assert understood("[unk] bill", offered) == Understood("2", sure=False)
    assert understood("[unk] bill [unk] [unk]", offered) is None
    assert understood("[unk] fire [unk] [unk]", offered, "9") == Understood("9", sure=False)


def test_a_grammar_always_holds_the_word_for_unknown_speech():
    assert grammar({"bill": "2", "a": "1"}) == ("a", "bill", UNKNOWN)


WORD = st.sampled_from(["bill", "my", "house", "no", "power", UNKNOWN, "meter"])
SAID = {"bill": "2", "my house": "1", "no": "0", "no power": "3", "meter": "2"}


@given(st.lists(WORD, max_size=8))
def test_whatever_an_engine_mixes_chooses_at_most_one_key_and_surely_only_by_whole_phrases(heard):
    found = understood(" ".join(heard), SAID)
    if found is None:
        return
    assert found.key in SAID.values()
    rest = " ".join(heard)
    if found.sure:
        for phrase in sorted((one for one, key in SAID.items() if key == found.key), key=len, reverse=True):
            rest = rest.replace(phrase, "")
        assert not rest.strip()


# -- what is refused


@pytest.fixture
def file(tmp_path):
    """Writes a changed copy of the English words and gives its path."""

    def write(old: str, new: str, name: str = "en.en.toml") -> Path:
        text = (ROOM / "words" / "en.en.toml").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / name
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('script = "Latin"', 'script = "Roman"', "script: must be one of"),
        ('script = "Latin"', 'script = "Latin"\nspeed = 1', "speed: there is no such part"),
        ('bill = ["bill"', 'bills = ["bill"', "meanings.bill: has no phrases"),
        ("[meanings]", '[meanings]\nparty = ["party"]', "meanings.party: nothing has this meaning"),
        ('0 = ["zero"]', '0 = "zero"', "digits.0: must be a list of phrases"),
        ('0 = ["zero"]', "0 = []", "digits.0: must be a list of phrases"),
        ('"wrong bill"', '"Wrong bill"', "meanings.bill: 'Wrong bill' holds 'W'"),
        ('"wrong bill"', '"गलत bill"', "which is not written in Latin"),
        ('"wrong bill"', '"bill 2"', "holds '2'"),
        ('"wrong bill"', '"wrong  bill"', "must be 1 to 6 words"),
        ('"wrong bill"', '"' + " ".join(["bill"] * (LONGEST_PHRASE + 1)) + '"', "must be 1 to 6 words"),
        ('"wrong bill"', '"bill"', "meanings.bill: names a phrase twice"),
        ('"wrong bill"', '"e\u0301"', "composed form"),
        ("[digits]", "[digits", "its text"),
    ],
)
def test_words_that_cannot_be_heard_are_refused_with_their_place(file, old, new, place):
    with pytest.raises(WordsError) as refused:
        load_file(file(old, new))
    assert place in str(refused.value)
    assert "en.en.toml" in str(refused.value)


def test_a_file_that_does_not_say_whose_words_it_holds_is_refused(file):
    with pytest.raises(WordsError, match=r"must be <language>\.<engine>\.toml"):
        load_words(file('"wrong bill"', '"false bill"', "english.toml").parent)


def test_meanings_in_the_program_and_in_the_files_are_the_same():
    for words in EVERY:
        assert set(words.meanings) == MEANINGS
