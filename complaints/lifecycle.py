"""The table of legal moves of a docket. Everything that decides whether a state may follow another lives here.

A move is (state, deed) -> next state. `None` as a state means "there is no docket yet". The pairs in LEGAL are drawn
from the same table, so the books can refuse a write that no deed could have made (invariant I2).

Rules of the table:
1. `closed_satisfied` is reached only by the deed `consumer_satisfied`, and only from `verifying`.
2. A claim leads to `resolution_claimed`, never to an end; when its callback is rung the docket is `verifying`.
3. Every end state can be reopened (design 3.6).
4. No deed changes a state by anybody's absence: an answer not given leads to `unreachable_review`, which only
   a supervisor ends, as `ended_unverified`.
"""

from __future__ import annotations

from enum import StrEnum

from complaints.records import State


class Deed(StrEnum):
    """What may be done to a docket, by whom is said in ACTORS."""

    REGISTER = "register"
    ASSIGN = "assign"
    ACCEPT = "accept"
    ARRIVE = "arrive"
    WAIT = "wait"
    CLAIM = "claim"
    VERIFY = "verify"
    CONSUMER_SATISFIED = "consumer_satisfied"
    CONSUMER_NOT_SATISFIED = "consumer_not_satisfied"
    CONSUMER_REOPENS = "consumer_reopens"
    CONSUMER_LATER = "consumer_later"
    GIVE_UP_ASKING = "give_up_asking"
    ASK_AGAIN = "ask_again"
    END_UNVERIFIED = "end_unverified"
    LINK_TO_OUTAGE = "link_to_outage"
    UNLINK = "unlink"
    PRESUME_RESTORED = "presume_restored"
    TRANSFER = "transfer"
    WITHDRAW = "withdraw"
    END_VIGILANCE = "end_vigilance"
    SUPERVISOR_REOPENS = "supervisor_reopens"
    ESCALATE = "escalate"
    ADD_NOTE = "add_note"


ACTORS: dict[Deed, frozenset[str]] = {
    Deed.REGISTER: frozenset({"consumer", "agent"}),
    Deed.ASSIGN: frozenset({"line", "officer", "supervisor"}),
    Deed.ACCEPT: frozenset({"officer"}),
    Deed.ARRIVE: frozenset({"officer"}),
    Deed.WAIT: frozenset({"officer"}),
    Deed.CLAIM: frozenset({"officer"}),
    Deed.VERIFY: frozenset({"line"}),
    Deed.CONSUMER_SATISFIED: frozenset({"consumer"}),
    Deed.CONSUMER_NOT_SATISFIED: frozenset({"consumer"}),
    Deed.CONSUMER_REOPENS: frozenset({"consumer", "agent"}),
    Deed.CONSUMER_LATER: frozenset({"consumer"}),
    Deed.GIVE_UP_ASKING: frozenset({"line"}),
    Deed.ASK_AGAIN: frozenset({"line", "supervisor"}),
    Deed.END_UNVERIFIED: frozenset({"supervisor"}),
    Deed.LINK_TO_OUTAGE: frozenset({"consumer", "agent", "line"}),
    Deed.UNLINK: frozenset({"line", "agent", "supervisor"}),
    Deed.PRESUME_RESTORED: frozenset({"line"}),
    Deed.TRANSFER: frozenset({"agent", "supervisor"}),
    Deed.WITHDRAW: frozenset({"consumer"}),
    Deed.END_VIGILANCE: frozenset({"vigilance"}),
    Deed.SUPERVISOR_REOPENS: frozenset({"supervisor"}),
    Deed.ESCALATE: frozenset({"line", "supervisor", "consumer", "agent"}),
    Deed.ADD_NOTE: frozenset({"consumer", "agent", "officer", "supervisor", "line"}),
}

S = State
END_STATES = frozenset(
    {S.CLOSED_SATISFIED, S.ENDED_UNVERIFIED, S.ENDED_VIGILANCE, S.PRESUMED_RESTORED, S.WITHDRAWN_BY_CONSUMER}
)
IN_FIELD = (S.ASSIGNED, S.ACCEPTED, S.ON_SITE, S.WAITING, S.REOPENED)
OPEN_STATES = frozenset(State) - END_STATES

NEARLY_ENDED = frozenset({*END_STATES, State.RESOLUTION_CLAIMED, State.VERIFYING, State.UNREACHABLE_REVIEW})
"""From these states "not satisfied" opens a docket again; in all others it presses an open one."""

_MOVES: dict[tuple[State | None, Deed], State] = {
    (None, Deed.REGISTER): S.ASSIGNED,
    (S.NEW, Deed.ASSIGN): S.ASSIGNED,
    (S.TRANSFERRED, Deed.ASSIGN): S.ASSIGNED,
    (S.VERIFYING, Deed.CONSUMER_SATISFIED): S.CLOSED_SATISFIED,
    (S.VERIFYING, Deed.CONSUMER_NOT_SATISFIED): S.REOPENED,
    (S.VERIFYING, Deed.CONSUMER_LATER): S.VERIFYING,
    (S.RESOLUTION_CLAIMED, Deed.VERIFY): S.VERIFYING,
    (S.VERIFYING, Deed.VERIFY): S.VERIFYING,
    (S.VERIFYING, Deed.GIVE_UP_ASKING): S.UNREACHABLE_REVIEW,
    (S.UNREACHABLE_REVIEW, Deed.ASK_AGAIN): S.RESOLUTION_CLAIMED,
    (S.UNREACHABLE_REVIEW, Deed.END_UNVERIFIED): S.ENDED_UNVERIFIED,
    (S.LINKED_TO_OUTAGE, Deed.UNLINK): S.ASSIGNED,
    (S.LINKED_TO_OUTAGE, Deed.CLAIM): S.RESOLUTION_CLAIMED,
    (S.LINKED_TO_OUTAGE, Deed.PRESUME_RESTORED): S.PRESUMED_RESTORED,
}
for _state in (S.NEW, *IN_FIELD):
    _MOVES[(_state, Deed.LINK_TO_OUTAGE)] = S.LINKED_TO_OUTAGE
    _MOVES[(_state, Deed.TRANSFER)] = S.TRANSFERRED
for _state in IN_FIELD:
    _MOVES[(_state, Deed.ASSIGN)] = S.ASSIGNED
    _MOVES[(_state, Deed.ACCEPT)] = S.ACCEPTED
    _MOVES[(_state, Deed.ARRIVE)] = S.ON_SITE
    _MOVES[(_state, Deed.WAIT)] = S.WAITING
    _MOVES[(_state, Deed.CLAIM)] = S.RESOLUTION_CLAIMED
for _state in OPEN_STATES:
    _MOVES[(_state, Deed.ADD_NOTE)] = _state
    _MOVES[(_state, Deed.ESCALATE)] = _state
    _MOVES[(_state, Deed.WITHDRAW)] = S.WITHDRAWN_BY_CONSUMER
    _MOVES[(_state, Deed.END_VIGILANCE)] = S.ENDED_VIGILANCE
# A consumer who rings back while we are still asking, or after an end, opens it again (domain.md 3.1, row 16).
for _state in (*END_STATES, S.RESOLUTION_CLAIMED, S.VERIFYING, S.UNREACHABLE_REVIEW):
    _MOVES[(_state, Deed.CONSUMER_REOPENS)] = S.REOPENED
    _MOVES[(_state, Deed.SUPERVISOR_REOPENS)] = S.REOPENED

MOVES: dict[tuple[State | None, Deed], State] = dict(_MOVES)
LEGAL: frozenset[tuple[State | None, State]] = frozenset((before, after) for (before, _), after in MOVES.items())


class IllegalMove(Exception):
    """The deed is not allowed to this actor in this state; the docket stays as it is (HTTP 409, audit row).

    `state` is the one that forbids it; None when it is not for this actor in any.
    """

    def __init__(self, sentence: str, state: State | None = None) -> None:
        super().__init__(sentence)
        self.state = state


def after(state: State | None, deed: Deed, actor: str) -> State:
    """The state that follows. `actor` is the part before ":" of an actor ("officer:J09"). IllegalMove otherwise."""
    kind = actor.partition(":")[0]
    if kind not in ACTORS[deed]:
        raise IllegalMove(f"{deed} is not for {kind}: only {', '.join(sorted(ACTORS[deed]))} may do it")
    try:
        return MOVES[(state, deed)]
    except KeyError:
        sentence = f"{deed} is not possible while the docket is {state or 'not there'}"
        raise IllegalMove(sentence, state) from None


def is_legal(before: State | None, following: State) -> bool:
    """True when some deed leads from `before` to `following`; the books ask this before each write."""
    return (before, following) in LEGAL
