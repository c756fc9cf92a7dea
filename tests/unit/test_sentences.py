"""Whoever reads Hindi or Urdu is told what went wrong in his language, in whole sentences."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

import agent_console
from agent_console.errors import BadInput, NotAllowed
from agent_console.sentences import TRANSLATED, language_of, said, translation
from complaints.records import State
from storage.floor_records import AgentState
from storage.people import Role

SCRIPTS = {"hi": r"[\u0900-\u097f]", "ur": r"[\u0600-\u06ff]"}
ENDS = {"hi": "।", "ur": "۔"}
NO_ANSWER = {"Log in, keep the cookie, send the CSRF word with every change. See docs/api.md."}
"""The description of the API, which is English like its names."""


def sentences_of(source: str) -> Iterator[str]:
    """Every text of the program that reads as a whole sentence, but for docstrings."""
    tree = ast.parse(source)
    documenting = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in documenting else None
        if isinstance(text, str) and text.endswith(".") and (" " in text or "{" in text):
            yield text


def test_whole_sentences_are_never_put_together_from_pieces():
    """Such a sentence could not be translated."""
    for path in Path(agent_console.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[-1], ast.Constant):
                assert not str(node.values[-1].value).endswith("."), f"{path.name}:{node.lineno}"


def test_what_the_console_says_is_translated_and_nothing_else_is():
    found = {
        sentence
        for path in Path(agent_console.__file__).parent.glob("*.py")
        for sentence in sentences_of(path.read_text(encoding="utf-8"))
    } - NO_ANSWER
    assert len(found) > 150
    for language in TRANSLATED:
        assert set(translation(language).sentences) == found


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_same_places_its_own_script_and_an_end(language):
    for english, translated in translation(language).sentences.items():
        places = [sorted(one[1] or "" for one in string.Formatter().parse(text)) for text in (english, translated)]
        assert set(filter(None, places[1])) <= set(filter(None, places[0])), english
        assert translated.endswith(ENDS[language]), english
        if re.sub(r"\{\w+\}|\W", "", english):
            assert re.search(SCRIPTS[language], translated), english


@pytest.mark.parametrize("language", TRANSLATED)
def test_roles_and_states_that_stand_in_sentences_are_translated(language):
    words = translation(language).words
    for code in (*Role, *State, *AgentState):
        assert re.search(SCRIPTS[language], words[code]), code


def test_a_sentence_with_places_is_said_in_each_language():
    refused = NotAllowed("Your log-in may not do this: it is for {roles}.", roles=("administrator", "supervisor"))
    assert refused.said_in("en") == "Your log-in may not do this: it is for administrator, supervisor."
    assert refused.said_in("hi").endswith("यह इनके लिए है: प्रशासक, सुपरवाइज़र।")
    assert refused.said_in("ur").endswith("یہ ان کے لیے ہے: منتظم، سپروائزر۔")
    assert BadInput("{field}: at most {most} characters.", "note", most=9).said_in("hi") == "note: अधिक से अधिक 9 अक्षर।"


def test_what_is_not_translated_is_said_in_english_and_keeps_what_a_person_typed():
    assert said("{who} was here.", {"who": "{field}"}, "ur") == "{field} was here."


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("ur", "ur"),
        ("hi-IN,hi;q=0.9,en-IN;q=0.8", "hi"),
        ("ta-IN, ur-PK;q=0.8, en;q=0.5", "ur"),
        ("en-GB,hi;q=0.5", "en"),
        ("ta", "en"),
        ("", "en"),
        ("*;q=0.5", "en"),
    ],
)
def test_the_first_language_that_we_speak_is_the_one(header, language):
    assert language_of(header) == language
