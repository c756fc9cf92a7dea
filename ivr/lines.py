"""The calls this controller holds, by their reference, and what matching needs of whoever stands in line."""

from __future__ import annotations

from typing import Protocol

from dialplan.routing import Waiting
from ivr.ari_line import AriLine
from storage.floor_records import Reservation

Lines = dict[str, AriLine]


def let_go(lines: Lines, call_ref: str) -> None:
    """The task of this call is at its end, and its outcome noted."""
    line = lines.pop(call_ref, None)
    if line is not None:
        line.met.set()
        line.over.set()


class InLine(Protocol):
    """Somebody who may be offered to an agent: a caller on the phone, or a promise whose turn is awaited."""

    @property
    def waiting(self) -> Waiting | None:
        """His place; None while he is not to be offered."""

    @property
    def comes_back(self) -> bool:
        """He was taken up a moment ago and may be on his way to where he waited: nobody goes before him meanwhile."""

    @property
    def hold_s(self) -> float:
        """How much longer than the ringing an agent stays aside for him."""

    def offer(self, reservation: Reservation) -> None:
        """An agent has been put aside for him."""
