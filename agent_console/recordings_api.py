"""Recordings: found by search, heard by a ticket that says who listens and why, served in ranges (domain.md 3.4)."""

from __future__ import annotations

import asyncio
import hmac
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from agent_console import sessions
from agent_console.bodies import Reason, check_day, check_span
from agent_console.door import RIGHTS, Deed
from agent_console.errors import BadInput, NotAllowed, NotPossible, NotThere
from agent_console.hearing import CALL, LISTENERS, MESSAGE, REASON, call_for, message_for
from agent_console.route import Nothing, Visit
from agent_console.scope import sees_numbers, shown_phone
from complaints.ledger import SEALED, Call, Outcome
from complaints.scoring import wants_second
from storage.audits import CallsAsked, Score
from storage.people import Login, Role
from storage.phones import e164
from storage.recordings import RecordingError
from storage.reports import day_bounds

TICKET_S = 3600
"""How long a ticket to listen is good for; then the reason is asked for again."""
USUAL_SEARCH = timedelta(days=7)
LISTENED = "listen"
WANTED = 2

_Part = Literal["call", "message", "reason"]
_KINDS = {".flac": "audio/flac", ".wav": "audio/wav"}


class RecordingsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days are the line's own. `since` and `until` are both in; without them the last seven days.

    `scored` is no, yes or contested; `score_below` 0..100. `after` is `next` of the page before.
    """

    since: date | None = None
    until: date | None = None
    docket: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8}$")] | None = None
    agent: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    phone: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    outcome: Outcome | None = None
    scored: Literal["no", "yes", "contested"] | None = None
    score_below: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    after: Annotated[str, msgspec.Meta(max_length=120)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 50


class ScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """One score card. `points`: true, false, or null for what there was no occasion for."""

    call_ref: str
    scorer: str
    agent: str
    at: datetime
    points: dict[str, bool | None]
    score: float | None
    remark: str
    contested: str | None
    contested_at: datetime | None
    answer: str | None
    answered_by: str | None
    answered_at: datetime | None


class RecordedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded call. Moments are UTC. `second`: two scorers are wanted, and not both are there. `phone` is whole,
    masked or null. `recorded`: the sound of the call is still there."""

    call_ref: str
    kind: str
    offered_at: datetime
    ended_at: datetime | None
    talked_at: datetime | None
    agent: str | None
    docket: str | None
    phone: str | None
    language: str | None
    outcome: str | None
    ended_by: str | None
    disposition: str | None
    second: bool
    recorded: bool
    scores: tuple[ScoreView, ...]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    calls: tuple[RecordedCall, ...]
    next: str | None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the flow, or a moment of the call; `at_s` is seconds since it was offered."""

    at_s: float
    what: str


class Listening(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    actor: str
    why: str


class OneRecording(msgspec.Struct, frozen=True, kw_only=True):
    """`parts` are what there is to hear: call, message, reason. `seconds` is the recording's length, null when there is
    none. Time in which neither side sent sound is not in it (design 3.7), so marks may be up to `missing_s` late.
    `listened` is empty for who may not see it."""

    call: RecordedCall
    parts: tuple[str, ...]
    seconds: float | None
    missing_s: float
    marks: tuple[Mark, ...]
    listened: tuple[Listening, ...]


class Listen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    why: Reason
    part: _Part = "call"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """`address` serves the sound to this session for an hour."""

    address: str


class TicketSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    until: int
    ticket: Annotated[str, msgspec.Meta(max_length=64)]


async def recordings(visit: Visit, asked: RecordingsAsked) -> Recorded:
    """Latest first, within the company and the place of the log-in; sealed calls for vigilance alone."""
    found = await visit.console.books.audits.search(_wanted(visit, asked))
    page = found[: asked.limit]
    more = len(found) > len(page)
    return Recorded(calls=await shown(visit, page), next=_next(page[-1]) if more else None)


async def shown(visit: Visit, calls: list[Call]) -> tuple[RecordedCall, ...]:
    """Calls with their scores, as this log-in may see them."""
    scores: dict[str, list[Score]] = {}
    for score in await visit.console.books.audits.scores([call.call_ref for call in calls]):
        scores.setdefault(score.call_ref, []).append(score)
    files = visit.console.recordings
    there = await asyncio.to_thread(lambda: {call.call_ref for call in calls if files.path_of(call.call_ref)})
    login = visit.visitor.login
    return tuple(
        _view(call, _visible(login, call, scores.get(call.call_ref, [])), login, recorded=call.call_ref in there)
        for call in calls
    )


def _visible(login: Login, call: Call, given: list[Score]) -> list[Score]:
    """Of a call that wants two scorers, who may yet be the second sees no card: he would only copy it.

    A contested card is shown: somebody has to answer.
    """
    may_score = bool(login.roles & RIGHTS[Deed.SCORE])
    waits = len(given) == 1 and given[0].scorer != login.name and given[0].contested_at is None
    return [] if may_score and waits and wants_second(call.call_ref) else given


async def recording(visit: Visit, _: Nothing) -> OneRecording:
    """One recording with its marks, its scores, and who has listened."""
    call = await call_for(visit, visit.part("call_ref"))
    [view] = await shown(visit, [call])
    try:
        seconds = await visit.console.recordings.seconds(call.call_ref)
    except RecordingError:
        seconds = None  # whoever wants to hear it is told why he cannot
    return OneRecording(
        call=view,
        parts=tuple([part for part in (CALL, MESSAGE, REASON) if await _path(visit, call.call_ref, part)]),
        seconds=seconds,
        missing_s=_missing(call, seconds),
        marks=_marks(call),
        listened=await _listened(visit, call.call_ref),
    )


async def listen(visit: Visit, asked: Listen) -> Ticket:
    """A ticket to hear it; who, when and why are kept before a sound is served."""
    call_ref = visit.part("call_ref")
    if asked.part == MESSAGE and not visit.visitor.login.roles & LISTENERS:
        await message_for(visit, call_ref)
    else:
        await call_for(visit, call_ref)
    if await _path(visit, call_ref, asked.part) is None:
        raise NotThere("There is no such recording; it was never made, or it is no longer kept.")
    detail = {"why": asked.why, "part": asked.part}
    await visit.console.books.people.audit(visit.visitor.actor, LISTENED, f"recording:{call_ref}", visit.now, detail)
    until = int(visit.now.timestamp()) + TICKET_S
    ticket = sessions.sign(visit.visitor.token, _what(call_ref, asked.part, until))
    return Ticket(address=f"/api/recordings/{call_ref}/{asked.part}?until={until}&ticket={ticket}")


async def sound(visit: Visit, asked: TicketSaid) -> web.FileResponse:
    """The sound itself, in ranges (RFC 9110 section 14); only with a ticket of this session."""
    call_ref, part = visit.part("call_ref"), visit.part("part")
    good = sessions.sign(visit.visitor.token, _what(call_ref, part, asked.until))
    if not hmac.compare_digest(good.encode(), asked.ticket.encode()) or asked.until < visit.now.timestamp():
        raise NotAllowed("Say why you listen, then you can hear it; a reason counts for an hour.")
    path = await _path(visit, call_ref, part)
    if path is None:
        raise NotThere("There is no such recording any more.")
    if path.suffix not in _KINDS:
        raise NotPossible("The call has just ended and its recording is being packed: try again in a minute.")
    if part == CALL:
        await visit.console.recordings.seconds(call_ref)  # a damaged file is refused in words, not as noise
    headers = {
        "Content-Type": _KINDS[path.suffix],
        "Cache-Control": "private, no-store",
        "Content-Disposition": "inline",
        "X-Content-Type-Options": "nosniff",
    }
    return web.FileResponse(path, headers=headers)


async def _path(visit: Visit, call_ref: str, part: str) -> Path | None:
    console = visit.console
    if part == CALL:
        return await asyncio.to_thread(console.recordings.path_of, call_ref)
    return await asyncio.to_thread(console.spoken.path_of, call_ref, part)


def _what(call_ref: str, part: str, until: int) -> str:
    return f"listen|{call_ref}|{part}|{until}"


def _wanted(visit: Visit, asked: RecordingsAsked) -> CallsAsked:
    plan, login = visit.console.plan, visit.visitor.login
    today = visit.now.astimezone(ZoneInfo(plan.timezone)).date()
    until = asked.until or today
    check_day(until, "until")
    since = asked.since or until - USUAL_SEARCH
    check_span(since, until)
    return CallsAsked(
        begin=day_bounds(since, plan.timezone)[0],
        end=day_bounds(until, plan.timezone)[1],
        company=login.company,
        unit=login.unit,
        docket=asked.docket,
        agent=asked.agent,
        phone=_number(visit, asked.phone),
        outcome=asked.outcome,
        scored=asked.scored,
        score_below=asked.score_below,
        sealed=Role.VIGILANCE in login.roles,
        after=_place(asked.after),
        limit=asked.limit + 1,
    )


def _number(visit: Visit, said: str | None) -> str | None:
    if said is None:
        return None
    if not sees_numbers(visit.visitor.login):
        raise NotAllowed("Your log-in sees no numbers, so it cannot search by one.")
    number = e164(said, visit.console.plan.country)
    if number is None:
        raise BadInput("phone: this is not a telephone number.", "phone")
    return number


def _next(last: Call) -> str:
    return f"{last.offered_at.isoformat()}~{last.call_ref}"


def _place(said: str | None) -> tuple[datetime, str] | None:
    if said is None:
        return None
    moment, _, call_ref = said.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not call_ref:
        raise BadInput("after: must be `next` of the page before.", "after")
    return at, call_ref


def _view(call: Call, scores: list[Score], login: Login, *, recorded: bool) -> RecordedCall:
    sealed = SEALED in call.flags
    return RecordedCall(
        call_ref=call.call_ref,
        kind=call.kind,
        offered_at=call.offered_at,
        ended_at=call.ended_at,
        talked_at=call.talked_at,
        agent=call.agent,
        docket=call.docket,
        phone=shown_phone(call.phone, login, sealed=sealed),
        language=call.language,
        outcome=call.outcome,
        ended_by=call.ended_by,
        disposition=call.disposition,
        second=call.agent is not None and len(scores) < WANTED and wants_second(call.call_ref),
        recorded=recorded,
        scores=tuple(score_view(score) for score in scores),
    )


def score_view(score: Score) -> ScoreView:
    return ScoreView(
        call_ref=score.call_ref,
        scorer=score.scorer,
        agent=score.agent,
        at=score.at,
        points={str(point): done for point, done in score.points.items()},
        score=score.score,
        remark=score.remark,
        contested=score.contested,
        contested_at=score.contested_at,
        answer=score.answer,
        answered_by=score.answered_by,
        answered_at=score.answered_at,
    )


def _marks(call: Call) -> tuple[Mark, ...]:
    """The way through the flow, and the moments of the queue and the talk."""
    moments = {"queued": call.queued_at, "talked": call.talked_at}
    marks = [Mark(at_s=at, what=f"step.{place}") for at, place in call.steps]
    marks += [
        Mark(at_s=round((at - call.offered_at).total_seconds(), 1), what=f"moment.{name}")
        for name, at in moments.items()
        if at is not None
    ]
    return tuple(sorted(marks, key=lambda mark: mark.at_s))


def _missing(call: Call, seconds: float | None) -> float:
    """How much of the call is not in its recording, in seconds."""
    if seconds is None or call.ended_at is None or call.answered_at is None:
        return 0.0
    return max(0.0, round((call.ended_at - call.answered_at).total_seconds() - seconds, 1))


async def _listened(visit: Visit, call_ref: str) -> tuple[Listening, ...]:
    if not visit.visitor.login.roles & LISTENERS:
        return ()
    rows = await visit.console.books.people.audit_rows(f"recording:{call_ref}")
    return tuple(
        Listening(at=row.at, actor=row.actor, why=str(row.detail.get("why", "")))
        for row in rows
        if row.deed == LISTENED
    )
