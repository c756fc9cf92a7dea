"""Turns: consumers whom we shall ring stand in the queue like callers on the phone, until an agent is put aside.

An agent is put aside before a phone rings: there are never more such calls under way than agents for them
(domain.md 3.1, row 10). Routing knows no difference between them and who waits on the line, so that neither starves.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from dialplan.routing import Waiting
from ivr.house import House
from storage.floor_records import AgentState, FloorAway, Reservation

TURN_LIMIT_S = 600.0
"""So long one stands in line before what is owed is looked at anew; the place stays."""
GREETING_S = 45.0
"""Greeting and menu of a call we make: so much longer than the ringing the agent stays aside for it."""
LEASE_SLACK_S = 15.0
"""So much longer than it may take is an agent put aside: what lapses earlier was lost."""


@dataclass(slots=True)
class Turn:
    """One who stands in line; nobody is on the phone. `waiting` is None once an agent has been put aside."""

    waiting: Waiting | None
    hold_s: float
    _offered: asyncio.Queue[Reservation] = field(default_factory=lambda: asyncio.Queue(1))

    @property
    def comes_back(self) -> bool:
        """A turn takes its place again at once."""
        return False

    def offer(self, reservation: Reservation) -> None:
        """An agent has been put aside for him."""
        self.waiting = None
        self._offered.put_nowait(reservation)

    async def come(self, limit_s: float) -> Reservation | None:
        """The agent put aside, or None after `limit_s` seconds."""
        try:
            async with asyncio.timeout(limit_s):
                return await self._offered.get()
        except TimeoutError:
            self.waiting = None
            return None if self._offered.empty() else self._offered.get_nowait()


class Turns:
    """All turns of this controller; `of` by the reference of the call to be made."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turns: dict[str, Turn] = {}

    @property
    def of(self) -> Mapping[str, Turn]:
        return self._turns

    @asynccontextmanager
    async def stand(self, waiting: Waiting, first: str | None = None) -> AsyncIterator[Reservation | None]:
        """Stand in line; the agent put aside, None when none was in time or the floor is away.

        `first`: the agent who is put aside without waiting for the turn, if he is ready; who else asks him to be rung?

        Whatever is made of it, at the end the agent is free again unless he took the call, and nobody waits there.
        """
        turn = Turn(waiting, self._house.plan.dial_timeout_s + GREETING_S)
        self._turns[waiting.call_ref] = turn
        reservation: Reservation | None = None
        try:
            reservation = await self._come(turn, waiting, first)
            yield reservation
        finally:
            del self._turns[waiting.call_ref]
            with suppress(FloorAway):  # the reservation lapses, and the reconciling finds the name
                if reservation is not None:
                    await self.give_back(reservation)
                await self._house.floor.leave(waiting.call_ref)

    async def give_back(self, reservation: Reservation) -> None:
        """The agent is ready as before; nothing happens when he took the call."""
        now = self._house.clock.wall_now().timestamp()
        await self._house.floor.refused(reservation, AgentState.READY, now=now, apart_s=0.0)

    async def _come(self, turn: Turn, waiting: Waiting, first: str | None) -> Reservation | None:
        try:
            await self._house.floor.enqueue(waiting, self._house.plan.node)
            at_once = await self._at_once(turn, waiting, first) if first is not None else None
        except FloorAway:
            return None
        return at_once or await turn.come(TURN_LIMIT_S)

    async def _at_once(self, turn: Turn, waiting: Waiting, agent: str) -> Reservation | None:
        """None when he is not ready, or another has been put aside in this very moment."""
        plan, now = self._house.plan, self._house.clock.wall_now().timestamp()
        lease_s = plan.ring_s + turn.hold_s + LEASE_SLACK_S
        made = await self._house.floor.reserve(waiting.call_ref, agent, owner=plan.node, lease_s=lease_s, now=now)
        if made is not None:
            turn.waiting = None
        return made
