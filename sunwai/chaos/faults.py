"""Breaks what the schedule says, when it says so; only processes of the line under chaos, by their ids."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sunwai.chaos.agents import Agent
from sunwai.chaos.plan import Fault, Planned
from sunwai.chaos.postgres import Postgres
from sunwai.chaos.world import World

HELD_S = 5.0
"""Worker and console are not watched by a heartbeat: whoever is held goes on after so long."""
PAGE_AWAY_S = 20.0
"""Longer than the console's lease: the floor must notice that he is gone."""
BOOKS_AWAY_S = 3.0

Tell = Callable[[str], None]

_SIGNALS = {
    Fault.CONTROLLER_KILLED: ("controller", signal.SIGKILL),
    Fault.CONTROLLER_STOPPED: ("controller", signal.SIGSTOP),
    Fault.ASTERISK_KILLED: ("asterisk", signal.SIGKILL),
    Fault.ASTERISK_STOPPED: ("asterisk", signal.SIGSTOP),
    Fault.REDIS_KILLED: ("redis", signal.SIGKILL),
    Fault.REDIS_STOPPED: ("redis", signal.SIGSTOP),
    Fault.WORKER_KILLED: ("worker", signal.SIGKILL),
    Fault.CONSOLE_KILLED: ("console", signal.SIGKILL),
}
_HELD = {Fault.WORKER_HELD: "worker", Fault.CONSOLE_HELD: "console"}


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault as it happened. `done` False: what it should hurt was not there at that moment."""

    fault: Fault
    at: datetime
    done: bool
    note: str = ""


class Breaker:
    """Carries out a schedule. `injected` grows as it does."""

    def __init__(self, world: World, agents: Sequence[Agent], books: Postgres | None, tell: Tell) -> None:
        self.injected: list[Injected] = []
        self._world = world
        self._agents = agents
        self._books = books
        self._tell = tell

    async def run(self, planned: Sequence[Planned], began: float) -> None:
        """`began`: the monotonic moment of the schedule's zero. StartError when the line's parent is gone."""
        async with asyncio.TaskGroup() as tasks:
            for one in planned:
                await asyncio.sleep(max(0.0, began + one.at_s - time.monotonic()))
                self._world.check()
                tasks.create_task(self._inject(one))

    async def _inject(self, planned: Planned) -> None:
        at = datetime.now(UTC)
        done, note = await self._carry_out(planned)
        self.injected.append(Injected(planned.fault, at, done, note))
        self._tell(f"{planned.at_s:6.1f} s  {planned.fault} {note if done else f'- not possible: {note}'}")

    async def _carry_out(self, planned: Planned) -> tuple[bool, str]:
        fault = planned.fault
        if fault in _SIGNALS:
            program, number = _SIGNALS[fault]
            pid = self._send(program, number)
            return (True, f"process {pid}") if pid else (False, "it is being started again")
        if fault in _HELD:
            return await self._hold(_HELD[fault])
        if fault is Fault.BOOKS_KILLED:
            return await self._without_books()
        agent = self._agents[int(planned.pick * len(self._agents))]
        deeds: dict[Fault, Callable[[], Awaitable[bool]]] = {
            Fault.LEG_DROPPED: lambda: self._drop_a_leg(agent),
            Fault.PHONE_OFF: agent.phone_off,
            Fault.PAGE_GONE: lambda: agent.lose_page(PAGE_AWAY_S),
        }
        done = await deeds[fault]()
        return done, agent.code if done else "nobody talks" if fault is Fault.LEG_DROPPED else agent.code

    def _send(self, program: str, number: signal.Signals) -> int | None:
        pid = self._world.pid_of(program)
        if pid is not None:
            os.kill(pid, number)
        return pid

    async def _hold(self, program: str) -> tuple[bool, str]:
        pid = self._send(program, signal.SIGSTOP)
        if pid is None:
            return False, "it is being started again"
        await asyncio.sleep(HELD_S)
        if self._world.pid_of(program) == pid:
            os.kill(pid, signal.SIGCONT)
        return True, f"process {pid} for {HELD_S:.0f} s"

    async def _drop_a_leg(self, chosen: Agent) -> bool:
        """The chosen agent's, or that of the next one who talks."""
        place = self._agents.index(chosen)
        for agent in (*self._agents[place:], *self._agents[:place]):
            if await agent.drop_leg():
                return True
        return False

    async def _without_books(self) -> tuple[bool, str]:
        if self._books is None:
            return False, "the books are a file"
        await self._books.crash()
        await asyncio.sleep(BOOKS_AWAY_S)
        self._books.start()
        return True, f"for {BOOKS_AWAY_S:.0f} s"
