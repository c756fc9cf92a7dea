"""The network: a time-delay net that says every 30 ms which sound is heard, and its layers as the engine has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

CEPSTRA, WIDTH, DEEP = 40, 192, 3
EVERY = 3
"""Frames of 10 ms for one answer (`frame-subsampling-factor`)."""
CONTEXT = 2 + EVERY * DEEP
"""Frames on each side that an answer looks at."""

Offsets = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One component of the engine's network. `weights`: out x (offsets x in), of an affine one alone."""

    kind: str
    size: int
    offsets: Offsets = (0,)
    weights: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None


class Network(nn.Module):
    """Batch x 40 x frames in, batch x sounds x answers out."""

    def __init__(self, sounds: int) -> None:
        super().__init__()
        self.first = nn.BatchNorm1d(CEPSTRA, affine=False)
        self.hidden = nn.ModuleList(
            [nn.Conv1d(CEPSTRA, WIDTH, 5, stride=EVERY), *(nn.Conv1d(WIDTH, WIDTH, 3) for _ in range(DEEP))]
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in range(DEEP + 1))
        self.last = nn.Conv1d(WIDTH, sounds, 1)
        self.forget = nn.Dropout(0.1)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        heard = self.first(frames)
        for layer, norm in zip(self.hidden, self.norms, strict=True):
            heard = self.forget(norm(functional.relu(layer(heard))))
        answers: torch.Tensor = self.last(heard)
        return answers

    def layers(self) -> list[Layer]:
        """As the engine has them: each norm folded into the affine layer behind it."""
        self.eval()
        found: list[Layer] = []
        scale, shift = _norm(self.first)
        for place, layer in enumerate((*self.hidden, self.last)):
            offsets: Offsets = (
                (-2, -1, 0, 1, 2) if place == 0 else (-EVERY, 0, EVERY) if layer is not self.last else (0,)
            )
            weights = layer.weight * scale[None, :, None]
            bias = layer.bias + (layer.weight * shift[None, :, None]).sum((1, 2))
            size = int(weights.shape[0])
            flat = weights.permute(0, 2, 1).reshape(size, -1).detach().numpy()
            found.append(Layer("FixedAffineComponent", size, offsets, flat, bias.detach().numpy()))
            if layer is self.last:
                found.append(Layer("LogSoftmaxComponent", size))
            else:
                found.append(Layer("RectifiedLinearComponent", size))
                scale, shift = _norm(self.norms[place])
        return found


def _norm(norm: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
    """What a batch norm multiplies by and adds, once it has learnt."""
    if not isinstance(norm, nn.BatchNorm1d) or norm.running_mean is None or norm.running_var is None:
        raise TypeError("no norm that has learnt")
    mean, variance = norm.running_mean, norm.running_var
    scale = 1 / torch.sqrt(variance + norm.eps)
    if not norm.affine:
        return scale, -mean * scale
    scale = scale * norm.weight
    return scale, norm.bias - mean * scale
