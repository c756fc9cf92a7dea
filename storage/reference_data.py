"""What hardly ever changes, kept for a minute: kinds of complaints, companies, who answers for a place."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from complaints.records import Category, Company, Officer
from storage.consumers import Consumers

KEPT_S = 60.0

T = TypeVar("T")


class ReferenceData:
    """The same answers as `Consumers`, at most a minute old: a change made at the console is heard soon after."""

    def __init__(self, consumers: Consumers) -> None:
        self._consumers = consumers
        self._kept: dict[tuple[str, str], tuple[float, object]] = {}

    async def category(self, code: str) -> Category | None:
        return await self._fresh("category", code, self._consumers.category)

    async def company(self, code: str) -> Company | None:
        return await self._fresh("company", code, self._consumers.company)

    async def officers_for(self, unit: str | None) -> dict[int, Officer]:
        """By level; none for a place that is not known."""
        return await self._fresh("officers", unit, self._consumers.officers_for) if unit else {}

    async def _fresh(self, kind: str, name: str, ask: Callable[[str], Awaitable[T]]) -> T:
        now = asyncio.get_running_loop().time()
        kept = self._kept.get((kind, name))
        if kept is not None and now - kept[0] < KEPT_S:
            return kept[1]  # type: ignore[return-value]  # kept under the kind whose question gave it
        answer = await ask(name)
        self._kept[(kind, name)] = (now, answer)
        return answer
