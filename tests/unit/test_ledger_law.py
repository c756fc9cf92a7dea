"""The ledger's law: every ended call has exactly one outcome, the best of what the caller got (I1, design 3.1)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.ledger import Call, EndedBy, Outcome, is_lost, outcome_of
from complaints.records import Origin

AT = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DEEDS = (
    Outcome.TALKED,
    Outcome.LINKED_TO_OUTAGE,
    Outcome.DOCKET_REGISTERED,
    Outcome.CALLBACK_PROMISED,
    Outcome.MESSAGE_LEFT,
    Outcome.SELF_SERVED,
)
"""In the order of precedence of design 3.1."""
flags = st.sets(st.sampled_from([*DEEDS, Outcome.REJECTED_CAPACITY])).map(lambda names: dict.fromkeys(names, "moment"))
endings = st.sampled_from(list(EndedBy))
seconds = st.floats(0, 3600)


def ended(flags=(), *, talk_s=30.0, ended_by=EndedBy.CALLER, cut=False):
    return outcome_of(dict.fromkeys(flags, "moment"), talk_s=talk_s, ended_by=ended_by, cut=cut)


def call(**changes):
    plain = {"call_ref": "n1-1", "kind": "inbound", "origin": Origin.LINE, "offered_at": AT}
    return Call(**(plain | changes))


@given(flags=flags, talk_s=seconds, ended_by=endings, cut=st.booleans())
def test_every_ended_call_has_exactly_one_outcome_the_best_it_got(flags, talk_s, ended_by, cut):
    outcome = outcome_of(flags, talk_s=talk_s, ended_by=ended_by, cut=cut)
    best = [deed for deed in DEEDS if deed in flags]
    assert isinstance(outcome, Outcome)
    if best:
        assert outcome is best[0]
    else:
        assert outcome not in DEEDS


@given(flags=flags, more=flags, talk_s=seconds, ended_by=endings, cut=st.booleans())
def test_more_deeds_never_make_the_outcome_worse(flags, more, talk_s, ended_by, cut):
    rank = list(Outcome).index
    before = outcome_of(flags, talk_s=talk_s, ended_by=ended_by, cut=cut)
    after = outcome_of({**flags, **more}, talk_s=talk_s, ended_by=ended_by, cut=cut)
    assert rank(after) <= rank(before)


@pytest.mark.parametrize(
    ("how", "outcome"),
    [
        ({"talk_s": 4.9}, Outcome.SHORT_ABANDON),
        ({"talk_s": 5.0}, Outcome.CALLER_LEFT),
        ({"talk_s": 1.0, "cut": True}, Outcome.CUT),
        ({"ended_by": EndedBy.NETWORK}, Outcome.CUT),
        ({"ended_by": EndedBy.US}, Outcome.CUT),
        ({"flags": [Outcome.REJECTED_CAPACITY], "ended_by": EndedBy.US}, Outcome.REJECTED_CAPACITY),
    ],
)
def test_who_got_nothing_is_told_apart_by_how_it_ended(how, outcome):
    assert ended(**how) is outcome


def test_a_flag_that_is_no_deed_is_no_outcome():
    assert ended(["withdrawn", "service"]) is Outcome.CALLER_LEFT


def test_a_docket_counts_even_when_the_caller_left_in_the_first_second():
    assert ended([Outcome.DOCKET_REGISTERED], talk_s=0.4) is Outcome.DOCKET_REGISTERED


@pytest.mark.parametrize("outcome", [Outcome.CALLER_LEFT, Outcome.CUT, Outcome.REJECTED_CAPACITY])
def test_who_got_nothing_is_lost_unless_we_promised_to_ring_or_said_why_not(outcome):
    assert is_lost(call(outcome=outcome, ended_at=AT))
    assert not is_lost(call(outcome=outcome, ended_at=AT, callback_cause="lost:n1-1"))
    assert not is_lost(call(outcome=outcome, ended_at=AT, no_callback="number withheld"))


@pytest.mark.parametrize("outcome", [*DEEDS, Outcome.SHORT_ABANDON])
def test_who_got_something_or_only_rang_is_not_lost(outcome):
    assert not is_lost(call(outcome=outcome, ended_at=AT))


def test_a_call_without_an_outcome_is_lost_once_it_ended_and_not_before():
    assert is_lost(call(ended_at=AT))
    assert not is_lost(call())
