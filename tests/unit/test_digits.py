"""Check digits: what a slip on a keypad may never become."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.digits import CONSUMER_DIGITS, DOCKET_DIGITS, check_digit, is_valid, with_check_digit

dockets = st.integers(0, 10 ** (DOCKET_DIGITS - 1) - 1).map(lambda serial: with_check_digit(serial, DOCKET_DIGITS))


def test_the_published_example_of_damm_holds():
    assert check_digit("572") == "4"


@given(number=dockets)
def test_a_number_made_here_is_valid(number):
    assert len(number) == DOCKET_DIGITS
    assert is_valid(number, DOCKET_DIGITS)


@given(number=dockets)
def test_every_single_wrong_digit_is_caught(number):
    for place, right in enumerate(number):
        for wrong in set("0123456789") - {right}:
            assert not is_valid(number[:place] + wrong + number[place + 1 :], DOCKET_DIGITS)


@given(number=dockets)
def test_every_swap_of_two_neighbours_is_caught(number):
    for place in range(DOCKET_DIGITS - 1):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert is_valid(swapped, DOCKET_DIGITS) == (swapped == number)


@given(serial=st.integers(0, 10 ** (CONSUMER_DIGITS - 1) - 1))
def test_consumer_numbers_follow_the_same_rule(serial):
    number = with_check_digit(serial, CONSUMER_DIGITS)
    assert number[:-1] == f"{serial:09d}"
    assert is_valid(number, CONSUMER_DIGITS)
    assert not is_valid(number, DOCKET_DIGITS)


@pytest.mark.parametrize(
    "number", ["", "1234567", "123456789", "1234567a", " 1234567", "१२३४५६७८", "12-34567", "²1234567"]
)
def test_what_is_no_number_of_that_length_is_not_valid(number):
    assert not is_valid(number, DOCKET_DIGITS)


@pytest.mark.parametrize(("serial", "length"), [(10_000_000, 8), (-1, 8), (1_000_000_000, 10)])
def test_a_serial_that_does_not_fit_is_refused(serial, length):
    with pytest.raises(ValueError, match=f"does not fit into {length - 1} digits"):
        with_check_digit(serial, length)


@pytest.mark.parametrize("digits", ["12x", "१२", "1 2", "-1"])
def test_only_the_digits_0_to_9_have_a_check_digit(digits):
    with pytest.raises(ValueError, match="0 to 9"):
        check_digit(digits)
