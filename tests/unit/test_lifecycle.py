"""The table of legal moves: what may follow what, and above all what may not (I2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.lifecycle import (
    ACTORS,
    END_STATES,
    LEGAL,
    MOVES,
    OPEN_STATES,
    Deed,
    IllegalMove,
    after,
    is_legal,
)
from complaints.records import State

ACTOR_KINDS = ("consumer", "agent", "officer", "supervisor", "vigilance", "line", "admin", "")
states = st.sampled_from([None, *State])
deeds = st.sampled_from(list(Deed))
actors = st.sampled_from(ACTOR_KINDS)


def reachable(begin):
    """Every state that some chain of deeds leads to."""
    seen, todo = {begin}, [begin]
    while todo:
        here = todo.pop()
        for (before, _), following in MOVES.items():
            if before is here and following not in seen:
                seen.add(following)
                todo.append(following)
    return seen


def test_only_the_consumers_word_while_verifying_closes_a_docket():
    roads = [(before, deed) for (before, deed), following in MOVES.items() if following is State.CLOSED_SATISFIED]
    assert roads == [(State.VERIFYING, Deed.CONSUMER_SATISFIED)]
    assert ACTORS[Deed.CONSUMER_SATISFIED] == {"consumer"}
    assert [before for before, following in LEGAL if following is State.CLOSED_SATISFIED] == [State.VERIFYING]


@pytest.mark.parametrize("actor", ["agent:A17", "officer:J09", "supervisor:V01", "vigilance:V02", "line", "admin", ""])
def test_nobody_but_the_consumer_can_say_that_he_is_satisfied(actor):
    for state in (None, *State):
        with pytest.raises(IllegalMove):
            after(state, Deed.CONSUMER_SATISFIED, actor)


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_every_open_state_can_reach_an_end(state):
    assert reachable(state) & END_STATES


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_from_every_open_state_the_consumer_can_still_come_to_say_yes(state):
    assert State.CLOSED_SATISFIED in reachable(state)


@pytest.mark.parametrize("state", sorted(END_STATES))
def test_every_end_can_be_reopened_by_the_consumer_his_agent_and_a_supervisor(state):
    assert after(state, Deed.CONSUMER_REOPENS, "consumer") is State.REOPENED
    assert after(state, Deed.CONSUMER_REOPENS, "agent:A17") is State.REOPENED
    assert after(state, Deed.SUPERVISOR_REOPENS, "supervisor:V01") is State.REOPENED


@pytest.mark.parametrize("state", sorted(END_STATES))
def test_nothing_but_reopening_leads_out_of_an_end(state):
    assert {following for before, following in LEGAL if before is state} == {State.REOPENED}


def test_a_claim_is_never_an_end():
    assert {following for (_, deed), following in MOVES.items() if deed is Deed.CLAIM} == {State.RESOLUTION_CLAIMED}


def test_an_answer_not_given_leads_only_to_the_review_and_only_a_supervisor_ends_that():
    assert after(State.VERIFYING, Deed.GIVE_UP_ASKING, "line") is State.UNREACHABLE_REVIEW
    ends = [before for (before, deed) in MOVES if deed is Deed.END_UNVERIFIED]
    assert ends == [State.UNREACHABLE_REVIEW]
    assert ACTORS[Deed.END_UNVERIFIED] == {"supervisor"}


def test_only_the_consumer_withdraws_and_only_vigilance_ends_for_vigilance():
    assert ACTORS[Deed.WITHDRAW] == {"consumer"}
    assert ACTORS[Deed.END_VIGILANCE] == {"vigilance"}
    for end, deed in ((State.WITHDRAWN_BY_CONSUMER, Deed.WITHDRAW), (State.ENDED_VIGILANCE, Deed.END_VIGILANCE)):
        assert {made for (_, made), following in MOVES.items() if following is end} == {deed}


def test_every_deed_has_its_actors_and_its_place_in_the_table():
    assert set(ACTORS) == set(Deed)
    assert {deed for _, deed in MOVES} == set(Deed)


def test_every_state_but_the_one_of_imports_can_be_reached_from_the_registration():
    assert set(State) - reachable(None) == {State.NEW}


def test_every_state_is_either_open_or_an_end():
    assert set(State) == OPEN_STATES | END_STATES
    assert not OPEN_STATES & END_STATES


@given(state=states, deed=deeds, actor=actors)
def test_a_move_is_made_as_the_table_has_it_or_refused(state, deed, actor):
    lawful = (state, deed) in MOVES and actor in ACTORS[deed]
    if lawful:
        assert after(state, deed, f"{actor}:X01") is MOVES[(state, deed)]
        assert is_legal(state, MOVES[(state, deed)])
    else:
        with pytest.raises(IllegalMove):
            after(state, deed, f"{actor}:X01")


@given(before=states, following=st.sampled_from(list(State)))
def test_a_write_is_legal_only_when_some_deed_makes_it(before, following):
    assert is_legal(before, following) == any((start, end) == (before, following) for (start, _), end in MOVES.items())
