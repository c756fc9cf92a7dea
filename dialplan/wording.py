"""What the line says: prompts in every language, loaded from `dialplan/prompts/*.toml` and joined up into clips.

A prompt is fixed pieces and values: "Number {pairs}. Again: {pairs}." Each fixed piece is one clip `<key>.<i>`
(counted over the pieces that hold words); values become clips by `dialplan/spoken.py`. A "|" inside a piece is a
pause between two choices and stays inside the clip. The language `marker` (design 3.21) is derived: one tone per
key (its clip is `<key>.0` whatever the text) and per value clip, so that a test phone can tell what was said.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from dialplan.clips import BEEP, MARKER, PLACEHOLDERS, SLOW, Clip, Phrase, Place, Value
from dialplan.spoken import TONGUES, value_clips, vocabulary, written

_SLOT = re.compile(r"\{([^{}]*)\}")
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LEADING_MARKS = " ।۔.,،;:?!|"
_DTMF_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)


class WordingError(ValueError):
    """The prompts cannot be used, or a prompt was asked for what it does not hold; one fact per line."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Words that stay the same: `clip` names their sound."""

    clip: str
    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value."""

    name: str


Sentence = tuple[Fixed | Slot, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """All prompts: language → key → sentence. Every language holds the same keys and the same values."""

    sentences: Mapping[str, Mapping[str, Sentence]]
    texts: Mapping[str, Mapping[str, str]]

    @property
    def languages(self) -> tuple[str, ...]:
        """The written languages, sorted; `marker` is spoken as well but has no text."""
        return tuple(sorted(self.sentences))

    @property
    def keys(self) -> frozenset[str]:
        """Every prompt."""
        return frozenset(self.sentences[self.languages[0]])

    def placeholders(self, key: str) -> frozenset[str]:
        """The names of the values a prompt needs."""
        return frozenset(_slots(self._sentence(self.languages[0], key)))

    @property
    def catalogue(self) -> dict[str, dict[str, frozenset[str]]]:
        """Language → key → names of its values: what a flow is checked against."""
        return {lang: {key: self.placeholders(key) for key in self.keys} for lang in self.languages}

    def say(self, lang: str, key: str, /, *, slow: bool = False, **values: Value) -> tuple[Clip, ...]:
        """The clips that speak a prompt, in order. Slow: fixed pieces are read slowly, values are slow anyway.

        For `marker`: the key's own tone, then the values' tones (the order of the first language, no pauses).
        Raises WordingError for an unknown language or key and for a missing, needless or wrong value.
        """
        self._check(key, values)
        suffix = SLOW if slow else ""
        if lang == MARKER:
            names = self._marker_names(key, suffix, values)
        else:
            names = self._spoken_names(lang, key, suffix, values)
        return tuple(Clip(lang, name) for name in names)

    def text(self, lang: str, key: str, values: Mapping[str, Value], places: Mapping[str, str]) -> str:
        """A prompt as a written sentence (chat, transcript); `places`: id → name in `lang`. Errors as in `say`."""
        self._check(key, values)

        def put(slot: re.Match[str]) -> str:
            match values[slot[1]]:
                case Phrase(phrase):
                    return self.text(lang, phrase, {}, places)
                case Place(place):
                    return places[place]
                case value:
                    return written(lang, value)

        self._sentence(lang, key)
        return " ".join(_SLOT.sub(put, self.texts[lang][key]).replace("|", " ").split())

    def clips(self, lang: str) -> dict[str, str]:
        """Every clip of a language except places → the text to render ("|" is a pause); `marker` → the name itself.

        Slow clips carry the same text under the name with `~slow`.
        """
        if lang == MARKER:
            return {name: name for name in self._marker_clips()}
        fixed = {
            piece.clip: piece.text
            for sentence in self._language(lang).values()
            for piece in sentence
            if isinstance(piece, Fixed)
        }
        return {**fixed, **{name + SLOW: text for name, text in fixed.items()}, **vocabulary(lang)}

    def marker(self, places: Iterable[str] = ()) -> dict[str, tuple[int, int]]:
        """What was said (`heard`) → its two tones, beep and the given place ids included: a test phone's table."""
        clips = [*self.clips(MARKER), BEEP, *(f"place/{place}" for place in places)]
        return marker_tones(map(heard, clips))

    def _marker_clips(self) -> Iterator[str]:
        for key in sorted(self.keys):
            yield f"{key}.0"
            yield f"{key}.0{SLOW}"
        yield from vocabulary(self._marker_order)

    @property
    def _marker_order(self) -> str:
        return self.languages[0]

    def _language(self, lang: str) -> Mapping[str, Sentence]:
        if lang not in self.sentences:
            raise WordingError(f"there are no prompts in {lang!r}")
        return self.sentences[lang]

    def _sentence(self, lang: str, key: str) -> Sentence:
        sentence = self._language(lang).get(key)
        if sentence is None:
            raise WordingError(f"there is no prompt {key!r}")
        return sentence

    def _check(self, key: str, values: Mapping[str, Value]) -> None:
        needed = self.placeholders(key)
        if needed != values.keys():
            wants = ", ".join(sorted(needed)) or "no values"
            given = ", ".join(sorted(values)) or "none"
            raise WordingError(f"prompt {key!r} takes {wants}; given: {given}")
        for name, value in values.items():
            # A value may come from a caller without type checks: what is no value at all is refused as well.
            if type(value) is not PLACEHOLDERS[name]:
                raise WordingError(f"{{{name}}} of prompt {key!r} takes a {PLACEHOLDERS[name].__name__}")
            if isinstance(value, Phrase) and self.placeholders(value.key):
                raise WordingError(f"prompt {value.key!r} has values of its own and cannot stand inside {key!r}")

    def _spoken_names(self, lang: str, key: str, suffix: str, values: Mapping[str, Value]) -> Iterator[str]:
        for piece in self._sentence(lang, key):
            if isinstance(piece, Fixed):
                yield piece.clip + suffix
                continue
            value = values[piece.name]
            if isinstance(value, Phrase):
                yield from self._spoken_names(lang, value.key, suffix, {})
            else:
                yield from value_clips(lang, value)

    def _marker_names(self, key: str, suffix: str, values: Mapping[str, Value]) -> Iterator[str]:
        yield f"{key}.0{suffix}"
        for name in _slots(self._sentence(self._marker_order, key)):
            value = values[name]
            if isinstance(value, Phrase):
                yield f"{value.key}.0"
                continue
            yield from (clip for clip in value_clips(self._marker_order, value) if not clip.startswith("pause/"))


def load(folder: Path) -> Wording:
    """Read every `<lang>.toml` of a folder; WordingError with file, line and reason for each fault found."""
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise WordingError(f"{folder}: no prompts here (*.toml)")
    faults: list[str] = []
    sources = {path.stem: _Source(path, faults) for path in files}
    keys = set().union(*(source.sentences for source in sources.values()))
    for source in sources.values():
        source.compare(keys, sources)
    if faults:
        raise WordingError("\n".join(faults))
    return Wording(
        {lang: source.sentences for lang, source in sources.items()},
        {lang: source.texts for lang, source in sources.items()},
    )


class _Source:
    """One language's file while it is read: its sentences, and what is wrong with it."""

    __slots__ = ("_faults", "_lines", "_path", "sentences", "texts")

    def __init__(self, path: Path, faults: list[str]) -> None:
        self._path, self._faults = path, faults
        self._lines: dict[str, int] = {}
        self.sentences: dict[str, Sentence] = {}
        self.texts: dict[str, str] = {}
        if path.stem not in TONGUES:
            self._fault(1, f"there are no spoken numbers for the language {path.stem!r}")
        try:
            text = path.read_text(encoding="utf-8")
            table = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._fault(_line_of(str(error)), str(error))
            return
        for number, line in enumerate(text.splitlines(), 1):
            self._lines.setdefault(line.partition("=")[0].strip().strip('"'), number)
        prompts = table.pop("prompts", None)
        if table or not isinstance(prompts, dict):
            self._fault(1, "the file holds one table, [prompts]")
            return
        for key, value in prompts.items():
            self._read(key, value)

    def compare(self, keys: set[str], sources: Mapping[str, "_Source"]) -> None:
        """Every key of any language stands here as well, with the same values as in the first language that has it."""
        for key in sorted(keys - self.sentences.keys()):
            self._fault(1, f"prompt {key!r} is missing")
        for key, sentence in self.sentences.items():
            lang, other = next(
                (lang, source.sentences[key]) for lang, source in sources.items() if key in source.sentences
            )
            mine, theirs = sorted(_slots(sentence)), sorted(_slots(other))
            if mine != theirs:
                self._fault(self._lines[key], f"prompt {key!r} holds values {mine}, in {lang!r} it holds {theirs}")

    def _read(self, key: str, value: object) -> None:
        line = self._lines.get(key, 1)
        if not _KEY.fullmatch(key):
            self._fault(line, f"{key!r} is no name for a prompt: letters, digits and _")
        elif not isinstance(value, str):
            self._fault(line, f"prompt {key!r} is not a text")
        else:
            self.sentences[key], self.texts[key] = _parse(key, value), value
            self._inspect(line, key, value)

    def _inspect(self, line: int, key: str, text: str) -> None:
        if not self.sentences[key]:
            self._fault(line, f"prompt {key!r} is empty")
        if re.search(r"[{}]", _SLOT.sub("", text)):
            self._fault(line, f"prompt {key!r} has a brace that does not close")
        for name in _slots(self.sentences[key]):
            if name not in PLACEHOLDERS:
                self._fault(line, f"prompt {key!r} holds {{{name}}}; known are {', '.join(sorted(PLACEHOLDERS))}")

    def _fault(self, line: int, reason: str) -> None:
        self._faults.append(f"{self._path}:{line}: {reason}")


def _parse(key: str, text: str) -> Sentence:
    pieces: list[Fixed | Slot] = []
    count = 0
    for position, part in enumerate(_SLOT.split(text)):
        if position % 2:
            pieces.append(Slot(part))
        elif any(letter.isalnum() for letter in part):
            pieces.append(Fixed(f"{key}.{count}", _tidy(part)))
            count += 1
    return tuple(pieces)


def _tidy(part: str) -> str:
    """A piece begins with a word, or with the pause that stands before it; marks of the sentence before are dropped."""
    start = part.lstrip(_LEADING_MARKS)
    return ("| " if "|" in part[: len(part) - len(start)] else "") + start.rstrip()


def _slots(sentence: Sentence) -> list[str]:
    return [piece.name for piece in sentence if isinstance(piece, Slot)]


def _line_of(message: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else 1


def heard(clip: str) -> str:
    """A marker clip as a test names it: "registered.0~slow" was the prompt "registered", read slowly."""
    return clip.replace(".0", "")


def marker_tones(names: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Each name (sorted) → two frequencies in Hz that sound together, unlike those of any other name.

    The grid is 50 Hz, which is exactly one line of a 20 ms spectrum at 8 kHz: a frame of a tone shows two lines
    and nothing else, whatever its phase. 450-3050 Hz passes any telephone; keys' own frequencies stay 40 Hz away;
    two tones of a pair lie at least 100 Hz apart.
    """
    grid = [hz for hz in range(450, 3051, 50) if all(abs(hz - key) >= 40 for key in _DTMF_HZ)]
    pairs = [pair for pair in combinations(grid, 2) if pair[1] - pair[0] >= 100]
    ordered = sorted(set(names))
    if len(ordered) > len(pairs):
        raise WordingError(f"{len(ordered)} marker names, and only {len(pairs)} pairs of tones")
    return dict(zip(ordered, pairs, strict=False))
