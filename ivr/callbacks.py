"""Callbacks: claims due work with a lease, rings, talks, and notes what came of it.

Nothing is dialled twice: the lease holds one promise for one ringing, and the cause of the work names the rung (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from complaints import clocks, desk, ladders
from complaints.ledger import EndedBy, Outcome
from complaints.records import Company, Consumer, Docket, State, Verdict
from dialplan.steps import Fact
from dialplan.walk import Walk
from ivr import deeds, holding, satisfaction
from ivr.ari_line import AriLine
from ivr.conversation import converse
from ivr.errors import HungUp
from ivr.house import House
from ivr.lines import Lines
from ivr.meters import CALLBACKS
from ivr.outgoing import BUSY, NOT_RUNG, Unanswered, new_call_ref, ring
from ivr.talk import Talk
from storage.due import ClaimedWork
from storage.errors import StorageError
from storage.floor_records import FloorAway

log = structlog.get_logger(__name__)

TICK_S = 1.0
LEASE_S = 900.0
"""A controller that died with a callback frees it then; one that still talks renews it by claiming it again."""

NO_AGENT_RETRY_S = 5.0
"""So soon it is looked again for an agent who could take a promised callback."""

NOT_RUNG_RETRY_S = 60.0
KEPT = frozenset({str(Outcome.TALKED), str(Outcome.SELF_SERVED), str(Outcome.CALLBACK_PROMISED)})
"""A promised callback was kept when he talked, said that he no longer needs us, or was promised another."""

IN_QUESTION = frozenset({State.RESOLUTION_CLAIMED, State.VERIFYING})


class Callbacks:
    """The loop that rings. `lines` are the calls this controller holds."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._owner = f"ivr:{house.plan.node}"
        self._under_way: set[str] = set()
        self._promising = 0
        self._begun = asyncio.Event()
        self._rings: dict[str, Callable[[ClaimedWork], Awaitable[None]]] = {
            "ring_satisfaction": self._satisfaction,
            "ring_promise": self._promise,
        }

    async def run(self) -> None:
        """Until cancelled. Books that are away only mean that nothing is rung until they are back."""
        await self._begun.wait()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for work in await self._claim(self._house.plan.callbacks_at_once - len(self._under_way)):
                    if work.work.cause not in self._under_way:  # else its lease ran out during a long talk: renewed
                        self._under_way.add(work.work.cause)
                        tasks.create_task(self._ring(work))
                await asyncio.sleep(TICK_S)

    async def begin(self) -> None:
        """After the first reconciling: nothing is rung before what a controller before us left has been settled.

        Attempts it was making are ours again at once; a promised talk may still go on.
        """
        if self._begun.is_set():
            return
        self._begun.set()
        try:
            await self._house.books.due.release(["ring_satisfaction"], self._owner)
        except StorageError as error:
            log.error("leases_not_released", error=type(error).__name__)

    async def _claim(self, limit: int) -> list[ClaimedWork]:
        if limit <= 0 or not self._house.ari.registered:
            return []
        now = self._house.clock.wall_now()
        try:
            return await self._house.books.due.claim(list(self._rings), now, LEASE_S, limit, self._owner)
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
            self._under_way.discard(work.work.cause)

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
            await satisfaction.conclude(house, company, docket, attempt)
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
            await satisfaction.conclude(talk.house, talk.company, docket, attempt)
        else:
            talk.flags.setdefault(Outcome.SELF_SERVED, talk.now().isoformat(timespec="seconds"))
        await talk.note_end(EndedBy.CALLER if talk.line.gone else EndedBy.US)
        return verdict or Verdict.CUT

    async def _unanswered(self, docket: Docket, company: Company, call_ref: str, why: Unanswered) -> str:
        verdict = Verdict.BUSY if why.cause == BUSY else Verdict.NO_ANSWER
        attempt = satisfaction.attempt_of(docket, call_ref, docket.phone or "", self._house.clock.wall_now(), verdict)
        await satisfaction.conclude(self._house, company, docket, replace(attempt, cause_code=why.cause))
        return verdict

    # -- promised callbacks ---------------------------------------------------------------------------------------

    async def _promise(self, work: ClaimedWork) -> None:
        """Ring a caller who asked for it, only when an agent could take him: no silent calls (domain.md 2.5)."""
        house, payload, now = self._house, work.work.payload, self._house.clock.wall_now()
        company = await house.books.reference.company(work.work.company)
        if company is None:
            raise LookupError(f"a promise of an unknown company {work.work.company}")
        talk_of = _talk_maker(house, company, str(payload["language"]), str(payload["phone"]), "callback")
        docket, consumer = await _context(house, str(payload["call_ref"]))
        wanted = {f"co:{company.code}", f"lang:{payload['language']}"}
        wanted |= {f"cat:{docket.category.partition('-')[0]}"} if docket else set()
        still_here = payload["call_ref"] in self._lines  # he is hearing our goodbye: his phone would be busy
        if still_here or not await self._somebody_free(wanted):
            await house.books.due.retry(work.work.cause, self._owner, _in(now, NO_AGENT_RETRY_S))
            return
        call_ref = new_call_ref(house)
        inbox = house.dispatch.register(call_ref)
        self._promising += 1
        try:
            line = await ring(house, call_ref, inbox, str(payload["phone"]), "promise")
            if isinstance(line, Unanswered):
                await self._next_try(work, company, line.cause)
                return
            self._lines[call_ref] = line
            talk = talk_of(line)
            talk.docket, talk.consumer = docket, consumer
            if await _call_back(talk, str(payload.get("purpose", "asked"))):
                await house.books.due.done(work.work.cause, self._owner, "reached", house.clock.wall_now())
                CALLBACKS.labels("promise", "reached").inc()
            else:
                await self._next_try(work, company, BUSY)
        finally:
            self._promising -= 1
            self._lines.pop(call_ref, None)
            house.dispatch.release(call_ref)

    async def _somebody_free(self, wanted: set[str]) -> bool:
        """Are there more agents who could take him than promises being kept now, and none kept for a waiting caller?"""
        try:
            now = self._house.clock.wall_now().timestamp()
            ready = await self._house.floor.ready_agents(now)
            heads = await self._house.floor.waiting_heads(now)
        except FloorAway:
            return False
        kept = [waiting.skills for waiting in heads]
        free = [
            agent for agent in ready if wanted <= agent.skills and not any(skills <= agent.skills for skills in kept)
        ]
        return len(free) > self._promising

    async def _next_try(self, work: ClaimedWork, company: Company, cause: int) -> None:
        """The next rung of the ladder; after the last the promise ends as not reached and stays in the books."""
        now, due = self._house.clock.wall_now(), self._house.books.due
        CALLBACKS.labels("promise", "unanswered").inc()
        if cause == NOT_RUNG:
            await due.retry(work.work.cause, self._owner, _in(now, NO_AGENT_RETRY_S))
            return
        tried = int(work.work.payload["attempt"])
        moment = ladders.next_try(ladders.PROMISE, tried, now, company)
        await due.done(work.work.cause, self._owner, f"unanswered:{cause}", now)
        if moment is not None:
            base = str(work.work.cause).partition("#")[0]
            payload = {**work.work.payload, "attempt": tried + 1}
            await due.add(replace(work.work, cause=f"{base}#{tried + 1}", due_at=moment, payload=payload))


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


async def _context(house: House, call_ref: str) -> tuple[Docket | None, Consumer | None]:
    """A callback keeps the context of the call it was promised in (domain.md 3.1, row 10)."""
    before = await house.books.calls.get(call_ref)
    if before is None:
        return None, None
    docket = await house.books.dockets.get(before.docket) if before.docket else None
    known = before.consumer_id or (docket.consumer_id if docket else None)
    return docket, await house.books.consumers.get(known) if known is not None else None


async def _call_back(talk: Talk, purpose: str) -> bool:
    """The flow `callback`: say who calls and why, then a person. True when the promise has been kept or renewed."""
    facts: dict[str, Fact] = {"purpose": purpose, "phone_known": talk.phone is not None}
    walk = Walk(talk.house.flows["callback"], talk.language, facts)
    talk.path = walk.path
    talk.note(answered_at=talk.offered_at, recording=talk.call_ref)
    try:
        await converse(
            talk.line,
            walk,
            talk.house.voice,
            lambda step: deeds.do(talk, step),
            lambda step: holding.connect(talk, step),
            _nothing_kept,
        )
    except HungUp:
        talk.ended_by = talk.ended_by or EndedBy.CALLER
    except Exception:  # our fault: he is not left in silence, and rung again
        log.exception("callback_in_trouble", call=talk.call_ref)
    await talk.line.hang_up()
    await talk.note_end(talk.ended_by or EndedBy.US)
    return bool(KEPT & talk.flags.keys())


async def _nothing_kept(walk: Walk) -> None:
    """A promised callback that our death cuts is made again by its row."""
