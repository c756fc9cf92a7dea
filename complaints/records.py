"""The records that cross rooms: frozen, slotted, and without any knowledge of where they are kept.

Times are aware datetimes in UTC everywhere; local time is made only where a person hears or reads it.
Phone numbers are E.164 strings ("+915000012345") or None when the network withheld them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """States of a docket (`reference.json`); lower case, as design 3.6 has them."""

    NEW = "new"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    ON_SITE = "on_site"
    WAITING = "waiting"
    RESOLUTION_CLAIMED = "resolution_claimed"
    VERIFYING = "verifying"
    CLOSED_SATISFIED = "closed_satisfied"
    REOPENED = "reopened"
    LINKED_TO_OUTAGE = "linked_to_outage"
    TRANSFERRED = "transferred"
    UNREACHABLE_REVIEW = "unreachable_review"
    WITHDRAWN_BY_CONSUMER = "withdrawn_by_consumer"
    ENDED_UNVERIFIED = "ended_unverified"
    ENDED_VIGILANCE = "ended_vigilance"
    PRESUMED_RESTORED = "presumed_restored"


class Settlement(StrEnum):
    """The class of place that decides the promised hours (domain.md 2.2 asks for a third class beside two)."""

    URBAN = "urban"
    RURAL = "rural"
    REMOTE = "remote"


class Origin(StrEnum):
    """Which sum a call or docket belongs to (design 3.1, 3.17): only LINE counts in figures of the line."""

    LINE = "line"
    FIELD = "field"
    PROBE = "probe"
    PRACTICE = "practice"


PROBE_COMPANY = "PROBE"
"""Calls and dockets of this company prove the line to itself and stand outside every figure (design 3.17)."""


def origin_of(company: str) -> Origin:
    """Which sum a call or docket of this company belongs to."""
    return Origin.PROBE if company == PROBE_COMPANY else Origin.LINE


@dataclass(frozen=True, slots=True)
class Company:
    """One utility. `verify_delay_min` overrides the categories' delay (the PROBE company has 0, design 3.17).

    `hours` are the local calling hours of satisfaction calls, "HH:MM" to "HH:MM" ("00:00", "24:00" = always).
    """

    code: str
    name: str
    timezone: str = "Asia/Kolkata"
    languages: tuple[str, ...] = ("hi", "ur", "en")
    hours: tuple[str, str] = ("09:00", "20:30")
    verify_delay_min: int | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of complaint, as in `reference.json`. Hours are promised hours from registration."""

    code: str
    names: Mapping[str, str]
    urban_h: float
    rural_h: float
    priority: int
    verify_after_min: int | None
    compensation_per_day: int = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """A node of the organisation: kind is company, zone, circle, division or subdivision."""

    id: str
    company: str
    kind: str
    name: str
    parent: str | None
    settlement: Settlement = Settlement.URBAN


@dataclass(frozen=True, slots=True)
class Officer:
    """A field officer; `level` 1..6 is the rung of the ladder (JE, SDO, XEN, SE, CE, MD) he answers for in `unit`."""

    code: str
    company: str
    level: int
    unit: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Consumer:
    """A connection. `number` is the ten-digit consumer number with its check digit; `phone` the mobile on record."""

    id: int
    company: str
    number: str
    unit: str
    transformer: str
    settlement: Settlement
    language: str | None = None
    phone: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Docket:
    """One complaint. `version` grows by one with each applied decision; a decision names the version it saw.

    `phone` is the number the satisfaction callback must ring; None when withheld. A `sealed` docket's phone is for
    vigilance alone and is never rung.
    `claims` counts "work done" claims, `attempts` the satisfaction attempts since the last claim,
    `reopened` the times a consumer (or supervisor) opened it again.
    """

    number: str
    company: str
    category: str
    state: State
    level: int
    settlement: Settlement
    language: str
    registered_at: datetime
    due_at: datetime
    origin: Origin = Origin.LINE
    call_ref: str | None = None
    consumer_id: int | None = None
    unit: str | None = None
    owner: str | None = None
    phone: str | None = None
    sealed: bool = False
    claimed_at: datetime | None = None
    claimed_by: str | None = None
    cause_code: str | None = None
    claims: int = 0
    attempts: int = 0
    reopened: int = 0
    repeats: int = 0
    closed_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """What happened to a docket; append-only. `actor` is "consumer", "line", "agent:A17", "officer:J09" ..."""

    docket: str
    at: datetime
    actor: str
    deed: str
    before: State | None
    after: State
    note: str = ""
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A written message to be sent: a registered template and its variables, never free text (domain.md 2.5).

    `cause` is unique: the same cause never sends twice. `to` is E.164 or an officer's code ("officer:J09").
    """

    cause: str
    template: str
    language: str
    to: str
    variables: Mapping[str, str]
    docket: str | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DueWork:
    """A promise with a moment (design 3.20). `cause` is unique; `kind` tells whose it is (`ring_satisfaction` ...)."""

    cause: str
    kind: str
    due_at: datetime
    company: str
    payload: Mapping[str, str | int] = field(default_factory=dict)


class Verdict(StrEnum):
    """Result of one satisfaction attempt; the first two are the consumer's word, the rest are not an answer."""

    SATISFIED = "satisfied"
    NOT_SATISFIED = "not_satisfied"
    LATER = "later"
    PERSON = "person"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CUT = "cut"
    NO_KEY = "no_key"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the satisfaction register. `cause_code` is the hang-up cause (Q.850) of an attempt not answered.

    `recording` names the recording of the call; `reason_recording` the spoken reason of a "no". `by` is who asked: the
    line, or "agent:<code>" who spoke with him first.
    """

    docket: str
    claim: int
    attempt: int
    call_ref: str
    dialled: str
    at: datetime
    verdict: Verdict
    cause_code: int | None = None
    duration_s: float = 0.0
    recording: str | None = None
    reason_recording: str | None = None
    by: str = "line"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the desk decided: the docket as it shall be, and everything that must be written in one transaction with it.

    `expected_version` is the version the desk saw (None: the docket is new); the store refuses any other.
    `withdraw` names causes of due work that the decision makes pointless.
    `cause` makes the decision itself idempotent: applying it twice changes nothing the second time.
    """

    cause: str
    docket: Docket
    expected_version: int | None
    timeline: tuple[TimelineRow, ...] = ()
    messages: tuple[Message, ...] = ()
    due: tuple[DueWork, ...] = ()
    withdraw: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
