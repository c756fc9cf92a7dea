"""A log-in that may no longer do what it did leaves at once, in the middle of a call as well: its pages, its telephone,
its place on the floor. The caller does not pay for it (R050): he goes to the head of the queue.

What the books say comes first: without that a page would sign in again.
"""

from __future__ import annotations

import asyncio
from uuid import uuid4

from agent_console.door import telephone_of
from agent_console.route import Visit
from storage.commands import Command, NoAnswer
from storage.floor_records import AgentRefused, AgentState, FloorAway
from storage.people import Login

_TRIES, _TRY_S = 20, 0.1


async def send_off(visit: Visit, login: Login) -> None:
    """`login` as it was when it was still allowed; its sessions in the books are over already."""
    console, code = visit.console, login.agent
    if code is not None:
        await _take_the_caller(visit, code)
    console.feed.end_login(login.name)
    await console.relays.end_agent(telephone_of(login))
    if code is not None:
        await _off_the_floor(visit, code)
    await console.telephone.forget(telephone_of(login), visit.visitor.actor)


async def end_pages(visit: Visit, login: Login, *, besides: str | None = None) -> None:
    """The sessions have ended in the books: their pages are closed, and with an agent's page its telephone's way."""
    visit.console.feed.end_login(login.name, besides=besides)
    await visit.console.relays.end_agent(telephone_of(login), besides=besides)


async def _take_the_caller(visit: Visit, code: str) -> None:
    """Away from him and first in line; when the controller does not answer, his telephone's end does the same."""
    console = visit.console
    try:
        agent = await console.floor.agent(code)
        if agent is None or agent.state is not AgentState.TALKING or agent.call_ref is None:
            return
        command = Command(
            id=uuid4().hex, actor=visit.visitor.actor, call=agent.call_ref, deed="give_up", args={"agent": code}
        )
        await console.commands.ask(agent.owner or console.plan.node, command)
    except (NoAnswer, FloorAway):
        return


async def _off_the_floor(visit: Visit, code: str) -> None:
    """As soon as his call has let go of him; a call that is just reaching him passes by, without page and telephone."""
    for _ in range(_TRIES):
        try:
            await visit.console.floor.sign_out(code)
        except AgentRefused:
            await asyncio.sleep(_TRY_S)
        except FloorAway:
            return
        else:
            return
