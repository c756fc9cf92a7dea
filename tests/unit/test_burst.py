"""The replay of a burst: nobody disappears in it, and it behaves as queues do."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from ivr.holding import CALLBACK_ABOVE_S
from sunwai.bench import burst
from sunwai.bench import replay as replaying
from sunwai.bench.burst import SOURCES, Assumed, Caller, End, Policy, assumptions, callers, policies, row, rules_of
from sunwai.bench.replay import replay
from sunwai.bench.report import Results, as_json, show
from sunwai.settings import Settings

RULES = rules_of(Settings())
SMALL = replace(Assumed(), agents=4, usual_per_h=60, burst_calls=120, span_min=90)
PLAIN, CALLBACK, MESSAGE, BOTH, ALL, LATE = policies(Assumed())


def caller(number: int, after_s: float, **more) -> Caller:
    """One who asks for a person `after_s` seconds after the beginning, patient, talks 60 s, answers his phone."""
    given = {
        "of_outage": False, "patience_s": 1e6, "handle_s": 60.0, "takes_callback": False, "served_by_message": False,
        "answers": (True, True, True),
    }  # fmt: skip
    return Caller(f"c{number:03}", burst.BEGIN.timestamp() + after_s, **{**given, **more})


@pytest.mark.parametrize("policy", policies(Assumed()), ids=lambda one: one.name)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_call_offered_ends_exactly_once(policy, seed):
    day = callers(SMALL, seed)
    found = replay(day, policy, RULES, SMALL)
    assert found.offered == len(day) == sum(found.ends.values())
    assert set(found.ends) == set(End)
    promised = found.ends[End.CALLED_BACK] + found.ends[End.RUNG_BACK] + found.ends[End.NOT_REACHED]
    assert len(found.promises_s) + len(found.owed_s) == promised
    assert len(found.to_person_s) == sum(found.ends[end] for end in (End.TALKED, End.CALLED_BACK, End.RUNG_BACK))


def test_a_seed_gives_the_same_day_again_and_another_seed_another():
    assert callers(SMALL, 7) == callers(SMALL, 7)
    assert callers(SMALL, 7) != callers(SMALL, 8)
    assert replay(callers(SMALL, 7), ALL, RULES, SMALL) == replay(callers(SMALL, 7), ALL, RULES, SMALL)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_more_agents_never_lose_more_callers_of_a_plain_queue_who_talk_equally_long(seed, agents):
    day = [replace(one, handle_s=100.0) for one in callers(SMALL, seed)]
    fewer = replay(day, PLAIN, RULES, replace(SMALL, agents=agents))
    more = replay(day, PLAIN, RULES, replace(SMALL, agents=agents + 1))
    assert more.ends[End.LOST] <= fewer.ends[End.LOST]


def test_nobody_is_lost_when_who_leaves_is_rung_back_and_everybody_who_leaves_a_plain_queue_is():
    day = callers(SMALL, 3)
    plain, everything = replay(day, PLAIN, RULES, SMALL), replay(day, ALL, RULES, SMALL)
    assert plain.ends[End.LOST] == plain.abandoned > 0
    assert everything.ends[End.LOST] == 0 < everything.abandoned


def test_the_message_serves_nobody_before_the_centre_knows_of_the_outage():
    day = callers(SMALL, 4)
    assert replay(day, MESSAGE, RULES, SMALL).ends[End.SELF_SERVED] == sum(
        one.of_outage and one.served_by_message for one in day
    )
    assert replay(day, LATE, RULES, SMALL).ends[End.SELF_SERVED] == 0


def test_a_callback_keeps_the_place_of_its_caller():
    alone = replace(SMALL, agents=1)
    day = [caller(0, 0.0, handle_s=700.0), caller(1, 1.0), caller(2, 300.0), caller(3, 301.0)]
    found = replay(day, CALLBACK, RULES, alone)
    assert found.ends[End.CALLED_BACK] == 1
    # Promised at 601 s, and yet before the two who came at 300 s.
    assert found.promises_s == [pytest.approx(99.0 + SMALL.answer_s)]


def test_a_callback_is_offered_only_above_the_lines_own_threshold():
    alone = replace(SMALL, agents=1)
    two = [caller(0, 0.0), caller(1, 1.0, takes_callback=True)]
    short = replace(RULES, handle_time_s=CALLBACK_ABOVE_S / 4)
    assert replay(two, CALLBACK, short, alone).ends[End.CALLED_BACK] == 0
    assert replay(two, CALLBACK, RULES, alone).ends[End.CALLED_BACK] == 1


def test_a_promise_is_tried_at_the_ladders_times_and_then_stays_on_a_list():
    day = [caller(0, 0.0), caller(1, 1.0, takes_callback=True, answers=(False, False, False))]
    found = replay(day, CALLBACK, RULES, replace(SMALL, agents=1))
    assert found.ends[End.NOT_REACHED] == 1
    # 59 s until the agent is free, three tries of 30 s, 5 and 20 minutes between them.
    assert found.promises_s == [pytest.approx(59 + 3 * RULES.dial_timeout_s + 25 * 60)]


def test_who_hung_up_is_rung_once_and_not_at_night():
    late_s = 110 * 60.0  # 20:30 in India: calling hours are over
    day = [caller(0, late_s, handle_s=60), caller(1, late_s + 1, patience_s=20.0)]
    found = replay(day, Policy("left", left=True), RULES, replace(SMALL, agents=1))
    assert (found.abandoned, found.ends[End.RUNG_BACK], found.ends[End.LOST]) == (1, 1, 0)
    assert found.owed_s[0] == pytest.approx(12.5 * 3600 - 21 + SMALL.answer_s)
    silent = replace(day[1], answers=(True, True, False))
    assert replay([day[0], silent], Policy("left", left=True), RULES, SMALL).ends[End.NOT_REACHED] == 0
    assert (
        replay([day[0], silent], Policy("left", left=True), RULES, replace(SMALL, agents=1)).ends[End.NOT_REACHED] == 1
    )


def test_waiting_too_long_ends_in_a_promise_where_callbacks_are_made():
    day = [caller(0, 0.0, handle_s=3000.0), caller(1, 1.0)]
    found = replay(day, CALLBACK, RULES, replace(SMALL, agents=1))
    assert found.promises_s == [pytest.approx(2999 - RULES.max_wait_s + SMALL.answer_s)]
    assert replay(day, PLAIN, RULES, replace(SMALL, agents=1)).ends[End.TALKED] == 2


def test_every_assumption_names_a_source_that_is_told():
    told = assumptions(Assumed())
    assert len(told) == len(fields(Assumed))
    assert {source for _, _, source in told} == set(SOURCES)


def test_the_table_is_printed_and_written(tmp_path, monkeypatch):
    monkeypatch.setattr(replaying, "Assumed", lambda: SMALL)
    rows = replaying.measure(Settings(), quick=True)
    assert [one.policy for one in rows] == [one.name for one in policies(SMALL)]
    facts = {"cores": 2, "asterisk": "22.10.1", "kernel": "6", "load_before": 0.1, "load_after": 1.0}
    results = Results("2026-11-22T00:00:00+00:00", 1.0, True, facts, (), (), burst=rows)
    paper = Console(record=True, width=140)
    show(results, paper)
    text = paper.export_text()
    assert "longest promise" in text
    assert "story F-12" in text
    assert '"longest_promise_min"' in as_json(results).decode()


def test_a_row_counts_all_days_together():
    outcomes = [replay(callers(SMALL, seed), CALLBACK, RULES, SMALL) for seed in (1, 2)]
    told = row(CALLBACK, outcomes)
    assert told.offered == sum(one.offered for one in outcomes) / 2
    assert sum(told.ends.values()) == pytest.approx(told.offered)
    assert told.longest_promise_min == max(max(one.promises_s) for one in outcomes) / 60
