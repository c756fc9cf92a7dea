"""The live floor on a true Redis: places are kept, nobody is offered twice, availability cannot lie."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from dialplan.routing import Ready, Waiting, pick, routing_key
from storage.floor import Floor
from storage.floor_records import (
    AGENT_CHANGED,
    AWAY,
    CALLER_WAITING,
    CONNECTED,
    AgentRefused,
    AgentState,
    FloorAway,
    FloorEvent,
    Lapse,
    bucket_of,
)

pytest_plugins = ("redis_fixture",)

T = 1_800_000_000.123456
"""The tests' own now, with digits a careless script would cut."""

HINDI, URDU = frozenset({"lang:hi", "cat:SUP"}), frozenset({"lang:ur", "cat:SUP"})
BOTH = HINDI | URDU


@pytest.fixture
async def floor(redis_server, prefix):
    floor = Floor(redis_server.url, prefix)
    yield floor
    await floor.close()


@pytest.fixture
async def breakable(breakable_redis, prefix):
    floor = Floor(breakable_redis.url, prefix)
    yield floor
    await floor.close()


def caller(ref, entered_at=T, priority=3, skills=HINDI):
    return Waiting(ref, routing_key(entered_at, priority), skills, entered_at, priority)


async def at_desk(floor, code, now=T, skills=BOTH, lease_s=15.0):
    """Signed in, phone registered, ready."""
    await floor.contact(code, ok=True)
    await floor.sign_in(code, skills, "PV", now=now, lease_s=lease_s, state=AgentState.READY)


async def ready_codes(floor, now=T):
    return sorted(one.agent for one in await floor.ready_agents(now))


async def refs(floor, now=T):
    return [one.call_ref for one in sorted(await floor.waiting_heads(now), key=lambda one: one.order)]


# --- callers ---------------------------------------------------------------------------------------------------------


async def test_a_caller_comes_back_from_the_floor_as_he_went_in(floor):
    await floor.enqueue(caller("n1-1", priority=1), "n1")
    (found,) = await floor.waiting_heads(T)
    assert found == Waiting("n1-1", T - 600, HINDI, T, 1, frozenset(), "n1")


async def test_entering_twice_keeps_the_first_key_and_takes_the_new_node(floor):
    assert await floor.enqueue(caller("n1-1", T), "n1")
    assert not await floor.enqueue(caller("n1-1", T + 300, priority=4), "n2")
    (found,) = await floor.waiting_heads(T)
    assert (found.entered_at, found.priority, found.node) == (T, 3, "n2")
    assert await floor.waiting_count() == 1


async def test_heads_are_the_first_callers_of_each_skill_set(floor):
    for number in range(5):
        await floor.enqueue(caller(f"hi-{number}", T + number), "n1")
        await floor.enqueue(caller(f"ur-{number}", T + number, skills=URDU), "n1")
    heads = await floor.waiting_heads(T, per_bucket=2)
    assert {one.call_ref for one in heads} == {"hi-0", "hi-1", "ur-0", "ur-1"}


async def test_a_caller_without_skills_waits_like_any_other(floor):
    await floor.enqueue(caller("n1-1", skills=frozenset()), "n1")
    assert await refs(floor) == ["n1-1"]


async def test_positions_are_counted_within_one_language_over_all_categories(floor):
    await floor.enqueue(caller("supply", T), "n1")
    await floor.enqueue(caller("bill", T + 1, skills=frozenset({"lang:hi", "cat:BILL"})), "n1")
    await floor.enqueue(caller("urdu", T + 2, skills=URDU), "n1")
    await floor.enqueue(caller("danger", T + 3, priority=0), "n1")
    places = {ref: await floor.position(ref) for ref in ("danger", "supply", "bill", "urdu", "nobody")}
    assert places == {"danger": 1, "supply": 2, "bill": 3, "urdu": 1, "nobody": None}


async def test_who_leaves_is_gone_from_every_figure(floor):
    await floor.enqueue(caller("n1-1", T - 40), "n1")
    await floor.enqueue(caller("n1-2", T - 30), "n1")
    assert await floor.longest_wait(T) == pytest.approx(40)
    assert await floor.leave("n1-1")
    assert not await floor.leave("n1-1")
    assert await floor.longest_wait(T) == pytest.approx(30)
    assert (await refs(floor), await floor.waiting_count(), await floor.position("n1-1")) == (["n1-2"], 1, None)
    await floor.leave("n1-2")
    assert await floor.longest_wait(T) == 0


async def test_nothing_is_left_in_redis_when_everybody_has_gone(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    offer = await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    await floor.accepted(offer, now=T)
    await floor.show("A17", b"{}")
    await floor.released("A17", "n1-1", wrap_up_s=30, now=T)
    await floor.sign_out("A17")
    assert await floor._redis.keys(floor._key("*")) == [floor._key("contacts").encode()]


async def test_the_floor_tells_whom_it_believes_a_node_holds(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1"), "n1")
    await floor.enqueue(caller("n2-1"), "n2")
    await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    assert [one.call_ref for one in await floor.waiting_of("n1", T)] == ["n1-1"]


@pytest.mark.parametrize("bad", ["", "lang hi", " "])
async def test_a_skill_that_is_not_one_word_is_refused(bad):
    with pytest.raises(ValueError, match="word"):
        bucket_of(["lang:hi", bad])


async def test_walk_state_is_kept_and_forgotten(floor):
    assert await floor.walk("n1-1") is None
    await floor.keep_walk("n1-1", b'{"step":"menu"}', 60)
    assert await floor.walk("n1-1") == b'{"step":"menu"}'
    assert 0 < await floor._redis.ttl(floor._key("walk", "n1-1")) <= 60
    await floor.forget_walk("n1-1")
    assert await floor.walk("n1-1") is None


# --- availability ----------------------------------------------------------------------------------------------------


async def test_available_is_ready_and_leased_and_reachable(floor):
    await floor.sign_in("A17", BOTH, "PV", now=T, lease_s=15, node="n1")
    assert await ready_codes(floor) == []
    await floor.contact("A17", ok=True)
    assert await ready_codes(floor) == []
    assert await floor.set_state("A17", AgentState.READY, now=T + 1) is AgentState.BREAK
    assert await floor.ready_agents(T + 2) == [Ready("A17", BOTH, T + 1)]
    await floor.contact("A17", ok=False)
    assert await ready_codes(floor) == []


async def test_a_contact_told_before_the_sign_in_counts(floor):
    await at_desk(floor, "A17")
    assert await ready_codes(floor) == ["A17"]


async def test_a_dead_lease_hides_the_agent_until_his_console_beats_again(floor):
    await at_desk(floor, "A17", lease_s=15)
    await floor.enqueue(caller("n1-1"), "n1")
    assert await ready_codes(floor, T + 15) == []
    assert await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T + 15) is None
    assert await floor.beat("A17", 15, T + 20)
    assert await floor.ready_agents(T + 21) == [Ready("A17", BOTH, T)]


async def test_one_dead_lease_does_not_hide_the_living(floor):
    await at_desk(floor, "A01", now=T - 100)
    await at_desk(floor, "A02", now=T)
    assert [one.agent for one in await floor.ready_agents(T + 1, per_bucket=1)] == ["A02"]


async def test_a_beat_of_somebody_unknown_asks_for_a_new_sign_in(floor):
    assert not await floor.beat("A17", 15, T)


async def test_signing_in_twice_keeps_state_and_idle_time_and_takes_new_skills(floor):
    await at_desk(floor, "A17")
    assert not await floor.sign_in("A17", HINDI, "PV", now=T + 9, lease_s=15)
    assert await floor.ready_agents(T + 10) == [Ready("A17", HINDI, T)]


async def test_a_break_and_back_starts_the_idle_time_anew(floor):
    await at_desk(floor, "A17")
    await floor.set_state("A17", AgentState.BREAK, now=T + 5, reason="tea")
    assert (await ready_codes(floor), (await floor.agent("A17")).reason) == ([], "tea")
    await floor.set_state("A17", AgentState.READY, now=T + 9)
    await floor.set_state("A17", AgentState.READY, now=T + 12)
    assert await floor.ready_agents(T + 13) == [Ready("A17", BOTH, T + 9)]


@pytest.mark.parametrize("wanted", list(AgentState))
async def test_nobody_talks_his_way_out_of_a_talk(floor, wanted):
    await at_desk(floor, "A17")
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    if wanted is AgentState.TALKING:
        return
    with pytest.raises(AgentRefused) as refusal:
        await floor.set_state("A17", wanted, now=T + 1)
    assert refusal.value.state is AgentState.TALKING
    assert (await floor.agent("A17")).state is AgentState.TALKING


@pytest.mark.parametrize("wanted", [AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP, AgentState.OFF])
async def test_states_that_come_from_calls_cannot_be_asked_for(floor, wanted):
    await at_desk(floor, "A17")
    with pytest.raises(AgentRefused):
        await floor.set_state("A17", wanted, now=T)
    assert await ready_codes(floor) == ["A17"]


async def test_a_change_only_from_the_states_named_is_refused_from_others(floor):
    await at_desk(floor, "A17")
    with pytest.raises(AgentRefused) as refusal:
        await floor.set_state("A17", AgentState.BREAK, now=T, only_from=frozenset({AgentState.WRAP_UP}))
    assert refusal.value.state is AgentState.READY


async def test_somebody_not_signed_in_has_no_state_to_change(floor):
    with pytest.raises(AgentRefused) as refusal:
        await floor.set_state("A17", AgentState.READY, now=T)
    assert refusal.value.state is AgentState.OFF
    assert await floor.agent("A17") is None


async def test_signing_out_is_refused_in_a_talk_and_may_be_repeated_after_it(floor):
    await at_desk(floor, "A17")
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    with pytest.raises(AgentRefused):
        await floor.sign_out("A17")
    await floor.released("A17", "n1-1", wrap_up_s=None, now=T)
    await floor.sign_out("A17")
    await floor.sign_out("A17")
    assert await floor.agents() == []


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


# --- what Asterisk says goes first -----------------------------------------------------------------------------------


async def test_a_republished_talk_wins_over_what_the_floor_thought(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("waits-not", T), "n1")
    await floor.enqueue(caller("offered", T), "n1")
    await floor.reserve("offered", "A17", owner="n1", lease_s=25, now=T)
    await floor.talks("A17", "waits-not", owner="n2", since=T - 60)
    agent = await floor.agent("A17")
    assert (agent.state, agent.call_ref, agent.since, agent.owner) == (AgentState.TALKING, "waits-not", T - 60, "n2")
    assert (await refs(floor), await floor.sweep(T + 99), await ready_codes(floor)) == (["offered"], [], [])


async def test_an_accept_lost_in_a_crash_is_made_good_by_the_republished_talk(floor):
    await at_desk(floor, "A17")
    await floor.enqueue(caller("n1-1", T), "n1")
    await floor.reserve("n1-1", "A17", owner="n1", lease_s=25, now=T)
    await floor.talks("A17", "n1-1", owner="n1", since=T + 3)
    await floor.talks("A17", "n1-1", owner="n1", since=T + 9)
    assert (await refs(floor), await floor.waiting_count()) == ([], 0)
    assert (await floor.agent("A17")).since == T + 3


async def test_after_redis_was_emptied_a_talk_and_a_console_may_come_back_in_either_order(floor):
    await floor.talks("A17", "n1-1", owner="n1", since=T)
    assert not await floor.beat("A17", 15, T), "his console must sign him in again"
    assert [one.code for one in await floor.agents()] == ["A17"]
    await at_desk(floor, "A17")
    assert (await floor.agent("A17")).state is AgentState.TALKING
    await at_desk(floor, "A18")
    await floor.talks("A18", "n1-2", owner="n1", since=T)
    assert await ready_codes(floor) == []
    for code, ref in (("A17", "n1-1"), ("A18", "n1-2")):
        await floor.released(code, ref, wrap_up_s=0, now=T)
    assert await ready_codes(floor) == ["A17", "A18"]


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
