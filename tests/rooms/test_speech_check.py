"""Will a model hear the line's menus? Asked of the one for tests (synthetic voices only) and of broken copies."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import dialplan
from dialplan.words import load_words
from ivr.speech.models import TELEPHONE_HZ, ModelRefused, look_at
from sunwai.cli import main

MODEL = Path(__file__).parent.parent / "speech_model"
HEARD = load_words(Path(dialplan.__file__).parent / "words")

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def no_logs_of_its_own(monkeypatch):
    """A command sets the logs up once per process: here they are pytest's."""
    monkeypatch.setattr("sunwai.cli.start_logs", lambda _: None)


@pytest.fixture
def copy(tmp_path) -> Path:
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


def test_the_model_for_tests_knows_every_word_of_every_language(capsys):
    assert main(["speech", "check", str(MODEL), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["serves"]
    assert told["rate_hz"] == TELEPHONE_HZ
    assert told["by_language"] == {f"{language} by {engine}": {} for language, engine in HEARD}


def test_words_it_does_not_know_are_named_with_words_like_them(copy):
    words = copy / "graph" / "words.txt"
    words.write_text(words.read_text(encoding="utf-8").replace("\nbill ", "\nbills "), encoding="utf-8")
    facts = look_at(copy, ["bill", "meter"])
    assert set(facts.missing) == {"bill"}
    assert "bills" in facts.missing["bill"]


def test_a_command_says_no_when_phrases_cannot_be_heard(copy, capsys):
    words = copy / "graph" / "words.txt"
    words.write_text(words.read_text(encoding="utf-8").replace("\nmeter ", "\nmetre "), encoding="utf-8")
    assert main(["speech", "check", str(copy), "--language", "en"]) == 1
    told = capsys.readouterr()
    assert "will NOT serve" in told.out + told.err


def test_a_model_of_twice_the_rate_is_fed_what_it_wants(copy):
    conf = copy / "conf" / "mfcc.conf"
    conf.write_text(conf.read_text(encoding="utf-8").replace("=8000", "=16000"), encoding="utf-8")
    facts = look_at(copy, ["bill"])
    assert facts.rate_hz == 16000
    assert facts.resampled


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        (shutil.rmtree, "there is no such folder"),
        (lambda folder: (folder / "am" / "final.mdl").unlink(), "am/final.mdl is missing"),
        (lambda folder: (folder / "graph" / "HCLr.fst").unlink(), "no menu can give it a grammar"),
        (lambda folder: _cut(folder / "am" / "final.mdl"), "engine"),
        (lambda folder: _cut(folder / "graph" / "HCLr.fst"), "engine"),
        (lambda folder: _into(folder, "model-inside"), "the model is in its folder model-inside"),
    ],
)
def test_a_folder_that_cannot_serve_is_refused_in_a_sentence(copy, broken, sentence):
    broken(copy)
    with pytest.raises(ModelRefused, match=sentence):
        look_at(copy, ["bill"])


def test_a_model_of_another_language_is_told(copy):
    with pytest.raises(ModelRefused, match="none of the line's words"):
        look_at(copy, ["fenêtre", "oiseau"])


def test_an_engine_nobody_speaks_to_is_refused(capsys):
    assert main(["speech", "check", str(MODEL), "--language", "fr"]) != 0
    assert "nothing is said to an engine" in capsys.readouterr().err


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _into(folder: Path, name: str) -> None:
    """As an archive is unpacked: the model a folder deeper."""
    inner = folder.parent / name
    folder.rename(inner)
    folder.mkdir()
    inner.rename(folder / name)


def test_the_model_for_tests_is_the_one_its_page_speaks_of():
    digest = hashlib.sha256()
    for file in sorted(MODEL.rglob("*")):
        if file.is_file() and file.name != "README.md":
            digest.update(file.read_bytes())
    assert digest.hexdigest() in (MODEL / "README.md").read_text(encoding="utf-8")
