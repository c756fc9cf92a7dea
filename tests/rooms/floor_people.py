"""People of the floor's tests: callers with their keys, agents at their desks."""

from __future__ import annotations

from dialplan.routing import Waiting, routing_key
from storage.floor_records import AgentState

T = 1_800_000_000.123456
"""The tests' own now, with digits a careless script would cut."""

HINDI, URDU = frozenset({"lang:hi", "cat:SUP"}), frozenset({"lang:ur", "cat:SUP"})
BOTH = HINDI | URDU


def caller(ref, entered_at=T, priority=3, skills=HINDI):
    return Waiting(ref, routing_key(entered_at, priority), skills, entered_at, priority)


async def at_desk(floor, code, now=T, skills=BOTH, lease_s=15.0):
    """Signed in, phone registered, ready."""
    await floor.contact(code, ok=True)
    await floor.sign_in(code, skills, "PV", now=now, lease_s=lease_s, state=AgentState.READY)


async def ready_codes(floor, now=T):
    return sorted(one.agent for one in await floor.ready_agents(now))


async def refs(floor, now=T):
    return [one.call_ref for one in sorted(await floor.waiting_heads(now), key=lambda one: one.order)]
