"""Wrong passwords are slowed down twice: by address, in this process, and by log-in, in the books."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from storage.people import Login

FREE_FAILURES = 5
"""So many wrong passwords of one log-in cost nothing but the asking."""

LOCK_MAX = timedelta(minutes=15)
_ADDRESSES = 10_000


def locked_until(login: Login) -> datetime | None:
    """Until when this log-in is not even tried: one minute after the fifth failure, doubled with each more, at most 15.

    Never for good: whoever knows a name must not be able to keep its owner out for a shift.
    """
    if login.failures < FREE_FAILURES or login.failed_at is None:
        return None
    minutes = 2 ** min(login.failures - FREE_FAILURES, 10)
    return login.failed_at + min(timedelta(minutes=minutes), LOCK_MAX)


class FailureLimit:
    """Failed log-ins by address: `allowed` of them within `window_s` seconds of the monotonic clock."""

    def __init__(self, allowed: int = 20, window_s: float = 300.0) -> None:
        self._allowed = allowed
        self._window_s = window_s
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        failed = self._recent(address, now)
        return failed[0] + self._window_s - now if len(failed) >= self._allowed else 0.0

    def note(self, address: str, now: float) -> None:
        """One more failure. The addresses longest silent are forgotten, so that memory stays bounded."""
        failed = self._recent(address, now)
        failed.append(now)
        self._failed[address] = failed
        self._failed.move_to_end(address)
        while len(self._failed) > _ADDRESSES:
            self._failed.popitem(last=False)

    def _recent(self, address: str, now: float) -> deque[float]:
        failed = self._failed.get(address, deque(maxlen=self._allowed))
        while failed and failed[0] <= now - self._window_s:
            failed.popleft()
        return failed
