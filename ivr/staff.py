"""Who is signed in, read from the floor at most once a second however many callers ask."""

from __future__ import annotations

import asyncio

from storage.floor import Floor
from storage.floor_records import Agent, FloorAway

FRESH_S = 1.0


class Staff:
    """A snapshot of the agents shared by all waiting callers: what a caller costs must not grow with the others."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._agents: list[Agent] = []
        self._away: FloorAway | None = None
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def agents(self) -> list[Agent]:
        """Signed-in agents, at most `FRESH_S` seconds old. FloorAway when the floor is."""
        async with self._reading:
            loop = asyncio.get_running_loop()
            if loop.time() - self._read_at >= FRESH_S:
                await self._read()
                self._read_at = loop.time()
        if self._away is not None:
            raise FloorAway(str(self._away)) from self._away
        return self._agents

    async def _read(self) -> None:
        """A floor that hangs is asked once for all of them: each in his turn, they would wait for minutes."""
        self._away = None
        try:
            self._agents = await self._floor.agents()
        except FloorAway as error:
            self._away = error
