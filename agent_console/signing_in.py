"""An agent on the floor: signing in with his skills, the page's heartbeat, wrap-up, leaving.

Wrap-up ends only after the call has its disposition: then by the agent's own wish, or by itself once the wrap-up time
is over. That rule is kept here, at each heartbeat, so that it outlives a restart of the console; the controller must
therefore release its agents into a wrap-up without limit (`Floor.released(wrap_up_s=None)`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import msgspec

from agent_console.choices import FAMILIES
from agent_console.plan import Console
from storage.errors import BooksAway
from storage.floor_records import Agent, AgentRefused, AgentState, FloorAway
from storage.people import Login

FirstState = Literal[AgentState.READY, AgentState.BREAK]


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as pages see him. `since` and `wrap_up_ends` are epoch seconds; `wrap_up_ends` is None outside wrap-up.

    `phone_reachable`: his telephone is registered. `page_alive`: his page's lease runs; both are needed for calls.
    `disposition_missing`: he is in wrap-up and the call has none yet.
    """

    agent: str
    state: str
    since: float
    reason: str
    call_ref: str | None
    phone_reachable: bool
    page_alive: bool
    wrap_up_ends: float | None
    disposition_missing: bool


def skills_of_login(login: Login, company: str) -> frozenset[str]:
    """The skills of an agent as routing knows them; a log-in that names no categories has all."""
    families = login.categories or FAMILIES
    return frozenset(
        {f"co:{company}", *(f"lang:{one}" for one in login.languages), *(f"cat:{family}" for family in families)}
    )


async def sign_in(console: Console, login: Login, code: str, state: FirstState = AgentState.BREAK) -> None:
    """Sign in, or renew skills and lease of an agent who is; his state changes only if the floor did not know him."""
    company = login.company or console.plan.company
    await console.floor.sign_in(
        code,
        skills_of_login(login, company),
        company,
        now=console.epoch,
        lease_s=console.plan.lease_s,
        node=console.plan.node,
        state=state,
    )


async def renew_skills(console: Console, login: Login, code: str) -> None:
    """Skills that were changed while he is signed in count from the next match on; for who is not, nothing is to do."""
    await console.floor.set_skills(code, skills_of_login(login, login.company or console.plan.company))


async def beat(console: Console, code: str) -> bool:
    """The page lives: renew the lease. False when the floor does not know the agent: emptied, or he was sent off it."""
    if not await console.floor.beat(code, console.plan.lease_s, console.epoch):
        return False
    agent = await console.floor.agent(code)
    if agent is not None:
        await _end_wrap_up_in_time(console, agent)
    return True


async def _end_wrap_up_in_time(console: Console, agent: Agent) -> None:
    if agent.state is not AgentState.WRAP_UP or console.epoch < agent.since + console.plan.wrapup_s:
        return
    try:
        if await disposition_missing(console, agent):
            return
        only_from = frozenset({AgentState.WRAP_UP})
        await console.floor.set_state(
            agent.code, AgentState.READY, now=console.epoch, reason="wrap_up_over", only_from=only_from
        )
    except (AgentRefused, BooksAway):
        return  # he has just moved himself, or nobody can tell now: the next heartbeat sees


async def stop_offers(console: Console, code: str, reason: str) -> None:
    """An agent seen to be ready goes on a break; a call that reached him in this very moment stays his."""
    with suppress(AgentRefused):
        await console.floor.set_state(
            code, AgentState.BREAK, now=console.epoch, reason=reason, only_from=frozenset({AgentState.READY})
        )


async def disposition_missing(console: Console, agent: Agent) -> bool:
    """True while the call he wraps up has no disposition; also when the books do not know the call yet."""
    if agent.state is not AgentState.WRAP_UP or agent.call_ref is None:
        return False
    call = await console.books.calls.get(agent.call_ref)
    return call is None or call.disposition is None


async def view(console: Console, agent: Agent) -> AgentView:
    """The agent as he is now. While the books are away a disposition counts as missing."""
    try:
        missing = await disposition_missing(console, agent)
    except BooksAway:
        missing = True
    wrapping = agent.state is AgentState.WRAP_UP
    return AgentView(
        agent=agent.code,
        state=agent.state,
        since=agent.since,
        reason=agent.reason,
        call_ref=agent.call_ref,
        phone_reachable=agent.contact_ok,
        page_alive=agent.lease_until > console.epoch,
        wrap_up_ends=agent.since + console.plan.wrapup_s if wrapping else None,
        disposition_missing=missing,
    )


async def sign_out(console: Console, code: str) -> bool:
    """Leave the floor; True when he was on it and has left.

    Whoever has a call, or owes one its disposition, stays; his lease runs out by itself.
    """
    try:
        agent = await console.floor.agent(code)
        if agent is None or agent.state in (AgentState.OFFERED, AgentState.TALKING):
            return False
        if await disposition_missing(console, agent):
            return False
        await console.floor.sign_out(code)
    except (AgentRefused, FloorAway, BooksAway):
        return False  # a call has just reached him, or nobody can tell: without a page he is offered nothing either way
    return True
