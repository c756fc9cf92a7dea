"""What a dead controller was about to ring is taken up at once by the next one, not a second later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from ivr.callbacks import CLEARING_S, TICK_S, Callbacks
from storage.clock import Clock
from storage.errors import BooksAway


class Due:
    """Due work that a controller before us holds until it is released; so often the books cannot be reached then."""

    def __init__(self, away: int) -> None:
        self.away = away
        self.deeds: list[str] = []
        self.claimed = asyncio.Event()

    async def release(self, kinds: object, owner: str) -> int:
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            self.deeds.append("away")
            raise BooksAway("the books are away")
        self.deeds.append("release")
        return 1

    async def claim(self, *_: object) -> list[object]:
        self.deeds.append("claim")
        self.claimed.set()
        return []


@asynccontextmanager
async def callbacks_of(due: Due) -> AsyncIterator[Callbacks]:
    plan = SimpleNamespace(node="n1", callbacks_at_once=1)
    house = SimpleNamespace(
        plan=plan, books=SimpleNamespace(due=due), ari=SimpleNamespace(registered=True), clock=Clock(), floor=None
    )
    callbacks = Callbacks(house, {})
    running = asyncio.ensure_future(callbacks.run())
    await asyncio.sleep(0)
    yield callbacks
    running.cancel()


async def test_the_first_look_at_what_is_due_sees_what_has_been_released():
    due = Due(away=0)
    async with callbacks_of(due) as callbacks:
        assert not callbacks.begun
        callbacks.begin(clearing=False)
        callbacks.begin(clearing=True)  # connected once more: nothing changes
        assert callbacks.begun
        async with asyncio.timeout(TICK_S / 2):
            await due.claimed.wait()
    assert due.deeds[:2] == ["release", "claim"]


async def test_what_could_not_be_released_is_released_when_the_books_are_back():
    due = Due(away=1)
    async with callbacks_of(due) as callbacks:
        callbacks.begin(clearing=False)
        async with asyncio.timeout(5 * TICK_S):
            await due.claimed.wait()
    assert due.deeds[:3] == ["away", "release", "claim"]


async def test_a_telephone_that_a_dead_controller_rang_has_time_to_fall_silent_before_it_is_rung_anew():
    due = Due(away=0)
    async with callbacks_of(due) as callbacks:
        callbacks.begin(clearing=True)
        assert callbacks.begun  # offers of ours are not taken for those of the dead one
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(CLEARING_S / 2):
                await due.claimed.wait()
        assert due.deeds == []  # another node would take it up at once
        async with asyncio.timeout(5 * CLEARING_S):
            await due.claimed.wait()
    assert due.deeds[:2] == ["release", "claim"]
