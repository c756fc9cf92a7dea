"""The floor and this controller agree again on who waits and who talks (design 3.8, 3.9).

A waiting caller we do not hold is a ghost that would be offered for ever; an agent "talking" in a call we do not hold
would never be free again; callers and talks we do hold may have been forgotten by a Redis that was emptied.
"""

from __future__ import annotations

from ivr.agent_phones import AgentPhones
from ivr.house import House
from ivr.lines import Lines
from storage.floor_records import AgentState

IN_A_CALL = frozenset({AgentState.TALKING})


async def reconcile(house: House, lines: Lines, phones: AgentPhones) -> None:
    """Compare and mend. FloorAway when the floor is; then it is done again when it is back."""
    floor, node, now = house.floor, house.plan.node, house.clock.wall_now().timestamp()
    for waiting in await floor.waiting_of(node, now):
        if waiting.call_ref not in lines:
            await floor.leave(waiting.call_ref)
    for line in list(lines.values()):
        if line.waiting is not None:
            await floor.enqueue(line.waiting, node)
        if line.agent is not None:
            await floor.talks(line.agent, line.call_ref, owner=node, since=now)
    for agent in await floor.agents():
        if agent.state in IN_A_CALL and agent.owner == node and agent.call_ref and agent.call_ref not in lines:
            await floor.released(agent.code, agent.call_ref, wrap_up_s=None, now=now)
        if agent.node == node:
            await phones.look(agent.code)
