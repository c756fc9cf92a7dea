"""Handing a caller on to a colleague: he is rung while the caller hears music, and nobody lets go before he is up.

Warm: agent and colleague speak first, then the caller is brought to the colleague, or the agent takes him back. Blind:
the caller is brought as soon as the colleague is up. The colleague is put aside like for any offer, so that he is never
rung for two; whoever does not answer is "not answering", and the caller is back with the agent.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from dialplan.routing import Waiting, routing_key
from ivr.ari.errors import AriError
from ivr.ari.events import StasisStart
from ivr.ari.ids import bridge_id, leg_id
from ivr.offers import Leg, drop, is_up, make_leg, way_to
from ivr.pairing import pair
from ivr.screen_pop import screen_pop
from ivr.talk import HandOn, Talk
from storage.floor import KEPT_APART_S
from storage.floor_records import AgentState, FloorAway, Reservation

RESERVED_SLACK_S = 10.0
How = Literal["warm", "blind"]
Came = Literal["nothing", "up", "failed", "left"]


@dataclass(slots=True)
class Transfer:
    """One try to hand a caller on; `leg` is the colleague's, in a bridge of its own."""

    talk: Talk
    leg: Leg
    reservation: Reservation
    how: How
    is_up: bool = False

    async def hear(self, event: object) -> Came:
        """What an event of the call means for it. AriError when Asterisk will not have the colleague rung."""
        house, call = self.talk.house, self.talk.call_ref
        if isinstance(event, StasisStart) and event.channel.id == self.leg.channel:
            await house.ari.add_to_bridge(self.leg.bridge, [self.leg.channel], call=call)
            await house.ari.dial(self.leg.channel, call=call, timeout_s=max(1, round(house.plan.ring_s)))
            return "nothing"
        told = is_up(self.leg, event)
        if told is None:
            return "nothing"
        if self.is_up:
            return "nothing" if told else "left"
        if not told or not await house.floor.accepted(self.reservation, now=self.talk.now().timestamp()):
            return "failed"
        self.is_up = True
        return "up"

    async def give_up(self, *, answered: bool) -> None:
        """The colleague is free again; `answered` False: he did not pick up in time."""
        talk, floor, now = self.talk, self.talk.house.floor, self.talk.now().timestamp()
        await drop(talk, self.leg, "normal")
        with suppress(FloorAway):
            if self.is_up:
                await floor.released(self.leg.agent, talk.call_ref, wrap_up_s=0, now=now)
                return
            if answered:
                await floor.refused(self.reservation, AgentState.READY, now=now, apart_s=0.0)
            else:
                await floor.refused(self.reservation, AgentState.NOT_ANSWERING, now=now, apart_s=KEPT_APART_S)
            await floor.leave(talk.call_ref)


async def begin(talk: Talk, leg: Leg, to: str, how: How) -> Transfer | None:
    """Put the colleague aside and make his leg; None when he is not ready. AriError, FloorAway: nothing has changed."""
    house, now = talk.house, talk.now().timestamp()
    waiting = Waiting(talk.call_ref, routing_key(now, talk.priority), frozenset(), now, talk.priority)
    await house.floor.enqueue(waiting, house.plan.node)
    lease_s = house.plan.ring_s + RESERVED_SLACK_S
    reservation = await house.floor.reserve(talk.call_ref, to, owner=house.plan.node, lease_s=lease_s, now=now)
    if reservation is None:
        await house.floor.leave(talk.call_ref)
        return None
    number = talk.next_number()
    coming = Leg(leg_id(talk.call_ref, "handed", number), bridge_id(talk.call_ref, f"handed{number}"), to)
    made = Transfer(talk, coming, reservation, how)
    talk.hand_on = None
    try:
        house.dispatch.claim(coming.channel, talk.call_ref)
        await house.floor.show(to, await screen_pop(talk, handed_by=leg.agent))
        await house.ari.create_bridge(coming.bridge, call=talk.call_ref, name=f"talk {talk.call_ref}", wait=False)
        await make_leg(talk, coming, way_to(to, reservation.node, house.plan.node))
    except (AriError, FloorAway):
        await made.give_up(answered=True)
        raise
    talk.hand_on = HandOn(to, "ringing")
    return made


async def consult(made: Transfer, leg: Leg) -> None:
    """Agent and colleague speak with each other; the caller stays with his music."""
    ari, call = made.talk.house.ari, made.talk.call_ref
    await ari.unmute(leg.channel, call=call)
    await ari.add_to_bridge(made.leg.bridge, [leg.channel], call=call)
    made.talk.hand_on = HandOn(made.leg.agent, "speaking")


async def complete(made: Transfer, before: Leg) -> Leg:
    """Caller and colleague are together; the agent is out of it and wraps up. The colleague's leg as it is then.

    The music ends first: a controller after us would let it play over the talk. AriError: they are not together.
    """
    talk, house = made.talk, made.talk.house
    await house.ari.stop_music(talk.line.channel, call=talk.call_ref)
    leg = await pair(talk, made.leg)
    talk.held_since = talk.hand_on = None
    talk.flags["handed_on"] = f"{talk.flags.get('handed_on', before.agent)}>{leg.agent}"
    talk.line.agent_leg, talk.line.agent, talk.agent = leg.channel, leg.agent, leg.agent
    await drop(talk, before, "normal")
    now = talk.now().timestamp()
    with suppress(FloorAway):
        await house.floor.released(before.agent, talk.call_ref, wrap_up_s=None, now=now)
        await house.floor.show(leg.agent, await screen_pop(talk, handed_by=before.agent))
    talk.note()
    return leg
