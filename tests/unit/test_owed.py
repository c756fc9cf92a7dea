"""What a caller is owed whose call ended: one callback, or a stated reason for none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from complaints.ledger import CUT_OFF, HANGUP_CAUSE, TALK, TALK_LOST, TALK_ON, TALK_OVER, Call, Outcome
from complaints.owed import TURNED_AWAY, owed
from complaints.records import Company, Origin

NOON = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
NIGHT = datetime(2026, 6, 1, 20, 30, tzinfo=UTC)
PV = Company("PV", "PV")


def ended(outcome: Outcome, **more: object) -> Call:
    said = {"phone": "+915000012345", "ended_at": NOON, "outcome": outcome} | more
    return Call("n1-1.0", "inbound", Origin.LINE, NOON, **said)  # type: ignore[arg-type] # named as the fields are


@pytest.mark.parametrize(
    ("call", "purpose"),
    [
        (ended(Outcome.CUT), "cut"),
        (ended(Outcome.CALLER_LEFT), "cut"),
        (ended(Outcome.REJECTED_CAPACITY), "asked"),
        (ended(Outcome.REJECTED_CAPACITY, flags={HANGUP_CAUSE: TURNED_AWAY}), "cut"),
        (ended(Outcome.CALLBACK_PROMISED), "asked"),
        (ended(Outcome.TALKED, flags={TALK: TALK_LOST}), "cut"),
        (ended(Outcome.TALKED, flags={TALK: TALK_ON, CUT_OFF: "yes"}), "cut"),
        (ended(Outcome.DOCKET_REGISTERED, flags={CUT_OFF: "yes"}), "cut"),
    ],
)
def test_who_was_cut_or_left_or_was_promised_is_rung_back(call, purpose):
    row, work = owed(call, NOON, PV)
    assert work is not None
    assert (work.kind, work.payload["purpose"], work.payload["phone"]) == ("ring_promise", purpose, call.phone)
    assert row.callback_cause == work.cause


@pytest.mark.parametrize(
    "call",
    [
        ended(Outcome.TALKED),
        ended(Outcome.TALKED, flags={TALK: TALK_OVER, CUT_OFF: "yes"}),  # he was hearing our goodbye
        ended(Outcome.DOCKET_REGISTERED),
        ended(Outcome.SHORT_ABANDON),
        ended(Outcome.CALLBACK_PROMISED, callback_cause="promise:n1-1.0"),
    ],
)
def test_who_had_what_he_came_for_or_is_promised_already_is_owed_nothing_more(call):
    row, work = owed(call, NOON, PV)
    assert (row, work) == (call, None)


def test_nobody_is_rung_about_a_cut_call_at_night_but_a_promise_is_kept_at_any_hour():
    assert owed(ended(Outcome.CUT), NIGHT, PV)[1].due_at == datetime(2026, 6, 2, 3, 30, tzinfo=UTC)
    assert owed(ended(Outcome.REJECTED_CAPACITY), NIGHT, PV)[1].due_at == NIGHT


def test_redialling_all_day_makes_one_callback():
    again = Call("n1-2.0", "inbound", Origin.LINE, NOON, phone="+915000012345", outcome=Outcome.CUT)
    assert owed(ended(Outcome.CUT), NOON, PV)[1].cause == owed(again, NOON, PV)[1].cause


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"phone": None}, "number withheld"), ({"origin": Origin.PROBE}, "not a consumer's call")],
)
def test_a_reason_is_stated_where_nobody_can_be_rung(more, reason):
    said = {"origin": Origin.LINE, "phone": "+915000012345"} | more
    call = Call("n1-1.0", "inbound", offered_at=NOON, outcome=Outcome.CUT, **said)
    row, work = owed(call, NOON, PV)
    assert (row.no_callback, work) == (reason, None)
