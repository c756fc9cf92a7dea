"""The floor behind Sentinels: the master dies, its replica takes over, and the floor goes on."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from uuid import uuid4

import pytest
from floor_people import T, at_desk, caller, refs
from redis.asyncio import Redis
from test_floor_outages import heard

from storage.commands import Answer, Command, Commands
from storage.floor import Floor
from storage.floor_records import AWAY, CONNECTED, FloorAway, FloorError
from storage.redis_door import open_redis, reached

pytest_plugins = ("sentinel_fixture", "redis_fixture")

BACK_WITHIN_S = 30.0
"""Five times what it takes here: half a second until the master counts as down, then the Sentinels' vote."""


@asynccontextmanager
async def a_floor(url: str, prefix: str):
    floor = Floor(url, prefix)
    try:
        yield floor
    finally:
        await floor.close()


async def back(floor: Floor) -> None:
    """Until it answers again."""
    async with asyncio.timeout(BACK_WITHIN_S):
        while True:
            try:
                return await floor.ping()
            except FloorAway:
                await asyncio.sleep(0.1)


async def asked(commands: Commands) -> Answer:
    try:
        return await commands.ask("n1", Command(uuid4().hex, "M01", None, "ready"), deadline_s=1.0)
    except FloorError as error:
        return Answer(False, type(error).__name__)


async def port_of(floor: Floor) -> int:
    """Of the Redis that it writes to."""
    return int((await floor._redis.info("server"))["tcp_port"])


@pytest.mark.timeout(90)
async def test_when_the_master_dies_the_floor_goes_on_at_its_replica_and_says_that_it_is_another(
    sentinel_house, prefix
):
    async with a_floor(sentinel_house.url, prefix) as floor, aclosing(floor.listen()) as events:
        await heard(events, CONNECTED)
        await floor.enqueue(caller("n1-1"), "n1")
        await at_desk(floor, "A17")
        before = await floor.era()
        assert await port_of(floor) == sentinel_house.master
        assert await floor._redis.wait(1, 5000) == 1  # the replica has what was written

        sentinel_house.kill(sentinel_house.master)
        with pytest.raises(FloorAway):
            await floor.ping()
        await heard(events, AWAY)
        await back(floor)
        await heard(events, CONNECTED)  # whoever listens republishes what he holds

        assert await port_of(floor) == sentinel_house.replica
        assert await refs(floor) == ["n1-1"]
        assert await floor.era() != before, "the word is the same there, and yet something may be missing"
        offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
        assert offer is not None
        assert await floor.accepted(offer, now=T)


@pytest.mark.timeout(90)
async def test_commands_go_on_after_the_change(sentinel_house, prefix):
    async def does(_) -> Answer:
        return Answer(True, "done")

    here, there, stop = Commands(sentinel_house.url, prefix), Commands(sentinel_house.url, prefix), asyncio.Event()
    serving = asyncio.create_task(there.serve("n1", does, stop))
    try:
        async with a_floor(sentinel_house.url, prefix) as floor:
            sentinel_house.kill(sentinel_house.master)
            await back(floor)
        async with asyncio.timeout(BACK_WITHIN_S):
            while not (await asked(here)).ok:  # noqa: ASYNC110 - Sentinels vote
                await asyncio.sleep(0.1)
    finally:
        stop.set()
        await asyncio.gather(serving, return_exceptions=True)
        await here.close()
        await there.close()


@pytest.mark.timeout(90)
async def test_a_dead_sentinel_is_passed_over_and_without_any_the_floor_is_away(sentinel_house, prefix):
    first, *others = sentinel_house.sentinels
    sentinel_house.kill(first)
    async with a_floor(sentinel_house.url, prefix) as floor:
        await floor.enqueue(caller("n1-1"), "n1")
        for port in others:
            sentinel_house.kill(port)
        assert await refs(floor) == ["n1-1"], "who is connected already needs nobody to ask"
    async with a_floor(sentinel_house.url, prefix) as newcomer:
        with pytest.raises(FloorAway):
            await newcomer.ping()


async def test_a_master_that_has_lost_its_replicas_counts_as_away(redis_server, prefix):
    """It may have been replaced already; what it took now would be lost when it comes back as a replica."""
    redis = Redis.from_url(redis_server.url)
    async with a_floor(redis_server.url, prefix) as floor:
        await floor.era()
        await redis.config_set("min-replicas-to-write", 1)
        try:
            for question in (floor.enqueue(caller("n1-1"), "n1"), floor.keep_walk("n1-1", b"{}", 60)):
                with pytest.raises(FloorAway):
                    await question
        finally:
            await redis.config_set("min-replicas-to-write", 0)
            await redis.aclose()
        assert await floor.enqueue(caller("n1-1"), "n1")


async def test_more_callers_than_connections_wait_for_one(sentinel_house):
    redis = open_redis(sentinel_house.url, connections=2)
    try:
        async with reached(10):
            counted = await asyncio.gather(*(redis.incr("counted") for _ in range(50)))
            assert sorted(counted) == list(range(1, 51))
            assert len(await redis.client_list()) <= 10
    finally:
        await redis.aclose()
