"""How dockets, their timeline and their register rows are shown; what a person may not see is left out here."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_console.scope import hidden, shown_phone
from complaints.records import Docket, TimelineRow
from storage.people import Login
from storage.register import RegisterRow


class DocketView(msgspec.Struct, frozen=True, kw_only=True):
    """A docket. Times are ISO 8601 in UTC. `phone` is whole, masked ("…2345") or null, as the log-in allows."""

    number: str
    company: str
    category: str
    state: str
    level: int
    settlement: str
    language: str
    registered_at: str
    due_at: str
    unit: str | None
    owner: str | None
    phone: str | None
    sealed: bool
    call_ref: str | None
    claimed_at: str | None
    claimed_by: str | None
    cause_code: str | None
    claims: int
    attempts: int
    reopened: int
    repeats: int
    closed_at: str | None
    version: int


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    at: str
    actor: str
    deed: str
    before: str | None
    after: str
    note: str
    detail: Mapping[str, str | int]


class RegisterView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to hear the consumer's word. `n` and `hash` are its place in the chain."""

    chain: str
    n: int
    hash: str
    erased: bool
    claim: int
    attempt: int
    at: str
    by: str
    verdict: str
    dialled: str | None
    cause_code: int | None
    duration_s: float
    recording: str | None
    reason_recording: str | None


def docket_view(docket: Docket, login: Login) -> DocketView:
    return DocketView(
        number=docket.number,
        company=docket.company,
        category=docket.category,
        state=docket.state,
        level=docket.level,
        settlement=docket.settlement,
        language=docket.language,
        registered_at=docket.registered_at.isoformat(),
        due_at=docket.due_at.isoformat(),
        unit=docket.unit,
        owner=docket.owner,
        phone=shown_phone(docket.phone, login, sealed=docket.sealed),
        sealed=docket.sealed,
        call_ref=None if hidden(docket, login) else docket.call_ref,  # a call leads to its number
        claimed_at=docket.claimed_at.isoformat() if docket.claimed_at else None,
        claimed_by=docket.claimed_by,
        cause_code=docket.cause_code,
        claims=docket.claims,
        attempts=docket.attempts,
        reopened=docket.reopened,
        repeats=docket.repeats,
        closed_at=docket.closed_at.isoformat() if docket.closed_at else None,
        version=docket.version,
    )


def timeline_view(row: TimelineRow, docket: Docket, login: Login) -> TimelineView:
    secret = hidden(docket, login)
    return TimelineView(
        at=row.at.isoformat(),
        actor=row.actor,
        deed=row.deed,
        before=row.before,
        after=row.after,
        note="" if secret else row.note,
        detail={} if secret else row.detail,
    )


def register_view(row: RegisterRow, docket: Docket, login: Login, *, may_hear: bool) -> RegisterView:
    attempt, heard = row.attempt, may_hear and not hidden(docket, login)
    return RegisterView(
        chain=row.chain,
        n=row.n,
        hash=row.hash,
        erased=row.erased,
        claim=attempt.claim,
        attempt=attempt.attempt,
        at=attempt.at.isoformat(),
        by=attempt.by,
        verdict=attempt.verdict,
        dialled=shown_phone(attempt.dialled, login, sealed=docket.sealed),
        cause_code=attempt.cause_code,
        duration_s=attempt.duration_s,
        recording=attempt.recording if heard else None,
        reason_recording=attempt.reason_recording if heard else None,
    )
