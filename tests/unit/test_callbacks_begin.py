"""What a dead controller was about to ring is taken up at once by the next one, not a second later."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ivr.callbacks import TICK_S, Callbacks
from storage.clock import Clock
from storage.errors import BooksAway


class Due:
    """Due work that a controller before us holds until it is released; `away`: the books cannot be reached then."""

    def __init__(self, *, away: bool) -> None:
        self.away = away
        self.deeds: list[str] = []
        self.claimed = asyncio.Event()

    async def release(self, kinds: object, owner: str) -> int:
        await asyncio.sleep(0)
        self.deeds.append("release")
        if self.away:
            raise BooksAway("the books are away")
        return 1

    async def claim(self, *_: object) -> list[object]:
        self.deeds.append("claim")
        self.claimed.set()
        return []


@pytest.mark.parametrize("away", [False, True])
async def test_the_first_look_at_what_is_due_sees_what_has_been_released(away: bool):
    due = Due(away=away)
    plan = SimpleNamespace(node="n1", callbacks_at_once=1)
    house = SimpleNamespace(
        plan=plan, books=SimpleNamespace(due=due), ari=SimpleNamespace(registered=True), clock=Clock(), floor=None
    )
    callbacks = Callbacks(house, {})
    running = asyncio.ensure_future(callbacks.run())
    await asyncio.sleep(0)
    assert not callbacks.begun
    await callbacks.begin()
    await callbacks.begin()
    async with asyncio.timeout(TICK_S / 2):
        await due.claimed.wait()
    assert due.deeds[:2] == ["release", "claim"]
    assert callbacks.begun
    running.cancel()
