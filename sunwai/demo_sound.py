"""Recordings of conversations that never were: two synthesised voices on the two legs of a FLAC file.

For the demo alone, so that a supervisor has something to hear in his first five minutes. Synthetic voices only.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

from ivr.tones import RATE_HZ
from sunwai.render import phrase_of, run_tool, silence

CALLER, LINE = "caller", "line"
PAUSE = "pause"
"""Instead of words: so many seconds in which nobody speaks."""

RATE = "150"
_VOICES = {
    ("hi", CALLER): "hi+f3",
    ("hi", LINE): "hi",
    ("ur", CALLER): "ur+m3",
    ("ur", LINE): "ur+f2",
    ("en", CALLER): "en-gb+f4",
    ("en", LINE): "en-gb",
}
_BREATH_MS = 450

Said = tuple[str, str]
"""Who (CALLER, LINE) says what, or (PAUSE, seconds)."""


def converse(lang: str, said: Sequence[Said], path: Path) -> tuple[float, ...]:
    """Writes the conversation to `path`: left the caller, right what he heard.

    Returns when each thing is said, and last how long it all is; in seconds.
    """
    legs = {CALLER: array("h"), LINE: array("h")}
    begins: list[float] = []
    for who, words in said:
        begins.append(len(legs[CALLER]) / RATE_HZ)
        if who == PAUSE:
            sounds = dict.fromkeys(legs, silence(int(words) * 1000))
        else:
            spoken = phrase_of(_VOICES[lang, who], RATE, words) + silence(_BREATH_MS)
            sounds = {leg: spoken if leg == who else array("h", [0] * len(spoken)) for leg in legs}
        for leg, sound in sounds.items():
            legs[leg] += sound
    frames = array("h", [sample for pair in zip(legs[CALLER], legs[LINE], strict=True) for sample in pair])
    path.parent.mkdir(parents=True, exist_ok=True)
    form = ["-t", "raw", "-r", str(RATE_HZ), "-e", "signed-integer", "-b", "16", "-L", "-c", "2", "-"]
    run_tool(["sox", "-D", *form, str(path)], frames.tobytes())  # to a file: its head then tells how long it is
    return (*begins, len(legs[CALLER]) / RATE_HZ)
