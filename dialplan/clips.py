"""What is played, and what is put into a sentence: clips and the values a prompt can hold.

A clip is one sound file, `<prompts>/<lang>/<name>.ulaw`. A prompt's placeholder decides by its name which kind
of value it takes (`PLACEHOLDERS`), so that a docket number can never be read out as a quantity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

MARKER = "marker"
"""The language of tones for tests (design 3.21)."""
BEEP = "beep"
PAUSE = "pause/500"
"""Half a second: between spoken choices that the walk puts together (domain.md 2.7: 500-750 ms)."""
SHORT_PAUSE = "pause/250"
"""Between the pairs of a docket number."""
SLOW = "~slow"
"""Suffix of the slow reading of a sentence, for the first step of the error ladder (domain.md 3.1)."""

_DIGITS = re.compile(r"[0-9]+")
_PLACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
LARGEST_NUMBER = 10**11 - 1


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound file: `name` is its path below the language's folder, without the ending."""

    lang: str
    name: str


def _need(fine: object, what: str) -> None:
    if not fine:
        raise ValueError(what)


@dataclass(frozen=True, slots=True)
class Pairs:
    """A docket number, spoken digit by digit in groups of two."""

    digits: str

    def __post_init__(self) -> None:
        _need(_DIGITS.fullmatch(self.digits), "a number spoken in pairs consists of digits")
        _need(len(self.digits) % 2 == 0, "a number spoken in pairs has an even count of digits")


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits spoken one by one, such as the last four of a consumer number."""

    digits: str

    def __post_init__(self) -> None:
        _need(_DIGITS.fullmatch(self.digits), "digits spoken one by one consist of digits")


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity, spoken with hundred, thousand, lakh and crore."""

    value: int

    def __post_init__(self) -> None:
        _need(0 <= self.value <= LARGEST_NUMBER, f"a spoken number lies between 0 and {LARGEST_NUMBER}")


@dataclass(frozen=True, slots=True)
class Minutes:
    """A length of time as an honest range in minutes; equal ends are spoken as one number."""

    low: int
    high: int

    def __post_init__(self) -> None:
        _need(1 <= self.low <= self.high, "a range of minutes starts at 1 and does not run backwards")


@dataclass(frozen=True, slots=True)
class When:
    """A moment, spoken as day and time of day in the zone of `at`; both carry a zone. Seconds are dropped."""

    at: datetime
    now: datetime

    def __post_init__(self) -> None:
        _need(self.at.tzinfo and self.now.tzinfo, "a spoken moment needs the zone it is told in")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of the telephone."""

    key: str

    def __post_init__(self) -> None:
        _need(len(self.key) == 1 and self.key in "0123456789*#", "a key is one of 0-9, * and #")


@dataclass(frozen=True, slots=True)
class Place:
    """An area, by the id under which its name was rendered (`place/<id>`)."""

    id: str

    def __post_init__(self) -> None:
        _need(_PLACE.fullmatch(self.id), "a place's id names a file: letters, digits, - and _ only")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Another prompt, without values of its own, said inside this one (a category, a role)."""

    key: str


Value = Pairs | Digits | Number | Minutes | When | Key | Place | Phrase

PLACEHOLDERS: Mapping[str, type[Value]] = MappingProxyType(
    {
        "area": Place,
        "category": Phrase,
        "key": Key,
        "last4": Digits,
        "m": Minutes,
        "n": Number,
        "pairs": Pairs,
        "role": Phrase,
        "since": When,
        "when": When,
    }
)
"""Which value each {placeholder} takes; a name that is not here is refused when the prompts are loaded."""
