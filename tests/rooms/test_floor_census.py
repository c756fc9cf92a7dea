"""What a soak counts in Redis: keys by kind, of one line alone."""

from __future__ import annotations

from floor_people import T, at_desk, caller

from storage.floor import Floor
from storage.floor_census import census

pytest_plugins = ("floor_fixture",)


async def test_what_a_caller_leaves_on_the_floor_is_counted_and_gone_when_he_is(floor, redis_server, prefix):
    await at_desk(floor, "A17")
    empty = await census(redis_server.url, prefix)
    assert empty["agent"] == 1
    assert empty["waiting, members"] == empty["offers, members"] == 0

    await floor.enqueue(caller("n1-1"), "n1")
    await floor.keep_walk("n1-1", b"{}", 60)
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert offer is not None
    busy = await census(redis_server.url, prefix)
    assert (busy["walk"], busy["call"], busy["waiting, members"], busy["offers, members"]) == (1, 1, 1, 1)

    await floor.accepted(offer, now=T)
    await floor.forget_walk("n1-1")
    await floor.released("A17", "n1-1", wrap_up_s=0, now=T)
    left = await census(redis_server.url, prefix)
    assert {kind: number for kind, number in left.items() if number > empty.get(kind, 0)} == {}


async def test_another_line_in_the_same_redis_is_not_counted(floor, redis_server, prefix):
    other = Floor(redis_server.url, f"{prefix}-other")
    try:
        await other.keep_walk("n1-1", b"{}", 60)
        assert "walk" not in await census(redis_server.url, prefix)
    finally:
        await other.close()
