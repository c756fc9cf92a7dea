"""A speech model's folder, looked at before any caller speaks: can it be read, at what rate, which words it knows.

The library ends the process on some faults (a truncated file, a grammar that is no list): it is loaded in a process of
its own, whose death is one more answer.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from multiprocessing.connection import Connection
from pathlib import Path

from dialplan.words import UNKNOWN, Words

TELEPHONE_HZ = 8000
LOADING_LIMIT_S = 180.0
"""The largest official models have 2 GB."""
_NEEDED = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")
_GRAMMAR = ("graph/HCLr.fst", "graph/Gr.fst")
_VOCABULARY = "graph/words.txt"
_SILENCE_S = 0.3
_SUGGESTIONS = 3


class ModelRefused(Exception):
    """The folder holds no model that can serve; one sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """`rate_hz`: what the engine wants to be fed. `missing`: words it does not know, each with words like it.

    `has_unknown`: it knows the word for speech that is in no phrase.
    """

    rate_hz: int
    missing: dict[str, tuple[str, ...]]
    has_unknown: bool

    @property
    def resampled(self) -> bool:
        """Telephone sound must be brought to its rate first."""
        return self.rate_hz != TELEPHONE_HZ


def vocabulary(words: Words) -> frozenset[str]:
    """Every word that an engine must know to hear these phrases."""
    phrases = (phrase for table in (words.digits, words.meanings) for each in table.values() for phrase in each)
    return frozenset(word for phrase in phrases for word in phrase.split())


def look_at(folder: Path, words: Collection[str]) -> ModelFacts:
    """What the model in `folder` is, and which of `words` it lacks. ModelRefused when it cannot serve."""
    whole(folder)
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_load, args=(there, str(folder), sorted({*words, UNKNOWN})), daemon=True)
    process.start()
    there.close()
    try:
        told = here.recv() if here.poll(LOADING_LIMIT_S) else None
    except EOFError:
        told = ""
    finally:
        here.close()
        process.join(1)
        if process.is_alive():
            process.kill()
        process.join()
    if told is None:
        raise ModelRefused(f"{folder}: the engine did not read the model in {LOADING_LIMIT_S:g} s")
    if told == "":
        why = f"the engine died of this model (status {process.exitcode}): a file of it is broken, unpack it anew"
        raise ModelRefused(f"{folder}: {why}")
    if isinstance(told, str):
        raise ModelRefused(f"{folder}: {told}")
    rate_hz, unknown = told
    known = _vocabulary(folder)
    missing = {word: _like(word, known) for word in unknown if word != UNKNOWN}
    return ModelFacts(rate_hz, missing, UNKNOWN not in unknown)


def whole(folder: Path) -> None:
    """Faults that can be told without the engine, in no time. ModelRefused."""
    if not folder.is_dir():
        raise ModelRefused(f"{folder}: there is no such folder: name the unpacked model's")
    for name in _NEEDED:
        if not (folder / name).is_file():
            inside = [one.parent.parent.name for one in folder.glob("*/am/final.mdl")]
            hint = f"; the model is in its folder {inside[0]}" if inside else "; is it a Vosk model, and whole?"
            raise ModelRefused(f"{folder}: {name} is missing{hint}")
    for name in _GRAMMAR:
        if not (folder / name).is_file():
            raise ModelRefused(
                f"{folder}: {name} is missing, so no menu can give it a grammar of its own: take a model with a dynamic"
                " graph (the small ones have it)"
            )


def _load(told: Connection, folder: str, words: list[str]) -> None:
    """In a process of its own: the rate it wants and the words it does not know, or a sentence."""
    import vosk  # type: ignore[import-untyped] # noqa: PLC0415 - no stubs; the library is read here alone

    vosk.SetLogLevel(-1)
    try:
        model = vosk.Model(model_path=folder)
    except Exception:  # noqa: BLE001 - the library has no kinds of errors
        told.send("the engine cannot read the model: it is of another kind, or not whole")
        return
    unknown = [word for word in words if model.vosk_model_find_word(word) < 0]
    listened = [word for word in words if word not in unknown]
    if not [word for word in listened if word != UNKNOWN]:
        told.send("it knows none of the line's words: it is a model of another language")
        return
    rate_hz = TELEPHONE_HZ
    try:
        _hear_silence(vosk.KaldiRecognizer(model, TELEPHONE_HZ, _as_grammar(listened)), TELEPHONE_HZ)
    except Exception:  # noqa: BLE001 - as above: it says "Sampling frequency mismatch"
        rate_hz = _own_rate(Path(folder))
        _hear_silence(vosk.KaldiRecognizer(model, rate_hz, _as_grammar(listened)), rate_hz)
    told.send((rate_hz, unknown))


def _as_grammar(words: list[str]) -> str:
    """As the library reads it: escaped letters would be dropped without a word."""
    return json.dumps(words, ensure_ascii=False)


def _hear_silence(listener: object, rate_hz: int) -> None:
    listener.AcceptWaveform(bytes(2 * int(rate_hz * _SILENCE_S)))  # type: ignore[attr-defined] # no stubs


def _own_rate(folder: Path) -> int:
    found = re.search(r"--sample-frequency=(\d+)", (folder / "conf" / "mfcc.conf").read_text(encoding="utf-8"))
    return int(found[1]) if found else 2 * TELEPHONE_HZ


def _vocabulary(folder: Path) -> list[str]:
    """Its words, where a file tells them; of others the library can only say whether it knows one."""
    file = folder / _VOCABULARY
    if not file.is_file():
        return []
    return [line.partition(" ")[0] for line in file.read_text(encoding="utf-8").splitlines()]


def _like(word: str, known: list[str]) -> tuple[str, ...]:
    return tuple(get_close_matches(word, known, _SUGGESTIONS))
