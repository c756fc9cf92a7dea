"""The wallboard: one reading for all pages that show it, none while nobody looks.

The agents are read and told when one of them has changed; the day's figures come from the books, and reading them never
takes more than a twentieth of the time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec
import structlog

from agent_console.feed import Feed
from complaints.ledger import Outcome
from complaints.lifecycle import END_STATES
from complaints.records import Docket, Origin, State
from storage.books import Books
from storage.clock import Clock
from storage.errors import BooksAway
from storage.floor import Floor
from storage.floor_records import Agent, FloorAway
from storage.reports import day_bounds, level_of, promises_kept

log = structlog.get_logger(__name__)

AGENTS_EVERY_S = 0.2
"""The agents are read at most this often, however many of them change."""
AGENTS_AT_LEAST_EVERY_S = 1.0
"""That a page is no longer heard is told by nothing but its lease."""
BOOKS_EVERY_S = 5.0
BOOKS_SHARE = 20
"""After a reading of the books nobody reads again for so many times as long as it took."""

TARGETS = ((20.0, 0.80), (90.0, 0.95))
"""Answered within so many seconds, over all offered to the queue, and the share that is aimed at (I8)."""

_OPEN = frozenset(State) - END_STATES


class WallAgent(msgspec.Struct, frozen=True, kw_only=True):
    """`since` is epoch seconds; `reachable`: telephone and page are there; `vendor` employs him, if that is known."""

    agent: str
    state: str
    since: float
    reason: str
    reachable: bool
    vendor: str | None = None


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """`share` and `target` are 0..1; null while nothing can be said."""

    within_s: float
    target: float
    share: float | None


class WallDanger(msgspec.Struct, frozen=True, kw_only=True):
    """An open docket of danger; `since` is when it was registered, epoch seconds."""

    docket: str
    state: str
    since: float


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """Today so far. offered = the sum of outcomes + going, or the books do not add up."""

    offered: int
    outcomes: Mapping[str, int]
    going: int
    without_outcome: int
    lost: int
    balanced: bool
    asked_for_person: int
    answered: int
    abandoned: int
    levels: tuple[Level, ...]
    callbacks_made: int
    callbacks_kept: int
    callbacks_open: int
    callbacks_late: int
    callbacks_not_reached: int
    danger: tuple[WallDanger, ...]
    surge: bool


class Wall(msgspec.Struct, frozen=True, kw_only=True):
    """`day` is null until the books have been read; `day_at` says when, epoch seconds. `lines` is the soft limit."""

    agents: tuple[WallAgent, ...] = ()
    day: Day | None = None
    day_at: float | None = None
    lines: int = 0


@dataclass(frozen=True, slots=True)
class WallPlan:
    """`company` None: all of the line."""

    timezone: str
    lines: int


class Wallboard:
    """What was read last, for every page that shows it."""

    def __init__(self, books: Books, floor: Floor, feed: Feed, clock: Clock, plan: WallPlan) -> None:
        self._books = books
        self._floor = floor
        self._feed = feed
        self._clock = clock
        self._plan = plan
        self._agents: list[Agent] = []
        self._day: Day | None = None
        self._danger: list[Docket] = []
        self._vendors: Mapping[str, str] = {}
        self._day_at: float | None = None
        self._reading = asyncio.Lock()

    def seen_by(self, company: str | None) -> Wall:
        """What a log-in of this company sees (None: of all); the day is the line's."""
        now = self._clock.wall_now().timestamp()
        mine = [one for one in self._agents if company is None or one.company in ("", company)]
        danger = tuple(_danger(one) for one in self._danger if company in (None, one.company))
        return Wall(
            agents=_tiles(mine, self._vendors, now),
            day=msgspec.structs.replace(self._day, danger=danger) if self._day else None,
            day_at=self._day_at,
            lines=self._plan.lines,
        )

    def loops(self) -> tuple[Coroutine[object, object, None], ...]:
        """Its loops, run by the feed. Books or floor that are away leave what was read last, with its moment."""
        return self._watch_floor(), self._watch_books()

    async def read_now(self) -> None:
        """For who asks once and has no page: read anew what is older than a page would show. BooksAway, FloorAway."""
        async with self._reading:
            now = self._clock.wall_now().timestamp()
            if self._day_at is None or now - self._day_at > BOOKS_EVERY_S:
                self._agents = await self._floor.agents()
                self._day, self._day_at = await self._read_day(), now

    async def _watch_floor(self) -> None:
        while True:
            await self._feed.wall_wanted.wait()
            await self._feed.agents_moved(AGENTS_AT_LEAST_EVERY_S)
            try:
                found = await self._floor.agents()
            except FloorAway:
                found = self._agents
            now = self._clock.wall_now().timestamp()
            if _tiles(found, self._vendors, now) != _tiles(self._agents, self._vendors, now):
                self._feed.wake_walls()
            self._agents = found
            await asyncio.sleep(AGENTS_EVERY_S)

    async def _watch_books(self) -> None:
        while True:
            await self._feed.wall_wanted.wait()
            began = time.monotonic()
            try:
                self._day, self._day_at = await self._read_day(), self._clock.wall_now().timestamp()
                self._feed.wake_walls()
            except BooksAway:
                log.warning("books_away", loop="wall")
            await asyncio.sleep(max(BOOKS_EVERY_S, BOOKS_SHARE * (time.monotonic() - began)))

    async def _read_day(self) -> Day:
        books, now = self._books, self._clock.wall_now()
        begin, end = day_bounds(now.astimezone(ZoneInfo(self._plan.timezone)).date(), self._plan.timezone)
        ledger = await books.calls.ledger(begin, end, now=now)
        queued = await books.calls.queued(begin, end, Origin.LINE)
        levels = [level_of(queued, within_s, now) for within_s, _ in TARGETS]
        kept = await promises_kept(books, begin, end)
        self._danger = await books.dockets.of_category("SAF", _OPEN)
        self._vendors = await books.people.vendors()
        return Day(
            offered=ledger.offered,
            outcomes={outcome.value: ledger.outcomes.get(outcome, 0) for outcome in Outcome},
            going=ledger.going,
            without_outcome=len(ledger.without_outcome),
            lost=len(ledger.lost),
            balanced=ledger.balanced,
            asked_for_person=levels[0].offered,
            answered=levels[0].answered_in_time + levels[0].answered_late,
            abandoned=levels[0].abandoned,
            levels=tuple(
                Level(within_s=within_s, target=target, share=level.share)
                for (within_s, target), level in zip(TARGETS, levels, strict=True)
            ),
            callbacks_made=kept.made,
            callbacks_kept=kept.kept,
            callbacks_open=kept.open,
            callbacks_late=sum(one.ended is None and one.due_at < now for one in kept.to_see),
            callbacks_not_reached=kept.not_reached,
            danger=(),
            surge=(await books.line_state.surge()).on,
        )


def _tiles(agents: Iterable[Agent], vendors: Mapping[str, str], now: float) -> tuple[WallAgent, ...]:
    return tuple(_tile(one, vendors.get(one.code), now) for one in sorted(agents, key=lambda one: one.code))


def _tile(agent: Agent, vendor: str | None, now: float) -> WallAgent:
    return WallAgent(
        agent=agent.code,
        state=agent.state,
        since=agent.since,
        reason=agent.reason,
        reachable=agent.contact_ok and agent.lease_until > now,
        vendor=vendor,
    )


def _danger(docket: Docket) -> WallDanger:
    return WallDanger(docket=docket.number, state=docket.state, since=docket.registered_at.timestamp())
