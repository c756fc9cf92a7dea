"""The wall clock of the line (design 3.16): due times, hours and promised times are decided by it.

A demo line may run it with an offset, which tests also move; waits, rings and leases use the monotonic clock instead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """`wall_now()` is UTC. `offset_s` seconds are added; a live line keeps it at 0."""

    def __init__(self, offset_s: float = 0.0) -> None:
        self.offset_s = offset_s

    def wall_now(self) -> datetime:
        return self.true_now() + timedelta(seconds=self.offset_s)

    def true_now(self) -> datetime:
        """UTC without the offset: for what is told by clocks of others, such as an authenticator app's."""
        return datetime.now(UTC)

    def jump(self, seconds: float) -> None:
        """Move the clock forward; for demos and tests."""
        self.offset_s += seconds
