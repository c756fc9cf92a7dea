"""What a caller may say instead of pressing a key: phrases as data, one file for each language and each recogniser.

A phrase counts whole. An engine's grammar is only a bigram: words of different phrases come out mixed, so what was
heard is read here against the phrases of this very question, and whatever is left over makes it unsure.
Files are named <language>.<engine>.toml: who is spoken to in Urdu may be heard by a Hindi engine, in Devanagari.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UNKNOWN = "[unk]"
"""The engine's word for speech that is in no phrase; every grammar holds it, or any noise would be a choice."""

MEANINGS = frozenset(
    {
        *("person", "danger", "language", "repeat", "yes", "no", "correct", "incorrect"),
        *("hindi", "urdu", "english"),
        *("supply", "transformer", "bill", "meter", "new_connection", "theft", "status", "not_satisfied"),
        *("other_matter", "only_my_house", "whole_area", "voltage", "other_address"),
        *("hurt", "wire_down", "pole"),
        *("call_back", "wait", "leave_message", "not_needed", "later", "solved", "not_solved"),
    }
)
"""Every file has phrases for each of these; menus name them (`MenuNode.words`)."""
REPEAT = "*"
"""The key that says a question again; it works everywhere."""
DIGITS = frozenset("0123456789")
LONGEST_PHRASE = 6
"""Words; nobody answers a menu in longer sentences, and a long phrase makes the bigram looser."""
SCRIPTS = {"Devanagari": "DEVANAGARI", "Arabic": "ARABIC", "Latin": "LATIN SMALL"}
"""How the names of a script's letters begin in Unicode; Latin is written small, as engines write it."""

Meant = Sequence[tuple[str, str]]
"""Keys with their meanings (names joined by spaces). Of a phrase that means two keys the later pair's counts."""


class WordsError(Exception):
    """Words are refused: which file, where in it, and why."""

    def __init__(self, where: object, place: str, reason: str) -> None:
        super().__init__(f"{where}: {place}: {reason}")


@dataclass(frozen=True, slots=True)
class Words:
    """The phrases of one language as one engine hears them. `digits` by digit, `meanings` by their names."""

    language: str
    engine: str
    script: str
    digits: Mapping[str, tuple[str, ...]]
    meanings: Mapping[str, tuple[str, ...]]

    def phrases(self, meanings: str) -> tuple[str, ...]:
        """Of one or more meanings, joined by spaces."""
        return tuple(phrase for name in meanings.split() for phrase in self.meanings[name])


@dataclass(frozen=True, slots=True)
class Understood:
    """A key was said. `sure` is False when something else was said beside it: then he is asked whether he meant it."""

    key: str
    sure: bool


def choices(keys: Iterable[str], meant: Meant, words: Words) -> dict[str, str]:
    """What may be said at a question, phrase -> key: its meanings, and the digit of each key that is one. Pure."""
    allowed = frozenset(keys)
    found = {phrase: key for key in sorted(allowed & DIGITS) for phrase in words.digits[key]}
    for key, meanings in meant:
        if key in allowed:
            found |= dict.fromkeys(words.phrases(meanings), key)
    return found


def clash(meant: Meant, words: Words) -> tuple[str, str, str] | None:
    """A phrase that would mean two keys of one menu, with both; None when each means one. Pure."""
    found: dict[str, str] = {}
    for key, meanings in meant:
        for phrase in words.phrases(meanings):
            if found.setdefault(phrase, key) != key:
                return phrase, found[phrase], key
    return None


def asked_back(meanings: str) -> str:
    """The prompt that names a choice by its first meaning: "You said: the bill"."""
    return f"meant_{meanings.split(maxsplit=1)[0]}"


def grammar(offered: Mapping[str, str]) -> tuple[str, ...]:
    """What the engine is to listen for."""
    return (*sorted(offered), UNKNOWN)


def understood(heard: str, offered: Mapping[str, str], first: str | None = None) -> Understood | None:
    """What `heard` (the engine's words) chooses of `offered` (phrase -> key); None: nothing, or two things. Pure.

    The longest phrases count: "no power" is not "no" and "power". Unknown speech parts phrases, and where more is left
    over than was understood it was about something else. `first` is the key that counts whatever is said with it: who
    says that the transformer is on fire speaks of danger.
    """
    said, keys, left_over, at = heard.split(), set[str](), 0, 0
    while at < len(said):
        length = _longest(said[at:], offered)
        if length:
            keys.add(offered[" ".join(said[at : at + length])])
        left_over += not length
        at += length or 1
    if first in keys:
        return Understood(str(first), sure=len(keys) == 1 and not left_over)
    if len(keys) != 1 or 2 * left_over > len(said):
        return None
    return Understood(keys.pop(), sure=not left_over)


def complete(heard: str, offered: Mapping[str, str]) -> bool:
    """Whether `heard` is a whole phrase that more words could not turn into another choice. Pure.

    Then it counts as soon as it stands still; "no" is waited on while "no power" might come.
    """
    key = offered.get(heard)
    return key is not None and all(offered[longer] == key for longer in offered if longer.startswith(f"{heard} "))


def _longest(words: Sequence[str], offered: Mapping[str, str]) -> int:
    """How many of the first words make the longest phrase; 0 for none."""
    most = min(len(words), LONGEST_PHRASE)
    return next((length for length in range(most, 0, -1) if " ".join(words[:length]) in offered), 0)


def load_words(folder: Path) -> dict[tuple[str, str], Words]:
    """All files of a folder by (language, engine). WordsError for the first that is broken."""
    return {
        (words.language, words.engine): words for words in (load_file(file) for file in sorted(folder.glob("*.toml")))
    }


def load_file(file: Path) -> Words:
    """One file, checked whole."""
    named = re.fullmatch(r"([a-z]{2})\.([a-z]{2})\.toml", file.name)
    if named is None:
        raise WordsError(file, "its name", "must be <language>.<engine>.toml, such as ur.hi.toml")
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise WordsError(file, "its text", str(error)) from error
    for name in data.keys() - {"script", "digits", "meanings"}:
        raise WordsError(file, name, "there is no such part")
    script = data.get("script")
    if script not in SCRIPTS:
        raise WordsError(file, "script", f"must be one of {', '.join(SCRIPTS)}")
    digits = _table(file, data, "digits", DIGITS, script)
    meanings = _table(file, data, "meanings", MEANINGS, script)
    return Words(named[1], named[2], script, digits, meanings)


def _table(
    file: Path, data: Mapping[str, Any], part: str, wanted: frozenset[str], script: str
) -> dict[str, tuple[str, ...]]:
    told = data.get(part)
    if not isinstance(told, dict):
        raise WordsError(file, part, "must be a table of lists of phrases")
    for name in sorted(told.keys() ^ wanted):
        raise WordsError(file, f"{part}.{name}", "has no phrases" if name in wanted else "nothing has this meaning")
    for name, phrases in told.items():
        place = f"{part}.{name}"
        if not isinstance(phrases, list) or not phrases or not all(isinstance(one, str) for one in phrases):
            raise WordsError(file, place, "must be a list of phrases")
        for phrase in phrases:
            if reason := _fault(phrase, script):
                raise WordsError(file, place, f"{phrase!r} {reason}")
        if len(set(phrases)) != len(phrases):
            raise WordsError(file, place, "names a phrase twice")
    return {name: tuple(phrases) for name, phrases in told.items()}


def _fault(phrase: str, script: str) -> str | None:
    if phrase != unicodedata.normalize("NFC", phrase):
        return "is not in Unicode's composed form (NFC): the engine would not know it"
    words = phrase.split(" ")
    if not all(words) or len(words) > LONGEST_PHRASE:
        return f"must be 1 to {LONGEST_PHRASE} words with one space between them"
    strange = [one for one in phrase if one != " " and not unicodedata.name(one, "").startswith(SCRIPTS[script])]
    return f"holds {strange[0]!r}, which is not written in {script}" if strange else None
