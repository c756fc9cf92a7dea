"""A call we make: rung through the trunk, recorded by the dialplan once answered, then talked to like any other.

The leg is originated into our application, so that every end of it is told with its cause; when it is answered it goes
through the dialplan's [satisfaction] for the recording, which ARI cannot start (design 3.7), and comes back.
"""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass

from ivr.agent_codec import codec_of
from ivr.ari.dispatch import Inbox
from ivr.ari.errors import AriError
from ivr.ari.events import ChannelDestroyed, StasisStart
from ivr.ari.ids import leg_id
from ivr.ari_line import AriLine
from ivr.editions import SpokenEdition
from ivr.house import House
from storage.phones import dialled

RING_SLACK_S = 5.0
RECORDING_LIMIT_S = 5.0
NOT_RUNG = 0
"""Our cause for a call that Asterisk could not even begin."""

BUSY = 17
OUT = "out"
"""The role in the id of a leg that rings a consumer."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody picked up; `cause` is the Q.850 cause of the network (asterisk.md 7), 0 when it was not rung."""

    cause: int


def new_call_ref(house: House) -> str:
    """<node>-<seconds since the epoch>.o<n>: the dialplan reads the day of the recording from it."""
    return f"{house.plan.node}-{int(house.clock.wall_now().timestamp())}.o{next(_numbers)}"


async def ring(
    house: House, call_ref: str, inbox: Inbox, phone: str, kind: str, edition: SpokenEdition | None = None
) -> AriLine | Unanswered:
    """Ring `phone` (E.164) for the plan's time; the line once it is answered and recorded, else why not.

    `inbox` is the open inbox of `call_ref`; whoever opened it releases it. `edition` None: the one in use.
    """
    plan, channel = house.plan, leg_id(call_ref, OUT)
    house.dispatch.claim(channel, call_ref)
    try:
        await house.ari.originate(
            channel,
            f"PJSIP/{dialled(phone, plan.number_format)}@trunk",
            call=call_ref,
            app=plan.app,
            app_args=("answered", kind),
            caller_id=f'"{plan.number}" <{plan.number}>',
            timeout_s=round(plan.dial_timeout_s),
            variables={"CALL_REF": call_ref, "CALL_KIND": kind},
        )
    except AriError:
        return Unanswered(NOT_RUNG)
    told = await _until(inbox, channel, "answered", plan.dial_timeout_s + RING_SLACK_S)
    if isinstance(told, StasisStart):
        told = await _recorded(house, call_ref, inbox, channel)
    if isinstance(told, StasisStart):
        codec, spoken = codec_of(told.channel), edition or house.editions.current
        return AriLine(house.ari, spoken, inbox, channel, call_ref, codec, house.hearing)
    if told.cause == NOT_RUNG:  # it may still ring, and be answered by silence
        with suppress(AriError):
            await house.ari.hang_up(channel, call=call_ref)
    return told


async def _recorded(house: House, call_ref: str, inbox: Inbox, channel: str) -> Unanswered | StasisStart:
    """Through the dialplan, which begins the recording, and back to us."""
    try:
        await house.ari.continue_in_dialplan(channel, call=call_ref, context="satisfaction")
    except AriError:
        return Unanswered(NOT_RUNG)
    return await _until(inbox, channel, "callback", RECORDING_LIMIT_S)


async def _until(inbox: Inbox, channel: str, role: str, limit_s: float) -> Unanswered | StasisStart:
    """The channel's StasisStart with `role`; Unanswered when it ends before or nothing is told in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + limit_s
    while (left_s := deadline - loop.time()) > 0:
        try:
            event = await inbox.take(left_s)
        except TimeoutError:
            break
        match event:
            case StasisStart() if event.channel.id == channel and event.args[:1] == [role]:
                return event
            case ChannelDestroyed() if event.channel.id == channel:
                return Unanswered(event.cause)
            case _:
                pass
    return Unanswered(NOT_RUNG)
