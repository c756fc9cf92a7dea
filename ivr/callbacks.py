"""Callbacks: claims due work with a lease, rings, talks, and notes what came of it.

Nothing is dialled twice: the lease holds one promise for one ringing, and the cause of the work names the rung (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from complaints import clocks, desk
from complaints.ledger import EndedBy, Outcome
from complaints.records import Company, Docket, State, Verdict
from ivr import satisfaction
from ivr.ari_line import AriLine
from ivr.house import House
from ivr.lines import Lines
from ivr.meters import CALLBACKS
from ivr.outgoing import BUSY, NOT_RUNG, Unanswered, new_call_ref, ring
from ivr.promises import Promises
from ivr.talk import Talk
from storage.due import ClaimedWork
from storage.errors import StorageError

log = structlog.get_logger(__name__)

TICK_S = 1.0
LEASE_S = 900.0
"""A controller that died with a callback frees it then; one that still talks renews it by claiming it again."""

NOT_RUNG_RETRY_S = 60.0
SATISFACTION, PROMISE = "ring_satisfaction", "ring_promise"
PROMISES_IN_LINE = 500
"""Promises that may stand in the queue at once; the others wait in the books for a second more."""

IN_QUESTION = frozenset({State.RESOLUTION_CLAIMED, State.VERIFYING})


class Callbacks:
    """The loop that rings. `lines` are the calls this controller holds."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._owner = f"ivr:{house.plan.node}"
        self._under_way: dict[str, set[str]] = {SATISFACTION: set(), PROMISE: set()}
        self._begun = asyncio.Event()
        self.promises = Promises(house, lines, self._owner)
        self._most = {SATISFACTION: house.plan.callbacks_at_once, PROMISE: PROMISES_IN_LINE}
        self._rings: dict[str, Callable[[ClaimedWork], Awaitable[None]]] = {
            SATISFACTION: self._satisfaction,
            PROMISE: self.promises.keep,
        }

    async def run(self) -> None:
        """Until cancelled. Books that are away only mean that nothing is rung until they are back."""
        await self._begun.wait()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for kind, under_way in self._under_way.items():
                    for work in await self._claim(kind, self._most[kind] - len(under_way)):
                        if work.work.cause not in under_way:  # else its lease ran out during a long talk: renewed
                            under_way.add(work.work.cause)
                            tasks.create_task(self._ring(work))
                await asyncio.sleep(TICK_S)

    async def begin(self) -> None:
        """After the first reconciling: nothing is rung before what a controller before us left has been settled.

        What it was about to ring is ours again at once; whom it had reached is seen to be on the line.
        """
        if self._begun.is_set():
            return
        self._begun.set()
        try:
            await self._house.books.due.release([SATISFACTION, PROMISE], self._owner)
        except StorageError as error:
            log.error("leases_not_released", error=type(error).__name__)

    async def _claim(self, kind: str, limit: int) -> list[ClaimedWork]:
        if limit <= 0 or not self._house.ari.registered:
            return []
        now = self._house.clock.wall_now()
        try:
            return await self._house.books.due.claim([kind], now, LEASE_S, limit, self._owner)
        except StorageError as error:
            log.error("due_work_not_claimed", error=type(error).__name__)
            return []

    async def _ring(self, work: ClaimedWork) -> None:
        """One piece of work; whatever goes wrong leaves it leased, and it is tried again when the lease ends."""
        try:
            await self._rings[work.work.kind](work)
        except Exception:  # top of one callback: the others and the loop must go on
            log.exception("callback_failed", kind=work.work.kind)
        finally:
            self._under_way[work.work.kind].discard(work.work.cause)

    # -- satisfaction ---------------------------------------------------------------------------------------------

    async def _satisfaction(self, work: ClaimedWork) -> None:
        """Ring the number of the docket and ask; the docket's state and counters say whether this rung still holds."""
        books, now = self._house.books, self._house.clock.wall_now()
        payload = work.work.payload
        docket = await books.dockets.get(str(payload["docket"]))
        if docket is None or not _still_asked(docket, payload["claim"], payload["attempt"]):
            await books.due.done(work.work.cause, self._owner, "stale", now)
            return
        company = await books.reference.company(docket.company)
        if company is None:
            raise LookupError(f"docket of an unknown company {docket.company}")
        if not clocks.in_calling_hours(company, now):
            await books.due.retry(work.work.cause, self._owner, clocks.next_calling_time(company, now))
            return
        docket = await books.dockets.apply(desk.begin_verifying(docket, now))
        result = await self._ask(docket, company)
        CALLBACKS.labels("satisfaction", result or "not_rung").inc()
        if result is None:  # nothing rang: no try of the consumer's
            await books.due.retry(work.work.cause, self._owner, _in(now, NOT_RUNG_RETRY_S))
            return
        await books.due.done(work.work.cause, self._owner, result, self._house.clock.wall_now())

    async def _ask(self, docket: Docket, company: Company) -> str | None:
        """One attempt: its verdict has been written when this returns; None when nothing could be rung."""
        house, call_ref = self._house, new_call_ref(self._house)
        began = house.clock.wall_now()
        talk_of = _talk_maker(house, company, docket.language, docket.phone, "satisfaction")
        if docket.phone is None or docket.phone in await house.books.consumers.staff_phones():
            attempt = satisfaction.attempt_of(docket, call_ref, docket.phone or "", began, Verdict.FAILED)
            await satisfaction.conclude_or_keep(house, company, docket, attempt)
            return "number_not_to_be_rung"
        inbox = house.dispatch.register(call_ref)
        try:
            line = await ring(house, call_ref, inbox, docket.phone, "satisfaction")
            if isinstance(line, Unanswered):
                rung = line.cause != NOT_RUNG
                return await self._unanswered(docket, company, call_ref, line) if rung else None
            self._lines[call_ref] = line
            talk = talk_of(line)
            talk.docket = docket
            return await self._answered(talk, docket)
        finally:
            self._lines.pop(call_ref, None)
            house.dispatch.release(call_ref)

    async def _answered(self, talk: Talk, docket: Docket) -> str:
        began = talk.offered_at
        talk.note(answered_at=began, recording=talk.call_ref)
        verdict = None
        try:
            verdict, docket = await satisfaction.ask(talk, docket, began)
        except Exception:  # our fault: he is not left in silence, and the attempt counts as cut
            log.exception("satisfaction_failed", call=talk.call_ref)
        await talk.line.hang_up()
        if verdict is None:
            attempt = satisfaction.attempt_of(docket, talk.call_ref, talk.phone or "", began, Verdict.CUT)
            seconds = (talk.now() - began).total_seconds()
            attempt = replace(attempt, duration_s=seconds, recording=talk.call_ref)
            await satisfaction.conclude_or_keep(talk.house, talk.company, docket, attempt)
        else:
            talk.flags.setdefault(Outcome.SELF_SERVED, talk.now().isoformat(timespec="seconds"))
        await talk.note_end(EndedBy.CALLER if talk.line.gone else EndedBy.US)
        return verdict or Verdict.CUT

    async def _unanswered(self, docket: Docket, company: Company, call_ref: str, why: Unanswered) -> str:
        verdict = Verdict.BUSY if why.cause == BUSY else Verdict.NO_ANSWER
        attempt = satisfaction.attempt_of(docket, call_ref, docket.phone or "", self._house.clock.wall_now(), verdict)
        await satisfaction.conclude_or_keep(self._house, company, docket, replace(attempt, cause_code=why.cause))
        return verdict


def _in(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def _still_asked(docket: Docket, claim: str | int, attempt: str | int) -> bool:
    return docket.state in IN_QUESTION and docket.claims == claim and docket.attempts + 1 == attempt


def _talk_maker(
    house: House, company: Company, language: str, phone: str | None, kind: str
) -> Callable[[AriLine], Talk]:
    return lambda line: Talk(
        house=house,
        line=line,
        kind=kind,
        company=company,
        language=language,
        phone=phone,
        offered_at=house.clock.wall_now(),
    )
