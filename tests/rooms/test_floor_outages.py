"""Events of the floor, and Redis that is killed, frozen or emptied under it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest
from floor_people import T, at_desk, caller, refs

from storage.floor_records import AGENT_CHANGED, AWAY, CALLER_WAITING, CONNECTED, FloorAway, FloorEvent

pytest_plugins = ("floor_fixture",)

# --- events ----------------------------------------------------------------------------------------------------------


async def heard(events, wanted):
    """The next event of this type, within a bound."""
    async with asyncio.timeout(15):
        async for event in events:
            if event.type == wanted:
                return event
    raise AssertionError(f"no {wanted} came")


async def test_changes_wake_whoever_listens(floor):
    async with aclosing(floor.listen()) as events:
        assert (await anext(events)).type == CONNECTED
        await floor.enqueue(caller("n1-1"), "n1")
        assert await anext(events) == FloorEvent(CALLER_WAITING, call_ref="n1-1", node="n1")
        await at_desk(floor, "A17")
        assert await anext(events) == FloorEvent(AGENT_CHANGED, agent="A17", state="ready")
        await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
        assert await anext(events) == FloorEvent(AGENT_CHANGED, agent="A17", call_ref="n1-1", state="offered")
        await floor.publish(FloorEvent("docket_changed", call_ref="n1-1"))
        assert await anext(events) == FloorEvent("docket_changed", call_ref="n1-1")


async def test_a_quiet_line_is_not_taken_for_a_dead_one(floor):
    """Longer than two rounds of ping: only the event of this test comes, no AWAY and no second CONNECTED."""
    async with aclosing(floor.listen()) as events, asyncio.timeout(15):
        assert (await anext(events)).type == CONNECTED
        pending = asyncio.ensure_future(anext(events))
        done, _ = await asyncio.wait([pending], timeout=5)
        assert not done
        await floor.publish(FloorEvent("hello"))
        assert (await pending).type == "hello"


# --- Redis dies ------------------------------------------------------------------------------------------------------


async def test_without_redis_every_question_is_answered_by_one_error(breakable_redis, breakable):
    await breakable.ping()
    breakable_redis.kill()
    for question in (
        breakable.ping(),
        breakable.enqueue(caller("n1-1"), "n1"),
        breakable.waiting_heads(T),
        breakable.agents(),
        breakable.position("n1-1"),
        breakable.walk("n1-1"),
        breakable.sweep(T),
        breakable.publish(FloorEvent("hello")),
    ):
        with pytest.raises(FloorAway):
            await question


async def test_a_frozen_redis_is_away_within_its_limit_and_works_again_when_thawed(breakable_redis, breakable):
    await breakable.enqueue(caller("n1-1"), "n1")
    breakable_redis.freeze()
    try:
        async with asyncio.timeout(10):
            with pytest.raises(FloorAway):
                await breakable.waiting_heads(T)
    finally:
        breakable_redis.thaw()
    assert await refs(breakable) == ["n1-1"]


async def test_a_restarted_redis_is_used_at_once_is_empty_and_says_so(breakable_redis, breakable):
    await asyncio.gather(*(breakable.enqueue(caller(f"n1-{number}"), "n1") for number in range(10)))
    before = await breakable.era()
    assert before == await breakable.era()
    breakable_redis.kill()
    breakable_redis.start()
    assert await breakable.waiting_heads(T) == []
    assert await breakable.era() != before
    assert await breakable.enqueue(caller("n1-1"), "n1"), "republishing enters him again"
    assert await refs(breakable) == ["n1-1"]


async def test_listeners_hear_that_redis_went_and_came_back(breakable_redis, breakable):
    async with aclosing(breakable.listen()) as events:
        await heard(events, CONNECTED)
        breakable_redis.kill()
        await heard(events, AWAY)
        breakable_redis.start()
        await heard(events, CONNECTED)
        await breakable.publish(FloorEvent("hello"))
        assert (await anext(events)).type == "hello"


async def test_listeners_notice_a_frozen_redis_and_a_restart_quicker_than_their_ping(breakable_redis, breakable):
    async with aclosing(breakable.listen()) as events:
        await heard(events, CONNECTED)
        breakable_redis.kill()
        breakable_redis.start()
        await heard(events, CONNECTED)
        breakable_redis.freeze()
        try:
            await heard(events, AWAY)
        finally:
            breakable_redis.thaw()
        await heard(events, CONNECTED)
