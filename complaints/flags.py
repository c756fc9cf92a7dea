"""What is known of a consumer that changes how he is heard: the flags of his record, and what follows from each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

PRIORITY, SLOW = "priority", "slow"
"""What a flag can mean: he is heard before callers of the same age; the line speaks and waits slowly for him."""

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "senior": PRIORITY,
        "disabled": PRIORITY,
        "woman_asked": PRIORITY,
        "medical_device": PRIORITY,
        "slow_mode": SLOW,
    }
)
"""Every flag people may set, in the order it is offered, and what it means. Flags are told by the consumer himself or
seen in his papers, never guessed from a voice (domain.md 3.1, row 14)."""


def comes_first(flags: Collection[str]) -> bool:
    """True when he is heard before callers of the same age. A flag that came with imported data and is not of the
    table counts as priority: who entered it meant something by it."""
    return any(FLAGS.get(flag, PRIORITY) == PRIORITY for flag in flags)


def wants_slow(flags: Collection[str]) -> bool:
    """True when menus are to be spoken slowly and to wait longer for him."""
    return any(FLAGS.get(flag) == SLOW for flag in flags)


def changed(flags: Collection[str], add: Collection[str], remove: Collection[str]) -> tuple[str, ...]:
    """The flags after a change, in the table's order; those of other programs follow and stay."""
    after = (set(flags) | set(add)) - set(remove)
    return (*(flag for flag in FLAGS if flag in after), *sorted(after - FLAGS.keys()))
