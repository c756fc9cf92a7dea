"""Several witnesses, one row: nothing known is lost, whoever speaks first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import Origin
from storage.call_rows import merged

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
CALL = Call("n1-1", "inbound", Origin.LINE, NOW, "n1")

moments = st.none() | st.integers(0, 90).map(lambda seconds: NOW + timedelta(seconds=seconds))
calls = st.builds(
    Call,
    call_ref=st.just("n1-1"),
    kind=st.sampled_from(["inbound", "satisfaction"]),
    origin=st.sampled_from([Origin.LINE, Origin.PROBE]),
    offered_at=st.integers(0, 9).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    node=st.sampled_from(["", "n1"]),
    phone=st.sampled_from([None, "+915000012345"]),
    answered_at=moments,
    ended_at=moments,
    docket=st.sampled_from([None, "10000010"]),
    flags=st.dictionaries(st.sampled_from(list("abc")), st.just("1")),
    outcome=st.none() | st.sampled_from(Outcome),
    ended_by=st.none() | st.sampled_from(EndedBy),
)


@given(calls, calls)
def test_nothing_set_is_ever_lost(kept: Call, noted: Call):
    row = merged(kept, noted)
    for name in ("phone", "answered_at", "ended_at", "docket", "outcome", "ended_by"):
        if getattr(kept, name) is not None or getattr(noted, name) is not None:
            assert getattr(row, name) is not None
    assert set(row.flags) == set(kept.flags) | set(noted.flags)
    assert row.offered_at == min(kept.offered_at, noted.offered_at)


@given(calls, calls)
def test_the_outcome_is_the_best_of_both_whoever_speaks_first(kept: Call, noted: Call):
    order = list(Outcome)
    best = min((each.outcome for each in (kept, noted) if each.outcome), key=order.index, default=None)
    assert merged(kept, noted).outcome == merged(noted, kept).outcome == best


@given(calls, calls)
def test_a_note_told_twice_changes_nothing_more(kept: Call, noted: Call):
    once = merged(kept, noted)
    assert merged(once, noted) == once


def test_a_probe_stays_a_probe():
    probe = replace(CALL, origin=Origin.PROBE)
    assert merged(CALL, probe).origin is merged(probe, CALL).origin is Origin.PROBE


def test_who_ended_a_call_belongs_to_its_outcome():
    guessed = replace(CALL, ended_at=NOW, ended_by=EndedBy.CALLER)
    known = replace(CALL, ended_at=NOW, ended_by=EndedBy.AGENT, outcome=Outcome.TALKED)
    lower = replace(CALL, ended_by=EndedBy.US, outcome=Outcome.CUT)
    assert merged(guessed, known).ended_by is EndedBy.AGENT
    assert merged(known, lower).ended_by is EndedBy.AGENT
    assert merged(known, lower).outcome is Outcome.TALKED


def test_a_late_witness_does_not_set_the_stage_back():
    queued = replace(CALL, stage="queue")
    ended = replace(CALL, stage="ended", ended_at=NOW)
    assert merged(queued, CALL).stage == "queue"
    assert merged(CALL, queued).stage == "queue"
    assert merged(ended, queued).stage == "ended"


def test_the_latest_word_counts_where_a_caller_may_change_his_mind():
    assert merged(replace(CALL, language="hi"), replace(CALL, language="ur")).language == "ur"
    assert merged(replace(CALL, language="hi"), CALL).language == "hi"
