"""Check digits: a docket number is seven digits and one Damm digit, a consumer number nine and one.

Damm (2004) catches every single wrong digit and every swap of two neighbours, the two slips people make on a keypad
(scenario H23): a mis-keyed number is refused, never somebody else's docket.
"""

from __future__ import annotations

# The totally anti-symmetric quasigroup of order 10 given in Damm's thesis.
_TABLE = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

DOCKET_DIGITS = 8
CONSUMER_DIGITS = 10


def check_digit(digits: str) -> str:
    """The Damm digit that makes `digits` valid. Only 0-9 are allowed; anything else is a ValueError."""
    interim = 0
    for digit in digits:
        if not "0" <= digit <= "9":
            raise ValueError("a number may only hold the digits 0 to 9")
        interim = _TABLE[interim][int(digit)]
    return str(interim)


def with_check_digit(serial: int, length: int) -> str:
    """`serial` as a number of `length` digits in all, the last one being its check digit."""
    body = f"{serial:0{length - 1}d}"
    if serial < 0 or len(body) != length - 1:
        raise ValueError(f"serial does not fit into {length - 1} digits")
    return body + check_digit(body)


def is_valid(number: str, length: int) -> bool:
    """True when `number` has `length` digits and its check digit is right."""
    return len(number) == length and number.isascii() and number.isdigit() and check_digit(number) == "0"
