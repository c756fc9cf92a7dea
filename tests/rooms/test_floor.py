"""The live floor on a true Redis: places are kept, availability cannot lie, what Asterisk says goes first."""

from __future__ import annotations

import pytest
from floor_people import BOTH, HINDI, URDU, T, at_desk, caller, ready_codes, refs

from dialplan.routing import Ready, Waiting, pick
from storage.floor_records import AgentRefused, AgentState, bucket_of

pytest_plugins = ("floor_fixture",)


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


async def test_callers_kept_from_an_agent_do_not_hide_the_next_one_behind_them(floor):
    await at_desk(floor, "A17")
    for number in range(5):
        await floor.enqueue(caller(f"hi-{number}", T + number), "n1")
    for number in range(3):
        offer = await floor.reserve(f"hi-{number}", "A17", owner="n1", lease_s=25, now=T)
        await floor.refused(offer, AgentState.READY, now=T)
    heads = {one.call_ref for one in await floor.waiting_heads(T + 1, per_bucket=1)}
    assert heads == {"hi-0", "hi-1", "hi-2", "hi-3"}
    chosen = pick(await floor.waiting_heads(T + 1, per_bucket=1), await floor.ready_agents(T + 1))
    assert chosen == ("hi-3", "A17")
    assert {one.call_ref for one in await floor.waiting_heads(T + 61, per_bucket=1)} == {"hi-0"}


async def test_dead_leases_do_not_hide_living_agents_behind_them(floor):
    for number in range(5):
        await at_desk(floor, f"A0{number}", now=T + number, lease_s=15 if number < 3 else 100)
    assert [one.agent for one in await floor.ready_agents(T + 50, per_bucket=2)] == ["A03", "A04"]


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


async def test_the_contacts_of_many_are_told_at_once_and_only_by_the_node_that_has_them(floor):
    for code in ("A17", "A18", "A19"):
        await floor.sign_in(code, BOTH, "PV", now=T, lease_s=15, node="n1", state=AgentState.READY)
    await floor.contact("A18", ok=True, node="n2")
    await floor.contacts({"A17": True, "A18": False, "A19": False}, node="n1")
    assert sorted(await ready_codes(floor)) == ["A17", "A18"]
    await floor.contacts({}, node="n1")
    await floor.contacts({"A17": False, "A18": True}, node="n1")
    assert await ready_codes(floor) == ["A18"]


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


async def test_other_skills_count_at_once_and_cost_neither_state_nor_lease_nor_idle_time(floor):
    await at_desk(floor, "A17", skills=HINDI)
    await at_desk(floor, "A18", now=T + 1)
    await floor.enqueue(caller("ur-1", skills=URDU), "n1")
    assert (
        pick(await floor.waiting_heads(T), [one for one in await floor.ready_agents(T) if one.agent == "A17"]) is None
    )
    before = await floor.agent("A17")
    assert await floor.set_skills("A17", URDU)
    assert pick(await floor.waiting_heads(T), await floor.ready_agents(T)) == ("ur-1", "A17"), (
        "idle for longer than A18"
    )
    after = await floor.agent("A17")
    assert (after.skills, after.state, after.lease_until) == (URDU, before.state, before.lease_until)
    assert bucket_of(HINDI) not in {bucket_of(one.skills) for one in await floor.ready_agents(T)}


async def test_skills_of_somebody_not_signed_in_sign_him_in_nowhere(floor):
    assert not await floor.set_skills("A17", URDU)
    assert await floor.agent("A17") is None
    await floor.talks("A18", "n1-1", owner="n1", since=T)
    assert not await floor.set_skills("A18", URDU), "known by his talk alone; his page brings his skills"


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
