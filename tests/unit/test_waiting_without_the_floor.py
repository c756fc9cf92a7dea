"""Redis is away for a moment: nobody loses his place for that, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ivr import holding, staff
from ivr.holding import FLOOR_PATIENCE_S, Wait
from ivr.staff import Staff
from storage.clock import Clock
from storage.floor_records import FloorAway


class Floor:
    """Redis that hangs, then is said to be away, as often as it is asked; `there`: it answers again."""

    def __init__(self) -> None:
        self.asked = 0
        self.there = False

    async def agents(self) -> list[object]:
        self.asked += 1
        await asyncio.sleep(0.01)
        if not self.there:
            raise FloorAway("the live floor (Redis) is away: silent")
        return []


async def test_a_floor_that_hangs_is_asked_once_for_all_who_wait(monkeypatch: pytest.MonkeyPatch):
    floor = Floor()
    staff_seen = Staff(floor)
    told = await asyncio.gather(*[staff_seen.agents() for _ in range(20)], return_exceptions=True)
    assert {type(each) for each in told} == {FloorAway}
    assert floor.asked == 1
    floor.there = True
    with pytest.raises(FloorAway):
        await staff_seen.agents()
    monkeypatch.setattr(staff, "FRESH_S", 0.0)
    assert await staff_seen.agents() == []


def a_wait(*, away_since_s: float) -> Wait:
    now = asyncio.get_running_loop().time()
    house = SimpleNamespace(staff=Staff(Floor()), plan=SimpleNamespace(nobody_after_s=5.0))
    talk = SimpleNamespace(house=house, now=Clock().wall_now)
    long_ago = now - away_since_s
    return Wait(talk, SimpleNamespace(skills=frozenset()), long_ago, now, long_ago, long_ago)


async def test_who_waits_is_not_sent_away_while_it_is_started_again():
    wait = a_wait(away_since_s=FLOOR_PATIENCE_S - 5)
    assert await holding._nobody(wait) is False
    assert asyncio.get_running_loop().time() - wait.somebody_seen < 1  # agents have time to sign in again


async def test_who_waits_longer_is_told_so():
    with pytest.raises(FloorAway):
        await holding._nobody(a_wait(away_since_s=FLOOR_PATIENCE_S + 1))


async def test_when_it_answers_again_the_patience_begins_anew():
    wait = a_wait(away_since_s=FLOOR_PATIENCE_S - 1)
    wait.talk.house.staff._floor.there = True
    await holding._nobody(wait)
    assert asyncio.get_running_loop().time() - wait.floor_seen < 1
