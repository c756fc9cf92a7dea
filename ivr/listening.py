"""A supervisor at a talk: listens, whispers to the agent, or speaks with both (asterisk.md 6).

He never stands in the talk's own bridge: with three in it, who was left was now and then not heard any more (RTP
numbers, docs/architecture.md). A snoop on the agent's leg hears both sides; what it is given to say reaches the agent
alone, or both ways and so the caller as well. One snoop for each way of being there; another way is another snoop.

His leg is no agent's: a controller after us finds it belonging to nobody and ends it, and the talk goes on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from ivr.agent_codec import agents_codec
from ivr.ari.errors import AriError
from ivr.ari.events import ChannelDestroyed, StasisEnd, StasisStart
from ivr.ari.ids import bridge_id, leg_id
from ivr.line import Vanished
from ivr.offers import Leg, drop, is_up, way_to
from ivr.talk import Talk

Mode = Literal["listen", "whisper", "barge"]
RING_S = 10
"""His page picks up by itself."""

WHISPERS: dict[Mode, str] = {"listen": "none", "whisper": "out", "barge": "both"}
"""Where his words go on the agent's leg: nowhere, out to the agent, or both ways."""


@dataclass(slots=True)
class Listening:
    """One supervisor at one talk. `leg` is his, in a bridge of its own with the snoop on `agents` leg."""

    talk: Talk
    leg: Leg
    agents: str
    mode: Mode
    number: int
    is_up: bool = False
    snoop: str = ""
    snoops: int = 0

    async def hear(self, event: object) -> bool:
        """What an event of the call means for it; False when it is over. AriError: Asterisk will not have it."""
        ari, call = self.talk.house.ari, self.talk.call_ref
        match event:
            case StasisStart() if event.channel.id == self.leg.channel:
                await ari.add_to_bridge(self.leg.bridge, [self.leg.channel], call=call)
                await ari.dial(self.leg.channel, call=call, timeout_s=RING_S)
            case StasisStart() if self.snoop and event.channel.id == self.snoop:
                await ari.add_to_bridge(self.leg.bridge, [self.snoop], call=call)
            case ChannelDestroyed() | StasisEnd() if self.snoop and event.channel.id == self.snoop:
                return False  # the agent's leg has gone: he was handed on, or his page was reloaded
            case Vanished(channel=gone) if self.snoop and gone == self.snoop:
                return False
            case _:
                told = is_up(self.leg, event)
                if told is False:
                    return False
                if told and not self.is_up:
                    self.is_up = True
                    await self._be_there()
        return True

    async def change(self, mode: Mode) -> None:
        """Another way of being there, from now on. AriError: it is as it was."""
        self.mode, before = mode, self.mode
        if not self.is_up:
            return
        try:
            await self._be_there()
        except AriError:
            self.mode = before
            raise

    async def _be_there(self) -> None:
        """A snoop of this mode in place of the one before; usable after its StasisStart (asterisk.md 0.5)."""
        house, call, before = self.talk.house, self.talk.call_ref, self.snoop
        self.snoops += 1
        made = leg_id(call, f"snoop{self.number}n", self.snoops)
        house.dispatch.claim(made, call)
        try:
            await house.ari.snoop(
                self.agents,
                made,
                call=call,
                app=house.plan.app,
                spy="both",
                whisper=WHISPERS[self.mode],
                app_args=("snoop", call),
            )
        except AriError:
            with suppress(AriError):  # an answer that did not come in time: it may have been made all the same
                await house.ari.hang_up(made, call=call, reason="normal")
            raise
        self.snoop = made  # only now: one that could not be made leaves the one before where it was
        self.talk.line.beside.add(made)
        if before:
            self.talk.line.beside.discard(before)
            with suppress(AriError):
                await house.ari.hang_up(before, call=call, reason="normal")

    async def end(self) -> None:
        """He is out of it; agent and caller notice nothing."""
        line, ari, call = self.talk.line, self.talk.house.ari, self.talk.call_ref
        line.beside -= {self.leg.channel, self.snoop}
        if self.snoop:
            with suppress(AriError):
                await ari.hang_up(self.snoop, call=call, reason="normal")
        await drop(self.talk, self.leg, "normal")


async def begin(talk: Talk, agents: Leg, by: str, node: str, mode: Mode, number: int) -> Listening:
    """Make his leg; the rest follows as it comes up. AriError: nothing has been changed for agent and caller."""
    house, call = talk.house, talk.call_ref
    leg = Leg(leg_id(call, "listener", number), bridge_id(call, f"listening{number}"), by)
    made = Listening(talk, leg, agents.channel, mode, number)
    house.dispatch.claim(leg.channel, call)
    talk.line.beside.add(leg.channel)
    try:
        await house.ari.create_bridge(leg.bridge, call=call, name=f"listening {call}", wait=False)
        await house.ari.create_channel(
            leg.channel,
            way_to(by, node, house.plan.node),
            call=call,
            app=house.plan.app,
            app_args=("listener", call),
            formats=(agents_codec(talk.line.codec),),
            caller_id=f'"{house.plan.number}" <{house.plan.number}>',
            variables={"PJSIP_HEADER(add,X-Sunwai-Call)": call, "PJSIP_HEADER(add,X-Sunwai-Rejoin)": "yes"},
        )
    except AriError:
        await made.end()
        raise
    return made
