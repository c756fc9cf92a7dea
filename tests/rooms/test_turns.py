"""Turns on the true floor: the agent who asks for a call is put aside at once, or the queue decides."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from floor_people import HINDI, at_desk, ready_codes

from dialplan.routing import Waiting, routing_key
from ivr.turns import Turns
from storage.clock import Clock

pytest_plugins = ("floor_fixture",)


@pytest.fixture
def house(floor):
    plan = SimpleNamespace(node="n1", ring_s=3.0, dial_timeout_s=6.0)
    return SimpleNamespace(floor=floor, plan=plan, clock=Clock())


def waiting(house) -> Waiting:
    now = house.clock.wall_now().timestamp()
    return Waiting("n1-1.1", routing_key(now, 3), HINDI, now, 3)


async def test_who_asks_for_the_call_is_put_aside_though_another_has_been_idle_longer(house, floor):
    now = house.clock.wall_now().timestamp()
    await at_desk(floor, "A01", now=now - 60, lease_s=120)
    await at_desk(floor, "A02", now=now, lease_s=120)
    async with Turns(house).stand(waiting(house), "A02") as reservation:
        assert reservation is not None
        assert reservation.agent == "A02"
        assert await ready_codes(floor, now) == ["A01"]
    assert await ready_codes(floor, now) == ["A01", "A02"], "nothing came of it: he is free again"
    assert await floor.waiting_count() == 0


async def test_when_he_is_not_ready_any_more_the_queue_decides(house, floor):
    now = house.clock.wall_now().timestamp()
    await at_desk(floor, "A01", now=now, lease_s=120)
    turns, here = Turns(house), waiting(house)

    async def stand() -> str | None:
        async with turns.stand(here, "A02") as reservation:
            return reservation.agent if reservation else None

    standing = asyncio.create_task(stand())
    await _waits(floor)
    offer = await floor.reserve(here.call_ref, "A01", owner="n1", lease_s=30, now=now)
    assert offer is not None
    turns.of[here.call_ref].offer(offer)
    assert await standing == "A01"


async def _waits(floor) -> None:
    for _ in range(1000):
        if await floor.waiting_count():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody has come to stand in line")
