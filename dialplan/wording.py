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

MAX_LENGTH = 600
"""Characters of a changed prompt: about forty seconds of speech."""
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
    """All prompts: language → key → sentence. Every language holds the same keys and the same values.

    `before`: the wording this one was changed from, whose test tones it keeps.
    """

    sentences: Mapping[str, Mapping[str, Sentence]]
    texts: Mapping[str, Mapping[str, str]]
    before: "Wording | None" = None

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
        names = {heard(clip) for clip in clips}
        known = self.before.marker(places) if self.before else {}
        return {name: tones for name, tones in known.items() if name in names} | marker_tones(
            names - known.keys(), known.values()
        )

    def changed(self, texts: Mapping[str, Mapping[str, str]]) -> "Wording":
        """This wording with some prompts said in other words, and some added: language → key → text.

        A prompt may leave out values it held before, and gets none it had not: who says it knows no others. All
        languages hold the same values. WordingError with a fault per line, "<lang>.<key>: <reason>".
        """
        faults = [
            f"{lang}.{key}: {reason}"
            for lang, changed in sorted(texts.items())
            for key, text in sorted(changed.items())
            for reason in self._refused(lang, key, text)
        ]
        if faults:
            raise WordingError("\n".join(faults))
        merged = {lang: {**self.texts[lang], **texts.get(lang, {})} for lang in self.languages}
        sentences = {lang: {key: _parse(key, text) for key, text in merged[lang].items()} for lang in merged}
        keys = sorted(set().union(*(changed.keys() for changed in texts.values())))
        faults = [fault for key in keys for fault in self._unlike(key, sentences)]
        if faults:
            raise WordingError("\n".join(faults))
        return Wording(sentences, merged, self.before or self)

    def _refused(self, lang: str, key: str, text: str) -> Iterator[str]:
        if lang not in self.sentences:
            yield "the line has no prompts in this language"
            return
        if len(text) > MAX_LENGTH:
            yield f"{len(text)} characters; more than {MAX_LENGTH} nobody listens to"
        if "\n" in text or not text.isprintable():
            yield "a prompt is one line of words"
        yield from _text_faults(key, text)
        known = set(_slots(self.sentences[lang].get(key, ())))
        for name in _slots(_parse(key, text)):
            if key in self.sentences[lang] and name in PLACEHOLDERS and name not in known:
                yield f"{{{name}}} is not known where this is said; it may hold {_listed(known)}"

    def _unlike(self, key: str, sentences: Mapping[str, Mapping[str, Sentence]]) -> Iterator[str]:
        """A prompt that is not in every language, or holds other values in one than in the first."""
        first = sentences[self.languages[0]].get(key)
        for lang in self.languages:
            sentence = sentences[lang].get(key)
            if sentence is None:
                yield f"{lang}.{key}: a new prompt needs its words in every language"
            elif first is not None and set(_slots(sentence)) != set(_slots(first)):
                mine, theirs = _listed(_slots(sentence)), _listed(_slots(first))
                yield f"{lang}.{key}: it holds {mine}, in {self.languages[0]} it holds {theirs}"

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
        if not isinstance(value, str):
            self._fault(line, f"prompt {key!r} is not a text")
            return
        self.sentences[key], self.texts[key] = _parse(key, value), value
        for reason in _text_faults(key, value):
            self._fault(line, f"prompt {key!r}: {reason}")

    def _fault(self, line: int, reason: str) -> None:
        self._faults.append(f"{self._path}:{line}: {reason}")


def _text_faults(key: str, text: str) -> Iterator[str]:
    """What is wrong with one prompt by itself."""
    if not _KEY.fullmatch(key):
        yield "this is no name for a prompt: letters, digits and _"
    sentence = _parse(key, text)
    if not sentence:
        yield "it is empty"
    if re.search(r"[{}]", _SLOT.sub("", text)):
        yield "it has a brace that does not close"
    for name in _slots(sentence):
        if name not in PLACEHOLDERS:
            yield f"it holds {{{name}}}; known are {_listed(PLACEHOLDERS)}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or "none"


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


def marker_tones(names: Iterable[str], taken: Iterable[tuple[int, int]] = ()) -> dict[str, tuple[int, int]]:
    """Each name (sorted) → two frequencies in Hz that sound together, unlike those of any other name or `taken`.

    The grid is 50 Hz, which is exactly one line of a 20 ms spectrum at 8 kHz: a frame of a tone shows two lines
    and nothing else, whatever its phase. 450-3050 Hz passes any telephone; keys' own frequencies stay 40 Hz away;
    two tones of a pair lie at least 100 Hz apart.
    """
    grid = [hz for hz in range(450, 3051, 50) if all(abs(hz - key) >= 40 for key in _DTMF_HZ)]
    given = frozenset(taken)
    pairs = [pair for pair in combinations(grid, 2) if pair[1] - pair[0] >= 100 and pair not in given]
    ordered = sorted(set(names))
    if len(ordered) > len(pairs):
        raise WordingError(f"{len(ordered)} marker names, and only {len(pairs)} pairs of tones")
    return dict(zip(ordered, pairs, strict=False))
