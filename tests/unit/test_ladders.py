"""Callback ladders: when the next try is due and what follows the last (design 3.15)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import clocks, ladders
from complaints.records import Company

PURVI = Company("PV", "Purvi Vidyut")
MORNING = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""10:30 in Kolkata."""
NIGHT = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
"""02:00 in Kolkata."""
LADDERS = (ladders.PROMISE, ladders.LOST_CALLER, ladders.SATISFACTION)


def minutes(ladder, now):
    found = (ladders.next_try(ladder, tried, now, PURVI) for tried in range(ladder.tries))
    return [(moment - now) / timedelta(minutes=1) for moment in found]


def test_a_callback_asked_for_is_tried_at_once_then_after_5_and_20_minutes():
    assert minutes(ladders.PROMISE, MORNING) == [0, 5, 20]


def test_a_callback_asked_for_rings_at_two_in_the_night_as_well():
    assert minutes(ladders.PROMISE, NIGHT) == [0, 5, 20]


def test_satisfaction_is_asked_in_three_slots_within_24_hours_and_in_calling_hours():
    first, second, third = (
        ladders.next_try(ladders.SATISFACTION, tried, now, PURVI)
        for tried, now in enumerate((MORNING, MORNING, MORNING + timedelta(hours=4)))
    )
    assert (first, second) == (MORNING, MORNING + timedelta(hours=4))
    assert third - first < timedelta(hours=24)
    assert clocks.in_calling_hours(PURVI, third)


def test_the_fourth_try_is_an_agents_call_and_the_ladder_ends_with_it():
    assert [attempt for attempt in range(1, 6) if ladders.SATISFACTION.by_agent(attempt)] == [4, 5]
    assert ladders.SATISFACTION.tries == 4
    assert not any(ladders.PROMISE.by_agent(attempt) for attempt in range(1, 6))


def test_a_lost_caller_is_rung_once_and_not_at_night():
    assert ladders.LOST_CALLER.tries == 1
    assert ladders.next_try(ladders.LOST_CALLER, 0, NIGHT, PURVI) == clocks.next_calling_time(PURVI, NIGHT) > NIGHT


@pytest.mark.parametrize("ladder", LADDERS, ids=lambda ladder: ladder.kind)
def test_after_the_last_rung_there_is_no_other(ladder):
    assert [ladders.next_try(ladder, ladder.tries + more, MORNING, PURVI) for more in range(3)] == [None] * 3


@given(
    ladder=st.sampled_from(LADDERS),
    tried=st.integers(0, 5),
    hour=st.integers(0, 47),
)
def test_no_ladder_rings_in_the_past_nor_outside_its_hours(ladder, tried, hour):
    now = MORNING + timedelta(hours=hour)
    moment = ladders.next_try(ladder, tried, now, PURVI)
    assert (moment is None) == (tried >= ladder.tries)
    if moment is not None:
        assert moment >= now
        assert ladder.any_hour or clocks.in_calling_hours(PURVI, moment)


@pytest.mark.parametrize("now", [MORNING, NIGHT])
def test_who_says_later_is_rung_later_and_in_calling_hours(now):
    moment = ladders.later(now, PURVI)
    assert moment >= now + timedelta(minutes=ladders.LATER_MIN)
    assert clocks.in_calling_hours(PURVI, moment)
