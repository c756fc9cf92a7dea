"""Vosk behind two small classes: a model that has been looked at, and a listener for one question.

The library ends the process for a grammar that is no list of strings and for one changed while it runs, and drops words
it does not know without telling (speech.md 5). So grammars are made here alone, of known words, one for each listener.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import vosk  # type: ignore[import-untyped]  # no stubs

from dialplan.words import UNKNOWN, complete, grammar

STILL_S = 0.25
"""Words that have not changed for so long are taken without waiting for the end of speech, which takes 0.8 s."""
HALF_A_WORD = 0.8
"""A word cut off in its middle is decoded with less confidence than this, or as unknown speech."""
BYTES_PER_SAMPLE = 2


class NoWords(Exception):
    """The model knows none of a question's phrases."""


@dataclass(frozen=True, slots=True)
class Speaks:
    """Somebody has begun to say something."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Words and how certain the least certain of them is (0..1), after `said_s` seconds of sound.

    `early`: taken before the end of speech; he may be in the middle of a further word.
    """

    text: str
    confidence: float
    said_s: float
    early: bool = False


class Engine:
    """One model. Many listeners may share it, each in any thread, never one in two at once (speech.md 8)."""

    def __init__(self, folder: Path) -> None:
        vosk.SetLogLevel(-1)
        self._model = vosk.Model(model_path=str(folder))

    def listener(
        self, offered: Mapping[str, str], rate_hz: int, patient: Collection[str] = (), *, free: bool = False
    ) -> Listener:
        """For one question: phrase -> key; what means a `patient` key waits for the end of speech.

        Phrases with a word the model lacks are left out; NoWords: all were. `free`: the engine may hear every word it
        knows, for comparison only.
        """
        heard = {phrase: key for phrase, key in offered.items() if self._knows(phrase.split())}
        if not heard or not self._knows([UNKNOWN]):
            raise NoWords
        # Escaped letters would be dropped without a word: Hindi and Urdu as they are.
        text = () if free else (json.dumps(grammar(heard), ensure_ascii=False),)
        recogniser = vosk.KaldiRecognizer(self._model, rate_hz, *text)
        recogniser.SetWords(True)
        return Listener(recogniser, heard, rate_hz, frozenset(patient))

    def _knows(self, words: Iterable[str]) -> bool:
        return all(self._model.vosk_model_find_word(word) >= 0 for word in words)


class Listener:
    """Hears the answers to one question, one after the other."""

    def __init__(
        self,
        recogniser: vosk.KaldiRecognizer,
        offered: Mapping[str, str],
        rate_hz: int,
        patient: frozenset[str] = frozenset(),
    ) -> None:
        self._recogniser = recogniser
        self._offered = offered
        self._rate_hz = rate_hz
        self._patient = patient
        self._samples = 0
        self._words = ""
        self._still_since = 0

    @property
    def is_hearing(self) -> bool:
        """Something has been begun that is not whole yet."""
        return bool(self._words)

    def hear(self, pcm: bytes) -> Recognised | Speaks | None:
        """Some more sound (16 bit, little endian, mono): what was said, when something has been said whole.

        At the end of speech, or when a whole phrase stands still that nothing could follow. Blocks while it decodes.
        """
        self._samples += len(pcm) // BYTES_PER_SAMPLE
        if self._recogniser.AcceptWaveform(pcm):
            return self._recognised(self._recogniser.Result())
        words = json.loads(self._recogniser.PartialResult())["partial"]
        if words != self._words:
            began, self._words, self._still_since = not self._words, words, self._samples
            return Speaks() if began else None
        is_still = self._samples - self._still_since >= STILL_S * self._rate_hz
        if is_still and self._offered.get(words) not in self._patient and complete(words, self._offered):
            return self._recognised(self._recogniser.FinalResult(), whole=words)
        return None

    def _recognised(self, result: str, whole: str = "") -> Recognised | None:
        """`whole`: the phrase that stood still; half a word that follows it is no part of the answer.

        More than half a word is: "right ... no" is not right.
        """
        words = json.loads(result).get("result", [])
        phrase = words[: len(whole.split())]
        if whole and [word["word"] for word in phrase] == whole.split() and len(words) <= len(phrase) + 1:
            is_half = words[-1]["word"] == UNKNOWN or words[-1]["conf"] < HALF_A_WORD
            words = phrase if is_half else words
        self._words, self._still_since = "", self._samples
        if not words:
            return None
        text, confidence = " ".join(word["word"] for word in words), min(word["conf"] for word in words)
        return Recognised(text, confidence, self._samples / self._rate_hz, early=bool(whole))
