"""The ledger's law (design 3.1): every call of the line ends with exactly one outcome.

`outcome` is what the caller got, `ended_by` who ended it; lower facts stay as flags. Pure: no clock, no books.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from complaints.records import Origin


class Outcome(StrEnum):
    """What a caller got, in order of precedence: the first that is true is the outcome."""

    TALKED = "talked"
    LINKED_TO_OUTAGE = "linked_to_outage"
    DOCKET_REGISTERED = "docket_registered"
    CALLBACK_PROMISED = "callback_promised"
    MESSAGE_LEFT = "message_left"
    SELF_SERVED = "self_served"
    REJECTED_CAPACITY = "rejected_capacity"
    CUT = "cut"
    SHORT_ABANDON = "short_abandon"
    CALLER_LEFT = "caller_left"


class EndedBy(StrEnum):
    CALLER = "caller"
    AGENT = "agent"
    US = "us"
    NETWORK = "network"


# Facts that, once noted on a call, are an outcome by themselves, best first.
_DEEDS = (
    Outcome.TALKED,
    Outcome.LINKED_TO_OUTAGE,
    Outcome.DOCKET_REGISTERED,
    Outcome.CALLBACK_PROMISED,
    Outcome.MESSAGE_LEFT,
    Outcome.SELF_SERVED,
)
HANGUP_CAUSE = "hangup_cause"
"""The flag that keeps the network's hang-up cause (Q.850) as text."""

SEALED = "sealed"
"""The flag of a call whose number must not stand in the ledger: information on theft (domain.md 3.1, row 13)."""

TALK = "talk"
"""The flag that says how the talk with an agent stands: TALK_ON, TALK_OVER or TALK_LOST."""
TALK_ON, TALK_OVER = "on", "over"
TALK_LOST = "lost"
"""The agent's phone or network died: the caller waits, first in line, for another (domain.md 3.1, row 11)."""

CUT_OFF = "cut_off"
"""The flag of a call that Asterisk's own death ended, whatever its caller had got by then."""

SHORT_ABANDON_S = 5.0
"""Hung up within this many seconds of the greeting: shown apart, not counted as lost (domain.md 2.4)."""

LATE_S = 60.0
"""A call that ended more than this many seconds ago without an outcome is a breach of the ledger (design 3.1)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one question of a flow was answered: `at_s` seconds after the call was offered, `after_s` after it was begun.

    `node` is the question's place, with "?" when it only asked back what had been understood. `way` is key, words,
    misheard, silence or left; `heard` are the engine's words, never sound, with the `confidence` (0..1) of the least
    certain one. `led_to` is the place of the flow where he was then: the same one when it was no answer. Numbers that
    are keyed are no answers: nothing of them is here.
    """

    at_s: float
    node: str
    language: str
    way: str
    key: str = ""
    heard: str = ""
    confidence: float = 1.0
    after_s: float = 0.0
    led_to: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the ledger, keyed by `call_ref` (the channel's CALL_REF). `flags` hold every deed noted on the call.

    `kind` is "inbound" for calls to the line, "satisfaction" or "callback" for calls we make, "field" for officers.
    `steps` are the places of the flow he came to, each with the seconds since the call was offered; `answers` how he
    answered each question.
    `no_callback` states why a caller who left is not rung back (withheld, served since, short abandon ...).
    """

    call_ref: str
    kind: str
    origin: Origin
    offered_at: datetime
    node: str = ""
    company: str | None = None
    phone: str | None = None
    consumer_id: int | None = None
    language: str | None = None
    stage: str = "offered"
    answered_at: datetime | None = None
    queued_at: datetime | None = None
    talked_at: datetime | None = None
    ended_at: datetime | None = None
    agent: str | None = None
    docket: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[tuple[float, str], ...] = ()
    answers: tuple[Answer, ...] = ()
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    disposition: str | None = None
    recording: str | None = None
    callback_cause: str | None = None
    no_callback: str | None = None


def outcome_of(flags: Mapping[str, str], *, talk_s: float, ended_by: EndedBy, cut: bool) -> Outcome:
    """The one outcome of an ended call.

    `talk_s` is seconds from our answer to the end; `cut` means that it did not end by anybody's choice. `flags` are the
    deeds noted on the call, named as `Outcome` values.
    """
    for deed in _DEEDS:
        if deed in flags:
            return deed
    if Outcome.REJECTED_CAPACITY in flags:
        return Outcome.REJECTED_CAPACITY
    if cut or ended_by in (EndedBy.US, EndedBy.NETWORK):
        return Outcome.CUT
    if talk_s < SHORT_ABANDON_S:
        return Outcome.SHORT_ABANDON
    return Outcome.CALLER_LEFT


def is_lost(call: Call) -> bool:
    """True when the caller got nothing and nobody promised to ring back or said why not (design 3.1)."""
    if call.outcome is None:
        return call.ended_at is not None
    nothing = call.outcome in (Outcome.CALLER_LEFT, Outcome.CUT, Outcome.REJECTED_CAPACITY)
    return nothing and call.callback_cause is None and not call.no_callback
