"""Several nodes on one floor: leases, whose callers and agents count, and at which node a phone is registered."""

from __future__ import annotations

import asyncio

import pytest
from floor_people import T, at_desk, caller, ready_codes, refs

from storage.floor_records import FloorAway

pytest_plugins = ("floor_fixture",)


async def test_a_node_lives_for_as_long_as_it_says_so(floor):
    await floor.nodes.beat("n1", 30)
    await floor.nodes.beat("n2", 0.05)
    async with asyncio.timeout(5):
        while "n2" in await floor.nodes.living(["n1", "n2", "n3"]):  # noqa: ASYNC110 - Redis ends it, without a word
            await asyncio.sleep(0.02)
    assert await floor.nodes.living(["n1", "n2", "n3"]) == {"n1"}
    assert await floor.nodes.living([]) == frozenset()


async def test_one_alone_of_many_may_settle_what_a_dead_node_has_left_until_his_claim_ends(floor):
    claims = await asyncio.gather(*(floor.nodes.claim("n2", f"n{number}", 30) for number in range(3, 13)))
    assert sorted(claims) == [False] * 9 + [True]
    assert await floor.nodes.claim("n3", "n1", 0.05)
    async with asyncio.timeout(5):
        while not await floor.nodes.claim("n3", "n4", 30):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_a_floor_that_is_away_says_so_of_nodes_too(breakable, breakable_redis):
    breakable_redis.kill()
    for asked in (breakable.nodes.beat("n1", 5), breakable.nodes.living(["n1"]), breakable.nodes.claim("n1", "n2", 5)):
        with pytest.raises(FloorAway):
            await asked


async def test_a_loop_that_asks_the_floor_all_the_time_ends_at_the_first_cancellation(floor):
    async def ask():
        while True:
            await floor.nodes.beat("n1", 5)

    for turns in range(300):  # cancelled at another moment each time
        asking = asyncio.create_task(ask())
        for _ in range(turns % 23):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait({asking}, timeout=1)
        assert done, f"the cancellation after {turns % 23} turns was lost"


async def test_callers_of_other_nodes_are_left_out_and_hide_nobody_behind_them(floor):
    for number in range(20):
        await floor.enqueue(caller(f"n2-{number}", T - 50 + number), "n2")
    await floor.enqueue(caller("n1-1", T), "n1")
    await floor.enqueue(caller("n3-1", T + 1), "n3")
    heads = await floor.waiting_heads(T, 2, ["n1", "n3"])
    assert {head.call_ref for head in heads} == {"n1-1", "n3-1"}
    assert {head.node for head in await floor.waiting_heads(T, 2)} == {"n2"}
    assert await floor.waiting_heads(T, 2, ["n4"]) == []


async def test_agents_whose_phone_is_at_another_node_are_left_out_and_hide_nobody_behind_them(floor):
    for number in range(1, 6):
        await at_desk(floor, f"A0{number}", now=T + number)
        await floor.contact(f"A0{number}", ok=True, node="n1" if number > 3 else "n2")
    assert [one.agent for one in await floor.ready_agents(T + 6, 1, ["n1"])] == ["A04"]
    assert [one.agent for one in await floor.ready_agents(T + 6, 8, ["n2"])] == ["A01", "A02", "A03"]
    assert await ready_codes(floor, T + 6) == ["A01", "A02", "A03", "A04", "A05"]


async def test_dead_leases_and_other_nodes_together_hide_nobody(floor):
    for number in range(1, 7):
        await at_desk(floor, f"A0{number}", now=T + number, lease_s=10 if number % 2 else 100)
        await floor.contact(f"A0{number}", ok=True, node="n2" if number < 5 else "n1")
    assert [one.agent for one in await floor.ready_agents(T + 50, 1, ["n1"])] == ["A06"]


async def test_a_reservation_says_at_which_node_the_agents_phone_is(floor):
    await at_desk(floor, "A17")
    await floor.contact("A17", ok=True, node="n2")
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert (offer.node, offer.owner) == ("n2", "n1")
    assert (await floor.agent("A17")).node == "n2"


async def test_a_node_he_has_left_cannot_say_that_his_phone_is_out_of_reach(floor):
    await at_desk(floor, "A17")
    await floor.contact("A17", ok=True, node="n1")
    await floor.contact("A17", ok=True, node="n2")
    await floor.contact("A17", ok=False, node="n1")
    assert await ready_codes(floor) == ["A17"]
    assert (await floor.agents())[0].node == "n2"
    await floor.contact("A17", ok=False, node="n2")
    assert await ready_codes(floor) == []
    await floor.enqueue(caller("n1-1"), "n1")
    assert await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T) is None
    assert await refs(floor) == ["n1-1"]
