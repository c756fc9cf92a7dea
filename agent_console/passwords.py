"""Passwords: argon2id, off the event loop, and the same effort for names that do not exist."""

from __future__ import annotations

import asyncio
import secrets
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LIMIT_S = 10.0
SHORTEST, LONGEST = 10, 256
"""Characters of a password that is given now; older ones stay."""
_LETTERS, _GROUPS, _OF_A_GROUP = "abcdefghjkmnpqrstuvwxyz23456789", 4, 4
"""Without letters that are read as others: it is told over a desk or a telephone. 16 of them are 79 bits."""
_AT_ONCE = 2
"""Each check takes tens of MiB and a core: more at once would starve the pages of those who are at work."""


def hashed(password: str) -> str:
    """The argon2id hash to be kept for a log-in. Takes some tenths of a second."""
    return PasswordHasher().hash(password)


def made_up() -> str:
    """A password nobody has had, such as "k3fm-w9xq-7hpn-c2dr", to be told once."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_OF_A_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


class Passwords:
    """Checks and hashes passwords in threads of its own."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="passwords")
        self._hasher = PasswordHasher()

    async def fits(self, password_hash: str | None, password: str) -> bool:
        """True when the password is the right one. Without a hash (no such log-in) it takes as long and is False.

        TimeoutError after LIMIT_S seconds.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LIMIT_S):
            return await loop.run_in_executor(self._threads, self._fits, password_hash, password)

    async def hashed(self, password: str) -> str:
        """The argon2id hash to be kept. TimeoutError after LIMIT_S seconds."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(LIMIT_S):
            return await loop.run_in_executor(self._threads, self._hasher.hash, password)

    def _fits(self, password_hash: str | None, password: str) -> bool:
        try:
            fits = self._hasher.verify(password_hash or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return fits and password_hash is not None

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("nobody has this password")

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
