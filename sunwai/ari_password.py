"""The hash under which Asterisk knows an ARI password: sha1crypt (NetBSD's crypt, "$sha1$"), with few rounds.

Asterisk computes the hash anew for every request, also for each one over a WebSocket: with SHA-512 crypt's least rounds
that was a fifth of its CPU under load (measured). Rounds protect words that people choose; our secret is 256 random
bits, which no number of guesses finds, so that four rounds do.
"""

from __future__ import annotations

import hashlib
import hmac

ROUNDS = 4
_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def crypted(secret: str) -> str:
    """The hash of `secret`. Its salt follows from it, so that a second set-up writes the same file."""
    return sha1crypt(secret, hashlib.sha256(b"salt of " + secret.encode()).hexdigest()[:8], ROUNDS)


def sha1crypt(secret: str, salt: str, rounds: int) -> str:
    """HMAC-SHA1 of salt and rounds under the secret, applied again `rounds` - 1 times."""
    digest = f"{salt}$sha1${rounds}".encode()
    for _ in range(rounds):
        digest = hmac.new(secret.encode(), digest, hashlib.sha1).digest()
    # 20 bytes in threes; the last group borrows the first byte.
    wrapped = digest + digest[:1]
    groups = (int.from_bytes(wrapped[start : start + 3], "big") for start in range(0, 21, 3))
    return f"$sha1${rounds}${salt}${''.join(_in_letters(group) for group in groups)}"


def _in_letters(value: int) -> str:
    return "".join(_LETTERS[value >> shift & 63] for shift in (0, 6, 12, 18))
