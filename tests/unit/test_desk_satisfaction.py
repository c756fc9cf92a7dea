"""What one satisfaction attempt leads to: only the consumer's yes closes, and no answer is never a yes (I2)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import clocks, desk, ladders
from complaints.lifecycle import IllegalMove
from complaints.records import Attempt, Company, Docket, Officer, Settlement, State, Verdict

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""10:30 in Kolkata."""
PURVI = Company("PV", "Purvi Vidyut")
OFFICERS = {level: Officer(f"{rank}01", "PV", level, "SD-01") for level, rank in enumerate("JSXECM", start=1)}
NO_ANSWERS = (Verdict.NO_ANSWER, Verdict.BUSY, Verdict.CUT, Verdict.NO_KEY)
RINGS = ("ring_satisfaction", "ring_agents_call")
OPEN_ANSWERS = (Verdict.LATER, Verdict.PERSON)


def asked(**changes):
    """A docket whose consumer is being rung after the first claim."""
    plain = {
        "company": "PV",
        "category": "SUP-FUSE",
        "state": State.VERIFYING,
        "level": 1,
        "settlement": Settlement.URBAN,
        "language": "hi",
        "registered_at": NOW - timedelta(hours=2),
        "due_at": NOW + timedelta(hours=2),
        "unit": "SD-01",
        "owner": "J01",
        "phone": "+915000012345",
        "claims": 1,
        "claimed_by": "officer:J01",
        "version": 5,
    }
    return Docket(number="10000012", **(plain | changes))


def attempt(verdict, nth=1, **changes):
    return Attempt("10000012", 1, nth, f"n1-{nth}", "+915000012345", NOW, verdict, **changes)


def decide(verdict, nth=1, docket=None, now=NOW, **changes):
    before = docket or asked(attempts=nth - 1)
    return desk.verdict(before, attempt(verdict, nth, **changes), now, PURVI, OFFICERS)


def test_a_yes_closes_and_everything_still_owed_for_it_is_withdrawn():
    decision = decide(Verdict.SATISFIED)
    assert (decision.docket.state, decision.docket.closed_at) == (State.CLOSED_SATISFIED, NOW)
    assert [message.template for message in decision.messages] == ["docket_closed"]
    assert "escalate:10000012:0:2" in decision.withdraw
    assert decision.due == ()
    assert decision.timeline[0].actor == "consumer"


def test_a_no_reopens_one_level_up_and_tells_the_new_owner_the_old_one_and_the_consumer():
    decision = decide(Verdict.NOT_SATISFIED, reason_recording="n1-1-reason")
    again = decision.docket
    assert (again.state, again.level, again.owner, again.reopened) == (State.REOPENED, 2, "S01", 1)
    assert again.closed_at is None
    assert {(message.template, message.to) for message in decision.messages} == {
        ("docket_reopened", "+915000012345"),
        ("officer_assigned", "officer:S01"),
        ("officer_not_satisfied", "officer:J01"),
    }
    assert decision.attempts[0].reason_recording == "n1-1-reason"
    assert [work.payload["level"] for work in decision.due] == [3]


def test_the_third_no_goes_to_the_executive_engineer_even_from_the_bottom():
    assert decide(Verdict.NOT_SATISFIED, docket=asked(level=1, reopened=2)).docket.level >= desk.XEN


@pytest.mark.parametrize("verdict", OPEN_ANSWERS)
def test_later_and_a_person_leave_the_question_open_and_the_consumer_is_rung_again(verdict):
    decision = decide(verdict)
    assert decision.docket.state is State.VERIFYING
    (ring,) = decision.due
    assert ring.due_at == NOW + timedelta(minutes=ladders.LATER_MIN)
    assert ring.payload["attempt"] == 2


@pytest.mark.parametrize("verdict", NO_ANSWERS)
def test_no_answer_takes_the_next_rung_then_a_message_and_an_agents_call_and_after_it_a_review(verdict):
    for nth in (1, 2):
        decision = decide(verdict, nth)
        assert decision.docket.state is State.VERIFYING
        assert [(work.kind, work.payload["attempt"]) for work in decision.due] == [("ring_satisfaction", nth + 1)]
        assert decision.messages == ()
    third = decide(verdict, 3)
    assert third.docket.state is State.VERIFYING
    assert [(work.kind, work.payload["attempt"]) for work in third.due] == [("ring_agents_call", 4)]
    assert [message.template for message in third.messages] == ["satisfaction_missed"]
    last = decide(verdict, 4)
    assert last.docket.state is State.UNREACHABLE_REVIEW
    assert last.due == ()
    assert {message.cause for message in last.messages} <= {message.cause for message in third.messages}


def test_a_number_that_may_not_be_dialled_goes_to_review_at_once():
    decision = decide(Verdict.FAILED)
    assert decision.docket.state is State.UNREACHABLE_REVIEW
    assert decision.due == ()
    assert decision.messages == ()


@pytest.mark.parametrize("changes", [{"phone": None}, {"sealed": True}])
def test_whom_we_may_not_write_to_gets_no_message_after_the_last_try(changes):
    for nth in (3, 4):
        assert decide(Verdict.NO_ANSWER, nth, docket=asked(attempts=nth - 1, **changes)).messages == ()


@pytest.mark.parametrize("state", sorted(set(State) - {State.VERIFYING}))
@pytest.mark.parametrize("verdict", [Verdict.SATISFIED, Verdict.LATER, Verdict.NO_ANSWER])
def test_a_docket_nobody_is_asking_about_takes_no_verdict(state, verdict):
    before = asked(state=state)
    if (state, verdict) == (State.RESOLUTION_CLAIMED, Verdict.NO_ANSWER):
        assert decide(verdict, docket=before).docket.state is State.VERIFYING
        return
    with pytest.raises(IllegalMove):
        decide(verdict, docket=before)


attempts = st.builds(
    attempt,
    verdict=st.sampled_from(list(Verdict)),
    nth=st.integers(1, 6),
    duration_s=st.floats(0, 300),
)
levels = st.integers(1, 6)


@given(made=attempts, level=levels, reopened=st.integers(0, 4), hour=st.integers(0, 47))
def test_whatever_the_attempt_only_a_yes_closes_and_the_level_never_falls(made, level, reopened, hour):
    before = asked(level=level, reopened=reopened, attempts=made.attempt - 1)
    now = NOW + timedelta(hours=hour)
    decision = desk.verdict(before, made, now, PURVI, OFFICERS)
    assert (decision.docket.state is State.CLOSED_SATISFIED) == (made.verdict is Verdict.SATISFIED)
    assert (decision.docket.closed_at is not None) == (made.verdict is Verdict.SATISFIED)
    assert decision.docket.level >= before.level
    assert (decision.docket.registered_at, decision.docket.due_at) == (before.registered_at, before.due_at)
    assert decision.attempts == (made,)  # every attempt is a row of the register


@given(made=attempts, hour=st.integers(0, 47))
def test_a_question_left_open_always_has_a_next_step(made, hour):
    now = NOW + timedelta(hours=hour)
    decision = desk.verdict(asked(attempts=made.attempt - 1), made, now, PURVI, OFFICERS)
    rings = [work for work in decision.due if work.kind in RINGS]
    if decision.docket.state is State.VERIFYING:
        (ring,) = rings
        assert ring.due_at > now
        assert clocks.in_calling_hours(PURVI, ring.due_at)
        assert ring.payload == {"docket": "10000012", "claim": 1, "attempt": made.attempt + 1}
    else:
        assert rings == []


@given(verdicts=st.lists(st.sampled_from([*NO_ANSWERS, *OPEN_ANSWERS]), min_size=1, max_size=8))
def test_no_ring_of_one_claim_is_written_twice(verdicts):
    docket, causes = asked(), []
    for nth, verdict in enumerate(verdicts, start=1):
        if docket.state is not State.VERIFYING:
            break
        decision = desk.verdict(docket, attempt(verdict, nth), NOW, PURVI, OFFICERS)
        causes += [decision.cause, *(work.cause for work in decision.due)]
        docket = replace(decision.docket, version=docket.version + 1)
    assert len(causes) == len(set(causes))


def test_beginning_to_verify_changes_the_state_alone_and_says_which_try_it_is():
    claimed = asked(state=State.RESOLUTION_CLAIMED, attempts=1)
    decision = desk.begin_verifying(claimed, NOW)
    assert decision.docket == replace(claimed, state=State.VERIFYING)
    assert decision.cause == "verify:10000012:1:1"
    with pytest.raises(IllegalMove):
        desk.begin_verifying(asked(state=State.REOPENED), NOW)
