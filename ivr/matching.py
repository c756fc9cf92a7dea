"""Matching: brings the callers of this node and ready agents together, one loop per controller.

Woken by the floor's events and once a second; the rule is `routing.pairs`, the floor only compares and reserves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from dialplan.routing import Waiting, pairs
from ivr.house import House
from ivr.lines import InLine
from ivr.neighbours import Neighbours
from ivr.turns import LEASE_SLACK_S
from storage.floor_records import CALLER_WAITING, CONNECTED, AgentState, FloorAway

log = structlog.get_logger(__name__)

TICK_S = 1.0
PAIRING = frozenset({CONNECTED, CALLER_WAITING})
"""Events after which a new pair may be possible, with an agent who has become ready; the others wake nobody."""
DEPTH = 8
"""Callers of one skill set looked at in one round at most; a round that made a pair is followed by another."""


class Matching:
    """`held` gives who stands in line here under a call's reference."""

    def __init__(
        self,
        house: House,
        held: Callable[[str], InLine | None],
        on_floor_back: Callable[[], Awaitable[None]],
        neighbours: Neighbours,
    ) -> None:
        self._house = house
        self._neighbours = neighbours
        self._on_floor_back = on_floor_back
        self._held = held
        self._woken = asyncio.Event()
        self._era = ""
        self._looked_at = 0.0

    async def run(self) -> None:
        """Until cancelled. A lost floor means that nobody is matched until it is back (design 3.8)."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                self._woken.clear()  # before reading: what happens while we match must wake us again
                try:
                    while await self._match():
                        pass
                except FloorAway:
                    log.warning("floor_away", loop="matching")
                try:
                    async with asyncio.timeout(TICK_S):
                        await self._woken.wait()
                except TimeoutError:
                    pass

    async def _listen(self) -> None:
        async for event in self._house.floor.listen():
            if event.type == CONNECTED:
                await self._on_floor_back()
            if event.type in PAIRING or event.state == AgentState.READY:
                self._woken.set()

    def _waits(self, call_ref: str) -> bool:
        """He is in holding, or coming back to it: then he keeps his turn, though he cannot be offered yet."""
        here = self._held(call_ref)
        return here is not None and (here.waiting is not None or here.comes_back)

    async def _look_after_the_floor(self, now: float) -> None:
        """Once a second at most: what has lapsed is swept; a Redis emptied under us is told again whom we hold."""
        if abs(now - self._looked_at) < TICK_S:
            return
        self._looked_at, before, self._era = now, self._era, await self._house.floor.era()
        if before not in ("", self._era):
            await self._on_floor_back()
        await self._house.floor.sweep(now)

    async def _heads(self, now: float, depth: int) -> list[Waiting]:
        """The first `depth` of each skill set; a ghost of our own node must not take an agent from who is there.

        Nor must a caller of a dead node: nobody would make that offer (design 3.22).
        """
        found = await self._house.floor.waiting_heads(now, depth, self._neighbours.living)
        there = [head for head in found if head.node != self._house.plan.node or self._waits(head.call_ref)]
        return there if len(there) == len(found) or depth >= DEPTH else await self._heads(now, DEPTH)

    async def _match(self) -> bool:
        """One round; True when it made a pair: there may be another behind those it looked at."""
        floor, plan = self._house.floor, self._house.plan
        now = self._house.clock.wall_now().timestamp()
        await self._look_after_the_floor(now)
        # Agents first: in a full house nobody is ready, and the queue need not be read at all.
        ready = await floor.ready_agents(now, nodes=self._neighbours.living)
        if not ready:
            return False
        made = False
        heads = await self._heads(now, min(DEPTH, len(ready)))
        for waiting, agent in pairs(heads, ready):
            here = self._held(waiting.call_ref)
            if here is None or here.waiting is None or here.comes_back:
                continue  # held by another node, whose controller makes the offer (design 3.22), or not yet in holding
            lease_s = plan.ring_s + here.hold_s + LEASE_SLACK_S
            offer = await floor.reserve(waiting.call_ref, agent.agent, owner=plan.node, lease_s=lease_s, now=now)
            if offer is None:
                continue
            if here.waiting is None or self._held(waiting.call_ref) is not here:  # he went on while we reserved
                await floor.refused(offer, AgentState.READY, now=now, apart_s=0.0)
                continue
            here.offer(offer)
            made = True
        return made
