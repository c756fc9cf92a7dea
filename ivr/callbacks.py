"""Callbacks: claims due work with a lease and hands each piece to whoever rings for it.

Nothing is dialled twice: the lease holds one promise for one ringing, and the cause of the work names the rung (I5).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from ivr.engaged import Engaged
from ivr.house import House
from ivr.lines import Lines
from ivr.promises import Promises
from ivr.satisfaction_calls import SatisfactionCalls
from ivr.turns import Turns
from storage.due import ClaimedWork
from storage.errors import StorageError

log = structlog.get_logger(__name__)

TICK_S = 1.0
CLEARING_S = 2.0
"""So long a telephone may still ring that a dead controller rang and we hung up: Asterisk has forgotten the call at
once, the network ends it when it has answered the CANCEL (RFC 3261, 9.1; 0.6 to 0.9 s were seen under load)."""
LEASE_S = 900.0
"""A controller that died with a callback frees it then; one that still talks renews it by claiming it again."""

SATISFACTION, AGENTS_CALL, PROMISE = "ring_satisfaction", "ring_agents_call", "ring_promise"
RINGING = (SATISFACTION, AGENTS_CALL, PROMISE)
"""The kinds of due work that are the telephone's (design 3.20)."""
IN_LINE = 500
"""Turns of one kind that may stand in the queue at once; the others wait in the books for a second more."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of due work: who rings for it, and how many at once. `under_way` are causes."""

    name: str
    ring: Callable[[ClaimedWork], Awaitable[None]]
    most: int
    under_way: set[str] = field(default_factory=set)


def owner_of(node: str) -> str:
    """The name under which a node's controller holds due work."""
    return f"ivr:{node}"


class Callbacks:
    """The loop that rings. `lines` are the calls this controller holds, `turns` who stands in line to be rung."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._owner = owner_of(house.plan.node)
        self._begun = asyncio.Event()
        self._clearing_s = 0.0
        self.turns = Turns(house)
        engaged = Engaged(house)
        promises = Promises(house, lines, self.turns, engaged, self._owner)
        asks = SatisfactionCalls(house, lines, self.turns, engaged, self._owner)
        self._kinds = (
            _Kind(SATISFACTION, asks.alone, house.plan.callbacks_at_once),
            _Kind(AGENTS_CALL, asks.by_agent, IN_LINE),
            _Kind(PROMISE, promises.keep, IN_LINE),
        )

    async def run(self) -> None:
        """Until cancelled. Books that are away only mean that nothing is rung until they are back."""
        await self._begun.wait()
        await asyncio.sleep(self._clearing_s)
        await self._release()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for kind in self._kinds:
                    for work in await self._claim(kind.name, kind.most - len(kind.under_way)):
                        if work.work.cause not in kind.under_way:  # else its lease ran out in a long talk: renewed
                            kind.under_way.add(work.work.cause)
                            tasks.create_task(_ring(kind, work))
                await asyncio.sleep(TICK_S)

    @property
    def begun(self) -> bool:
        """False until the first reconciling of this controller is over."""
        return self._begun.is_set()

    def begin(self, *, clearing: bool) -> None:
        """After the first reconciling: nothing is rung before what a controller before us left has been settled.

        `clearing`: calls it had made were hung up just now, and their telephones may ring for a moment yet; who would
        be rung anew would be rung twice at a time. Later calls change nothing.
        """
        if not self._begun.is_set():
            self._clearing_s = CLEARING_S if clearing else 0.0
            self._begun.set()

    async def _release(self) -> None:
        """What the one before us was about to ring is due again, as soon as the books can be told.

        Before anybody who came later is offered to an agent in its place. Whom it had reached is seen to be on the
        line.
        """
        while True:
            try:
                await self._house.books.due.release(RINGING, self._owner)
            except StorageError as error:
                log.error("leases_not_released", error=type(error).__name__)
                await asyncio.sleep(TICK_S)
            else:
                return

    async def _claim(self, kind: str, limit: int) -> list[ClaimedWork]:
        if limit <= 0 or not self._house.ari.registered:
            return []
        now = self._house.clock.wall_now()
        try:
            return await self._house.books.due.claim([kind], now, LEASE_S, limit, self._owner)
        except StorageError as error:
            log.error("due_work_not_claimed", error=type(error).__name__)
            return []


async def _ring(kind: _Kind, work: ClaimedWork) -> None:
    """One piece of work; whatever goes wrong leaves it leased, and it is tried again when the lease ends."""
    try:
        await kind.ring(work)
    except Exception:  # top of one callback: the others and the loop must go on
        log.exception("callback_failed", kind=kind.name)
    finally:
        kind.under_way.discard(work.work.cause)
