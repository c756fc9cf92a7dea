"""What hardly ever changes, kept for a moment: kinds of complaints, companies, who answers for a place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from complaints.records import Category, Company, Officer
from storage.consumers import Consumers
from storage.together import Together

KEPT_S = 2.0


class ReferenceData:
    """The same answers as `Consumers`, at most two seconds old: what is changed at the console counts at once."""

    def __init__(self, consumers: Consumers) -> None:
        self._questions = {
            "category": consumers.category,
            "company": consumers.company,
            "officers": consumers.officers_for,
        }
        self._kept: dict[tuple[str, str], tuple[float, object]] = {}
        self._asked = Together(self._answered)

    async def close(self) -> None:
        """Before the books are closed."""
        await self._asked.close()

    async def category(self, code: str) -> Category | None:
        return await self._fresh("category", code)  # type: ignore[return-value]  # each kind has its question

    async def company(self, code: str) -> Company | None:
        return await self._fresh("company", code)  # type: ignore[return-value]  # as above

    async def officers_for(self, unit: str | None) -> dict[int, Officer]:
        """By level; none for a place that is not known."""
        return await self._fresh("officers", unit) if unit else {}  # type: ignore[return-value]  # as above

    async def _fresh(self, kind: str, name: str) -> object:
        kept = self._kept.get((kind, name))
        if kept is not None and asyncio.get_running_loop().time() - kept[0] < KEPT_S:
            return kept[1]
        return await self._asked.ask((kind, name))

    async def _answered(self, asked: Sequence[tuple[str, str]]) -> dict[tuple[str, str], object]:
        now = asyncio.get_running_loop().time()
        answers: dict[tuple[str, str], object] = {
            (kind, name): await self._questions[kind](name) for kind, name in asked
        }
        self._kept.update({question: (now, answer) for question, answer in answers.items()})
        return answers
