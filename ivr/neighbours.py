"""The other nodes of the line: which of them live, and what one that died has left (design 3.22).

Each call belongs to the node it came to: its Asterisk, its controller and its recording stand and fall together. A
controller to which Asterisk gives its calls says so on the floor, with a lease. A node is dead when two signs agree:
its lease has been gone for longer than its parent needs to start anything again, and its Asterisk does not answer on
the inter-node trunk either. Then its calls were cut, and one of the others settles them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from ivr.ari.errors import AriError
from ivr.callbacks import RINGING, owner_of
from ivr.house import House
from ivr.reconciling import settle_cut
from storage.errors import StorageError
from storage.floor_records import AgentState, FloorAway

log = structlog.get_logger(__name__)

BEAT_S = 1.0
LEASE_S = 5.0
"""A node whose controller has been silent for so long is offered no agent; none of its agents is offered to anybody."""
GONE_S = 15.0
"""After its lease, 20 s after its last beat: a parent has a killed controller or Asterisk back in less."""
CLAIM_S = 30.0
"""One of those who live settles what a dead node has left; so much later whoever comes first looks again."""


class Silence:
    """Since when each of `peers` has been silent, by one monotonic clock in seconds. Pure."""

    def __init__(self, peers: Iterable[str]) -> None:
        self._peers = sorted(peers)
        self._since: dict[str, float] = {}

    def see(self, living: frozenset[str], now: float) -> dict[str, float]:
        """Who lives at this moment; those who have been silent for GONE_S, each with the seconds of his silence."""
        for node in self._peers:
            if node in living:
                self._since.pop(node, None)
            else:
                self._since.setdefault(node, now)
        return {node: now - since for node, since in self._since.items() if now - since >= GONE_S}

    def forget(self) -> None:
        """We could not listen: nobody has been silent as far as we know."""
        self._since.clear()


class Neighbours:
    """`living` are the nodes whose callers and agents may be brought together now, our own among them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._silence = Silence(house.plan.peers)
        self._taking: set[str] = set()
        self.living = frozenset({house.plan.node})

    async def run(self) -> None:
        """Until cancelled. What a dead node has left is settled beside the beat, which must not wait for it."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                try:
                    gone = await self._look()
                except FloorAway:
                    self._silence.forget()
                    gone = {}
                for node, silent_s in gone.items():
                    if node not in self._taking:
                        self._taking.add(node)
                        tasks.create_task(self._take_over(node, silent_s))
                await asyncio.sleep(BEAT_S)

    async def _look(self) -> dict[str, float]:
        """Say that we live, see who else does; the nodes that have been silent for too long."""
        leases, plan = self._house.floor.nodes, self._house.plan
        if self._house.ari.registered:
            await leases.beat(plan.node, LEASE_S)
        living = await leases.living(plan.peers)
        self.living = living | {plan.node}
        return self._silence.see(living, asyncio.get_running_loop().time())

    async def _take_over(self, node: str, silent_s: float) -> None:
        try:
            if await self._answers(node):
                return  # only out of our sight, or its controller is away: who is on the line there is not cut
            await self._end_legs(node)
            if await self._house.floor.nodes.claim(node, self._house.plan.node, CLAIM_S):
                last_beat = self._house.clock.wall_now() - timedelta(seconds=silent_s + LEASE_S)
                await settle(self._house, node, last_beat)
            await asyncio.sleep(CLAIM_S)  # while it stays dead it is looked at now and then, not each second
        except (AriError, StorageError, FloorAway) as error:
            log.error("dead_node_not_settled", node=node, error=type(error).__name__)  # it is looked at again
        finally:
            self._taking.discard(node)

    async def _answers(self, node: str) -> bool:
        """Does that node's Asterisk answer ours on the inter-node trunk?"""
        return (await self._house.ari.get_endpoint("PJSIP", f"node-{node}")).state == "online"

    async def _end_legs(self, node: str) -> None:
        """Our agents who talk with callers of that node talk with nobody; their phones must not stay in those calls."""
        ari = self._house.ari
        for channel in await ari.list_channels():
            if channel.name.startswith(f"PJSIP/from-node-{node}-"):
                await ari.hang_up(channel.id, call=channel.id, reason="normal")


async def settle(house: House, node: str, last_beat: datetime) -> None:
    """What a dead node has left: the books first, then the floor (design 3.9). Anything may be done twice."""
    left = await house.books.calls.left_by(node)
    for call in left:
        try:
            await settle_cut(house, call, last_beat)
        except StorageError:
            raise
        except Exception:  # top of one call: what is wrong with it must not end one living node after the other
            log.exception("call_not_settled", call=call.call_ref)
    freed = await house.books.due.release(RINGING, owner_of(node))
    await _clear_floor(house, node)
    if left or freed:
        log.warning("dead_node_settled", node=node, calls=len(left), callbacks_freed=freed)


async def _clear_floor(house: House, node: str) -> None:
    """Its callers wait no more, its agents' phones are out of reach, and talks of its callers are over.

    Offers it had under way lapse by themselves.
    """
    floor, now = house.floor, house.clock.wall_now().timestamp()
    for waiting in await floor.waiting_of(node, now):
        await floor.leave(waiting.call_ref)
    for agent in await floor.agents():
        if agent.node == node and agent.contact_ok:
            await floor.contact(agent.code, ok=False, node=node)
        if agent.owner == node and agent.state is AgentState.TALKING and agent.call_ref:
            await floor.released(agent.code, agent.call_ref, wrap_up_s=None, now=now)
