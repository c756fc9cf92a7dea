"""Cepstra as Kaldi computes them for the settings of `graph.MFCC`: what training sees must be what the engine sees."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

RATE, WINDOW, STEP, TRANSFORM, BANDS = 8000, 200, 80, 256, 40
LOWEST_HZ, HIGHEST_HZ = 60.0, 3800.0
_EMPHASIS, _LIFTER, _FLOOR = 0.97, 22.0, 1.1920929e-07


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled: NDArray[np.float64] = 1127.0 * np.log1p(hertz / 700.0)
    return scaled


def _bands() -> torch.Tensor:
    """Triangles, equally wide on the mel scale."""
    edges = np.linspace(*_mel(np.array([LOWEST_HZ, HIGHEST_HZ])), BANDS + 2)
    places = _mel(np.arange(TRANSFORM // 2) * RATE / TRANSFORM)
    rising = (places[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    return torch.from_numpy(np.vstack([weights, np.zeros((1, BANDS))]).astype(np.float32))


def _cosines() -> torch.Tensor:
    """The cosine transform with Kaldi's weights of the cepstra folded in."""
    order = np.arange(BANDS)
    table = math.sqrt(2 / BANDS) * np.cos(math.pi / BANDS * np.outer(order, order + 0.5))
    table[0] = math.sqrt(1 / BANDS)
    table *= (1 + 0.5 * _LIFTER * np.sin(math.pi * order / _LIFTER))[:, None]
    return torch.from_numpy(table.T.astype(np.float32))


_BANDS, _COSINES = _bands(), _cosines()
_SHAPE = torch.from_numpy(
    ((0.5 - 0.5 * np.cos(2 * math.pi * np.arange(WINDOW) / (WINDOW - 1))) ** 0.85).astype(np.float32)
)


def cepstra(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Frames of 25 ms each 10 ms, 40 numbers each; frame t is about the samples around 80 t + 100."""
    frames = torch.from_numpy(samples.astype(np.float32)).unfold(-1, WINDOW, STEP)
    frames = frames - frames.mean(-1, keepdim=True)
    before = torch.cat([frames[:, :1], frames[:, :-1]], -1)
    power = torch.fft.rfft((frames - _EMPHASIS * before) * _SHAPE, TRANSFORM).abs() ** 2
    found: NDArray[np.float32] = ((power @ _BANDS).clamp(min=_FLOOR).log() @ _COSINES).numpy()
    return found
