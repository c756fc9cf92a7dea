"""What is broken when: drawn from a seed, so that a run can be made again. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """Killed is SIGKILL. Stopped is SIGSTOP, left to the parent; who is held (SIGSTOP too) goes on after a while."""

    CONTROLLER_KILLED = "controller killed"
    CONTROLLER_STOPPED = "controller stopped"
    ASTERISK_KILLED = "asterisk killed"
    ASTERISK_STOPPED = "asterisk stopped"
    REDIS_KILLED = "redis killed"
    REDIS_STOPPED = "redis stopped"
    WORKER_KILLED = "worker killed"
    WORKER_HELD = "worker held"
    CONSOLE_KILLED = "console killed"
    CONSOLE_HELD = "console held"
    BOOKS_KILLED = "postgresql killed"
    LEG_DROPPED = "agent's leg dropped"
    PHONE_OFF = "agent's phone off"
    PAGE_GONE = "agent's page gone"


EVERYWHERE: tuple[Fault, ...] = tuple(fault for fault in Fault if fault is not Fault.BOOKS_KILLED)
"""What can be broken whatever the books are kept in."""

OFTEN = (Fault.CONTROLLER_KILLED,)
"""Twice in each round of all faults."""

EVERY_S = (10.0, 20.0)
FIRST_S = (6.0, 10.0)
AFTER_ASTERISK_S = 10.0
"""Longer until the next one: callers have to dial again, agents' phones to register again, before they can be hurt."""
LAST_BEFORE_END_S = 5.0

_SLOW = (Fault.ASTERISK_KILLED, Fault.ASTERISK_STOPPED)


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault, `at_s` seconds after the load began. `pick` (0..1) chooses whom, where there are several."""

    at_s: float
    fault: Fault
    pick: float


def schedule(seed: int, seconds: float, faults: Sequence[Fault]) -> tuple[Planned, ...]:
    """The faults of a run: all kinds in a shuffled round, then the next round, at pauses of 10 to 20 s."""
    draw = Random(seed)  # noqa: S311 - a schedule to be made again, not a secret
    at, drawn = draw.uniform(*FIRST_S), _rounds(draw, faults)
    planned = []
    while at < seconds - LAST_BEFORE_END_S:
        fault = next(drawn)
        planned.append(Planned(at, fault, draw.random()))
        at += draw.uniform(*EVERY_S) + (AFTER_ASTERISK_S if fault in _SLOW else 0.0)
    return tuple(planned)


def _rounds(draw: Random, faults: Sequence[Fault]) -> Iterator[Fault]:
    while True:
        bag = [*faults, *(fault for fault in OFTEN if fault in faults)]
        draw.shuffle(bag)
        yield from bag
