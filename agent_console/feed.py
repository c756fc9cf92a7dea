"""One ear on the floor for all pages: it wakes the seats whose agent, pop or queue figures may have changed.

A seat holds flags, not messages: however much happens, a slow page is never more than one of each behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field

import structlog

from storage.clock import Clock
from storage.floor import Floor
from storage.floor_records import (
    AGENT_CHANGED,
    AWAY,
    CALLER_LEFT,
    CALLER_WAITING,
    CONNECTED,
    POP_SHOWN,
    FloorAway,
    FloorEvent,
)

log = structlog.get_logger(__name__)

EVERYTHING, AGENT, POP, QUEUE, WALL, STALE, END = "everything", "agent", "pop", "queue", "wall", "stale", "end"

FIGURES_EVERY_S = 0.5
"""The floor is asked for queue figures at most this often, however many pages are open and callers come. Once a second
would make the last of a hundred changes later than a second."""

_FIGURES_AT_LEAST_EVERY_S = 5.0
_END_TRIES, _END_TRY_S = 40, 0.25


@dataclass(frozen=True, slots=True)
class Figures:
    """The queue at a glance; `oldest` is the epoch second the longest waiting caller entered it, None for nobody."""

    waiting: int = 0
    oldest: float | None = None


@dataclass(eq=False, slots=True)
class Seat:
    """One open page. `session` is the digest of its session's token; `wall`: it shows the wallboard."""

    login: str
    agent: str | None
    session: str
    wall: bool = False
    _news: set[str] = field(default_factory=set)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, what: str) -> None:
        self._news.add(what)
        self._woken.set()

    async def news(self) -> set[str]:
        """Waits until something may have changed; all that did since it was last asked."""
        await self._woken.wait()
        self._woken.clear()
        news, self._news = self._news, set()
        return news


class Feed:
    """`run` is its one task. `stale_since`: the epoch second since which the floor is away, None while it is there."""

    def __init__(self, floor: Floor, clock: Clock) -> None:
        self._floor = floor
        self._clock = clock
        self._seats: set[Seat] = set()
        self._queue_moved = asyncio.Event()
        self._agents_moved = asyncio.Event()
        self.wall_wanted = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self.figures = Figures()
        self.stale_since: float | None = None

    @property
    def pages(self) -> int:
        return len(self._seats)

    def pages_of(self, login: str) -> int:
        return sum(seat.login == login for seat in self._seats)

    def has_page(self, agent: str, besides: str) -> bool:
        """True when this agent has an open page of another session than `besides`."""
        return any(seat.agent == agent and seat.session != besides for seat in self._seats)

    def join(self, seat: Seat) -> None:
        self._seats.add(seat)
        self._look_for_walls()

    def leave(self, seat: Seat) -> None:
        self._seats.discard(seat)
        self._look_for_walls()

    def _look_for_walls(self) -> None:
        if any(seat.wall for seat in self._seats):
            self.wall_wanted.set()
        else:
            self.wall_wanted.clear()

    def wake_walls(self) -> None:
        """The wallboard has been read anew."""
        for seat in self._seats:
            if seat.wall:
                seat.wake(WALL)

    def end_session(self, session: str) -> None:
        """The session is over: its pages are told and closed."""
        for seat in self._seats:
            if seat.session == session:
                seat.wake(END)

    def end_login(self, login: str, *, besides: str | None = None) -> None:
        """Every session of this log-in is over, but the one with the digest `besides`."""
        for seat in self._seats:
            if seat.login == login and seat.session != besides:
                seat.wake(END)

    async def agents_moved(self, limit_s: float) -> None:
        """Until any agent has changed since this was last waited for, or `limit_s` seconds are over."""
        await _moved(self._agents_moved, limit_s)

    async def run(self, *beside: Coroutine[object, object, None]) -> None:
        """Until `end`. Redis being away is news, not an end; anything else ends it, and with it the service.

        `beside`: loops that live and die with it.
        """
        async with asyncio.TaskGroup() as group:
            self._loops = [
                group.create_task(self._listen(), name="floor events"),
                group.create_task(self._count(), name="queue figures"),
                *(group.create_task(loop) for loop in beside),
            ]

    async def end(self, running: asyncio.Task[None]) -> None:
        """Ends `running`, the task of `run`, for certain.

        Until Python 3.12 `asyncio.wait_for`, which the Redis client sends with, may swallow a cancellation: one that
        got lost is repeated. With 3.12 as the oldest Python, one `cancel` will do.
        """
        for _ in range(_END_TRIES):
            for task in (*self._loops, running):
                task.cancel()
            done, _pending = await asyncio.wait((running,), timeout=_END_TRY_S)
            if done:
                return
        log.error("feed_does_not_end")

    async def _listen(self) -> None:
        async for event in self._floor.listen():
            self._heard(event)

    def _heard(self, event: FloorEvent) -> None:
        if event.type == AWAY:
            self._gone()
        elif event.type == CONNECTED:
            self.stale_since = None
            self._queue_moved.set()
            self._agents_moved.set()
            self._wake_all(EVERYTHING)
        elif event.type in (CALLER_WAITING, CALLER_LEFT):
            self._queue_moved.set()
        elif event.type in (AGENT_CHANGED, POP_SHOWN):
            what = AGENT if event.type == AGENT_CHANGED else POP
            if what == AGENT:
                self._agents_moved.set()
            for seat in self._seats:
                if seat.agent is not None and seat.agent == event.agent:
                    seat.wake(what)

    def _gone(self) -> None:
        if self.stale_since is None:
            self.stale_since = self._clock.wall_now().timestamp()
            log.warning("floor_away", loop="feed")
            self._wake_all(STALE)

    def _wake_all(self, what: str) -> None:
        for seat in self._seats:
            seat.wake(what)

    async def _count(self) -> None:
        """Reads the figures when the queue moved, and now and then in case an event was missed."""
        while True:
            await _moved(self._queue_moved, _FIGURES_AT_LEAST_EVERY_S)
            try:
                found = await self._read()
            except FloorAway:
                self._gone()
            else:
                if found != self.figures:
                    self.figures = found
                    self._wake_all(QUEUE)
            await asyncio.sleep(FIGURES_EVERY_S)

    async def _read(self) -> Figures:
        now = self._clock.wall_now().timestamp()
        waiting = await self._floor.waiting_count()
        longest = await self._floor.longest_wait(now)
        # Whole seconds: otherwise rounding alone would look like a change at every reading.
        return Figures(waiting, round(now - longest) if waiting and longest else None)


async def _moved(flag: asyncio.Event, limit_s: float) -> None:
    """Until the flag is set, or the time is over; it is then down again."""
    try:
        async with asyncio.timeout(limit_s):
            await flag.wait()
    except TimeoutError:
        pass
    flag.clear()
