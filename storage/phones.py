"""Telephone numbers: from whatever the network says to E.164, and back to what the trunk dials.

`is_possible`, not `is_valid` (design 3.17): demo numbers and new ranges are unknown to any table of valid ones.
1912 and 118 are short codes of our own and never a caller.
"""

from __future__ import annotations

import phonenumbers

SHORT_CODES = frozenset({"1912", "118"})


def e164(said: str, country: str) -> str | None:
    """The number as E.164 ("+915000012345"); None when withheld, a short code, or no possible number."""
    digits = said.strip()
    if not digits or digits in SHORT_CODES or not any(char.isdigit() for char in digits):
        return None
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_of(number: str, country: str) -> bool:
    """True for an E.164 number of this country: what may be rung at somebody's wish, and nothing dearer."""
    if e164(number, country) != number:
        return False
    return phonenumbers.parse(number).country_code == phonenumbers.country_code_for_region(country)


def dialled(number: str, style: str) -> str:
    """What the trunk is asked to dial: `national` digits without trunk prefix, or `e164` with plus."""
    if style == "e164":
        return number
    return phonenumbers.national_significant_number(phonenumbers.parse(number))
