"""Who is signed in, read from the floor at most once a second however many callers ask."""

from __future__ import annotations

import asyncio

from storage.floor import Floor
from storage.floor_records import Agent

FRESH_S = 1.0


class Staff:
    """A snapshot of the agents shared by all waiting callers: what a caller costs must not grow with the others."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._agents: list[Agent] = []
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def agents(self) -> list[Agent]:
        """Signed-in agents, at most `FRESH_S` seconds old. FloorAway when the floor is."""
        async with self._reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= FRESH_S:
                self._agents = await self._floor.agents()
                self._read_at = now
        return self._agents
