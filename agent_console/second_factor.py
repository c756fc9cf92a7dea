"""Codes of a second factor: TOTP (RFC 6238) with six digits every thirty seconds, and recovery codes.

SHA-1, because it is the one every authenticator app knows; nothing here rests on what SHA-1 is weak in (collisions).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata
from datetime import datetime
from urllib.parse import quote

ISSUER = "Sunwai"
STEP_S, DIGITS = 30, 6
WINDOW = 1
"""So many steps before and after the present one count as well: clocks of telephones differ, and typing takes time."""

RECOVERY_CODES = 10
_SECRET_BYTES, _RECOVERY_BYTES, _GROUP = 20, 10, 4


def new_secret() -> str:
    """160 bits (RFC 4226 section 4), as base32 without padding."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def uri_of(login: str, secret: str) -> str:
    """The otpauth:// URI by which authenticator apps take a secret over."""
    parameters = f"secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}"
    return f"otpauth://totp/{ISSUER}:{quote(login, safe='')}?{parameters}"


def step_at(now: datetime) -> int:
    """The number of the time step in which `now` lies."""
    return int(now.timestamp()) // STEP_S


def code_of(secret: str, step: int) -> str:
    """The code of a time step: of the digest four bytes from the place its last half byte names, without the sign."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    place = digest[-1] & 0x0F
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def fitting_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """The time step whose code this is, if it lies in the window and after `last_step`; None otherwise.

    A code counts once (RFC 6238 section 5.2), and so does every one before it.
    """
    here = step_at(now)
    for step in range(max(here - WINDOW, last_step + 1), here + WINDOW + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            return step
    return None


def as_typed(text: str) -> str:
    """What a person typed, without spaces and dashes, letters large, digits of any script as 0 to 9."""
    return "".join(str(unicodedata.digit(one, one)) for one in text.upper() if one.isalnum())


def is_code(typed: str) -> bool:
    """True for what can be a code of an app; anything else can only be a recovery code."""
    return len(typed) == DIGITS and typed.isascii() and typed.isdigit()


def new_recovery_codes() -> tuple[str, ...]:
    """Of 80 bits each, as four groups of four letters and digits: none can be guessed from its digest."""
    return tuple(
        _grouped(base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)
    )


def _grouped(text: str) -> str:
    return "-".join(text[place : place + _GROUP] for place in range(0, len(text), _GROUP))


def digest(recovery_code: str) -> str:
    """What the books keep of a recovery code, however it was typed."""
    return hashlib.sha256(as_typed(recovery_code).encode()).hexdigest()
