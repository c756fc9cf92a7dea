"""Promises of the demo's people, network and consumers: sizes, shares, codes and numbers."""

import re
from collections import Counter
from itertools import product

import pytest

from complaints.digits import CONSUMER_DIGITS, is_valid
from storage.people import Role
from sunwai import demo_consumers, demo_people, reference

ORGANISATION = reference.organisation()
STAFF = demo_people.officers(ORGANISATION)
NETWORK = demo_consumers.network(ORGANISATION)


@pytest.fixture(scope="module")
def consumers():
    return demo_consumers.consumers(ORGANISATION, NETWORK, STAFF)


@pytest.fixture(scope="module")
def main(consumers):
    return [consumer for consumer in consumers if consumer.company == "PV"]


@pytest.fixture
def logins():
    return {login.name: login for login in demo_people.logins(ORGANISATION, STAFF, "hash")}


def test_the_demo_is_the_same_every_time(consumers):
    assert demo_consumers.consumers(ORGANISATION, NETWORK, STAFF) == consumers


def test_every_number_has_ten_digits_beginning_with_50000(consumers):
    numbers = {each.phone for each in (*consumers, *STAFF) if each.phone}
    assert len(numbers) > 9000
    assert all(re.fullmatch(r"\+9150000\d{5}", number) for number in numbers)


def test_every_consumer_number_is_its_own_and_has_its_check_digit(consumers):
    assert len({consumer.number for consumer in consumers}) == len(consumers)
    assert all(is_valid(consumer.number, CONSUMER_DIGITS) for consumer in consumers)


def test_the_shares_of_the_consumers_are_those_of_the_reference(main):
    staff = {officer.phone for officer in STAFF}
    phones = Counter(consumer.phone for consumer in main if consumer.phone)
    shared = {number: uses for number, uses in phones.items() if uses > 1 and number not in staff}

    assert len(main) == 12_000
    assert sum(phones.values()) == 9360
    assert sum(shared.values()) == 720
    assert set(shared.values()) == {2, 3}
    assert sum(uses for number, uses in phones.items() if number in staff or number >= "+915000080000") == 360
    assert any(number in staff for number in phones)
    assert sum(bool(consumer.flags) for consumer in main) == 480
    assert Counter(consumer.language for consumer in main) == {"hi": 9840, "ur": 1320, "en": 840}


def test_every_connection_hangs_on_a_transformer_of_its_own_sub_division(consumers):
    units = {transformer.id: transformer.unit for transformer in NETWORK.transformers}
    settlements = {unit.id: unit.settlement for unit in ORGANISATION.units}

    assert all(units[consumer.transformer] == consumer.unit for consumer in consumers)
    assert all(consumer.settlement is settlements[consumer.unit] for consumer in consumers)
    assert {consumer.transformer for consumer in consumers} == set(units)


def test_the_network_has_480_transformers_on_48_feeders_of_12_sub_stations():
    feeders = [feeder for feeder in NETWORK.feeders if feeder.company == "PV"]
    transformers = [each for each in NETWORK.transformers if each.feeder in {feeder.id for feeder in feeders}]

    assert (len(feeders), len(transformers)) == (48, 480)
    assert sum(feeder.settlement == "urban" for feeder in feeders) == 30
    assert len({feeder.name.partition(",")[0] for feeder in feeders}) == 12
    assert len({feeder.name for feeder in feeders}) == 48
    assert "DT-0713" in {each.id for each in transformers if each.feeder == "F-07"}


def test_the_probe_has_a_caller_with_one_connection_one_with_three_and_one_with_a_flag(consumers):
    probe = [consumer for consumer in consumers if consumer.company == "PROBE"]

    assert Counter(consumer.phone for consumer in probe) == {
        "+915000000001": 1,
        "+915000000002": 1,
        "+915000000003": 3,
    }
    assert [consumer.phone for consumer in probe if consumer.flags] == ["+915000000002"]
    assert {consumer.language for consumer in probe} == {"marker"}


def test_the_three_connections_of_one_phone_differ_in_their_last_four_digits(consumers):
    ends = [consumer.number[-4:] for consumer in consumers if consumer.phone == "+915000000003"]
    assert len(set(ends)) == 3


def test_each_place_has_an_officer_on_every_rung():
    parents = {unit.id: unit.parent for unit in ORGANISATION.units}
    for unit in (*ORGANISATION.of("PV", "subdivision"), *ORGANISATION.of("PROBE", "subdivision")):
        above, here = set(), unit.id
        while here:
            above.add(here)
            here = parents[here]
        assert {officer.level for officer in STAFF if officer.unit in above} == {1, 2, 3, 4, 5, 6}


def test_the_ladder_has_the_sizes_of_the_reference():
    levels = Counter(officer.level for officer in STAFF if officer.company == "PV")
    assert levels == {1: 60, 2: 20, 3: 8, 4: 4, 5: 2, 6: 1}
    assert len({officer.code for officer in STAFF}) == len({officer.phone for officer in STAFF}) == len(STAFF)


def test_everybody_has_a_log_in_by_his_code(logins):
    roles = Counter(role for login in logins.values() if login.company == "PV" for role in login.roles)

    assert roles == {
        Role.AGENT: 40,
        Role.SUPERVISOR: 5,
        Role.AUDITOR: 2,
        Role.OFFICER: 95 + 8,
        Role.INSPECTOR: 1,
        Role.VIGILANCE: 1,
        Role.ADMINISTRATOR: 1,
    }
    assert logins["A17"].agent == "A17"
    assert (logins["J09"].officer, logins["J09"].unit) == ("J09", "SD-03")
    assert logins["N08"].unit == "DV-8"


def test_the_second_company_and_the_probe_have_people_of_their_own(logins):
    assert {login.company for login in logins.values()} == {"PV", "UV", "PROBE", None}
    assert [login.name for login in logins.values() if login.company is None] == ["Z00"], "the whole line's"
    assert set(logins["P01"].languages) == {"marker", "hi", "ur", "en"}
    assert logins["P-L6"].company == "PROBE"


def test_agents_of_every_language_take_every_kind_of_complaint(logins):
    agents = [login for login in logins.values() if login.company == "PV" and login.agent]
    for language, category in product(("hi", "ur", "en"), ("SAF", "SUP", "BILL", "METER", "STAFF", "OTHER")):
        able = [a for a in agents if language in a.languages and (not a.categories or category in a.categories)]
        assert len(able) >= 8, (language, category)


def test_two_vendors_employ_half_of_the_agents_each():
    assert Counter(demo_people.vendor_of(f"A{n:02d}") for n in range(1, 41)) == {"A": 20, "B": 20}
