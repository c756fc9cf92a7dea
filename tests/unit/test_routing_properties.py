"""Matching with fairness: what holds for every queue, every desk and every stream of callers (design 3.10).

Moments are eighths of a second, so that keys are exact and equal keys happen.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, pairwise, product

from hypothesis import given
from hypothesis import strategies as st

from dialplan.routing import HEAD_START_S, Ready, Waiting, expected_wait_s, pairs, pick, position, routing_key

T = 1_800_000_000.0
DANGER, FLAGGED, FUSE, PLAIN = 0, 1, 2, 3
WAIT_AT_MOST_S = 6 * 3600.0
"""Far longer than anybody is kept (queue.max_wait_s is minutes)."""

LANGUAGES, COMPANIES, FAMILIES = ("lang:hi", "lang:ur"), ("co:PV", "co:DV"), ("cat:SUP", "cat:BILL")
AGENTS = tuple(f"A{number:02}" for number in range(1, 9))

priorities = st.sampled_from(sorted(HEAD_START_S))
moments = st.one_of(st.integers(0, 8 * 30), st.integers(0, 8 * 1300), st.integers(0, 8 * int(WAIT_AT_MOST_S))).map(
    lambda eighths: T + eighths / 8
)
SKILLS = (LANGUAGES, COMPANIES, FAMILIES)
SOME = [[(words[0],), (words[1],), words] for words in SKILLS]
asked = st.sampled_from([frozenset(words) for words in product(*SKILLS)])
served = st.sampled_from([frozenset(chain(*several)) for several in product(*SOME)])


def caller(ref, entered_at, priority=PLAIN, skills=frozenset(), not_agents=frozenset()):
    return Waiting(ref, routing_key(entered_at, priority), skills, entered_at, priority, not_agents)


@st.composite
def queues(draw, most=8):
    return [
        caller(
            f"n1-{number:02}",
            draw(moments),
            draw(priorities),
            draw(asked),
            draw(st.frozensets(st.sampled_from(AGENTS), max_size=2)),
        )
        for number in range(draw(st.integers(0, most)))
    ]


@st.composite
def desks(draw):
    return [Ready(code, draw(served), draw(moments)) for code in draw(st.lists(st.sampled_from(AGENTS), unique=True))]


def can(agent, waiting):
    return waiting.skills <= agent.skills and agent.agent not in waiting.not_agents


def lead_s(one, other):
    """Seconds by which `one` may come later than `other` and still be taken before him."""
    return HEAD_START_S[one.priority] - HEAD_START_S[other.priority]


def before(one, other):
    """The rule itself, told without keys."""
    later_s = one.entered_at - other.entered_at
    return later_s < lead_s(one, other) or (later_s == lead_s(one, other) and one.call_ref < other.call_ref)


# --- one decision ----------------------------------------------------------------------------------------------------


@given(queues(), desks())
def test_danger_is_served_before_everybody_the_same_agent_could_serve(waiting, ready):
    made = list(pairs(waiting, ready))
    places = {served.call_ref: place for place, (served, _) in enumerate(made)}
    for place, (served, agent) in enumerate(made):
        if served.priority != DANGER:
            in_danger = [one for one in waiting if one.priority == DANGER and can(agent, one)]
            assert all(places.get(one.call_ref, len(made)) < place for one in in_danger)


@given(queues(), desks())
def test_nobody_is_served_before_one_whose_head_start_puts_him_first_and_whom_the_agent_could_serve(waiting, ready):
    made = list(pairs(waiting, ready))
    places = {served.call_ref: place for place, (served, _) in enumerate(made)}
    for place, (served, agent) in enumerate(made):
        for other in waiting:
            if other is not served and before(other, served) and can(agent, other):
                assert places.get(other.call_ref, len(made)) < place


@given(queues(), desks())
def test_pairs_come_best_caller_first(waiting, ready):
    made = [served for served, _ in pairs(waiting, ready)]
    assert all(before(one, other) for one, other in pairwise(made))


@given(queues(), desks())
def test_one_caller_has_one_agent_and_one_agent_has_one_caller(waiting, ready):
    made = list(pairs(waiting, ready))
    assert len({served.call_ref for served, _ in made}) == len(made)
    assert len({agent.agent for _, agent in made}) == len(made)


@given(queues(), desks())
def test_an_agent_gets_nobody_he_has_not_the_skills_for_or_is_kept_from(waiting, ready):
    for served, agent in pairs(waiting, ready):
        assert served.skills <= agent.skills
        assert agent.agent not in served.not_agents


@given(queues(), desks())
def test_nobody_waits_while_an_agent_who_could_serve_him_is_idle(waiting, ready):
    made = list(pairs(waiting, ready))
    served, busy = {one.call_ref for one, _ in made}, {one.agent for _, one in made}
    idle = [agent for agent in ready if agent.agent not in busy]
    assert not [one for one in waiting if one.call_ref not in served and any(can(agent, one) for agent in idle)]


@given(queues(), desks(), moments, priorities)
def test_a_caller_nobody_can_serve_changes_nothing_for_the_others(waiting, ready, entered_at, priority):
    stranger = caller("n1-nobody", entered_at, priority, frozenset({"lang:none"}))
    assert list(pairs([*waiting, stranger], ready)) == list(pairs(waiting, ready))


@given(queues(), desks(), moments)
def test_an_agent_who_can_serve_nobody_changes_nothing_for_the_others(waiting, ready, idle_since):
    assert list(pairs(waiting, [*ready, Ready("A00", frozenset(), idle_since)])) == list(pairs(waiting, ready))


@given(queues(), desks())
def test_of_the_agents_still_free_who_can_serve_him_a_caller_gets_the_longest_idle(waiting, ready):
    free = list(ready)
    for served, agent in pairs(waiting, ready):
        able = [one for one in free if can(one, served)]
        assert agent == min(able, key=lambda one: (one.idle_since, one.agent))
        free.remove(agent)


@given(queues(), desks(), queues(most=1))
def test_who_comes_later_takes_nobodys_agent_who_is_before_him(waiting, ready, late):
    newcomers = [replace(one, call_ref="n1-zz") for one in late]
    first = [one for one in waiting if all(before(one, newcomer) for newcomer in newcomers)]
    alone = [pair for pair in pairs(waiting, ready) if pair[0] in first]
    assert [pair for pair in pairs([*waiting, *newcomers], ready) if pair[0] in first] == alone


# --- the key is static -----------------------------------------------------------------------------------------------


@given(queues(), st.randoms(use_true_random=False))
def test_two_callers_stand_in_the_same_order_whoever_else_comes_or_goes(waiting, dice):
    places = {one.call_ref: position(waiting, one.call_ref) for one in waiting}
    left = dice.sample(waiting, dice.randint(0, len(waiting)))
    still = sorted(left, key=lambda one: position(left, one.call_ref))
    assert all(places[one.call_ref] < places[other.call_ref] for one, other in pairwise(still))


@given(queues(), desks(), st.integers(0, 10**6))
def test_the_hour_of_the_day_changes_no_decision(waiting, ready, later_s):
    moved = [replace(one, entered_at=one.entered_at + later_s, key=one.key + later_s) for one in waiting]
    assert [one.key for one in moved] == [routing_key(one.entered_at, one.priority) for one in moved]
    now, then = list(pairs(waiting, ready)), list(pairs(moved, ready))
    assert [(one.call_ref, agent.agent) for one, agent in now] == [(one.call_ref, agent.agent) for one, agent in then]


def test_head_starts_fall_with_the_priority_and_dangers_outlasts_every_wait():
    starts = [HEAD_START_S[priority] for priority in sorted(HEAD_START_S)]
    assert starts == sorted(starts, reverse=True)
    assert starts[DANGER] - starts[FLAGGED] > WAIT_AT_MOST_S
    assert starts[FLAGGED] > starts[FUSE] > starts[PLAIN]


# --- nobody starves --------------------------------------------------------------------------------------------------


@st.composite
def streams(draw):
    """Callers of every priority in the order they come, each at his own moment."""
    moment, found = T, []
    for number in range(draw(st.integers(1, 25))):
        moment += draw(st.integers(1, 8 * 60)) / 8
        found.append(caller(f"n1-{number:02}", moment, draw(priorities), draw(asked)))
    return found


@st.composite
def turns(draw):
    """Moments at which one agent becomes free, at any rate: bursts and pauses, quicker or slower than callers come."""
    moment, found = T, []
    pace = draw(st.sampled_from((2, 8 * 10, 8 * 90)))
    for _ in range(draw(st.integers(1, 30))):
        moment += draw(st.integers(0, pace)) / 8
        found.append((moment, Ready(draw(st.sampled_from(AGENTS)), draw(served), moment)))
    return found


def played(stream, free_moments):
    """(caller, agent, those who were waiting) of each call taken, in the order taken."""
    waiting, coming, taken = [], list(stream), []
    for moment, agent in free_moments:
        while coming and coming[0].entered_at <= moment:
            waiting.append(coming.pop(0))
        chosen = pick(waiting, [agent])
        if chosen is not None:
            one = next(one for one in waiting if one.call_ref == chosen[0])
            waiting.remove(one)
            taken.append((one, agent, tuple(waiting)))
    return taken


@given(streams(), turns())
def test_at_any_rate_nobody_is_overtaken_by_one_who_came_later_than_the_head_start(stream, free_moments):
    for taken, agent, still in played(stream, free_moments):
        for other in still:
            if can(agent, other) and taken.entered_at > other.entered_at:
                assert taken.entered_at - other.entered_at <= lead_s(taken, other)


@given(
    st.lists(st.integers(8 * 10, 8 * 120), min_size=1, max_size=20),
    st.lists(st.integers(0, 8 * 60), min_size=1, max_size=20),
    st.integers(0, 15),
    st.sampled_from([FLAGGED, FUSE]),
)
def test_a_plain_caller_comes_up_under_an_endless_stream_of_higher_priority(gaps, service, queued, priority):
    """Arrivals and services go on for ever, as fast or slow as they like. Before him go only those who wait already
    and those of the stream who come within the head start: a number he knows when he enters."""
    plain = caller("n1-plain", T)
    waiting = [*(caller(f"n0-{number:02}", T, priority) for number in range(queued)), plain]
    came, moment, number, overtaken = T, T, 0, 0
    while plain in waiting:
        moment += service[number % len(service)] / 8
        number += 1
        while (following := came + gaps[len(waiting) % len(gaps)] / 8) <= moment:
            came = following
            waiting.append(caller(f"n1-at-{came}", came, priority))
        chosen = pick(waiting, [Ready("A01", frozenset(), moment)])
        taken = next(one for one in waiting if one.call_ref == chosen[0])
        waiting.remove(taken)
        overtaken += taken is not plain
        # Once the head start is over, at least one of the smallest gap lies between two of the stream.
        assert overtaken <= queued + HEAD_START_S[priority] * 8 / min(gaps)
        assert taken.entered_at - T <= HEAD_START_S[priority]


@given(st.integers(16, 8 * 120), st.data(), st.integers(0, 20))
def test_below_capacity_a_plain_callers_wait_is_bounded_whatever_the_stream(gap, data, queued):
    """Flagged callers come every `gap` eighths of a second, each call is taken in less: `load` < 1."""
    service = data.draw(st.integers(1, gap - 1))
    gap_s, service_s = gap / 8, service / 8
    load = service_s / gap_s
    plain = caller("n1-plain", T)
    waiting = [*(caller(f"n0-{number:02}", T, FLAGGED) for number in range(queued)), plain]
    came, moment = T, T
    while plain in waiting:
        moment += service_s
        while came + gap_s <= moment:
            came += gap_s
            waiting.append(caller(f"n1-at-{came}", came, FLAGGED))
        chosen = pick(waiting, [Ready("A01", frozenset(), moment)])
        waiting = [one for one in waiting if one.call_ref != chosen[0]]
    backlog_s = (queued + 1) * service_s
    # The backlog melts at 1 - load per second; and when it does not melt soon, the head start is used up after 600 s.
    melted_s = backlog_s / (1 - load) + service_s
    used_up_s = backlog_s + (HEAD_START_S[FLAGGED] / gap_s) * service_s
    assert moment - T <= min(melted_s, used_up_s) + service_s


# --- what he is told -------------------------------------------------------------------------------------------------

lengths = st.integers(0, 500)
staffs = st.integers(1, 300)
handle_times = st.floats(1, 3600)


@given(lengths, staffs, handle_times)
def test_more_callers_ahead_is_never_told_as_a_shorter_wait(ahead, agents, handle_s):
    near, far = expected_wait_s(ahead, agents, handle_s), expected_wait_s(ahead + 1, agents, handle_s)
    assert near[0] <= far[0]
    assert near[1] < far[1]


@given(lengths, staffs, handle_times)
def test_one_agent_more_is_never_told_as_a_longer_wait(ahead, agents, handle_s):
    few, more = expected_wait_s(ahead, agents, handle_s), expected_wait_s(ahead, agents + 1, handle_s)
    assert more[0] <= few[0]
    assert more[1] < few[1]


@given(lengths, staffs, handle_times)
def test_the_told_range_narrows_with_its_length_compared_to_the_wait(ahead, agents, handle_s):
    near, far = expected_wait_s(ahead, agents, handle_s), expected_wait_s(4 * ahead + 4, agents, handle_s)
    assert far[1] / far[0] < near[1] / near[0] if near[0] else near[0] == 0
