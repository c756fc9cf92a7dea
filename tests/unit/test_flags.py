"""Flags of a consumer: which bring him forward, which slows the menus, and how they change."""

from __future__ import annotations

import pytest

from complaints.flags import FLAGS, PRIORITY, SLOW, changed, comes_first, wants_slow


def test_every_flag_of_the_table_means_one_of_two_things():
    assert set(FLAGS.values()) == {PRIORITY, SLOW}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_does_what_the_table_says_and_no_more(flag):
    assert comes_first([flag]) is (FLAGS[flag] == PRIORITY)
    assert wants_slow([flag]) is (FLAGS[flag] == SLOW)


def test_who_only_wants_the_menus_slower_goes_before_nobody():
    assert not comes_first(["slow_mode"])
    assert comes_first(["slow_mode", "senior"])
    assert not comes_first([])


def test_a_flag_that_came_with_imported_data_counts_as_priority_and_outlives_a_change():
    assert comes_first(["hospital"])
    assert not wants_slow(["hospital"])
    assert changed(["hospital", "slow_mode"], ["senior"], ["slow_mode"]) == ("senior", "hospital")


def test_flags_stand_in_the_order_of_the_table_and_a_change_made_twice_is_made_once():
    once = changed(["slow_mode"], ["disabled", "senior"], [])
    assert once == ("senior", "disabled", "slow_mode")
    assert changed(once, ["disabled"], ["medical_device"]) == once
