"""Whom we ring or talk with on a call of ours: no consumer's phone is rung for two reasons at a time.

The books tell it of every call with a row; a phone that still rings has none: this controller keeps its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ivr.house import House

LONGEST_CALL = timedelta(hours=4)
"""A row that has had no end for longer is no call that goes on (`talking.TALK_LIMIT_S` has the same limit)."""


class Engaged:
    """One per controller."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._rung: set[str] = set()

    async def on_the_line(self, phone: str) -> bool:
        """Is he on the line with us, by his own call or by ours, or is his phone ringing? StorageError as the books."""
        if phone in self._rung:
            return True
        since = self._house.clock.wall_now() - LONGEST_CALL
        calls = await self._house.books.calls.of_phone(phone, since)
        return phone in self._rung or any(call.ended_at is None for call in calls)

    @contextmanager
    def ringing(self, phone: str) -> Iterator[bool]:
        """From the first ring to the end of what came of it; False when his phone rings already: then it may not."""
        if phone in self._rung:
            yield False
            return
        self._rung.add(phone)
        try:
            yield True
        finally:
            self._rung.discard(phone)
