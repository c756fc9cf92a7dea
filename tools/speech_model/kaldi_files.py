"""Files of Kaldi and OpenFst as Vosk reads them, written by hand: no tool of theirs is needed.

Kaldi, binary: NUL and "B", then tokens that end in a space, numbers with their length before them, vectors ("FV") and
matrices ("FM"). OpenFst: a "vector" transducer of "standard" arcs, version 2.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_OPENFST, _VERSION, _NEVER = 2125659606, 2, float("inf")


class KaldiFile:
    """Collects what is written; `bytes()` is the file."""

    def __init__(self) -> None:
        self._written = io.BytesIO()
        self._written.write(b"\0B")

    def bytes(self) -> bytes:
        return self._written.getvalue()

    def raw(self, told: bytes) -> None:
        self._written.write(told)

    def tokens(self, *names: str) -> None:
        for name in names:
            self.raw(name.encode() + b" ")

    def whole(self, number: int) -> None:
        self.raw(b"\x04" + struct.pack("<i", number))

    def real(self, number: float) -> None:
        self.raw(b"\x04" + struct.pack("<f", number))

    def double(self, number: float) -> None:
        self.raw(b"\x08" + struct.pack("<d", number))

    def wholes(self, numbers: Sequence[int]) -> None:
        self.whole(len(numbers))
        self.raw(np.asarray(numbers, "<i4").tobytes())

    def vector(self, numbers: Sequence[float] | NDArray[np.float32]) -> None:
        told = np.asarray(numbers, "<f4").ravel()
        self.tokens("FV")
        self.whole(len(told))
        self.raw(told.tobytes())

    def matrix(self, numbers: NDArray[np.float32]) -> None:
        told = np.ascontiguousarray(numbers, "<f4")
        self.tokens("FM")
        self.whole(told.shape[0])
        self.whole(told.shape[1])
        self.raw(told.tobytes())


@dataclass(frozen=True, slots=True)
class Arc:
    listened: int
    told: int
    cost: float
    to: int


@dataclass(slots=True)
class Transducer:
    """States are numbers from 0, which is the start."""

    arcs: list[list[Arc]] = field(default_factory=list)
    ends: dict[int, float] = field(default_factory=dict)

    def state(self) -> int:
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, start: int, arc: Arc) -> None:
        self.arcs[start].append(arc)

    def write(self, path: Path, *, sorted_by_told: bool) -> None:
        """Arcs of a state in the order of what they tell, or of what they listen to: composing asks for it."""
        written = io.BytesIO()
        written.write(struct.pack("<i", _OPENFST) + _text("vector") + _text("standard"))
        count = sum(len(arcs) for arcs in self.arcs)
        written.write(struct.pack("<iiQqqq", _VERSION, 0, 3, 0, len(self.arcs), count))
        for state, arcs in enumerate(self.arcs):
            written.write(struct.pack("<fq", self.ends.get(state, _NEVER), len(arcs)))
            for arc in _ordered(arcs, sorted_by_told=sorted_by_told):
                written.write(struct.pack("<iifi", arc.listened, arc.told, arc.cost, arc.to))
        path.write_bytes(written.getvalue())


def _ordered(arcs: Iterable[Arc], *, sorted_by_told: bool) -> list[Arc]:
    return sorted(arcs, key=lambda arc: arc.told if sorted_by_told else arc.listened)


def _text(told: str) -> bytes:
    return struct.pack("<i", len(told)) + told.encode()
