"""What synthetic callers say and when: the phrases of the line, digits, and speech that is no choice."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from espeak_voice import Manner, Said, Synthesiser
from numpy.typing import NDArray
from scipy.signal import resample_poly
from voices import ACCENTS

from dialplan.words import load_words

RATE = 8000
EVERY_WORD = 8
"""So often each word is said alone, by as many voices."""
_FROM_RATE = 22050
_LOUD, _QUIETEST = 12000, 200
_STRESS = "',%=|"
_ASPIRATED = frozenset({"k", "g", "c", "J", "t", "d", "t.", "d.", "p", "b"})
_SAME = {"*": "r", "R": "r", "@-": "@", "V#": "V", "@2": "@"}
"""Phonemes of the synthesiser that are one sound on the telephone."""


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be said in one language: single words, phrases, digits, and sentences that are no choice."""

    language: str
    words: tuple[str, ...]
    phrases: tuple[str, ...]
    digits: tuple[str, ...]
    filler: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """`samples` at 8 kHz; `sounds`: begin, end (samples) and phoneme; `spoken`: each word's phonemes."""

    words: tuple[str, ...]
    voice: str
    samples: NDArray[np.int16]
    sounds: tuple[tuple[int, int, str], ...]
    spoken: tuple[tuple[str, ...], ...]


def scripts(words: Path, filler: Path) -> dict[str, Script]:
    """By the engine's language: its phrases from all files that it hears, and the filler text of the folder."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for heard in load_words(words).values():
        phrases, digits = found.setdefault(heard.engine, (set(), set()))
        phrases |= {phrase for each in heard.meanings.values() for phrase in each}
        digits |= {phrase for each in heard.digits.values() for phrase in each}
    return {
        language: Script(
            language,
            tuple(sorted({word for phrase in phrases | digits for word in phrase.split()})),
            tuple(sorted(phrases)),
            tuple(sorted(digits)),
            tuple((filler / f"{language}.txt").read_text(encoding="utf-8").split()),
        )
        for language, (phrases, digits) in sorted(found.items())
    }


def utterances(script: Script, variants: Sequence[str], count: int, seed: int, *, trained: bool) -> Iterator[Utterance]:
    """`count` of them; `trained`: with the mixture for training, else what callers say at menus."""
    chance, voice, made = random.Random(seed), Synthesiser(), 0
    while made < count:
        words = _training_words(script, chance, made) if trained else _callers_words(script, chance)
        manner = some_manner(script.language, variants, chance, trained=trained)
        found = heard(voice.say(" ".join(words), manner), words, manner.voice)
        if found is not None:
            made += 1
            yield found


def some_manner(language: str, variants: Sequence[str], chance: random.Random, *, trained: bool) -> Manner:
    """One of the language's voices, at any speed for training, else at one of those that figures are given for."""
    accent, variant = chance.choice(ACCENTS[language]), chance.choice(variants)
    return Manner(
        f"{accent}+{variant}" if variant else accent,
        chance.randint(120, 220) if trained else chance.choice((110, 135, 160, 185, 210, 235)),
        chance.randint(20, 80),
        chance.randint(20, 80),
    )


def _training_words(script: Script, chance: random.Random, made: int) -> list[str]:
    """First every word in turn, so that none is left to luck; then what comes."""
    if made < EVERY_WORD * len(script.words):
        return [script.words[made % len(script.words)]]
    kind = chance.random()
    if kind < 0.5:
        return chance.choice(script.phrases).split()
    if kind < 0.75:
        return chance.choices(script.digits, k=chance.randint(2, 5))
    begin = chance.randrange(len(script.filler) - 4)
    return list(script.filler[begin : begin + chance.randint(1, 4)])


def _callers_words(script: Script, chance: random.Random) -> list[str]:
    kind = chance.random()
    if kind < 0.6:
        return chance.choice(script.phrases).split()
    if kind < 0.75:
        return [chance.choice(script.digits)]
    begin = chance.randrange(len(script.filler) - 4)
    return list(script.filler[begin : begin + chance.randint(1, 4)])


def heard(said: Said, words: Sequence[str], voice: str) -> Utterance | None:
    """What was said, on the telephone's rate; None when sounds and words do not fit or nothing can be heard."""
    sounds, spoken = _aligned(said)
    loudest = int(np.abs(said.samples).max(initial=0))
    if len(spoken) != len(words) or not sounds or loudest < _QUIETEST:
        return None
    if said.rate != _FROM_RATE:
        raise OSError(f"the synthesiser speaks at {said.rate} Hz, not at {_FROM_RATE}")
    small = resample_poly(said.samples.astype(np.float32), 160, 441)
    samples = (small / np.abs(small).max() * _LOUD).astype(np.int16)
    scale = RATE / said.rate
    placed = tuple((int(begin * scale), int(end * scale), sound) for begin, end, sound in sounds)
    return Utterance(tuple(words), voice, samples, placed, spoken)


def _aligned(said: Said) -> tuple[list[tuple[int, int, str]], tuple[tuple[str, ...], ...]]:
    """Sounds with begin and end, and the phonemes of each word; what lies between sounds is silence."""
    sounds: list[tuple[int, int, str]] = []
    spoken: list[list[str]] = []
    begins_word, open_sound = True, None
    for at, name in (*said.events, (len(said.samples), "_")):
        if open_sound is not None and at > open_sound[0]:
            sounds.append((open_sound[0], at, open_sound[1]))
        open_sound = None
        if name is None:
            begins_word = True
            continue
        sound = _plain(name)
        if sound is None:
            continue
        if begins_word:
            spoken.append([])
            begins_word = False
        spoken[-1].append(sound)
        open_sound = (at, sound)
    return sounds, tuple(tuple(word) for word in spoken)


def _plain(name: str) -> str | None:
    """A phoneme without stress and variant; None for pauses."""
    sound = name.strip(_STRESS)
    sound = _SAME.get(sound, sound)
    if sound in ("", ":") or sound.startswith(("_", "#")):
        return None
    plain = sound.rstrip("#*-;")
    if "#" in sound and plain in _ASPIRATED:
        plain += "h"
    return _SAME.get(plain, plain) or None
