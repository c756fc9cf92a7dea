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
from complaints.records import Company, Docket, State, Verdict
from dialplan.steps import Fact
from dialplan.walk import Walk
from ivr import deeds, holding, satisfaction
from ivr.ari_line import AriLine
from ivr.conversation import converse
from ivr.errors import HungUp, TelephoneError
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
"""Longer than the longest callback; a controller that died with one frees it then."""

NO_AGENT_RETRY_S = 5.0
"""So soon it is looked again for an agent who could take a promised callback."""

IN_QUESTION = frozenset({State.RESOLUTION_CLAIMED, State.VERIFYING})


class Callbacks:
    """The loop that rings. `lines` are the calls this controller holds."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._owner = f"ivr:{house.plan.node}"
        self._rings: dict[str, Callable[[ClaimedWork], Awaitable[None]]] = {
            "ring_satisfaction": self._satisfaction,
            "ring_promise": self._promise,
        }

    async def run(self) -> None:
        """Until cancelled. Books that are away only mean that nothing is rung until they are back."""
        async with asyncio.TaskGroup() as tasks:
            under_way: set[asyncio.Task[None]] = set()
            while True:
                free = self._house.plan.callbacks_at_once - len(under_way)
                for work in await self._claim(free):
                    task = tasks.create_task(self._ring(work))
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                await asyncio.sleep(TICK_S)

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
        CALLBACKS.labels("satisfaction", result).inc()
        await books.due.done(work.work.cause, self._owner, result, self._house.clock.wall_now())

    async def _ask(self, docket: Docket, company: Company) -> str:
        """One attempt: its verdict has been written when this returns."""
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
                return await self._unanswered(docket, company, call_ref, line)
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
        try:
            verdict, docket = await satisfaction.ask(talk, docket, began)
        finally:
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
        still_here = payload["call_ref"] in self._lines  # he is hearing our goodbye: his phone would be busy
        if still_here or not await self._somebody_free(company, str(payload["language"])):
            await house.books.due.retry(work.work.cause, self._owner, _in(now, NO_AGENT_RETRY_S))
            return
        call_ref = new_call_ref(house)
        inbox = house.dispatch.register(call_ref)
        try:
            line = await ring(house, call_ref, inbox, str(payload["phone"]), "promise")
            if isinstance(line, Unanswered):
                await self._next_try(work, company, line)
                return
            self._lines[call_ref] = line
            talk = _talk_maker(house, company, str(payload["language"]), str(payload["phone"]), "callback")(line)
            await _remember(talk, str(payload["call_ref"]))
            await _call_back(talk, str(payload.get("purpose", "asked")))
            await house.books.due.done(work.work.cause, self._owner, "reached", house.clock.wall_now())
            CALLBACKS.labels("promise", "reached").inc()
        finally:
            self._lines.pop(call_ref, None)
            house.dispatch.release(call_ref)

    async def _somebody_free(self, company: Company, language: str) -> bool:
        """An agent who could take him and is not kept for a waiting caller."""
        try:
            now = self._house.clock.wall_now().timestamp()
            ready = await self._house.floor.ready_agents(now)
            heads = await self._house.floor.waiting_heads(now)
        except FloorAway:
            return False
        wanted = {f"co:{company.code}", f"lang:{language}"}
        kept = [waiting.skills for waiting in heads]
        return any(wanted <= agent.skills and not any(skills <= agent.skills for skills in kept) for agent in ready)

    async def _next_try(self, work: ClaimedWork, company: Company, why: Unanswered) -> None:
        """The next rung of the ladder; after the last the promise ends as not reached and stays in the books."""
        now, due = self._house.clock.wall_now(), self._house.books.due
        CALLBACKS.labels("promise", "unanswered").inc()
        if why.cause == NOT_RUNG:
            await due.retry(work.work.cause, self._owner, _in(now, NO_AGENT_RETRY_S))
            return
        tried = int(work.work.payload["attempt"])
        moment = ladders.next_try(ladders.PROMISE, tried, now, company)
        await due.done(work.work.cause, self._owner, f"unanswered:{why.cause}", now)
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


async def _remember(talk: Talk, call_ref: str) -> None:
    """A callback keeps the context of the call it was promised in (domain.md 3.1, row 10)."""
    books = talk.house.books
    before = await books.calls.get(call_ref)
    if before is None:
        return
    if before.docket:
        talk.docket = await books.dockets.get(before.docket)
    consumer = before.consumer_id or (talk.docket.consumer_id if talk.docket else None)
    if consumer is not None:
        talk.consumer = await books.consumers.get(consumer)


async def _call_back(talk: Talk, purpose: str) -> None:
    """The flow `callback`: say who calls and why, then a person."""
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
    except TelephoneError as error:
        log.error("callback_in_trouble", call=talk.call_ref, error=type(error).__name__)
    finally:
        await talk.line.hang_up()
        await talk.note_end(talk.ended_by or EndedBy.US)


async def _nothing_kept(walk: Walk) -> None:
    """A promised callback that our death cuts is made again by its row."""
