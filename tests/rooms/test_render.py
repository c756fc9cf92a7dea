"""The wording becomes sound files by the real espeak-ng and sox; only what changed is made again."""

import math
import shutil
import subprocess
from array import array
from pathlib import Path

import pytest

from dialplan.wording import load
from ivr.tones import ToneHearing
from sunwai import render as rendering
from sunwai.render import RenderError, missing_recordings, render

SMALL = {
    "en": ['greet = "Good morning."', 'menu = "Bill: press 1. | Meter: press 2."', 'told = "Number {pairs}."'],
    "ur": ['greet = "السلام علیکم۔"', 'menu = "بل 1۔ | میٹر 2۔"', 'told = "نمبر {pairs}۔"'],
}
PLACES = {"SD-07": {"en": "Sector 7", "ur": "سیکٹر 7"}}


@pytest.fixture
def prompts(tmp_path):
    folder = tmp_path / "wording"
    folder.mkdir()
    for lang, lines in SMALL.items():
        (folder / f"{lang}.toml").write_text("[prompts]\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def _rendered(tmp_path_factory):
    """One language wholly rendered (some seconds); tests take copies."""
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "en.toml").write_text("[prompts]\n" + "\n".join(SMALL["en"]) + "\n", encoding="utf-8")
    render(load(folder), PLACES, folder / "out", None, ["en"])
    return folder / "out"


@pytest.fixture
def english(_rendered, tmp_path):
    return shutil.copytree(_rendered, tmp_path / "out")


def samples(file, law="u-law"):
    raw = ["sox", "-t", "raw", "-r", "8000", "-e", law, "-b", "8", "-c", "1", str(file)]
    done = subprocess.run([*raw, "-t", "raw", "-e", "signed", "-b", "16", "-"], capture_output=True, check=True)
    return array("h", done.stdout)


def loudness(sound):
    return math.sqrt(sum(sample * sample for sample in sound) / len(sound))


def longest_silence_ms(sound):
    run = best = 0
    for at in range(0, len(sound), 80):
        run = run + 10 if max(map(abs, sound[at : at + 80])) < 300 else 0
        best = max(best, run)
    return best


def record(folder, name, *, seconds=1.0, volume=0.1):
    file = folder / f"{name}.wav"
    file.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["sox", "-n", "-r", "22050", "-c", "2", str(file), "synth", str(seconds), "sine", "700", "vol", str(volume)],
        check=True,
    )
    return file


def test_every_clip_becomes_a_pair_of_files_with_the_same_sound(prompts, english):
    names = [*load(prompts).clips("en"), "beep", "pause/500", "pause/250", "place/SD-07"]
    for name in names:
        ulaw, alaw = english / "en" / f"{name}.ulaw", english / "en" / f"{name}.alaw"
        assert ulaw.stat().st_size == alaw.stat().st_size > 0, name
        assert ulaw.stat().st_size % 160 == 0, name
    one, two = samples(english / "en/menu.0.ulaw"), samples(english / "en/menu.0.alaw", "a-law")
    assert max(abs(a - b) for a, b in zip(one, two, strict=True)) < 2048


def test_speech_is_loud_enough_and_never_clipped(english):
    for name in ("greet.0", "menu.0", "n/7", "p/44", "n/58", "month/5", "place/SD-07"):
        sound = samples(english / "en" / f"{name}.ulaw")
        assert 1000 < loudness(sound) < 8000, name
        assert max(map(abs, sound)) < 32000, name


def test_choices_are_parted_by_half_a_second_and_the_slow_reading_is_longer(english):
    menu, slow = samples(english / "en/menu.0.ulaw"), samples(english / "en/menu.0~slow.ulaw")
    assert 490 <= longest_silence_ms(menu[: -8000 // 3]) <= 800
    assert len(slow) > len(menu) * 1.1


def test_a_second_run_makes_nothing(prompts, english):
    before = {file: file.stat().st_mtime_ns for file in english.rglob("*.?law")}
    report = render(load(prompts), PLACES, english, None, ["en"])
    assert (report.rendered, report.removed) == (0, 0)
    assert report.kept == len(before) / 2
    assert {file: file.stat().st_mtime_ns for file in english.rglob("*.?law")} == before


def test_only_a_changed_sentence_is_made_again_and_a_dropped_one_goes(prompts, english):
    text = (prompts / "en.toml").read_text(encoding="utf-8").replace("Good morning.", "Good evening.")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("told"))
    (prompts / "en.toml").write_text(text, encoding="utf-8")
    (prompts / "ur.toml").unlink()
    report = render(load(prompts), PLACES, english, None, ["en"])
    assert (report.rendered, report.removed) == (2, 2)
    assert not list(english.glob("en/told.0*"))


def test_a_lost_file_and_a_broken_manifest_are_made_good(prompts, english):
    (english / "en/greet.0.alaw").unlink()
    assert render(load(prompts), PLACES, english, None, ["en"]).rendered == 1
    (english / "manifest.json").write_text("{half", encoding="utf-8")
    report = render(load(prompts), {}, english, None, ["marker"])
    assert (report.kept, report.rendered > 100) == (0, True)


def test_other_languages_stay_as_they_are(prompts, english):
    render(load(prompts), {}, english, None, ["marker"])
    report = render(load(prompts), PLACES, english, None, ["en"])
    assert report.rendered == 0
    assert (english / "marker/greet.0.ulaw").is_file()


def test_a_human_recording_wins_and_also_serves_as_the_slow_reading(prompts, english, tmp_path):
    recordings = tmp_path / "human"
    record(recordings / "en", "greet", seconds=1.0)
    record(recordings / "en", "n/12", seconds=0.5)
    report = render(load(prompts), PLACES, english, recordings, ["en"])
    assert (report.rendered, report.human) == (3, 3)
    spoken, slow = samples(english / "en/greet.0.ulaw"), samples(english / "en/greet.0~slow.ulaw")
    assert 8000 < len(spoken) < 1.4 * 8000
    assert len(slow) > len(spoken) * 1.1
    assert loudness(spoken) > 2500  # it was recorded far too softly
    assert longest_silence_ms(spoken) <= 260
    assert render(load(prompts), PLACES, english, None, ["en"]).rendered == 3


def test_a_human_recording_is_not_used_for_words_he_never_said(prompts, english, tmp_path):
    recordings, edition = tmp_path / "human", tmp_path / "edition"
    record(recordings / "en", "greet", seconds=1.0)
    record(recordings / "en", "n/12", seconds=0.5)
    other = load(prompts).changed({"en": {"greet": "Other words."}})
    report = render(other, PLACES, edition, recordings, ["en"], base=english)
    assert report.human == 1, "a number is a number in every edition"
    assert report.rendered == 3
    assert (edition / "en/menu.0.ulaw").samefile(english / "en/menu.0.ulaw")
    assert samples(edition / "en/greet.0.ulaw") != samples(english / "en/greet.0.ulaw")


def test_what_lacks_a_human_recording_is_listed(prompts, tmp_path):
    wording, recordings = load(prompts), tmp_path / "human"
    everything = [(lang, key) for lang in ("en", "ur") for key in ("greet", "menu", "told")]
    assert missing_recordings(wording, None) == everything
    record(recordings / "en", "greet")
    record(recordings / "ur", "told.0")
    assert missing_recordings(wording, recordings) == [
        ("en", "menu"),
        ("en", "told"),
        ("ur", "greet"),
        ("ur", "menu"),
    ]


def test_a_prompt_of_several_pieces_needs_each_piece_recorded(tmp_path):
    (tmp_path / "en.toml").write_text('[prompts]\ntwo = "First {n}, then {n} more."\n', encoding="utf-8")
    recordings = tmp_path / "human"
    record(recordings / "en", "two")
    record(recordings / "en", "two.0")
    assert missing_recordings(load(tmp_path), recordings) == [("en", "two")]
    record(recordings / "en", "two.1")
    record(recordings / "en", "two.2")
    assert missing_recordings(load(tmp_path), recordings) == []


def test_the_marker_language_is_heard_by_the_test_phone_even_between_holding_music(prompts, tmp_path):
    wording = load(prompts)
    render(wording, PLACES, tmp_path / "out", None, ["marker"])
    hearing = ToneHearing(wording.marker(PLACES))
    music = (tmp_path / "out/moh/holding.ulaw").read_bytes()
    files = ["told.0", "p/44", "p/17", "place/SD-07", "menu.0~slow", "beep"]
    said = [(tmp_path / f"out/marker/{name}.ulaw").read_bytes() for name in files]
    assert hearing.feed(music + b"".join(said) + music) == ["told", "p/44", "p/17", "place/SD-07", "menu~slow", "beep"]


def test_holding_music_is_soft_and_half_a_minute_long(english):
    tune = samples(english / "moh/holding.ulaw")
    assert 20 * 8000 <= len(tune) <= 30 * 8000
    assert 200 < loudness(tune) < 1500
    assert max(map(abs, tune[-800:])) < 300  # it can begin again without a click


def test_a_place_without_a_name_and_a_missing_program_are_told(prompts, tmp_path, monkeypatch):
    with pytest.raises(RenderError, match="place SD-07 has no name in 'ur'"):
        render(load(prompts), {"SD-07": {"en": "Sector 7"}}, tmp_path / "out", None, ["ur"])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RenderError, match="espeak-ng is not installed"):
        render(load(prompts), PLACES, tmp_path / "out", None, ["en"])
    assert render(load(prompts), PLACES, tmp_path / "out", None, ["marker"]).rendered > 100


def test_numbers_are_given_to_the_urdu_voice_as_figures(prompts):
    recipes = dict(rendering._recipes(load(prompts), PLACES, None, "ur"))
    assert recipes["n/47"][-1] == "47"
    assert recipes["p/09"][-2:] == ("0", "9")
    assert recipes["hour/6"][-1] == "6 بجے"
    assert recipes["day/1"][-1] == "یکم"


def test_every_voice_exists_in_the_installed_espeak():
    for voice in rendering.VOICES.values():
        done = subprocess.run(["espeak-ng", "-q", "-v", voice.name, "1"], capture_output=True, check=False)
        assert done.returncode == 0, voice.name


def test_the_real_prompts_have_a_recipe_for_every_clip():
    wording = load(Path(__file__).parents[2] / "dialplan" / "prompts")
    for lang in wording.languages:
        recipes = dict(rendering._recipes(wording, {}, None, lang))
        assert recipes.keys() >= wording.clips(lang).keys()
        assert len(recipes) < 700
