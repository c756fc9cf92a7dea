"""The control room's telephone: danger reaches a person within seconds, agents or none (domain.md 3.1, row 12)."""

from __future__ import annotations

import asyncio

from ivr import offers
from ivr.ari.errors import AriUnavailable
from ivr.ari.ids import bridge_id, leg_id
from ivr.errors import HungUp
from ivr.line import Offered
from ivr.offers import CONTROL_ROOM, Leg
from ivr.talk import Talk
from storage.phones import dialled

RING_AGAIN_S = 20.0
"""After it was not answered it is rung again so much later, as long as no agent is up."""

MIXED = "mixing,video_sfu"
"""A bridge that mixes samples, though only two are in it. By the trunk the network chooses the codec, and with the
caller's own the control room was missing from nine of twelve recordings (ivr/agent_codec.py; none of twelve so)."""


async def reach(talk: Talk, number: int) -> Leg | Offered | None:
    """Ring it: its leg when somebody there is up, the caller still in holding; None when nobody answers.

    He stands in the queue meanwhile: an agent offered to him ends the ringing, and the offer is returned. `number`
    counts the tries of this call. HungUp when the caller leaves; the ringing has been ended then.
    """
    plan, call = talk.house.plan, talk.call_ref
    leg = Leg(leg_id(call, "control", number), bridge_id(call, f"control{number}"), CONTROL_ROOM)
    talk.house.dispatch.claim(leg.channel, call)
    try:
        rings = await offers.dial(
            talk, leg, f"PJSIP/{dialled(plan.control_room, plan.number_format)}@trunk", plan.ring_s, MIXED
        )
        told = await _picked_up(talk, leg) if rings else None
    except (HungUp, AriUnavailable) as error:
        await offers.drop(talk, leg, "answered_elsewhere")
        if isinstance(error, HungUp):
            raise
        return None
    if isinstance(told, Leg):
        return told
    await offers.drop(talk, leg, "no_answer" if told is None else "answered_elsewhere")
    return told


async def _picked_up(talk: Talk, leg: Leg) -> Leg | Offered | None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + talk.house.plan.ring_s + offers.RING_SLACK_S
    while (left_s := deadline - loop.time()) > 0:
        try:
            event = await talk.line.next_event(left_s)
        except TimeoutError:
            break
        if isinstance(event, Offered):
            return event
        up = offers.is_up(leg, event)
        if up is not None:
            return leg if up else None
    return None
