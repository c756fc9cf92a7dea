"""Codes of a second factor: RFC 6238's own vectors, the window, each code once, and what people type."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from agent_console import second_factor
from agent_console.second_factor import as_typed, code_of, fitting_step, is_code, step_at
from storage.second_factors import SecondFactor

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 23, 10, 0, 7, tzinfo=UTC)
HERE = step_at(NOW)


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b_come_out_with_six_digits(seconds, eight_digits):
    assert code_of(SECRET, step_at(datetime.fromtimestamp(seconds, UTC))) == eight_digits[-6:]


@pytest.mark.parametrize(("away", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_one_step_before_and_after_and_no_further(away, counts):
    found = fitting_step(SECRET, code_of(SECRET, HERE + away), NOW, last_step=0)
    assert found == (HERE + away if counts else None)


def test_a_code_that_was_taken_counts_no_more_and_none_before_it():
    codes = {away: code_of(SECRET, HERE + away) for away in (-1, 0, 1)}
    assert fitting_step(SECRET, codes[0], NOW, last_step=HERE) is None
    assert fitting_step(SECRET, codes[-1], NOW, last_step=HERE) is None
    assert fitting_step(SECRET, codes[1], NOW, last_step=HERE) == HERE + 1
    assert fitting_step(SECRET, codes[1], NOW + timedelta(seconds=30), last_step=HERE + 1) is None


def test_another_secrets_code_and_no_code_at_all_do_not_fit():
    assert fitting_step(second_factor.new_secret(), code_of(SECRET, HERE), NOW, last_step=0) is None
    for typed in ("", "1", "हाँ", code_of(SECRET, HERE) + "0"):
        assert fitting_step(SECRET, typed, NOW, last_step=0) is None


@pytest.mark.parametrize("text", ["287 082", " 287-082 ", "२८७०८२", "۲۸۷۰۸۲", "287082"])
def test_a_code_may_be_typed_with_spaces_and_in_the_digits_of_any_keyboard(text):
    assert as_typed(text) == "287082"
    assert is_code(as_typed(text))


def test_recovery_codes_are_ten_different_ones_known_by_their_digest_however_typed():
    codes = second_factor.new_recovery_codes()
    assert len({second_factor.digest(code) for code in codes}) == 10
    assert set(codes).isdisjoint(second_factor.new_recovery_codes())
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
        assert not is_code(as_typed(code))
        assert second_factor.digest(code.lower().replace("-", " ")) == second_factor.digest(code)
        assert code not in second_factor.digest(code)


def test_a_secret_has_160_bits_and_its_uri_tells_an_app_all_it_needs():
    secret = second_factor.new_secret()
    assert len(base64.b32decode(secret)) == 20
    assert secret != second_factor.new_secret()
    uri = urlsplit(second_factor.uri_of("j 09?", secret))
    assert (uri.scheme, uri.netloc, unquote(uri.path)) == ("otpauth", "totp", "/Sunwai:j 09?")
    assert parse_qs(uri.query) == {
        "secret": [secret],
        "issuer": ["Sunwai"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


def test_a_secret_is_not_written_where_its_record_is():
    assert SECRET not in repr(SecondFactor(SECRET, confirmed=True, last_step=0, recovery_codes_left=10))
