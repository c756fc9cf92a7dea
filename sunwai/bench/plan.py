"""How much is measured: rates, lengths, steps. Two plans: the whole bench (under six minutes) and a quick one."""

from __future__ import annotations

from dataclasses import dataclass

BARE_AGENTS, WHOLE_AGENTS = 320, 40
"""More than talk at once at the highest step, so that what is measured is never a queue of people."""


@dataclass(frozen=True, slots=True)
class Flow:
    """What is done to a caller, and the extension that does it on each side. `keys`: the caller presses some."""

    name: str
    native: str
    ours: str
    keys: bool = False
    since_queued: bool = False


PLAY = Flow("play", "native-play", "bare-play")
QUEUE = Flow("queue", "native-queue", "bare-queue")


def whole_flow(number: str) -> Flow:
    """The line itself: `number` is what consumers dial."""
    return Flow("whole", "native-whole", number, keys=True, since_queued=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """Rates in calls per second; calls are made for `seconds` in a run, for `step_s` in a step to the knee.

    `adopted` calls are live when the controller is killed, `kills` times.
    """

    rounds: int
    seconds: float
    play_rate: float
    queue_rate: float
    whole_rate: float
    play_steps: tuple[float, ...]
    queue_steps: tuple[float, ...]
    step_s: float
    adopted: int
    kills: int


def make_plan(rounds: int, *, quick: bool) -> Plan:
    """`quick` is for trying that the bench works: its figures mean nothing."""
    if quick:
        return Plan(1, 1.5, 10, 10, 5, (20,), (20,), 1.5, 10, 1)
    return Plan(rounds, 5.0, 60, 40, 15, (100, 150, 200, 250, 300), (60, 90, 120, 160, 200, 240), 2.5, 200, 3)
