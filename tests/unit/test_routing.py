"""Who gets the next call: promises of dialplan/routing.py, most of them for every possible queue."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.routing import (
    HEAD_START_S,
    Ready,
    Waiting,
    expected_wait_s,
    one_line,
    pairs,
    pick,
    position,
    routing_key,
)

SKILLS = ("lang:hi", "lang:ur", "cat:SUP", "cat:BILL", "co:PV")
AGENTS = tuple(f"A{number:02}" for number in range(6))
skill_sets = st.frozensets(st.sampled_from(SKILLS), max_size=4)
moments = st.floats(min_value=1.7e9, max_value=1.9e9, allow_nan=False)


def caller(ref, entered_at=1.8e9, priority=3, skills=(), not_agents=()):
    key = routing_key(entered_at, priority)
    return Waiting(ref, key, frozenset(skills), entered_at, priority, frozenset(not_agents))


@st.composite
def queues(draw):
    size = draw(st.integers(0, 8))
    return [
        caller(
            f"n1-{number}",
            draw(moments),
            draw(st.sampled_from(sorted(HEAD_START_S))),
            draw(skill_sets),
            draw(st.frozensets(st.sampled_from(AGENTS), max_size=2)),
        )
        for number in range(size)
    ]


@st.composite
def desks(draw):
    return [
        Ready(code, draw(skill_sets), draw(moments)) for code in draw(st.lists(st.sampled_from(AGENTS), unique=True))
    ]


def can(agent, waiting):
    return waiting.skills <= agent.skills and agent.agent not in waiting.not_agents


@given(queues(), desks())
def test_an_agent_without_the_skill_or_just_refused_is_never_picked(waiting, ready):
    chosen = pick(waiting, ready)
    if chosen is not None:
        agent = next(one for one in ready if one.agent == chosen[1])
        assert can(agent, next(one for one in waiting if one.call_ref == chosen[0]))


@given(queues(), desks())
def test_the_smallest_key_anybody_can_serve_goes_first_to_the_longest_idle(waiting, ready):
    able = [(one.key, one.call_ref) for one in waiting if any(can(agent, one) for agent in ready)]
    chosen = pick(waiting, ready)
    if not able:
        assert chosen is None
        return
    first = next(one for one in waiting if one.call_ref == min(able)[1])
    longest = min((agent.idle_since, agent.agent) for agent in ready if can(agent, first))
    assert chosen == (first.call_ref, longest[1])


@given(queues(), desks(), st.randoms(use_true_random=False))
def test_the_order_in_which_callers_and_agents_are_listed_changes_nothing(waiting, ready, shuffler: random.Random):
    shuffled, others = waiting[:], ready[:]
    shuffler.shuffle(shuffled)
    shuffler.shuffle(others)
    assert list(pairs(waiting, ready)) == list(pairs(shuffled, others))


@given(queues(), desks())
def test_pairs_use_nobody_twice_and_leave_no_caller_whom_a_free_agent_could_serve(waiting, ready):
    made = list(pairs(waiting, ready))
    callers, agents = {one.call_ref for one, _ in made}, {one.agent for _, one in made}
    assert len(callers) == len(agents) == len(made)
    for left in (one for one in waiting if one.call_ref not in callers):
        assert not any(can(agent, left) for agent in ready if agent.agent not in agents)


@given(queues())
def test_every_caller_has_a_place_of_his_own(waiting):
    places = [position(waiting, one.call_ref) for one in waiting]
    assert sorted(places) == list(range(1, len(waiting) + 1))


@given(queues())
def test_callers_are_served_in_the_order_of_the_places_they_were_told(waiting):
    free = [one for one in waiting if not one.not_agents]
    served = []
    while free:
        chosen = pick(free, [Ready("A00", frozenset(SKILLS), 0.0)])
        assert chosen is not None
        assert position(free, chosen[0]) == 1
        served.append(chosen[0])
        free = [one for one in free if one.call_ref != chosen[0]]
    assert len(served) == sum(not one.not_agents for one in waiting)


@given(moments, st.sampled_from(sorted(HEAD_START_S)), st.sampled_from(sorted(HEAD_START_S)), st.floats(0, 1e6))
def test_nobody_starves_a_head_start_is_used_up_by_waiting(entered_at, priority, other, later_s):
    early, late = caller("early", entered_at, priority), caller("late", entered_at + later_s, other)
    lead = HEAD_START_S[other] - HEAD_START_S[priority]
    chosen = pick([late, early], [Ready("A00", frozenset(), 0.0)])
    if later_s > lead + 0.001:
        assert chosen == ("early", "A00")
    elif later_s < lead - 0.001:
        assert chosen == ("late", "A00")


def test_danger_goes_before_everybody_who_waits_within_the_day():
    longest = caller("flagged", 1.8e9 - 3600, priority=1)
    assert pick([longest, caller("danger", 1.8e9, priority=0)], [Ready("A01", frozenset(), 0.0)]) == ("danger", "A01")


def test_a_caller_nobody_can_serve_holds_nobody_up():
    urdu, hindi = caller("urdu", 1.8e9 - 500, skills=["lang:ur"]), caller("hindi", skills=["lang:hi"])
    assert pick([urdu, hindi], [Ready("A01", frozenset(["lang:hi"]), 0.0)]) == ("hindi", "A01")


def test_equally_idle_agents_are_taken_by_code():
    ready = [Ready("A09", frozenset(), 5.0), Ready("A02", frozenset(), 5.0)]
    assert pick([caller("one")], ready) == ("one", "A02")


def test_whoever_is_not_waiting_has_no_place():
    assert position([caller("one")], "two") is None


def test_an_unknown_priority_is_refused():
    with pytest.raises(ValueError, match="priority 7"):
        routing_key(1.8e9, 7)


def test_categories_stand_in_one_line_languages_and_companies_do_not():
    supply = frozenset({"co:PV", "lang:hi", "cat:SUP"})
    assert one_line(supply, frozenset({"co:PV", "lang:hi", "cat:BILL"}))
    assert not one_line(supply, frozenset({"co:PV", "lang:ur", "cat:SUP"}))
    assert not one_line(supply, frozenset({"co:DV", "lang:hi", "cat:SUP"}))


@given(st.integers(0, 500), st.integers(1, 300), st.floats(1, 3600))
def test_the_spoken_wait_is_a_range_around_the_mean(ahead, agents, handle_time_s):
    spoken = expected_wait_s(ahead, agents, handle_time_s)
    assert spoken is not None
    assert 0 <= spoken[0] < (ahead + 1) * handle_time_s / agents < spoken[1]


@pytest.mark.parametrize(("ahead", "agents"), [(0, 1), (3, 2), (20, 4)])
def test_eight_waits_in_ten_fall_into_the_spoken_range(ahead, agents):
    dice = random.Random(1912)  # noqa: S311 - a model of callers, no secret
    handle_s, rounds = 180.0, 8_000
    spoken = expected_wait_s(ahead, agents, handle_s)
    assert spoken is not None
    waits = [sum(dice.expovariate(agents / handle_s) for _ in range(ahead + 1)) for _ in range(rounds)]
    share = sum(spoken[0] <= wait <= spoken[1] for wait in waits) / rounds
    assert math.isclose(share, 0.8, abs_tol=0.02)


def test_with_nobody_serving_no_wait_is_spoken():
    assert expected_wait_s(3, 0, 180.0) is None


@pytest.mark.parametrize(("ahead", "handle_s"), [(-1, 180.0), (0, 0.0)])
def test_an_impossible_wait_is_refused(ahead, handle_s):
    with pytest.raises(ValueError, match="ahead"):
        expected_wait_s(ahead, 2, handle_s)
