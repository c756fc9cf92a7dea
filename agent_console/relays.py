"""Which page has an agent's telephone: the newest, and the one before is told so.

Asterisk keeps one contact of an agent and would leave the page before believing that it can still be rung.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

SESSION_OVER, TAKEN_OVER, EXCHANGE_AWAY, RESTARTING = 4401, 4409, 4503, 1001
"""Codes with which a page's way to the exchange is closed; it comes again after the last two by itself."""
_CLOSE_LIMIT_S = 2.0


class Relay:
    """One page's way. `end` closes it with a code the page understands."""

    def __init__(self, session: str, page: web.WebSocketResponse) -> None:
        self.session = session
        self._page = page
        self.over = asyncio.Event()

    async def end(self, code: int) -> None:
        await self._page.close(code=code)


class Relays:
    """The open ways, one per agent."""

    def __init__(self) -> None:
        self._of: dict[str, Relay] = {}

    async def take_over(self, agent: str, relay: Relay) -> None:
        """From now on it is this one; the one before has been closed, and Asterisk has forgotten it."""
        before, self._of[agent] = self._of.get(agent), relay
        if before is None:
            return
        await before.end(TAKEN_OVER)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_LIMIT_S):
                await before.over.wait()

    def has(self, agent: str, *, besides: str) -> bool:
        """True while a page of his has a way, of another session than `besides`."""
        relay = self._of.get(agent)
        return relay is not None and relay.session != besides

    def leave(self, agent: str, relay: Relay) -> None:
        relay.over.set()
        if self._of.get(agent) is relay:
            del self._of[agent]

    async def end_session(self, session: str) -> None:
        for relay in [each for each in self._of.values() if each.session == session]:
            await relay.end(SESSION_OVER)

    async def end_agent(self, agent: str, *, besides: str | None = None) -> None:
        """The way of this agent's page, unless it is of the session `besides`."""
        relay = self._of.get(agent)
        if relay is not None and relay.session != besides:
            await relay.end(SESSION_OVER)

    async def close_all(self) -> None:
        for relay in list(self._of.values()):
            await relay.end(RESTARTING)
