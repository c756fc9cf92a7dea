"""What the way through a telephone does to a voice: band, loudness, mu-law, noise of the room and of other people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]
FULL = 32768.0
_MU = 255.0
_POINTS = np.array([0.0, 300, 800, 1500, 2500, 3400, 4000])
_RATE = 8000


@dataclass(frozen=True, slots=True)
class Way:
    """`snr_db` None: a quiet line. `before_s`, `after_s`: silence around what is said. `loudness_db` of full scale."""

    snr_db: float | None
    before_s: float
    after_s: float
    loudness_db: float
    mu_law: bool


def some_way(chance: np.random.Generator) -> Way:
    """For training: every fourth line is quiet, the others have 0 to 30 dB."""
    snr_db = None if chance.random() < 0.25 else float(chance.uniform(0, 30))
    before_s, after_s = chance.uniform(0.1, 0.8, 2)
    return Way(snr_db, float(before_s), float(after_s), float(chance.uniform(-26, -1)), bool(chance.random() < 0.7))


def through(
    samples: NDArray[np.int16], way: Way, chance: np.random.Generator, others: Sequence[NDArray[np.int16]] = ()
) -> NDArray[np.int16]:
    """What comes out; it begins `before_s` before the voice. `others` talk in the background now and then."""
    said = samples.astype(np.float64)
    before, after = int(way.before_s * _RATE), int(way.after_s * _RATE)
    sound = _shaped(np.concatenate([np.zeros(before), said, np.zeros(after)]), chance)
    power = math.sqrt(float((said**2).mean()))
    if way.snr_db is None:
        sound = sound + chance.standard_normal(len(sound)) * chance.uniform(0.5, 8)
    else:
        talked_over = others and chance.random() < 0.3
        noise = _talk(len(sound), others, chance) if talked_over else _noise(len(sound), chance)
        sound = sound + noise * power * 10 ** (-way.snr_db / 20)
    sound = sound / np.abs(sound).max() * 10 ** (way.loudness_db / 20) * (FULL - 1)
    heard = mu_law(sound) if way.mu_law else sound
    return np.clip(np.round(heard), -FULL, FULL - 1).astype(np.int16)


def mu_law(sound: Sound) -> Sound:
    """To the 8 bits of G.711 mu-law and back (its curve, not its table)."""
    share = np.clip(sound / FULL, -1, 1)
    bent = np.sign(share) * np.log1p(_MU * np.abs(share)) / math.log1p(_MU)
    steps = np.round(bent * 127.5) / 127.5
    back: Sound = np.sign(steps) * np.expm1(np.abs(steps) * math.log1p(_MU)) / _MU * FULL
    return back


def _shaped(sound: Sound, chance: np.random.Generator) -> Sound:
    """A telephone's own curve, and mostly its lower edge at 300 Hz."""
    gains = chance.uniform(-6, 6, len(_POINTS))
    if chance.random() < 0.6:
        gains[0] -= chance.uniform(10, 30)
    spectrum = np.fft.rfft(sound)
    frequencies = np.fft.rfftfreq(len(sound), 1 / _RATE)
    return np.fft.irfft(spectrum * 10 ** (np.interp(frequencies, _POINTS, gains) / 20), len(sound))


def _noise(length: int, chance: np.random.Generator) -> Sound:
    """White, pink, brown or in a band; sometimes with the mains' hum."""
    spectrum = np.fft.rfft(chance.standard_normal(length))
    frequencies = np.maximum(np.fft.rfftfreq(length, 1 / _RATE), 30)
    match int(chance.integers(6)):
        case 0:
            pass
        case 1:
            spectrum = spectrum / np.sqrt(frequencies)
        case 2:
            spectrum = spectrum / frequencies
        case _:
            middle, width = chance.uniform(200, 3000), chance.uniform(200, 1500)
            spectrum = spectrum * np.exp(-0.5 * ((frequencies - middle) / width) ** 2)
    noise = _unit(np.fft.irfft(spectrum, length))
    if chance.random() < 0.3:
        hum = np.sin(2 * np.pi * 50 * chance.integers(1, 4) * np.arange(length) / _RATE + chance.uniform(0, 6))
        noise = _unit(noise + chance.uniform(0.2, 1.5) * hum)
    return noise


def _talk(length: int, others: Sequence[NDArray[np.int16]], chance: np.random.Generator) -> Sound:
    mixed = np.zeros(length)
    for one in others:
        mixed += np.roll(np.resize(one.astype(np.float64), length), int(chance.integers(length)))
    return _unit(mixed)


def _unit(sound: Sound) -> Sound:
    unit: Sound = sound / (sound.std() + 1e-9)
    return unit
