"""A supervisor at a running talk: listens, whispers to the agent, or speaks with both; each with its reason, kept."""

from __future__ import annotations

from typing import Literal

import msgspec

from agent_console.agent_api import ask_controller
from agent_console.bodies import Reason
from agent_console.errors import NotPossible, NotThere, OutOfSight
from agent_console.route import Done, Nothing, Visit
from storage.floor_records import Agent, AgentState

LISTEN_IN = "listen_in"
"""Deed of the audit; its detail says how, why, and in which call."""

_NO_SUCH = "There is no such agent signed in."


class ListenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`mode`: "listen" to both, "whisper" to the agent alone, "barge" in and speak with both."""

    mode: Literal["listen", "whisper", "barge"]
    reason: Reason


async def listen_in(visit: Visit, asked: ListenIn) -> Done:
    """His page's telephone is rung and picks up by itself; again with another mode, that is how he is there then.

    Kept before he hears a word. NotPossible while the agent is in no talk, or another supervisor is in it.
    """
    agent = await _agent(visit)
    if agent.state is not AgentState.TALKING or agent.call_ref is None:
        raise NotPossible("This agent is in no call at the moment.")
    await _refuse_at_work(visit, agent)
    detail = {"mode": asked.mode, "reason": asked.reason, "call": agent.call_ref}
    await visit.console.books.people.audit(visit.visitor.actor, LISTEN_IN, f"agent:{agent.code}", visit.now, detail)
    await _do(visit, agent, "listen", {"mode": asked.mode, "node": visit.console.plan.node})
    return Done()


async def _refuse_at_work(visit: Visit, agent: Agent) -> None:
    """Who is an agent as well has one telephone: he cannot listen with it while callers may reach him by it."""
    code = visit.visitor.login.agent
    if code is None:
        return
    me = await visit.console.floor.agent(code)
    if code == agent.code or (me is not None and me.state not in (AgentState.BREAK, AgentState.OFF)):
        raise NotPossible("You are at work as an agent: take a break before you listen to others.")


async def stop(visit: Visit, _: Nothing) -> Done:
    """He is out of it; agent and caller notice nothing. Nothing happens when the talk has ended."""
    agent = await _agent(visit)
    if agent.state is AgentState.TALKING and agent.call_ref is not None:
        await _do(visit, agent, "stop_listening", {})
    return Done()


async def _do(visit: Visit, agent: Agent, deed: str, args: dict[str, str]) -> None:
    """The controller that has the call does it, in its order among what happens to the call."""
    whole = {"agent": agent.code, "by": visit.visitor.telephone(), **args}
    await ask_controller(visit, agent.owner or visit.console.plan.node, deed, agent.call_ref, whole)


async def _agent(visit: Visit) -> Agent:
    """The agent in the path as the floor has him, if he is this supervisor's to see."""
    agent = await visit.console.floor.agent(visit.part("agent"))
    if agent is None:
        raise NotThere(_NO_SUCH)
    if visit.visitor.login.company not in (None, agent.company):
        raise OutOfSight(_NO_SUCH)
    return agent
