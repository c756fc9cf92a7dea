"""The marker language on the wire: its tones made, and heard again, so that a phone test can tell what was said.

Telephone sound here is G.711 at 8 kHz: 160 bytes are 20 ms. Pure Python; a listening phone costs about a hundredth
of a core, because most frames are dismissed by their loudness and a tone is looked at every second frame only.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from functools import cache
from operator import mul

RATE_HZ = 8000
FRAME = 160
"""Samples in 20 ms; its spectrum has lines each 50 Hz, the grid of `dialplan.wording.marker_tones`."""
TONE_MS, GAP_MS = 150, 50
_PEAK = 7000
"""Of each of the two tones: together -7 dB below full scale, as loud as speech."""
_QUIET = 300.0
"""Effective value under which a frame is silence (about -40 dB)."""
_SHARE = 0.85
"""Of a frame's energy that must lie in the two lines; music and speech spread theirs."""
_BALANCE = 4.0
"""One line may hold at most so many times the other's energy."""
_FRAMES_TO_BELIEVE = 3
"""Frames in a row that must show the same pair: a tone of 150 ms has at least six whole ones."""


def tone(pair: tuple[int, int]) -> array[int]:
    """One marker clip: both frequencies (Hz) for 150 ms, 50 ms of silence; signed 16-bit samples, ten whole frames."""
    low, high = (2 * math.pi * hz / RATE_HZ for hz in pair)
    sounding = RATE_HZ * TONE_MS // 1000
    samples = array("h", (round(_PEAK * (math.sin(low * n) + math.sin(high * n))) for n in range(sounding)))
    samples.extend([0] * (RATE_HZ * GAP_MS // 1000))
    return samples


def to_ulaw(samples: array[int]) -> bytes:
    """Signed 16-bit samples as µ-law (ITU-T G.711)."""
    return _encoded("ulaw", samples)


def to_alaw(samples: array[int]) -> bytes:
    """Signed 16-bit samples as A-law (ITU-T G.711)."""
    return _encoded("alaw", samples)


def _encoded(law: str, samples: array[int]) -> bytes:
    return bytes(map(_encoding(law).__getitem__, memoryview(samples).cast("B").cast("H")))


class ToneHearing:
    """Listens to one stream and names the markers in it, each once per sounding.

    `table`: name → its pair of frequencies (`Wording.marker`); `law`: "ulaw" or "alaw". Holding music, speech and
    silence between markers are no markers. A marker that was cut off within 60 ms is not heard;
    the same marker counts again after a frame of silence (each marker clip ends with one). `loud_frames` counts those
    that were not silence.
    """

    __slots__ = ("_candidate", "_looks", "_names", "_rest", "_said", "_samples", "_waves", "loud_frames")

    def __init__(self, table: Mapping[str, tuple[int, int]], law: str = "ulaw") -> None:
        self._names = {pair: name for name, pair in table.items()}
        self._samples = _decoding(law)
        self._waves = _waves(tuple(sorted({hz for pair in table.values() for hz in pair})))
        self._rest = b""
        self.loud_frames = 0
        self._candidate: tuple[int, int] | None = None
        self._looks = 0
        self._said: tuple[int, int] | None = None

    def feed(self, sound: bytes) -> list[str]:
        """Take what came in (any length); the names of the markers newly heard, in order."""
        self._rest += sound
        whole = len(self._rest) - len(self._rest) % FRAME
        taken, self._rest = self._rest[:whole], self._rest[whole:]
        names = (self._hear(taken[start : start + FRAME]) for start in range(0, whole, FRAME))
        return [name for name in names if name]

    def _hear(self, frame: bytes) -> str | None:
        samples = [self._samples[code] for code in frame]
        energy = sum(map(mul, samples, samples))
        if energy < _QUIET * _QUIET * FRAME:
            self._candidate, self._said = None, None
            return None
        self.loud_frames += 1
        if self._candidate is None and self.loud_frames % 2:
            self._look(samples, energy)
        elif self._candidate is not None:
            self._confirm(samples, energy)
        return self._announce()

    def _look(self, samples: Sequence[int], energy: int) -> None:
        """The whole spectrum: is this one of our pairs, and nearly nothing else?"""
        powers = {hz: _power(samples, wave) for hz, wave in self._waves.items()}
        low, high = sorted(sorted(powers, key=powers.__getitem__)[-2:])
        if self._is_tone(powers[low], powers[high], energy) and (low, high) in self._names:
            self._candidate, self._looks = (low, high), 1

    def _confirm(self, samples: Sequence[int], energy: int) -> None:
        """Only the candidate's two lines: a steady pair is a marker, anything else was an accident of music."""
        pair = self._candidate
        if pair is None:
            return
        low, high = (_power(samples, self._waves[hz]) for hz in pair)
        if self._is_tone(low, high, energy):
            self._looks += 1
        else:
            self._candidate = None

    def _announce(self) -> str | None:
        pair = self._candidate
        if pair is None or pair == self._said or self._looks < _FRAMES_TO_BELIEVE:
            return None
        self._said = pair
        return self._names[pair]

    @staticmethod
    def _is_tone(low: float, high: float, energy: int) -> bool:
        balanced = low <= high * _BALANCE and high <= low * _BALANCE
        return balanced and low + high >= _SHARE * energy


_Wave = tuple[tuple[float, ...], tuple[float, ...]]


@cache
def _waves(frequencies: tuple[int, ...]) -> dict[int, _Wave]:
    """Cosine and sine of one frame per frequency, scaled so that `_power` of a pure tone is the frame's energy."""
    scale = math.sqrt(2 / FRAME)
    turns = {hz: [2 * math.pi * hz * n / RATE_HZ for n in range(FRAME)] for hz in frequencies}
    return {
        hz: (tuple(scale * math.cos(x) for x in turn), tuple(scale * math.sin(x) for x in turn))
        for hz, turn in turns.items()
    }


def _power(samples: Sequence[int], wave: _Wave) -> float:
    real: float = sum(map(mul, samples, wave[0]))
    imaginary: float = sum(map(mul, samples, wave[1]))
    return real * real + imaginary * imaginary


@cache
def _decoding(law: str) -> tuple[int, ...]:
    """G.711 code → sample."""
    return tuple(map({"ulaw": _from_ulaw, "alaw": _from_alaw}[law], range(256)))


@cache
def _encoding(law: str) -> bytes:
    """Sample (as unsigned 16 bits) → the code whose sample lies nearest; silence is the positive zero."""
    steps = sorted({sample: code for code, sample in enumerate(_decoding(law))}.items())
    table = bytearray(1 << 16)
    at = 0
    for sample in range(-(1 << 15), 1 << 15):
        while at + 1 < len(steps) and abs(steps[at + 1][0] - sample) <= abs(steps[at][0] - sample):
            at += 1
        table[sample & 0xFFFF] = steps[at][1]
    return bytes(table)


def _from_ulaw(code: int) -> int:
    code = ~code & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return -size if code & 0x80 else size


def _from_alaw(code: int) -> int:
    code ^= 0x55
    exponent, size = (code & 0x70) >> 4, ((code & 0x0F) << 4) + 8
    if exponent:
        size = (size + 0x100) << (exponent - 1)
    return size if code & 0x80 else -size
