"""The worker: what must happen without anybody asking (design 3.20). Escalations, the event log, recordings.

Each loop has a pause, a limit and metrics. Books that are away are waited for; any other error of a loop ends the
worker loudly, and the parent starts it again.
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import Counter as Tally
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from complaints import clocks, desk
from complaints.ledger import Call
from complaints.lifecycle import END_STATES, IllegalMove
from complaints.owed import owed
from complaints.records import Company, Docket
from storage import phones
from storage.books import Books
from storage.cel import CelReader
from storage.clock import Clock
from storage.due import ClaimedWork
from storage.errors import BooksAway, NotInBooks, Refused, StaleDocket
from storage.recordings import Janitor, RecordingError, Recordings
from storage.spoken import Spoken
from sunwai.edition_voices import EditionVoices

ESCALATE = "escalate"
LEASE_S = 120.0
BATCH = 50
STALE_TRIES = 3
"""So often an escalation decides again at once when the docket changed under it; then after STALE_PAUSE_S."""
STALE_PAUSE_S = 5.0
FAULT_PAUSE_S = 300.0
LATE_AFTER_S = 60.0

_ROUNDS = Counter("sunwai_worker_rounds", "Rounds of the worker's loops", ["loop", "result"])
_HANDLED = Counter("sunwai_worker_handled", "Pieces of work the worker's loops have done", ["loop"])
_LAST = Gauge("sunwai_worker_last_round_timestamp_seconds", "When a loop last did its round", ["loop"])
_ESCALATED = Counter("sunwai_escalations", "Dockets gone up a rung by the clock", ["level"])
_LATE = Gauge("sunwai_due_late", "Promises a minute overdue that nobody holds", ["kind"])

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What the worker of one node is told. `company` is that of callers nobody knows; `country` reads their numbers.

    Recordings of ordinary calls are deleted `recording_days` days after the call; None keeps them for good.
    """

    node: str
    company: str
    country: str
    cel_file: Path
    recordings: Path
    spool: Path
    recording_days: int | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """A step done again and again: `every_s` seconds after the last, which may take `limit_s`. It returns how much
    it handled."""

    name: str
    step: Callable[[], Awaitable[int]]
    every_s: float
    limit_s: float


class Worker:
    """One per node."""

    def __init__(self, books: Books, clock: Clock, plan: WorkerPlan, voices: EditionVoices | None = None) -> None:
        """`voices` None: a worker that renders nothing (tests)."""
        self._books = books
        self._clock = clock
        self._plan = plan
        self._owner = f"worker:{plan.node}:{socket.gethostname()}:{os.getpid()}"
        self._companies: dict[str, Company] = {}
        self._voices = voices
        recordings = Recordings(plan.recordings)
        self._spoken = Spoken(plan.spool, recordings)
        self._janitor = Janitor(books, clock, recordings, plan.recording_days)
        self._cel = CelReader(
            plan.cel_file,
            books,
            plan.node,
            number_of=partial(phones.e164, country=plan.country),
            follow_up=lambda call, _: owed(call, self._clock.wall_now(), self._company_of(call)),
        )

    async def run(self) -> None:
        """Works until cancelled; raises an ExceptionGroup when a loop failed."""
        loops = [
            Loop("event log", self.read_events, 1.0, 60.0),
            Loop("event log aside", self.tidy_events, 300.0, 60.0),
            Loop("escalations", self.escalate, 1.0, 60.0),
            Loop("late promises", self.count_late, 15.0, 15.0),
            Loop("recordings", self._janitor.pack, 15.0, 3600.0),
            Loop("spoken words", self._spoken.file, 600.0, 600.0),
            Loop("retention", self._janitor.retain, 600.0, 3600.0),
        ]
        if self._voices is not None:
            loops.append(Loop("editions", self._voices.look, 1.0, 1800.0))
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(keep(loop), name=loop.name)

    async def read_events(self) -> int:
        """Enters what Asterisk wrote down and settles calls that only it saw end."""
        self._companies = {company.code: company for company in await self._books.consumers.companies()}
        # Asterisk's moments are the machine's; an offset of the line's clock (design 3.16) would shorten the grace.
        return await self._cel.poll(datetime.now(UTC))

    async def tidy_events(self) -> int:
        """The event log holds numbers: set aside, deleted once it has been read (design 3.2). True time, as in it."""
        return await self._cel.tidy(datetime.now(UTC))

    async def escalate(self) -> int:
        """Takes dockets up whose rung has come."""
        now = self._clock.wall_now()
        claimed = await self._books.due.claim([ESCALATE], now, LEASE_S, BATCH, self._owner)
        for work in claimed:
            await self._escalate_one(work)
        return len(claimed)

    async def count_late(self) -> int:
        """What is overdue and held by nobody: all kinds, for whoever watches the line."""
        before = self._clock.wall_now() - timedelta(seconds=LATE_AFTER_S)
        late = Tally(work.kind for work in await self._books.due.late(before))
        for kind in {ESCALATE, "ring_satisfaction", "ring_agents_call", "ring_promise", *late}:
            _LATE.labels(kind).set(late[kind])
        return 0

    async def _escalate_one(self, work: ClaimedWork) -> None:
        due, cause = self._books.due, work.work.cause
        for _ in range(STALE_TRIES):
            try:
                await self._take_up(work)
            except StaleDocket:
                continue
            except (Refused, IllegalMove, NotInBooks) as error:
                # Our own table refuses what our own desk decided: to be seen, and not to be tried each second.
                _log.error("escalation_refused", error=type(error).__name__, tries=work.tries)
                await due.retry(cause, self._owner, self._in(FAULT_PAUSE_S))
            return
        await due.retry(cause, self._owner, self._in(STALE_PAUSE_S))

    async def _take_up(self, work: ClaimedWork) -> None:
        """One rung, when it has come. A docket that was taken up by hand meanwhile is looked at when its next rung is
        due: the ladder must not end there (I7)."""
        due, cause, now = self._books.due, work.work.cause, self._clock.wall_now()
        docket = await self._books.dockets.get(str(work.work.payload.get("docket", "")))
        rung = next_rung(docket) if docket else None
        if docket is None or rung is None:
            await due.done(cause, self._owner, "nothing above" if docket else "no such docket", now)
            return
        level, moment = rung
        if moment > now:
            await due.retry(cause, self._owner, moment)
            return
        officers = await self._books.consumers.officers_for(docket.unit) if docket.unit else {}
        decision = desk.escalate(docket, level, now, officers)
        if decision is None:
            await due.done(cause, self._owner, "not possible", now)
            return
        await self._books.dockets.apply(decision)
        _ESCALATED.labels(str(level)).inc()
        await due.done(cause, self._owner, f"level {level}", now)

    def _in(self, seconds: float) -> datetime:
        return self._clock.wall_now() + timedelta(seconds=seconds)

    def _company_of(self, call: Call) -> Company:
        code = call.company or self._plan.company
        return self._companies.get(code) or Company(code, code)


async def keep(loop: Loop) -> None:
    """Does the loop's step until cancelled."""
    while True:
        try:
            async with asyncio.timeout(loop.limit_s):
                handled = await loop.step()
        except (BooksAway, RecordingError, TimeoutError) as error:
            _log.warning("loop_held_up", loop=loop.name, error=type(error).__name__, reason=str(error))
            result = "held up"
        except Exception as error:
            _log.error("loop_dead", loop=loop.name, error=type(error).__name__)
            _ROUNDS.labels(loop.name, "dead").inc()
            raise
        else:
            _HANDLED.labels(loop.name).inc(handled)
            _LAST.labels(loop.name).set(time.time())
            result = "done"
        _ROUNDS.labels(loop.name, result).inc()
        await asyncio.sleep(loop.every_s)


def next_rung(docket: Docket) -> tuple[int, datetime] | None:
    """The rung above the docket's and when it is reached; None when it has ended, or stands at the top. Pure."""
    if docket.state in END_STATES or docket.level >= desk.TOP_LEVEL:
        return None
    level = docket.level + 1
    return level, clocks.escalation_due(docket.registered_at, docket.due_at, level)
