"""Ringing the consumer of a claimed docket to ask him: the line does, and at last an agent (design 3.15).

The docket's state and counters say whether a rung still holds; every attempt is a row of the register, answered or not.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import structlog

from complaints import clocks, desk
from complaints.ledger import EndedBy, Outcome
from complaints.records import Company, Consumer, Docket, State, Verdict
from dialplan.routing import Waiting, routing_key
from ivr import holding, satisfaction
from ivr.ari_line import AriLine
from ivr.engaged import Engaged
from ivr.house import House
from ivr.lines import Lines, let_go
from ivr.meters import CALLBACKS
from ivr.outgoing import BUSY, NOT_RUNG, Unanswered, new_call_ref, ring
from ivr.talk import Talk
from ivr.turns import Turns
from storage.due import ClaimedWork
from storage.floor_records import Reservation

log = structlog.get_logger(__name__)

NOT_RUNG_RETRY_S = 60.0
NO_AGENT_RETRY_S = 300.0
ENGAGED_RETRY_S = 5.0
IN_QUESTION = frozenset({State.RESOLUTION_CLAIMED, State.VERIFYING})


class SatisfactionCalls:
    """One attempt after the other; `owner` is who holds the due work."""

    def __init__(self, house: House, lines: Lines, turns: Turns, engaged: Engaged, owner: str) -> None:
        self._house = house
        self._lines = lines
        self._turns = turns
        self._engaged = engaged
        self._owner = owner

    async def alone(self, work: ClaimedWork) -> None:
        """The line rings and asks."""
        asked = await self._still_asked(work)
        if asked is not None:
            await self._attempt(work, *asked, None)

    async def by_agent(self, work: ClaimedWork) -> None:
        """An agent is put aside, the consumer is rung, both talk; then the line asks him, and his key alone counts.

        Nobody is kept from his place by it: the call stands in the queue from now on, with the usual priority.
        """
        asked = await self._still_asked(work)
        if asked is None:
            return
        call_ref = new_call_ref(self._house)
        async with self._turns.stand(self._waiting(call_ref, asked[0])) as agent:
            if agent is None:
                await self._again(work, NO_AGENT_RETRY_S)
                return
            asked = await self._still_asked(work)  # he may have phoned us while he waited for his turn
            if asked is not None:
                await self._attempt(work, *asked, agent, call_ref)

    async def _still_asked(self, work: ClaimedWork) -> tuple[Docket, Company] | None:
        """Docket and company when the question still stands and may be asked now; else what is due is settled."""
        books, now = self._house.books, self._house.clock.wall_now()
        payload, cause = work.work.payload, work.work.cause
        docket = await books.dockets.get(str(payload["docket"]))
        if docket is None or not _is_the_same_question(docket, payload["claim"], payload["attempt"]):
            await books.due.done(cause, self._owner, "stale", now)
            return None
        company = await books.reference.company(docket.company)
        if company is None:
            raise LookupError(f"docket of an unknown company {docket.company}")
        if not clocks.in_calling_hours(company, now):
            await books.due.retry(cause, self._owner, clocks.next_calling_time(company, now))
            return None
        if docket.phone is not None and await self._engaged.on_the_line(docket.phone):
            await self._again(work, ENGAGED_RETRY_S)  # no try of his: who talks with us cannot answer
            return None
        return docket, company

    async def _attempt(
        self, work: ClaimedWork, docket: Docket, company: Company, agent: Reservation | None, call_ref: str = ""
    ) -> None:
        due, now = self._house.books.due, self._house.clock.wall_now()
        with self._engaged.ringing(docket.phone or docket.number) as free:
            if not free:
                await self._again(work, ENGAGED_RETRY_S)
                return
            docket = await self._house.books.dockets.apply(desk.begin_verifying(docket, now))
            result = await self._ask(docket, company, agent, call_ref or new_call_ref(self._house))
        CALLBACKS.labels("satisfaction", result or "not_rung").inc()
        if result is None:  # nothing rang: no try of the consumer's
            await self._again(work, NOT_RUNG_RETRY_S)
            return
        await due.done(work.work.cause, self._owner, result, self._house.clock.wall_now())

    async def _ask(self, docket: Docket, company: Company, agent: Reservation | None, call_ref: str) -> str | None:
        """One attempt: its verdict has been written when this returns; None when nothing could be rung."""
        house = self._house
        if docket.phone is None or docket.phone in await house.books.consumers.staff_phones():
            now = house.clock.wall_now()
            attempt = satisfaction.attempt_of(docket, call_ref, docket.phone or "", now, Verdict.FAILED)
            await satisfaction.conclude_or_keep(house, company, docket, attempt)
            return "number_not_to_be_rung"
        consumer = await house.books.consumers.get(docket.consumer_id) if docket.consumer_id is not None else None
        inbox = house.dispatch.register(call_ref)
        try:
            line = await ring(house, call_ref, inbox, docket.phone, "satisfaction")
            if isinstance(line, Unanswered):
                rung = line.cause != NOT_RUNG
                return await self._unanswered(docket, company, call_ref, line) if rung else None
            self._lines[call_ref] = line
            talk = _talk(house, line, docket, company, consumer, agent)
            return await _answered(talk, docket, by_agent=agent is not None)
        finally:
            let_go(self._lines, call_ref)
            house.dispatch.release(call_ref)

    async def _unanswered(self, docket: Docket, company: Company, call_ref: str, why: Unanswered) -> str:
        verdict = Verdict.BUSY if why.cause == BUSY else Verdict.NO_ANSWER
        attempt = satisfaction.attempt_of(docket, call_ref, docket.phone or "", self._house.clock.wall_now(), verdict)
        await satisfaction.conclude_or_keep(self._house, company, docket, replace(attempt, cause_code=why.cause))
        return verdict

    async def _again(self, work: ClaimedWork, seconds: float) -> None:
        moment = self._house.clock.wall_now() + timedelta(seconds=seconds)
        await self._house.books.due.retry(work.work.cause, self._owner, moment)

    def _waiting(self, call_ref: str, docket: Docket) -> Waiting:
        now, priority = self._house.clock.wall_now().timestamp(), holding.USUAL_PRIORITY
        skills = {f"co:{docket.company}", f"lang:{docket.language}", f"cat:{docket.category.partition('-')[0]}"}
        return Waiting(call_ref, routing_key(now, priority), frozenset(skills), now, priority)


async def _answered(talk: Talk, docket: Docket, *, by_agent: bool) -> str:
    began = talk.offered_at
    talk.note(answered_at=began, recording=talk.call_ref)
    verdict = None
    try:
        verdict, docket = await satisfaction.ask(talk, docket, began, by_agent=by_agent)
    except Exception:  # our fault: he is not left in silence, and the attempt counts as cut
        log.exception("satisfaction_failed", call=talk.call_ref)
    await talk.line.hang_up()
    if verdict is None:
        agent = talk.agent if by_agent else None
        attempt = satisfaction.attempt_of(docket, talk.call_ref, talk.phone or "", began, Verdict.CUT, agent=agent)
        seconds = (talk.now() - began).total_seconds()
        attempt = replace(attempt, duration_s=seconds, recording=talk.call_ref)
        await satisfaction.conclude_or_keep(talk.house, talk.company, docket, attempt)
    else:
        talk.flags.setdefault(Outcome.SELF_SERVED, talk.now().isoformat(timespec="seconds"))
    await talk.note_end(EndedBy.CALLER if talk.line.gone else EndedBy.US)
    return verdict or Verdict.CUT


def _talk(
    house: House, line: AriLine, docket: Docket, company: Company, consumer: Consumer | None, agent: Reservation | None
) -> Talk:
    return Talk(
        house=house,
        line=line,
        kind="satisfaction",
        company=company,
        language=docket.language,
        phone=docket.phone,
        offered_at=house.clock.wall_now(),
        consumer=consumer,
        docket=docket,
        reserved=agent,
    )


def _is_the_same_question(docket: Docket, claim: str | int, attempt: str | int) -> bool:
    return docket.state in IN_QUESTION and docket.claims == claim and docket.attempts + 1 == attempt
