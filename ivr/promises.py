"""Promised callbacks: the caller keeps his place in the queue, and is rung when his turn and an agent have come.

He stands in line like those on the phone and routing knows no difference, so that neither starves. An agent is put
aside before his phone rings: there are never more callbacks under way than agents for them (domain.md 3.1, row 10).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from complaints import clocks, flags, ladders, letters
from complaints.ledger import TALK, TALK_LOST, TALK_OVER, Call, EndedBy, Outcome
from complaints.records import Company, Consumer, Docket, DueWork
from dialplan.deeds import SLOW_MODE
from dialplan.routing import Waiting, routing_key
from dialplan.steps import Fact
from dialplan.walk import Walk
from ivr import deeds, holding
from ivr.conversation import converse
from ivr.engaged import Engaged
from ivr.errors import HungUp
from ivr.house import House
from ivr.lines import Lines, let_go
from ivr.meters import CALLBACKS
from ivr.outgoing import BUSY, NOT_RUNG, Unanswered, new_call_ref, ring
from ivr.talk import Talk
from ivr.turns import Turns
from storage.due import ClaimedWork
from storage.floor_records import Reservation

log = structlog.get_logger(__name__)

RETRY_S = 5.0
HEARING_OUT_LIMIT_S = 60.0
"""While he hears out the call in which he was promised his callback; he stands in line as soon as he has hung up."""
HEARD_OUT_RETRY_S = 1.0
"""As long as his row is not ended; his call may be with another node."""
CUT = "cut"
CLICK_LIMIT = timedelta(minutes=15)
"""So long a click waits for an agent; then whoever asked may ask again."""

SERVED = frozenset({Outcome.TALKED, Outcome.LINKED_TO_OUTAGE, Outcome.DOCKET_REGISTERED, Outcome.SELF_SERVED})
"""What a caller who was cut may have got meanwhile by calling again; who asked for a callback wants to talk."""
TALKED = frozenset({Outcome.TALKED})
KEPT = frozenset({str(Outcome.TALKED), str(Outcome.SELF_SERVED), str(Outcome.CALLBACK_PROMISED)})
"""A promised callback was kept when he talked, said that he no longer needs us, or was promised another."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise with the context of the call it was made in (domain.md 3.1, row 10)."""

    work: DueWork
    company: Company
    before: Call | None
    docket: Docket | None
    consumer: Consumer | None

    @property
    def phone(self) -> str:
        return str(self.work.payload["phone"])

    @property
    def language(self) -> str:
        return str(self.work.payload["language"])

    @property
    def purpose(self) -> str:
        return str(self.work.payload.get("purpose", "asked"))

    @property
    def agent(self) -> str | None:
        """Who asked for him to be rung now, and is to speak with him if he is ready."""
        said = self.work.payload.get("agent")
        return str(said) if said else None

    @property
    def danger(self) -> bool:
        return self.docket is not None and self.docket.category == "SAF"

    @property
    def priority(self) -> int:
        """As he had it: danger first, then who is flagged or was cut, then the rest."""
        if self.danger:
            return deeds.DANGER_PRIORITY
        if self.purpose == CUT or (self.consumer is not None and flags.comes_first(self.consumer.flags)):
            return deeds.FLAGGED_PRIORITY
        return holding.USUAL_PRIORITY

    @property
    def clicked_at(self) -> datetime | None:
        """When somebody at a desk asked for him to be rung; None for what was promised to the caller himself."""
        said = self.work.payload.get("clicked_at")
        return datetime.fromtimestamp(int(said), UTC) if said else None

    def place(self, now: datetime) -> datetime:
        """When he first asked for a person; who was cut before that, when his call came; of a click its moment."""
        if self.clicked_at is not None:
            return self.clicked_at
        if self.before is None:
            return now
        return self.before.queued_at or self.before.offered_at

    def waiting(self, call_ref: str, now: datetime) -> Waiting:
        """His place in the queue under the reference of the call to be made."""
        entered = self.place(now).timestamp()
        skills = {f"co:{self.company.code}", f"lang:{self.language}"}
        skills |= {f"cat:{self.docket.category.partition('-')[0]}"} if self.docket else set()
        return Waiting(call_ref, routing_key(entered, self.priority), frozenset(skills), entered, self.priority)


def served_since(promise: Promise, later: list[Call]) -> bool:
    """Has he got since what this callback is for? `later` are his calls since, oldest first. Pure.

    By calling again, or in a callback whose talk outlived the controller that had made it.
    """
    by_calling = SERVED if promise.purpose == CUT else TALKED
    enough = {"inbound": by_calling, "callback": TALKED}
    return any(call.outcome in enough.get(call.kind, ()) and call.flags.get(TALK) != TALK_LOST for call in later)


def not_cut_after_all(promise: Promise, now_noted: list[Call]) -> bool:
    """He was taken for cut while his node was only out of sight, and his talk came to its end there. Pure."""
    before = promise.before
    noted = next((call for call in now_noted if before and call.call_ref == before.call_ref), None)
    return noted is not None and promise.purpose == CUT and noted.flags.get(TALK) == TALK_OVER


class Promises:
    """Keeps what was promised."""

    def __init__(self, house: House, lines: Lines, turns: Turns, engaged: Engaged, owner: str) -> None:
        self._house = house
        self._lines = lines
        self._turns = turns
        self._engaged = engaged
        self._owner = owner

    async def keep(self, work: ClaimedWork) -> None:
        """One try of one promise, from its place in the queue to the end of the talk."""
        promise = await self._promise(work.work)
        await self._heard_out(promise)
        if await self._put_off(promise):
            return
        call_ref = new_call_ref(self._house)
        waiting = promise.waiting(call_ref, self._house.clock.wall_now())
        async with self._turns.stand(waiting, promise.agent) as reservation:
            if reservation is None or await self._put_off(promise):  # he may have called again while he waited
                await self._again(promise, RETRY_S)
                return
            with self._engaged.ringing(promise.phone) as free:
                if free:
                    await self._ring(promise, call_ref, reservation)
                else:
                    await self._again(promise, RETRY_S)

    async def _promise(self, work: DueWork) -> Promise:
        books = self._house.books
        company = await books.reference.company(work.company)
        if company is None:
            raise LookupError(f"a promise of an unknown company {work.company}")
        before = await books.calls.get(str(work.payload["call_ref"]))
        if before is None:
            return Promise(work, company, None, None, None)
        docket = await books.dockets.get(before.docket) if before.docket else None
        known = before.consumer_id or (docket.consumer_id if docket else None)
        consumer = await books.consumers.get(known) if known is not None else None
        return Promise(work, company, before, docket, consumer)

    async def _heard_out(self, promise: Promise) -> None:
        """Wait while his call of that time is with us: put off for longer, whoever came later would go before him."""
        line = self._lines.get(promise.before.call_ref) if promise.before is not None else None
        if line is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARING_OUT_LIMIT_S):
                    await line.over.wait()

    async def _put_off(self, promise: Promise) -> bool:
        """True when he is not to be rung now: he is on the line, has been served since, or it is night."""
        now, work = self._house.clock.wall_now(), promise.work
        if self._click_is_over(promise, now):
            await self._house.books.due.done(work.cause, self._owner, "nobody ready", now)
            return True
        if promise.before is not None:
            since = await self._house.books.calls.of_phone(
                promise.phone, promise.clicked_at or promise.before.offered_at
            )
            later = [call for call in since if call.call_ref != promise.before.call_ref]
            on_the_line = [call.call_ref for call in since if call.ended_at is None]
            if on_the_line or promise.before.call_ref in self._lines:
                calls_again = any(call_ref != promise.before.call_ref for call_ref in on_the_line)
                await self._again(promise, RETRY_S if calls_again else HEARD_OUT_RETRY_S)
                return True
            if served_since(promise, later) or not_cut_after_all(promise, since):
                await self._house.books.due.done(work.cause, self._owner, "served since", now)
                CALLBACKS.labels("promise", "served_since").inc()
                return True
        if await self._engaged.on_the_line(promise.phone):  # asked about a docket just now, perhaps
            await self._again(promise, RETRY_S)
            return True
        if promise.purpose == CUT and not promise.danger and not clocks.in_calling_hours(promise.company, now):
            await self._house.books.due.retry(work.cause, self._owner, clocks.next_calling_time(promise.company, now))
            return True
        return False

    def _click_is_over(self, promise: Promise, now: datetime) -> bool:
        """Who asked for the call asked for it now, and an agent only in calling hours."""
        if promise.clicked_at is None:
            return False
        late = now - promise.clicked_at > CLICK_LIMIT
        return late or (promise.agent is not None and not clocks.in_calling_hours(promise.company, now))

    async def _ring(self, promise: Promise, call_ref: str, reservation: Reservation) -> None:
        house = self._house
        inbox = house.dispatch.register(call_ref)
        try:
            if not house.plan.callback_agent_first:
                await self._turns.give_back(reservation)
            line = await ring(house, call_ref, inbox, promise.phone, "promise")
            if isinstance(line, Unanswered):
                await self._next_try(promise, line.cause)
                return
            self._lines[call_ref] = line
            talk = Talk(
                house=house,
                line=line,
                kind="callback",
                company=promise.company,
                language=promise.language,
                phone=promise.phone,
                offered_at=house.clock.wall_now(),
                queued_at=promise.place(house.clock.wall_now()),
                priority=promise.priority,
                docket=promise.docket,
                consumer=promise.consumer,
                reserved=reservation if house.plan.callback_agent_first else None,
            )
            if await call_back(talk, promise.purpose):
                await house.books.due.done(promise.work.cause, self._owner, "reached", house.clock.wall_now())
                CALLBACKS.labels("promise", "reached").inc()
            else:
                await self._next_try(promise, BUSY)
        finally:
            let_go(self._lines, call_ref)
            house.dispatch.release(call_ref)

    async def _again(self, promise: Promise, seconds: float) -> None:
        moment = self._house.clock.wall_now() + timedelta(seconds=seconds)
        await self._house.books.due.retry(promise.work.cause, self._owner, moment)

    async def _next_try(self, promise: Promise, cause: int) -> None:
        """The next rung of the ladder; after the last a message, and the promise stays on the supervisors' list."""
        now, due, work = self._house.clock.wall_now(), self._house.books.due, promise.work
        CALLBACKS.labels("promise", "unanswered").inc()
        if cause == NOT_RUNG:
            await self._again(promise, RETRY_S)
            return
        tried = int(work.payload["attempt"])
        moment = ladders.next_try(ladders.PROMISE, tried, now, promise.company)
        result = f"unanswered:{cause}"
        if moment is None:
            await due.done(work.cause, self._owner, result, now, message=letters.callback_missed(work))
            return
        base = str(work.cause).partition("#")[0]
        payload = {**work.payload, "attempt": tried + 1}
        following = replace(work, cause=f"{base}#{tried + 1}", due_at=moment, payload=payload)
        await due.done(work.cause, self._owner, result, now, then=following)


async def call_back(talk: Talk, purpose: str) -> bool:
    """The flow `callback`: say who calls and why, then a person. True when the promise has been kept or renewed."""
    facts: dict[str, Fact] = {
        "purpose": purpose,
        "phone_known": talk.phone is not None,
        SLOW_MODE: deeds.in_slow_mode(talk),
    }
    walk = Walk(talk.edition.flows["callback"], talk.language, facts)
    talk.note(answered_at=talk.offered_at, recording=talk.call_ref)
    try:
        await converse(
            talk.line,
            walk,
            talk.edition.voice,
            lambda step: deeds.do(talk, step),
            lambda step: holding.connect(talk, step),
            _nothing_kept,
            talk,
        )
    except HungUp:
        talk.ended_by = talk.ended_by or EndedBy.CALLER
    except Exception:  # our fault: he is not left in silence, and rung again
        log.exception("callback_in_trouble", call=talk.call_ref)
    await talk.line.hang_up()
    await talk.note_end(talk.ended_by or EndedBy.US)
    return bool(KEPT & talk.flags.keys())


async def _nothing_kept(walk: Walk) -> bool:  # noqa: ARG001  # every flow's loop is given one
    """A promised callback that our death cuts is made again by its row."""
    return False
