"""The agents of the whole line during the bench: signed in on the floor, ready again as soon as a talk is over.

The pages are not measured; what a page would do to the floor is done here.
"""

from __future__ import annotations

from collections.abc import Sequence

from storage.floor import Floor
from storage.floor_records import AGENT_CHANGED, CONNECTED, AgentRefused, AgentState
from sunwai import reference, wiring
from sunwai.settings import Line

LEASE_S = 3600.0
"""Longer than any bench: the lease's renewal is the console's cost."""


class Desk:
    """All agents of one line."""

    def __init__(self, line: Line, codes: Sequence[str]) -> None:
        self._line = line
        self._codes = codes
        self._clock = wiring.make_clock(line)
        self._floor = Floor(line.floor_url, wiring.prefix_of(line))

    async def sign_in(self) -> None:
        """Everybody with every skill, ready; before the controller starts, which then looks at their phones."""
        line = self._line.settings.line
        kinds = {category.code.partition("-")[0] for category in reference.categories()}
        skills = {
            f"co:{line.company}",
            *(f"lang:{lang}" for lang in line.languages),
            *(f"cat:{kind}" for kind in kinds),
        }
        now = self._now()
        for code in self._codes:
            await self._floor.contact(code, ok=True)
            await self._floor.sign_in(
                code, skills, line.company, now=now, lease_s=LEASE_S, node=line.node, state=AgentState.READY
            )

    async def work(self) -> None:
        """Until cancelled: end each wrap-up at once. FloorAway ends the bench: without a floor nothing is measured."""
        async for event in self._floor.listen():
            if event.type == CONNECTED:
                for agent in await self._floor.agents():
                    await self._ready_again(agent.code, agent.state)
            elif event.type == AGENT_CHANGED and event.agent:
                await self._ready_again(event.agent, event.state)

    async def close(self) -> None:
        await self._floor.close()

    async def _ready_again(self, agent: str, state: str | None) -> None:
        if state != AgentState.WRAP_UP:
            return
        try:
            await self._floor.set_state(agent, AgentState.READY, now=self._now())
        except AgentRefused:
            return  # somebody was quicker

    def _now(self) -> float:
        return self._clock.wall_now().timestamp()
