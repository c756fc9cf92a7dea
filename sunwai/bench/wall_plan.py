"""How much the wallboard's bench puts on a line, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WallPlan:
    """`offered` of the agents serve what the `callers` ask for; `pages` is how many supervisors look.

    `rate`: callers per second who come, and leave. `seconds`: one window with the pages open, then one without.
    `moves_every_s`: an agent changes his state by himself after a time drawn from between these.
    `day_calls`: calls of today that are in the books before it begins.
    """

    rounds: int
    agents: int
    offered: int
    callers: int
    pages: int
    rate: float
    seconds: float
    moves_every_s: tuple[float, float]
    day_calls: int


def make_wall_plan(rounds: int, *, quick: bool) -> WallPlan:
    """`quick` is for trying that the bench works: its figures mean nothing."""
    if quick:
        return WallPlan(1, 6, 2, 8, 2, 4, 12.0, (2.0, 5.0), 100)
    return WallPlan(rounds, 60, 10, 200, 5, 5, 45.0, (20.0, 40.0), 10_000)
