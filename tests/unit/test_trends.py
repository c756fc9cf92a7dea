"""A day by quarter hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from complaints.ledger import Outcome
from storage.trends import SLOT, summed

DAY = datetime(2026, 11, 23, tzinfo=UTC)


def test_each_call_is_counted_in_its_quarter_hour_and_every_slot_is_there():
    rows = [
        (DAY, True, Outcome.TALKED),
        (DAY + SLOT - timedelta(microseconds=1), False, Outcome.CALLER_LEFT),
        (DAY + SLOT, False, None),
        (DAY + timedelta(hours=23, minutes=59), False, Outcome.CUT),
    ]
    slots = summed(rows, DAY, DAY + timedelta(days=1))
    assert len(slots) == 96
    assert [(slot.offered, slot.talked, slot.lost) for slot in slots[:2]] == [(2, 1, 1), (1, 0, 0)]
    assert (slots[-1].at, slots[-1].lost) == (DAY + timedelta(hours=23, minutes=45), 1)
    assert sum(slot.offered for slot in slots) == len(rows)


def test_a_day_of_twenty_three_and_a_half_hours_has_its_last_half_slot():
    slots = summed([], DAY, DAY + timedelta(hours=23, minutes=20))
    assert len(slots) == 94
