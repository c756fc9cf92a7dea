"""Offering a call to an agent: his phone rings into a bridge of its own; the caller stays in holding until he is up.

Created and dialled, never originated: such a leg can be adopted when the controller dies while it rings (design 3.12).
StasisStart of the leg comes with its creation and is not an answer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import structlog

from complaints.ledger import TALK, TALK_LOST, TALK_ON
from ivr.agent_codec import agents_codec
from ivr.ari.errors import AriError, AriUnavailable
from ivr.ari.events import (
    Channel,
    ChannelDestroyed,
    ChannelStateChange,
    Dial,
    StasisEnd,
    StasisStart,
)
from ivr.ari.ids import bridge_id, leg_id
from ivr.errors import HungUp
from ivr.line import Offered, Vanished
from ivr.screen_pop import screen_pop
from ivr.talk import Talk
from storage.floor import KEPT_APART_S
from storage.floor_records import AgentState, FloorAway, Reservation

log = structlog.get_logger(__name__)

DANGER = 0
ENTERED_LIMIT_S = 3.0
RING_SLACK_S = 3.0
"""Asterisk ends the ringing itself; if it does not tell us so, we do, this much later."""


Rung = Literal["up", "unanswered", "not_rung"]


CONTROL_ROOM = "control-room"
"""Who talks with a caller in danger when no agent does; no agent's code, and nobody on the floor."""


@dataclass(frozen=True, slots=True)
class Leg:
    """The agent's leg of a call and the bridge where both talk; `agent` may be CONTROL_ROOM."""

    channel: str
    bridge: str
    agent: str

    @property
    def is_agents(self) -> bool:
        return self.agent != CONTROL_ROOM


def endpoint_of(agent: str) -> str:
    """An agent's one endpoint; the name is never digits, so no trunk caller can pass for it (design 3.13)."""
    return f"agent-{agent}"


def way_to(agent: str, node: str, here: str) -> str:
    """What is dialled for an agent whose phone registers at `node`: himself, or the trunk to it (design 3.22)."""
    phone = f"PJSIP/{endpoint_of(agent)}"
    return phone if node in ("", here) else f"{phone}@node-{node}"


def leg_arguments(call_ref: str, agent: str) -> tuple[str, str, str]:
    """What an agent's leg is given on its way into the application: whoever adopts it reads there whose it is."""
    return ("agent", call_ref, agent)


def agent_of(channel: Channel) -> str | None:
    """The agent of a leg that we made, whichever way it took; None for any other channel."""
    _, *arguments = channel.dialplan.app_data.split(",")
    return arguments[2] if len(arguments) == len(leg_arguments("", "")) and arguments[0] == "agent" else None


async def offer(talk: Talk, reservation: Reservation, number: int, waited_s: float) -> Leg | None:
    """Ring the agent; his leg when he is up and the caller is with him, else None and the caller keeps his place.

    HungUp when the caller leaves meanwhile; the ringing has been ended then.
    """
    house, call = talk.house, talk.call_ref
    leg = Leg(leg_id(call, "agent", number), bridge_id(call, f"talk{number}"), reservation.agent)
    house.dispatch.claim(leg.channel, call)
    talk.waited_s = waited_s
    await house.floor.show(reservation.agent, await screen_pop(talk))
    try:
        rung = await _ring(talk, leg, way_to(leg.agent, reservation.node, house.plan.node))
    except HungUp:
        await drop(talk, leg, "answered_elsewhere")
        await _refused(talk, reservation, AgentState.READY)
        raise
    except AriUnavailable:
        await drop(talk, leg, "normal")
        await _refused(talk, reservation, AgentState.READY)  # our fault, not the agent's
        return None
    if rung != "up":
        await drop(talk, leg, "no_answer")
        if rung == "not_rung" and reservation.node not in ("", house.plan.node):  # the trunk's fault, not the agent's
            await _refused(talk, reservation, AgentState.READY, apart_s=KEPT_APART_S)
        else:
            await _refused(talk, reservation, AgentState.NOT_ANSWERING, apart_s=KEPT_APART_S)
        return None
    try:
        accepted = await house.floor.accepted(reservation, now=talk.now().timestamp())
    except FloorAway:
        await drop(talk, leg, "normal")
        raise
    if not accepted:
        await drop(talk, leg, "normal")  # the offer had lapsed and may be with somebody else
        return None
    talk.line.agent_leg, talk.line.agent = leg.channel, leg.agent
    return leg if await join(talk, leg) else None


async def _ring(talk: Talk, leg: Leg, endpoint: str) -> Rung:
    """Make the agent's leg and ring it until he is up, or the time for it is over."""
    plan = talk.house.plan
    limit_s = plan.danger_ring_s if talk.priority == DANGER else plan.ring_s
    if not await dial(talk, leg, endpoint, limit_s):
        return "not_rung"
    return "up" if await _picked_up(talk, leg, limit_s + RING_SLACK_S) else "unanswered"


async def make_leg(talk: Talk, leg: Leg, endpoint: str) -> None:
    """Create the leg; its StasisStart follows. AriError. The page is told which call it is, and whether it was in it.

    Who was lost in this very talk and is back comes back by himself: his page picks up (X-Sunwai-Rejoin).
    """
    house, call = talk.house, talk.call_ref
    headers = {"PJSIP_HEADER(add,X-Sunwai-Call)": call}
    if talk.agent == leg.agent and talk.flags.get(TALK) in (TALK_ON, TALK_LOST):
        headers["PJSIP_HEADER(add,X-Sunwai-Rejoin)"] = "yes"
    await house.ari.create_channel(
        leg.channel,
        endpoint,
        call=call,
        app=house.plan.app,
        app_args=leg_arguments(call, leg.agent),
        formats=(agents_codec(talk.line.codec),),
        caller_id=f'"{house.plan.number}" <{house.plan.number}>',
        variables=headers,
    )


async def dial(talk: Talk, leg: Leg, endpoint: str, limit_s: float, kind: str = "mixing") -> bool:
    """Make a leg in a bridge of its own and ring it; False when it cannot be rung. AriUnavailable: Asterisk is away."""
    house, call = talk.house, talk.call_ref
    try:
        await house.ari.create_bridge(leg.bridge, call=call, kind=kind, name=f"talk {call}", wait=False)
        await make_leg(talk, leg, endpoint)
        if not await _entered(talk, leg):
            return False
        await house.ari.add_to_bridge(leg.bridge, [leg.channel], call=call)
        await house.ari.dial(leg.channel, call=call, timeout_s=max(1, round(limit_s)))
    except AriUnavailable:
        raise
    except AriError as error:
        log.warning("agent_not_rung", call=call, agent=leg.agent, reason=str(error))
        return False
    return True


async def _entered(talk: Talk, leg: Leg) -> bool:
    """A channel just made can be put into a bridge only after its StasisStart (asterisk.md 0.5)."""
    loop = asyncio.get_running_loop()
    deadline, offered = loop.time() + ENTERED_LIMIT_S, []
    try:
        while (left_s := deadline - loop.time()) > 0:
            event = await talk.line.next_event(left_s)
            if isinstance(event, StasisStart) and event.channel.id == leg.channel:
                return True
            if isinstance(event, Offered):
                offered.append(event)
    except TimeoutError:
        pass
    finally:
        for one in offered:  # an agent, while the control room's leg was made: heard right after
            talk.line.inbox.put(one)
    return False


async def _picked_up(talk: Talk, leg: Leg, limit_s: float) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while (left_s := deadline - loop.time()) > 0:
        try:
            event = await talk.line.next_event(left_s)
        except TimeoutError:
            return False
        told = is_up(leg, event)
        if told is not None:
            return told
    return False


def is_up(leg: Leg, event: object) -> bool | None:
    """What an event tells of a leg that rings: picked up, ended, or nothing. Pure."""
    match event:
        case Dial() if event.peer.id == leg.channel and event.dialstatus == "ANSWER":
            return True
        case ChannelStateChange() if event.channel.id == leg.channel and event.channel.state == "Up":
            return True
        case ChannelDestroyed() | StasisEnd() if event.channel.id == leg.channel:
            return False
        case Vanished(channel=gone) if gone == leg.channel:
            return False
        case _:
            return None


async def join(talk: Talk, leg: Leg) -> bool:
    """Bring the caller from holding to the agent; a prompt must be stopped first (asterisk.md 0.1)."""
    house = talk.house
    try:
        await talk.line.hush()
        await house.ari.add_to_bridge(leg.bridge, [talk.line.channel], call=talk.call_ref)
    except HungUp:
        await finish(talk, leg)
        raise
    except AriError as error:
        log.warning("caller_not_joined", call=talk.call_ref, reason=str(error))
        await finish(talk, leg)
        return False
    return True


async def finish(talk: Talk, leg: Leg, *, lost: bool = False) -> None:
    """End the agent's leg, delete the bridge; his wrap-up lasts until the call has its disposition (the console)."""
    talk.line.agent_leg = talk.line.agent = None
    if talk.held_since is not None:
        talk.held_since = None
        with suppress(AriError):
            await talk.house.ari.stop_music(talk.line.channel, call=talk.call_ref)
    if talk.line.gone is None:
        # First out of the bridge: what is said to a channel whose bridge is dissolving may never be heard nor told.
        with suppress(AriError):
            await talk.house.ari.remove_from_bridge(leg.bridge, talk.line.channel, call=talk.call_ref)
    await drop(talk, leg, "normal")
    if not leg.is_agents:
        return
    now = talk.now().timestamp()
    with suppress(FloorAway):  # told again when the floor is back
        await talk.house.floor.released(leg.agent, talk.call_ref, wrap_up_s=None, now=now, lost=lost)


async def drop(talk: Talk, leg: Leg, reason: str) -> None:
    """A caller's hang-up does not end the agent's ringing: the leg needs its own (asterisk.md 0.7)."""
    ari, call = talk.house.ari, talk.call_ref
    with suppress(AriError):  # gone by itself
        await ari.hang_up(leg.channel, call=call, reason=reason)
    with suppress(AriError):
        await ari.delete_bridge(leg.bridge, call=call)


async def _refused(
    talk: Talk,
    reservation: Reservation,
    state: Literal[AgentState.NOT_ANSWERING, AgentState.READY],
    apart_s: float = 0.0,
) -> None:
    with suppress(FloorAway):  # the reservation lapses by itself
        await talk.house.floor.refused(reservation, state, now=talk.now().timestamp(), apart_s=apart_s)
