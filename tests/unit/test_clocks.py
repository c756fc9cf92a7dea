"""The docket's clocks: promised times, calling hours and the rungs of escalation."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import clocks
from complaints.records import Category, Company, Settlement

FUSE = Category("SUP-FUSE", {"en": "No supply"}, urban_h=4, rural_h=8, priority=2, verify_after_min=20)
PURVI = Company("PV", "Purvi Vidyut")
KARACHI = Company("KE", "Karachi", timezone="Asia/Karachi")
PROBE = Company("PROBE", "Probe", hours=("00:00", "24:00"), verify_delay_min=0)
KOLKATA = ZoneInfo("Asia/Kolkata")
moments = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
companies = st.sampled_from([PURVI, KARACHI, PROBE])


def local(hour, minute=0, day=23):
    return datetime(2026, 11, day, hour, minute, tzinfo=KOLKATA).astimezone(UTC)


@pytest.mark.parametrize(
    ("settlement", "hours"), [(Settlement.URBAN, 4), (Settlement.RURAL, 8), (Settlement.REMOTE, 16)]
)
def test_the_class_of_place_decides_the_promised_hours(settlement, hours):
    assert clocks.promised_hours(FUSE, settlement) == hours
    assert clocks.due_at(local(10), FUSE, settlement) == local(10) + timedelta(hours=hours)


def test_the_rungs_are_reached_at_the_multiples_of_the_reference():
    begun = local(10)
    due = begun + timedelta(hours=4)
    hours = [(clocks.escalation_due(begun, due, level) - begun) / timedelta(hours=1) for level in (2, 3, 4, 5, 6)]
    assert hours == [4, 6, 8, 12, 16]


@given(begun=moments, hours=st.integers(1, 720))
def test_a_higher_rung_is_never_reached_before_a_lower_one(begun, hours):
    due = begun + timedelta(hours=hours)
    rungs = [clocks.escalation_due(begun, due, level) for level in range(2, 7)]
    assert rungs[0] == due
    assert rungs == sorted(rungs)


@pytest.mark.parametrize(
    ("moment", "allowed"),
    [
        (local(8, 59), False),
        (local(9), True),
        (local(13, 30), True),
        (local(20, 29), True),
        (local(20, 30), False),
        (local(0), False),
    ],
)
def test_service_calls_ring_from_nine_to_half_past_eight_local(moment, allowed):
    assert clocks.in_calling_hours(PURVI, moment) is allowed


def test_a_call_due_in_the_evening_waits_for_the_next_morning():
    assert clocks.next_calling_time(PURVI, local(21, 50)) == local(9, day=24)


def test_a_call_due_before_the_morning_waits_for_the_same_morning():
    assert clocks.next_calling_time(PURVI, local(2)) == local(9)


def test_the_hours_are_those_of_the_companys_own_zone():
    half_past_eight_in_kolkata = local(20, 30)
    assert clocks.in_calling_hours(KARACHI, half_past_eight_in_kolkata)


@given(moment=moments)
def test_a_company_open_day_and_night_never_waits(moment):
    assert clocks.next_calling_time(PROBE, moment) == moment


@given(company=companies, moment=moments)
def test_the_next_calling_time_is_in_hours_not_before_and_not_a_day_later(company, moment):
    found = clocks.next_calling_time(company, moment)
    assert clocks.in_calling_hours(company, found)
    assert moment <= found < moment + timedelta(days=1)
    assert found.utcoffset() == timedelta(0)
    assert clocks.in_calling_hours(company, moment) == (found == moment)
