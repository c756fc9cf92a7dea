"""Numbers, moments and lengths of time as a row of clip names, the same clips joined up in each language's order.

Pure tables and rules; the texts are in `spoken_hi`, `spoken_ur` and `spoken_en`. Clip names:
`n/<0..99>` and `n/hundred|thousand|lakh|crore`; `p/<00..99>` two digits one by one; `day/<1..31>`,
`month/<1..12>`, `hour/<1..12>` ("six o'clock"), `daypart/*`, `word/*`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import assert_never

from dialplan import spoken_en, spoken_hi, spoken_ur
from dialplan.clips import SHORT_PAUSE, Digits, Key, Minutes, Number, Pairs, Phrase, Place, Value, When

DAWN_H = 4
"""Before this hour it is still "the night of" the day before, in Hindi and Urdu."""
_SCALES = ((10**7, "n/crore"), (10**5, "n/lakh"), (10**3, "n/thousand"), (10**2, "n/hundred"))


@dataclass(frozen=True, slots=True)
class Tongue:
    """How one language speaks numbers and times."""

    numbers: tuple[str, ...]
    months: tuple[str, ...]
    days: tuple[str, ...]
    o_clock: str
    words: Mapping[str, str]
    night_goes_on: bool
    """True: one o'clock at night is counted to the day before ("आज रात एक बजे")."""
    daypart_first: bool
    """True: "शाम छह बजे"; False: "six o'clock in the evening"."""


def _indian(
    numbers: tuple[str, ...], months: tuple[str, ...], days: tuple[str, ...], o_clock: str, words: Mapping[str, str]
) -> Tongue:
    return Tongue(numbers, months, days, o_clock, words, night_goes_on=True, daypart_first=True)


TONGUES: Mapping[str, Tongue] = {
    "hi": _indian(spoken_hi.NUMBERS, spoken_hi.MONTHS, spoken_hi.DAYS, spoken_hi.O_CLOCK, spoken_hi.WORDS),
    "ur": _indian(spoken_ur.NUMBERS, spoken_ur.MONTHS, spoken_ur.DAYS, spoken_ur.O_CLOCK, spoken_ur.WORDS),
    "en": Tongue(
        spoken_en.NUMBERS,
        spoken_en.MONTHS,
        spoken_en.DAYS,
        spoken_en.O_CLOCK,
        spoken_en.WORDS,
        night_goes_on=False,
        daypart_first=False,
    ),
}


def vocabulary(lang: str) -> dict[str, str]:
    """Every value clip of a language → the text to speak; a comma parts the two digits of a pair."""
    tongue = TONGUES[lang]
    ones = tongue.numbers[:10]
    return {
        **{f"n/{n}": text for n, text in enumerate(tongue.numbers)},
        **{f"p/{a}{b}": f"{ones[a]}, {ones[b]}" for a in range(10) for b in range(10)},
        **{f"day/{n}": text for n, text in enumerate(tongue.days, 1)},
        **{f"month/{n}": text for n, text in enumerate(tongue.months, 1)},
        **{f"hour/{n}": f"{tongue.numbers[n]} {tongue.o_clock}" for n in range(1, 13)},
        **tongue.words,
    }


def words(lang: str, value: Value) -> str:
    """A number, length of time or moment as the words that are spoken; not for `Place` and `Phrase`."""
    known = vocabulary(lang)
    return " ".join(known[name] for name in value_clips(lang, value) if not name.startswith("pause/"))


def written(lang: str, value: Value) -> str:
    """A value as it stands in a written message: digits stay digits, moments and lengths of time are words."""
    match value:
        case Number(n):
            return str(n)
        case Digits(text) | Key(text):
            return text
        case Pairs(digits):
            return " ".join(digits[start : start + 2] for start in range(0, len(digits), 2))
        case _:
            return words(lang, value)


def value_clips(lang: str, value: Value) -> tuple[str, ...]:
    """The clip names that speak a value in `lang`, pauses included. `Phrase` is the wording's own business."""
    match value:
        case Number(n):
            clips = number_clips(n)
        case Digits(digits):
            clips = tuple(f"n/{digit}" for digit in digits)
        case Pairs(digits):
            clips = _pairs(digits)
        case Minutes(low, high):
            clips = _minutes(low, high)
        case Key(key):
            clips = ({"*": "word/star", "#": "word/hash"}.get(key, f"n/{key}"),)
        case Place(place):
            clips = (f"place/{place}",)
        case When(at, now):
            clips = _moment(TONGUES[lang], at, now.astimezone(at.tzinfo))
        case Phrase():
            raise TypeError("a phrase is another prompt; the wording looks it up")
        case _:
            assert_never(value)
    return clips


def number_clips(n: int) -> tuple[str, ...]:
    """1234567 → 12 lakh 34 thousand 5 hundred 67; above 99 crore the crores are a number of their own."""
    if n < 100:
        return (f"n/{n}",)
    size, scale = next(pair for pair in _SCALES if n >= pair[0])
    rest = number_clips(n % size) if n % size else ()
    return (*number_clips(n // size), scale, *rest)


def _pairs(digits: str) -> tuple[str, ...]:
    spoken: list[str] = []
    for start in range(0, len(digits), 2):
        spoken += [SHORT_PAUSE, f"p/{digits[start : start + 2]}"]
    return tuple(spoken[1:])


def _minutes(low: int, high: int) -> tuple[str, ...]:
    if low == high:
        return (*number_clips(low), "word/minute" if low == 1 else "word/minutes")
    return (*number_clips(low), "word/to", *number_clips(high), "word/minutes")


def _moment(tongue: Tongue, at: datetime, now: datetime) -> tuple[str, ...]:
    return (*_day(_spoken_day(tongue, at), _reference_day(tongue, at, now)), *_clock(tongue, at.hour, at.minute))


def _spoken_day(tongue: Tongue, at: datetime) -> date:
    belongs_to_yesterday = tongue.night_goes_on and at.hour < DAWN_H
    return at.date() - timedelta(days=1) if belongs_to_yesterday else at.date()


def _reference_day(tongue: Tongue, at: datetime, now: datetime) -> date:
    # Who is told at 00:30 "the evening at six" means the date's own evening, yet "at two" is this very night.
    return _spoken_day(tongue, now) if at.hour < DAWN_H else now.date()


def _day(day: date, today: date) -> tuple[str, ...]:
    near = {-1: "word/yesterday", 0: "word/today", 1: "word/tomorrow"}.get((day - today).days)
    return (near,) if near else (f"day/{day.day}", f"month/{day.month}")


def _clock(tongue: Tongue, hour: int, minute: int) -> tuple[str, ...]:
    dial, part = (hour - 1) % 12 + 1, _daypart(tongue, hour)
    if tongue.daypart_first:
        time = (f"hour/{dial}",) if minute == 0 else (f"n/{dial}", "word/past", f"n/{minute}", "word/minutes")
        return (part, *time)
    oh = ("word/oh",) if minute < 10 else ()
    time = (f"hour/{dial}",) if minute == 0 else (f"n/{dial}", *oh, f"n/{minute}")
    return (*time, part)


def _daypart(tongue: Tongue, hour: int) -> str:
    if hour < DAWN_H and tongue.night_goes_on:
        return "daypart/night"
    if hour < 12:
        return "daypart/morning"
    return "daypart/afternoon" if hour < 16 else "daypart/evening" if hour < 20 else "daypart/night"
