"""Sentences for people in their language: English in the program, Hindi and Urdu in the files beside it.

A sentence is asked for by its English words, so that whoever reads the program reads what is said, and whoever adds one
need not touch three files to try it: a test wants the translations before it lands.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ENGLISH = "en"
TRANSLATED = ("hi", "ur")

Value = str | int | tuple[str, ...]
"""What stands in a place of a sentence; several words are joined by commas."""


@dataclass(frozen=True, slots=True)
class Translation:
    """`sentences` by their English ones; `words` by the codes that stand in places of sentences (roles, states)."""

    sentences: Mapping[str, str]
    words: Mapping[str, str]
    comma: str


def said(sentence: str, values: Mapping[str, Value], language: str) -> str:
    """`sentence` with its {places} filled, in `language`; in English where there is no translation."""
    if language not in TRANSLATED:
        return sentence.format(**{name: _joined(value, {}, ", ") for name, value in values.items()})
    known = translation(language)
    words = {name: _joined(value, known.words, known.comma) for name, value in values.items()}
    return known.sentences.get(sentence, sentence).format(**words)


def language_of(accepted: str) -> str:
    """The language of an Accept-Language header (RFC 9110, 12.5.4): the first that we speak, as browsers order them."""
    for tag in accepted.split(","):
        language = tag.partition(";")[0].strip().lower().partition("-")[0]
        if language in (ENGLISH, *TRANSLATED):
            return language
    return ENGLISH


@cache
def translation(language: str) -> Translation:
    """Read once; `language` is one of TRANSLATED."""
    path = Path(__file__).with_name(f"sentences.{language}.toml")
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    return Translation(read["sentences"], read["words"], "، " if language == "ur" else ", ")


def _joined(value: Value, words: Mapping[str, str], comma: str) -> str:
    if isinstance(value, tuple):
        return comma.join(words.get(one, one) for one in value)
    return words.get(value, value) if isinstance(value, str) else str(value)
