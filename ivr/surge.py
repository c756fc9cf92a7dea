"""Surge mode as the calls see it: read from the books, and switched by the estimate when the settings say so.

A hand goes before the estimate: what a person switched on, only a person switches off.
"""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from dialplan.erlang import abandonment
from ivr.meters import SURGE
from ivr.plan import Plan
from ivr.staff import Staff
from storage.books import Books
from storage.clock import Clock
from storage.errors import StorageError
from storage.floor_records import AgentState, FloorAway
from storage.line_state import AUTOMATIC, Surge

log = structlog.get_logger(__name__)

EVERY_S = 2.0
WINDOW_S = 300.0
HOPELESS, BEARABLE = 0.25, 0.10
"""Switched on when so many of those who wait would give up, off when fewer than the second would; and only when it has
been so for AGREED estimates, so that one gust does not flap it."""
AGREED = 15
AT_WORK = frozenset({AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP})


class SurgeWatch:
    """One per controller. `on` is what the next call is told; books that are away leave it as it was."""

    def __init__(self, books: Books, staff: Staff, clock: Clock, plan: Plan) -> None:
        self._books = books
        self._staff = staff
        self._clock = clock
        self._plan = plan
        self._state = Surge()
        self._asked: deque[float] = deque()
        self._agreed = 0
        self._began = clock.wall_now().timestamp()

    @property
    def on(self) -> bool:
        return self._state.on

    def asked_for_a_person(self) -> None:
        """A caller is about to wait, or chose a callback before that: the estimate counts him."""
        if self._plan.surge_automatic:
            self._asked.append(self._clock.wall_now().timestamp())

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except (StorageError, FloorAway) as error:
                log.warning("surge_not_looked_at", error=type(error).__name__)
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Read the switch; with `queue.surge = "automatic"` estimate as well."""
        self._state = await self._books.line_state.surge()
        SURGE.set(self._state.on)
        if self._plan.surge_automatic:
            await self._estimate()

    async def _estimate(self) -> None:
        share = await self._hopeless_share()
        wanted = share > HOPELESS if not self._state.on else share > BEARABLE
        self._agreed = self._agreed + 1 if wanted != self._state.on else 0
        by_hand = self._state.on and self._state.by != AUTOMATIC
        if self._agreed < AGREED or by_hand:
            return
        self._agreed = 0
        reason = f"{share:.0%} of those who wait would give up"
        self._state = await self._books.line_state.set_surge(
            on=wanted, by=AUTOMATIC, at=self._clock.wall_now(), reason=reason
        )
        log.warning("surge_switched", on=wanted, share=round(share, 3))

    async def _hopeless_share(self) -> float:
        now = self._clock.wall_now().timestamp()
        while self._asked and self._asked[0] < now - WINDOW_S:
            self._asked.popleft()
        seen_s = max(EVERY_S, min(WINDOW_S, now - self._began))
        agents = [
            agent
            for agent in await self._staff.agents()
            if agent.state in AT_WORK and agent.contact_ok and agent.lease_until > now
        ]
        plan = self._plan
        return abandonment(len(self._asked) / seen_s, plan.handle_time_s, len(agents), plan.patience_s)
