"""Written messages: a registered template and its variables, to one address, once per event."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from complaints import letters
from complaints.records import Category, Company, Docket, Officer, Settlement, State

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
PURVI = Company("PV", "Purvi Vidyut")
KARACHI = Company("KE", "Karachi", timezone="Asia/Karachi")
FUSE = Category("SUP-FUSE", {"hi": "बिजली नहीं", "ur": "بجلی نہیں", "en": "No supply"}, 4, 8, 2, 20)
DOCKET = Docket(
    "10000012",
    "PV",
    "SUP-FUSE",
    State.ASSIGNED,
    1,
    Settlement.URBAN,
    "ur",
    NOW,
    NOW + timedelta(hours=4),
    owner="J09",
    phone="+915000012345",
    unit="SD-01",
)
J09 = Officer("J09", "PV", 1, "SD-01", "+915000000009")
TO_THE_CONSUMER = [
    lambda docket: letters.registered(docket, FUSE, PURVI),
    letters.reopened,
    letters.closed,
    letters.not_reached,
]


@pytest.mark.parametrize("write", TO_THE_CONSUMER)
def test_the_consumer_is_written_to_in_his_language_with_his_number(write):
    message = write(DOCKET)
    assert (message.language, message.to, message.docket) == ("ur", "+915000012345", "10000012")
    assert message.variables["docket"] == "10000012"
    assert all(isinstance(value, str) for value in message.variables.values())


def test_the_first_message_names_the_kind_in_his_script_and_the_promised_local_time():
    assert letters.registered(DOCKET, FUSE, PURVI).variables["category"] == "بجلی نہیں"
    assert letters.registered(DOCKET, FUSE, PURVI).variables["due"] == "24-11-2026 05:30"
    assert letters.registered(DOCKET, FUSE, KARACHI).variables["due"] == "24-11-2026 05:00"


@pytest.mark.parametrize("message", [letters.assigned(DOCKET, J09), letters.not_satisfied(DOCKET, "J09")])
def test_an_officer_is_written_to_by_his_code_and_learns_nothing_of_the_consumer(message):
    assert message.to == "officer:J09"
    assert set(message.variables) == {"docket", "category", "level"}
    assert "5000012345" not in str(message)


def test_one_event_has_one_cause_and_another_event_another():
    written = [write(DOCKET) for write in TO_THE_CONSUMER]
    written += [letters.assigned(DOCKET, J09), letters.not_satisfied(DOCKET, "J09")]
    causes = [message.cause for message in written]
    assert len(causes) == len(set(causes))
    assert [write(DOCKET).cause for write in TO_THE_CONSUMER] == causes[:4]


@pytest.mark.parametrize("later", [{"reopened": 1}, {"claims": 1}])
def test_the_same_event_of_a_later_round_is_written_again(later):
    assert letters.closed(replace(DOCKET, **later)).cause != letters.closed(DOCKET).cause


def test_an_officer_on_a_higher_rung_is_told_even_when_it_is_the_same_man():
    assert letters.assigned(replace(DOCKET, level=2), J09).cause != letters.assigned(DOCKET, J09).cause
