"""The controller of this node, asked for what is not about a running call."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import structlog

from storage.commands import Command, Commands, NoAnswer
from storage.floor_records import FloorAway

log = structlog.get_logger(__name__)

_LIMIT_S = 1.0
FRESH_S = 1.0
"""However often /readyz is asked, the controller is asked at most this often."""


class Telephone:
    """`node` names the controller."""

    def __init__(self, commands: Commands, node: str) -> None:
        self._commands = commands
        self._node = node
        self._lock = asyncio.Lock()
        self._asked_at = float("-inf")
        self._ready = False

    async def ready(self) -> bool:
        """True when the controller answers and its application is registered with Asterisk."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            if loop.time() - self._asked_at >= FRESH_S:
                self._ready = await self._told("ready", "console", {})
                self._asked_at = loop.time()
            return self._ready

    async def forget(self, agent: str, actor: str) -> None:
        """The agent has left: his SIP account goes. One that could not be removed is replaced at his next log-in."""
        if not await self._told("forget_phone", actor, {"agent": agent}):
            log.warning("phone_not_forgotten", agent=agent)

    async def _told(self, deed: str, actor: str, args: dict[str, str]) -> bool:
        command = Command(id=uuid4().hex, actor=actor, call=None, deed=deed, args=dict(args))
        try:
            return (await self._commands.ask(self._node, command, _LIMIT_S)).ok
        except (NoAnswer, FloorAway):
            return False
