"""The prompts: the same in every language, refused when broken, joined up into clips with the values in place."""

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialplan.clips import Clip, Digits, Key, Minutes, Number, Pairs, Phrase, Place, When
from dialplan.wording import WordingError, heard, load, marker_tones

PROMPTS = Path(__file__).parents[2] / "dialplan" / "prompts"
KOLKATA = ZoneInfo("Asia/Kolkata")
WHEN = When(datetime(2026, 8, 14, 9, tzinfo=KOLKATA), datetime(2026, 8, 13, 18, tzinfo=KOLKATA))
VALUES = {
    "area": Place("SD-07"),
    "category": Phrase("category_bill"),
    "key": Key("1"),
    "last4": Digits("4417"),
    "m": Minutes(4, 6),
    "n": Number(7),
    "pairs": Pairs("44170213"),
    "role": Phrase("role_L2"),
    "since": WHEN,
    "when": WHEN,
}
REFERENCE_STATES = """
    new assigned accepted on_site waiting resolution_claimed verifying closed_satisfied reopened linked_to_outage
    transferred unreachable_review withdrawn_by_consumer ended_unverified ended_vigilance presumed_restored
"""
REFERENCE_CATEGORIES = "saf sup_fuse sup_line sup_ugc sup_dt sup_volt bill meter newcon theft staff other"


@pytest.fixture(scope="module")
def wording():
    return load(PROMPTS)


def names(clips):
    return [clip.name for clip in clips]


def write(folder, **languages):
    for lang, lines in languages.items():
        (folder / f"{lang}.toml").write_text("[prompts]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_every_prompt_can_be_said_in_every_language_and_in_markers(wording):
    for lang in (*wording.languages, "marker"):
        known = wording.clips(lang).keys() | {"place/SD-07", "pause/250"}
        for key in wording.keys:
            values = {name: VALUES[name] for name in wording.placeholders(key)}
            for slow in (False, True):
                said = wording.say(lang, key, slow=slow, **values)
                assert said, key
                assert set(names(said)) <= known, key


def test_there_is_a_prompt_for_each_state_category_and_level(wording):
    wanted = {f"docket_status_{state}" for state in REFERENCE_STATES.split()}
    wanted |= {f"category_{code}" for code in REFERENCE_CATEGORIES.split()} | {
        f"role_L{level}" for level in range(1, 7)
    }
    assert wanted <= wording.keys
    assert not any(wording.placeholders(key) for key in wanted)


def test_each_language_is_written_in_its_own_script(wording):
    scripts = {"hi": r"[\u0900-\u097f]", "ur": r"[\u0600-\u06ff]", "en": r"[A-Za-z]"}
    for lang, sentences in wording.texts.items():
        for key, text in sentences.items():
            words = re.sub(r"\{\w+\}", "", text)
            assert re.search(scripts[lang], words), (lang, key)
            assert lang == "en" or not re.search(scripts["en"], words), (lang, key)


@pytest.mark.parametrize(("lang", "key"), [("hi", "1"), ("ur", "2"), ("en", "3")])
def test_each_language_offers_itself_by_its_own_key(wording, lang, key):
    assert key in wording.text(lang, "language_choice", {}, {})


@pytest.mark.parametrize("key", ["main_menu", "supply_menu", "danger_menu", "sat_question", "status_menu"])
def test_a_menu_names_the_same_keys_in_every_language(wording, key):
    keys = {lang: re.findall(r"\d", texts[key]) for lang, texts in wording.texts.items()}
    assert keys["hi"] == keys["ur"] == keys["en"]


def test_the_main_menu_names_its_keys_most_used_first_danger_and_person_last(wording):
    assert re.findall(r"\d", wording.texts["en"]["main_menu"]) == list("12345690")


def test_a_docket_number_is_said_twice_between_the_fixed_pieces(wording):
    said = names(wording.say("hi", "registered", pairs=Pairs("4417")))
    number = ["p/44", "pause/250", "p/17"]
    assert said == ["registered.0", *number, "registered.1", *number]


def test_the_slow_reading_slows_the_fixed_pieces(wording):
    said = names(wording.say("ur", "connection_option", slow=True, area=Place("A"), last4=Digits("12"), key=Key("3")))
    assert said == ["place/A", "connection_option.0~slow", "n/1", "n/2", "connection_option.1~slow", "n/3",
                    "connection_option.2~slow"]  # fmt: skip


def test_a_phrase_is_said_inside_a_sentence(wording):
    said = wording.say("en", "status_raised", role=Phrase("role_L3"))
    assert said == (Clip("en", "status_raised.0"), Clip("en", "role_L3.0"))


def test_a_prompt_is_written_out_for_a_chat(wording):
    written = wording.text("en", "open_docket", {"pairs": Pairs("44170213"), "category": Phrase("category_bill")}, {})
    assert written == "You have an open complaint, number 44 17 02 13, bill complaint."
    assert wording.text("en", "supply_menu", {"area": Place("SD-07")}, {"SD-07": "Chowk"}).startswith("In Chowk: no")
    assert "|" not in wording.text("hi", "main_menu", {}, {})


@pytest.mark.parametrize(
    ("key", "values", "reason"),
    [
        ("registered", {}, "takes pairs; given: none"),
        ("greet", {"n": Number(1)}, "takes no values; given: n"),
        ("registered", {"pairs": Digits("4417")}, "takes a Pairs"),
        ("registered", {"pairs": "4417"}, "takes a Pairs"),
        ("status_raised", {"role": Phrase("registered")}, "cannot stand inside"),
        ("status_raised", {"role": Phrase("nobody")}, "no prompt 'nobody'"),
        ("nothing", {}, "no prompt 'nothing'"),
    ],
)
@pytest.mark.parametrize("lang", ["hi", "marker"])
def test_a_missing_needless_or_wrong_value_is_an_error(wording, lang, key, values, reason):
    with pytest.raises(WordingError, match=reason):
        wording.say(lang, key, **values)


def test_an_unknown_language_is_an_error(wording):
    with pytest.raises(WordingError, match="no prompts in 'xx'"):
        wording.say("xx", "greet")


def test_the_marker_says_one_tone_for_the_prompt_and_then_the_values(wording):
    said = names(wording.say("marker", "wait_position", n=Number(12), m=Minutes(4, 6)))
    assert said == ["wait_position.0", "n/12", "n/4", "word/to", "n/6", "word/minutes"]
    said = names(wording.say("marker", "open_docket", slow=True, pairs=Pairs("4417"), category=Phrase("category_saf")))
    assert list(map(heard, said)) == ["open_docket~slow", "p/44", "p/17", "category_saf"]


def test_every_marker_has_tones_of_its_own_away_from_the_keys_tones(wording):
    table = wording.marker([f"SD-{n:02}" for n in range(60)])
    assert {"registered", "registered~slow", "p/07", "n/crore", "beep", "place/SD-59"} <= table.keys()
    assert len(set(table.values())) == len(table)
    for low, high in table.values():
        assert 450 <= low <= high - 100
        assert high <= 3050
        assert all(abs(hz - dtmf) >= 40 for hz in (low, high) for dtmf in (697, 770, 852, 941, 1209, 1336, 1477, 1633))


def test_tones_follow_the_sorted_names_and_run_out_loudly():
    assert marker_tones(["b", "a"]) == marker_tones(["a", "b", "a"])
    with pytest.raises(WordingError, match="pairs of tones"):
        marker_tones(map(str, range(1000)))


def test_the_number_of_clips_stays_reasonable(wording):
    assert all(len(wording.clips(lang)) < 700 for lang in wording.languages)


def test_the_catalogue_tells_flows_what_each_prompt_needs(wording):
    assert wording.catalogue["ur"]["connection_option"] == {"area", "last4", "key"}
    assert json.dumps({lang: len(keys) for lang, keys in wording.catalogue.items()})
    assert set(wording.catalogue) == {"hi", "ur", "en"}


@pytest.mark.parametrize(
    ("hindi", "english", "fault"),
    [
        (['a = "एक"', 'b = "दो"'], ['a = "one"'], r"en\.toml:1: prompt 'b' is missing"),
        (['a = "एक"', 'b = "{n} दो"'], ['a = "one"', 'b = "two"'], r"hi\.toml:3: prompt 'b' holds values \['n'\]"),
        (['a = "{n} {n}"'], ['a = "{n}"'], r"hi\.toml:2: .*\['n', 'n'\]"),
        (['a = " "'], ['a = "one"'], r"hi\.toml:2: prompt 'a': it is empty"),
        (['a = "।"'], ['a = "one"'], r"hi\.toml:2: prompt 'a': it is empty"),
        (['a = "एक {nn}"'], ['a = "one {nn}"'], r"hi\.toml:2: prompt 'a': it holds \{nn\}; known are"),
        (['a = "एक {n"'], ['a = "one"'], r"hi\.toml:2: prompt 'a': it has a brace"),
        (["a = 1"], ['a = "one"'], r"hi\.toml:2: prompt 'a' is not a text"),
        (['"a.b" = "एक"'], ['a = "one"'], r"hi\.toml:2: prompt 'a\.b': this is no name"),
        (['a = "एक"', 'a = "दो"'], ['a = "one"'], r"hi\.toml:\d: .*overwrite"),
        (['a = "एक"', "[more]"], ['a = "one"'], r"hi\.toml:1: the file holds one table"),
    ],
)
def test_broken_prompts_are_refused_with_file_line_and_reason(tmp_path, hindi, english, fault):
    with pytest.raises(WordingError, match=fault):
        load(write(tmp_path, hi=hindi, en=english))


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(WordingError) as refused:
        load(write(tmp_path, hi=['a = ""', 'b = "दो"'], en=['a = "one"']))
    assert len(str(refused.value).splitlines()) == 2


def test_a_language_without_numbers_and_an_empty_folder_are_refused(tmp_path):
    with pytest.raises(WordingError, match="no prompts here"):
        load(tmp_path)
    with pytest.raises(WordingError, match=r"xx\.toml:1: there are no spoken numbers"):
        load(write(tmp_path, xx=['a = "one"']))


def test_marks_of_the_sentence_before_are_dropped_and_a_leading_pause_stays(tmp_path):
    wording = load(write(tmp_path, en=['a = "One {n}. | Two: {n}, three {n}."']))
    assert names(wording.say("en", "a", n=Number(5))) == ["a.0", "n/5", "a.1", "n/5", "a.2", "n/5"]
    clips = wording.clips("en")
    assert (clips["a.0"], clips["a.1"], clips["a.2~slow"]) == ("One", "| Two:", "three")
