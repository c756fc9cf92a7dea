"""What is owed to a caller whose call ended without what he came for: one callback, or a stated reason for none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from complaints import ladders
from complaints.ledger import CUT_OFF, HANGUP_CAUSE, TALK, TALK_LOST, TALK_OVER, Call, Outcome
from complaints.records import Company, DueWork, Origin

TURNED_AWAY = "42"
"""Turned away by Asterisk's hard limit, which says nothing to the caller and so promises nothing (design 3.4)."""


def owed(call: Call, now: datetime, company: Company) -> tuple[Call, DueWork | None]:
    """What a caller is owed whose call ended so (design 3.3, 3.4, 3.15): the call with it noted, and the promise.

    A promise was made by the fallback and by the sentence for full lines: it is kept at any hour. Who was cut or left
    is rung once, in calling hours, at most once a day. Redialling does not multiply either.
    """
    promised = call.outcome is Outcome.CALLBACK_PROMISED or (
        call.outcome is Outcome.REJECTED_CAPACITY and call.flags.get(HANGUP_CAUSE) != TURNED_AWAY
    )
    lost = call.outcome in (Outcome.CUT, Outcome.CALLER_LEFT, Outcome.REJECTED_CAPACITY)
    lost = lost or call.flags.get(TALK) == TALK_LOST  # his talk was cut, and he left before he was connected again
    lost = lost or (CUT_OFF in call.flags and call.flags.get(TALK) != TALK_OVER)  # in the middle, docket or not
    if call.callback_cause or call.no_callback or not (promised or lost):
        return call, None
    reason = _why_not(call)
    if reason:
        return replace(call, no_callback=reason), None
    work = _promise(call, now, company) if promised else _lost(call, now, company)
    return replace(call, callback_cause=work.cause), work


CLICKED = "clicked:"
"""How the causes of calls begin that somebody at a desk asked for; they are no promise made to a caller."""


def clicked(call: Call, now: datetime, company: Company, agent: str | None) -> DueWork:
    """A caller is rung because somebody at a desk asks for it now: once, with the moment of the click as his place.

    `agent` is who asks, if he is an agent: the first to be put aside. Asked again within a minute it is the same.
    """
    cause = f"{CLICKED}{call.call_ref}:{now.strftime('%Y-%m-%d %H:%M')}"
    work = _ring(call, company, cause, now, "asked", ladders.PROMISE.tries)
    asked = {"clicked_at": int(now.timestamp())} | ({"agent": agent} if agent else {})
    return replace(work, payload={**work.payload, **asked})


def _why_not(call: Call) -> str | None:
    if call.origin is not Origin.LINE or call.kind != "inbound":
        return "not a consumer's call"
    return None if call.phone else "number withheld"


def _promise(call: Call, now: datetime, company: Company) -> DueWork:
    return _ring(call, company, f"promise:{_digest(call, now.strftime('%Y-%m-%d %H'))}", now, "asked", 1)


def _lost(call: Call, now: datetime, company: Company) -> DueWork:
    day = now.astimezone(ZoneInfo(company.timezone)).date()
    moment = ladders.next_try(ladders.LOST_CALLER, 0, now, company) or now
    # The last rung of the ladder of promises: it is rung once.
    return _ring(call, company, f"lost:{_digest(call, day.isoformat())}", moment, "cut", ladders.PROMISE.tries)


def _ring(call: Call, company: Company, cause: str, moment: datetime, purpose: str, attempt: int) -> DueWork:
    payload: Mapping[str, str | int] = {
        "phone": call.phone or "",
        "call_ref": call.call_ref,
        "attempt": attempt,
        "language": call.language or company.languages[0],
        "purpose": purpose,
    }
    return DueWork(cause, "ring_promise", moment, company.code, payload)


def _digest(call: Call, span: str) -> str:
    """One cause for one number in one span of time; causes are shown and logged, numbers are not."""
    return hashlib.sha256(f"{call.phone} {span}".encode()).hexdigest()[:20]
