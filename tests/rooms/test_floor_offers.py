"""Offers on the floor: nobody is offered twice, nothing is lost between ring, talk, wrap-up and screen pop."""

from __future__ import annotations

import asyncio

import pytest
from floor_people import BOTH, T, at_desk, caller, ready_codes, refs

from dialplan.routing import Ready, pick
from storage.floor import Floor
from storage.floor_records import AgentState, Lapse

pytest_plugins = ("floor_fixture",)

# --- offers ----------------------------------------------------------------------------------------------------------


async def test_of_fifty_offers_to_one_agent_exactly_one_wins(floor):
    await at_desk(floor, "A17")
    for number in range(50):
        await floor.enqueue(caller(f"n1-{number:02}", T + number), "n1")
    tries = [floor.reserve(f"n1-{number:02}", "A17", owner=f"n{number}", lease_s=25, now=T) for number in range(50)]
    won = [offer for offer in await asyncio.gather(*tries) if offer is not None]
    assert len(won) == 1
    agent = await floor.agent("A17")
    assert (agent.state, agent.call_ref, agent.owner) == (AgentState.OFFERED, won[0].call_ref, won[0].owner)
    assert len(await floor.waiting_heads(T, per_bucket=99)) == 49


async def test_of_fifty_offers_of_one_caller_exactly_one_wins(floor):
    await floor.enqueue(caller("n1-1"), "n1")
    for number in range(50):
        await at_desk(floor, f"A{number:02}")
    tries = [floor.reserve("n1-1", f"A{number:02}", owner="n1", lease_s=25, now=T) for number in range(50)]
    assert sum(offer is not None for offer in await asyncio.gather(*tries)) == 1
    assert len(await floor.ready_agents(T, per_bucket=99)) == 49


async def test_controllers_matching_side_by_side_serve_everybody_once(redis_server, prefix):
    """Four controllers race with the same rule; each agent ends with one caller and each caller with one agent."""
    controllers = [Floor(redis_server.url, prefix) for _ in range(4)]
    for number in range(20):
        await controllers[0].enqueue(caller(f"n1-{number:02}", T + number), "n1")
        await at_desk(controllers[0], f"A{number:02}")

    async def match(floor, node):
        won = []
        while (pair := pick(await floor.waiting_heads(T), await floor.ready_agents(T))) is not None:
            offer = await floor.reserve(*pair, owner=node, lease_s=25, now=T)
            if offer is not None and await floor.accepted(offer, now=T):
                won.append(offer)
        return won

    shares = await asyncio.gather(*(match(floor, f"n{number}") for number, floor in enumerate(controllers)))
    won = [offer for share in shares for offer in share]
    assert sorted(offer.call_ref for offer in won) == [f"n1-{number:02}" for number in range(20)]
    assert len({offer.agent for offer in won}) == 20
    assert await controllers[0].waiting_count() == 0
    for floor in controllers:
        await floor.close()


async def test_an_accepted_offer_is_a_talk_and_the_caller_has_left_the_queue(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert (await refs(floor), await floor.waiting_count()) == ([], 1)
    assert await floor.accepted(offer, now=T + 4)
    assert await floor.accepted(offer, now=T + 5), "the same word again, after a lost reply"
    agent = await floor.agent("A17")
    assert (agent.state, agent.since, agent.call_ref) == (AgentState.TALKING, T + 4, "n1-1")
    assert await floor.waiting_count() == 0
    assert await floor.sweep(T + 999) == []


async def test_an_unanswered_offer_keeps_the_callers_place_and_keeps_the_two_apart_for_a_minute(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("first", T), "n1")
    await floor.enqueue(caller("second", T + 1), "n1")
    offer = await floor.reserve("first", "A17", owner="n1", lease_s=25, now=T)
    assert await floor.refused(offer, AgentState.NOT_ANSWERING, now=T + 20)
    assert not await floor.refused(offer, AgentState.NOT_ANSWERING, now=T + 20)
    assert (await refs(floor), await floor.position("first")) == (["first", "second"], 1)
    assert (await floor.agent("A17")).state is AgentState.NOT_ANSWERING
    assert await ready_codes(floor) == []
    heads = {one.call_ref: one for one in await floor.waiting_heads(T + 79)}
    assert (heads["first"].not_agents, heads["first"].key) == ({"A17"}, T)
    assert heads["second"].not_agents == frozenset()
    assert all(not one.not_agents for one in await floor.waiting_heads(T + 81))


async def test_an_offer_that_failed_without_his_fault_does_not_cost_the_agent_his_idle_time(floor):
    await at_desk(floor, "A17", now=T)
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T + 3)
    await floor.refused(offer, AgentState.READY, now=T + 5)
    assert await floor.ready_agents(T + 6) == [Ready("A17", BOTH, T)]


async def test_a_caller_who_hangs_up_while_the_agent_rings_is_not_talked_to(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert await floor.leave("n1-1")
    assert not await floor.accepted(offer, now=T + 1)
    assert await floor.refused(offer, AgentState.READY, now=T + 1)
    assert (await ready_codes(floor), await floor.waiting_count()) == (["A17"], 0)


async def test_an_offer_whose_owner_died_is_taken_back(floor):
    await at_desk(floor, "A17", lease_s=100)
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert await floor.sweep(T + 24) == []
    (swept,) = await floor.sweep(T + 26)
    assert (swept.lapse, swept.agent, swept.call_ref, swept.reservation) == (Lapse.OFFER, "A17", "n1-1", offer.id)
    assert (await refs(floor), await ready_codes(floor)) == (["n1-1"], ["A17"])
    assert not await floor.accepted(offer, now=T + 27)


async def test_two_sweepers_take_an_offer_back_once(floor):
    await at_desk(floor, "A17", lease_s=100)
    await floor.enqueue(caller("n1-1"), "n1")
    await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    swept = await asyncio.gather(*(floor.sweep(T + 26) for _ in range(8)))
    assert sum(len(found) for found in swept) == 1


@pytest.mark.parametrize("state", [AgentState.BREAK, AgentState.TALKING])
async def test_whoever_is_not_ready_is_not_offered_anybody(floor, state):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    if state is AgentState.TALKING:
        await floor.talks("A17", "n1-9", owner="n1", since=T)
    else:
        await floor.set_state("A17", state, now=T)
    assert await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T) is None
    assert await refs(floor) == ["n1-1"]


async def test_an_unreachable_phone_or_a_caller_who_left_is_not_reserved(floor):
    await at_desk(floor, "A17")
    assert await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T) is None
    await floor.enqueue(caller("n1-1"), "n1")
    await floor.contact("A17", ok=False)
    assert await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T) is None


# --- wrap-up and screen pops -----------------------------------------------------------------------------------------


async def test_wrap_up_ends_when_its_time_is_over_and_not_before(floor):
    await at_desk(floor, "A17", lease_s=100)
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    assert await floor.released("A17", "n1-1", wrap_up_s=30, now=T + 10)
    assert await floor.released("A17", "n1-1", wrap_up_s=30, now=T + 20), "told twice: the first limit stands"
    assert await floor.sweep(T + 39) == []
    agent = await floor.agent("A17")
    assert (agent.state, agent.call_ref, agent.wrap_up_until) == (AgentState.WRAP_UP, "n1-1", T + 40)
    assert [(one.lapse, one.agent, one.call_ref) for one in await floor.sweep(T + 41)] == [
        (Lapse.WRAP_UP, "A17", "n1-1")
    ]
    assert await floor.ready_agents(T + 42) == [Ready("A17", BOTH, T + 41)]
    assert (await floor.agent("A17")).wrap_up_until is None


async def test_an_agent_may_end_his_wrap_up_himself(floor):
    await at_desk(floor, "A17")
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    await floor.released("A17", "n1-1", wrap_up_s=30, now=T)
    await floor.set_state("A17", AgentState.READY, now=T + 5, only_from=frozenset({AgentState.WRAP_UP}))
    assert (await floor.sweep(T + 99), await ready_codes(floor, T + 6)) == ([], ["A17"])


async def test_without_a_limit_or_without_wrap_up(floor):
    await at_desk(floor, "A17", lease_s=9999)
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    await floor.released("A17", "n1-1", wrap_up_s=None, now=T)
    assert await floor.sweep(T + 5000) == []
    await floor.talks("A17", "n1-2", owner="n1", since=T)
    await floor.released("A17", "n1-2", wrap_up_s=0, now=T + 7)
    assert await floor.ready_agents(T + 8) == [Ready("A17", BOTH, T + 7)]


async def test_a_late_word_about_an_old_call_does_not_end_the_new_talk(floor):
    await at_desk(floor, "A17")
    await floor.talks("A17", "n1-2", owner="n1", since=T)
    assert not await floor.released("A17", "n1-1", wrap_up_s=30, now=T)
    assert (await floor.agent("A17")).state is AgentState.TALKING


async def test_a_screen_pop_lives_from_the_offer_to_the_end_of_the_wrap_up(floor):
    await at_desk(floor, "A17")
    assert not await floor.show("A17", b'{"docket":"44170012"}'), "no call, nothing to show"
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert await floor.show("A17", b'{"docket":"44170012"}')
    assert 7190 < await floor._redis.ttl(floor._key("pop", "A17")) <= 7200
    await floor.accepted(offer, now=T)
    await floor.released("A17", "n1-1", wrap_up_s=30, now=T)
    assert await floor.pop("A17") == b'{"docket":"44170012"}'
    await floor.sweep(T + 31)
    assert await floor.pop("A17") is None


async def test_a_screen_pop_of_an_offer_not_taken_is_gone(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    await floor.show("A17", b"{}")
    await floor.refused(offer, AgentState.NOT_ANSWERING, now=T + 20)
    assert await floor.pop("A17") is None


# --- a controller that died ------------------------------------------------------------------------------------------


async def test_the_offers_of_a_controller_that_died_are_taken_back_at_once_and_those_of_others_stand(floor):
    for number, (ref, agent, owner) in enumerate((("n1-1", "A17", "n1"), ("n2-1", "A18", "n2"), ("n1-2", "A19", "n1"))):
        await at_desk(floor, agent)
        await floor.enqueue(caller(ref, T + number), owner)
        offer = await floor.reserve(ref, agent, owner=owner, lease_s=25, now=T)
        assert offer is not None
        if agent == "A19":
            assert await floor.accepted(offer, now=T)
    assert await floor.take_back("n1", now=T + 1) == 1
    assert await floor.take_back("n1", now=T + 1) == 0
    assert (await refs(floor), await ready_codes(floor)) == (["n1-1"], ["A17"])
    states = {agent.code: agent.state for agent in await floor.agents()}
    assert (states["A18"], states["A19"]) == (AgentState.OFFERED, AgentState.TALKING)
    again = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T + 1)
    assert again is not None
