"""A talk while it lasts: who leaves first, holding the caller, handing him on, and an agent whose page comes back.

What the agent asks for comes from the console as `Asked`, in its order among what happens to the call. He is held with
music on his own channel: both stay in their bridge, so that a controller that dies meanwhile leaves a talk behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

import structlog

from complaints.ledger import SEALED
from ivr import listening, transfer
from ivr.ari.errors import AriError
from ivr.ari.events import ChannelDestroyed, ChannelHangupRequest, StasisEnd, StasisStart
from ivr.ari.ids import bridge_id, leg_id
from ivr.errors import HungUp
from ivr.line import Asked, Vanished
from ivr.listening import WHISPERS, Listening
from ivr.offers import Leg, drop, finish, is_up, make_leg, way_to
from ivr.pairing import pair
from ivr.screen_pop import held_since, screen_pop, was_handed_on
from ivr.talk import HandOn, Talk
from ivr.transfer import How, Transfer
from storage.floor_records import FloorAway

log = structlog.get_logger(__name__)

CAUSE_LIMIT_S = 1.0
TALK_LIMIT_S = 4 * 3600.0
CROSSING_S = 3.0
"""Who hangs up so soon after handing on came to nothing meant the colleague to have the caller."""
BACK_RING_S = 8
"""So long a page that comes back has to pick up; it does so by itself."""
BY_CHOICE = frozenset({0, 16, 31})
"""Hang-up causes (Q.850) of somebody who ended a call; any other is a phone or a network that died (44: no sound)."""
MUSIC = "holding"
LeftFirst = Literal["agent", "agent_lost", "caller", "to_danger"]
"""Who left first; "to_danger": the agent has sent the caller to the danger desk, and is out of it."""


async def talk_out(talk: Talk, leg: Leg) -> LeftFirst:
    """Wait until one of the two leaves; who it was. The agent's leg and the bridge are cleaned up then.

    Not when this task is cancelled: a controller that stops must leave talks alone for the next one to adopt.
    """
    talking = _Talking(talk, leg)
    left = await talking.out()
    await talking.let_go()
    await finish(talk, talking.leg, lost=left == "agent_lost" and not talking.put_down)
    return left


async def taken_up(talk: Talk, leg: Leg) -> None:
    """A talk of a controller before us: was the caller held? What his agent's page shows says so.

    If he was being handed on, nobody rings the colleague any more: agent and caller are together again.
    """
    if not leg.is_agents:
        return
    with suppress(FloorAway, AriError):
        shown = await talk.house.floor.pop(leg.agent)
        if not was_handed_on(shown):
            talk.held_since = held_since(shown)
            return
        await talk.house.ari.unmute(leg.channel, call=talk.call_ref)
        await talk.house.ari.stop_music(talk.line.channel, call=talk.call_ref)
        await talk.house.floor.show(leg.agent, await screen_pop(talk))


class _Talking:
    """`leg` is the agent's now; `_coming` is the one his page asked for, until it is up. `put_down`: he left himself,
    in the middle of handing the caller on, who is then kept like one whose agent was lost;
    `given_up`: a supervisor has taken the caller from him."""

    def __init__(self, talk: Talk, leg: Leg) -> None:
        self._talk = talk
        self.leg = leg
        self._coming: Leg | None = None
        self._transfer: Transfer | None = None
        self._listening: Listening | None = None
        self._listened = 0
        self._queued_anew = False
        self._to_danger = self.given_up = False
        self._leg_gone = False
        self._hand_on_ended = float("-inf")
        self.put_down = False

    async def out(self) -> LeftFirst:
        try:
            while True:
                left = await self._heard(await self._talk.line.next_event(TALK_LIMIT_S))
                if left is not None:
                    return left
        except HungUp:
            return "caller"
        except TimeoutError:
            log.error("talk_too_long", call=self._talk.call_ref)
            return "agent"

    async def _heard(self, event: object) -> LeftFirst | None:
        match event:
            case ChannelDestroyed() | StasisEnd() | ChannelHangupRequest() if event.channel.id == self.leg.channel:
                return await self._leg_ended(event)
            case Vanished(channel=gone) if gone == self.leg.channel:
                return "agent_lost"
            case Asked():
                await self._asked(event)
                if self.given_up:
                    return "agent_lost"
                return "to_danger" if self._to_danger else None
            case _:
                if self._listening is not None:
                    await self._listened_to(self._listening, event)
                if self._transfer is not None:
                    await self._handed_on(self._transfer, event)
                if self._coming is not None:
                    return await self._comes(self._coming, event)
        return None

    async def _leg_ended(self, event: object) -> LeftFirst | None:
        """The agent is out of it. A caller who is being handed on, or was a moment ago, is not let go with him."""
        loop = asyncio.get_running_loop()
        handing = self._transfer is not None or loop.time() - self._hand_on_ended < CROSSING_S
        hung_up = await self._hung_up(event)
        if self._coming is not None and not hung_up:
            self._leg_gone = True  # his page is on its way back
            return None
        if self._transfer is not None and self._transfer.is_up and await self._complete():
            return None  # he has put down: the caller goes on with the colleague
        self.put_down = hung_up
        return "agent" if hung_up and not handing else "agent_lost"

    async def _hung_up(self, event: object) -> bool:
        """Did he hang up himself? The cause says so, and it comes with the last event of his channel. HungUp."""
        while not (isinstance(event, ChannelDestroyed) and event.channel.id == self.leg.channel):
            try:
                event = await self._talk.line.next_event(CAUSE_LIMIT_S)
            except TimeoutError:
                return True
        return event.cause in BY_CHOICE

    # --- what the agent asks for -------------------------------------------------------------------------------------

    async def _asked(self, asked: Asked) -> None:
        try:
            asked.answered(await self._do(asked))
        except (AriError, FloorAway) as error:
            log.warning("not_done_in_talk", call=self._talk.call_ref, deed=asked.deed, error=type(error).__name__)
            asked.answered("telephone_away")

    async def _do(self, asked: Asked) -> str:
        """One deed; "" when it is done, else why it is not."""
        handing = self._transfer
        match asked.deed:
            case "hold" if handing is None:
                await self._hold()
            case "unhold" if handing is None:
                await self._unhold()
            case "rejoin" if handing is None:
                await self._rejoin()
            case "hang_up" if handing is not None and asked.args["agent"] == handing.leg.agent:
                await self._end_transfer(handing, answered=True)
            case "hang_up":
                await self._drop(self.leg.channel)
            case "hand_on" if handing is None:
                return await self._hand_on(asked.args["to"], "blind" if asked.args["how"] == "blind" else "warm")
            case "complete" if handing is not None and handing.is_up:
                return "" if await self._complete() else "telephone_away"
            case "to_danger" if handing is None:
                self._to_danger = True
                self._talk.flags["sent_to_danger_by"] = self.leg.agent
            case "give_up":
                self.given_up = self.put_down = True
                self._talk.flags["taken_from"] = self.leg.agent
            case "listen":
                return await self._listen(asked.args)
            case "stop_listening":
                await self._stop_listening(asked.args["by"])
            case "take_back" if handing is not None:
                await self._end_transfer(handing, answered=True)
            case "take_back":
                await self._unhold()
            case _:
                return "not_now"
        return ""

    async def _hold(self) -> None:
        talk = self._talk
        if talk.held_since is None:
            talk.held_since = talk.now()
        await talk.house.ari.start_music(talk.line.channel, MUSIC, call=talk.call_ref)
        await talk.house.ari.mute(self.leg.channel, call=talk.call_ref)
        await self._show()

    async def _unhold(self) -> None:
        talk = self._talk
        await talk.house.ari.stop_music(talk.line.channel, call=talk.call_ref)
        talk.held_since = None
        try:
            await talk.house.ari.unmute(self.leg.channel, call=talk.call_ref)
            self.leg = await pair(talk, self.leg)
        finally:
            await self._show()

    async def _show(self) -> None:
        with suppress(FloorAway):  # shown again with the next change
            await self._talk.house.floor.show(self.leg.agent, await screen_pop(self._talk))

    # --- a supervisor at the talk ------------------------------------------------------------------------------------

    async def _listen(self, args: Mapping[str, str]) -> str:
        """The same supervisor may change his way of being there; a second one has to wait."""
        if SEALED in self._talk.flags:
            return "not_now"  # an informer is for vigilance alone
        mode, here = next(one for one in WHISPERS if one == args["mode"]), self._listening
        if here is not None:
            if here.leg.agent != args["by"]:
                return "listened_to"
            await here.change(mode)
            return ""
        self._listened += 1
        self._listening = await listening.begin(self._talk, self.leg, args["by"], args["node"], mode, self._listened)
        return ""

    async def _stop_listening(self, by: str | None = None) -> None:
        here = self._listening
        if here is not None and by in (None, here.leg.agent):
            self._listening = None
            await here.end()

    async def _listened_to(self, here: Listening, event: object) -> None:
        try:
            goes_on = await here.hear(event)
        except AriError as error:
            log.warning("not_listened", call=self._talk.call_ref, error=type(error).__name__)
            goes_on = False
        if not goes_on:
            await self._stop_listening()

    # --- handing the caller on ---------------------------------------------------------------------------------------

    async def _hand_on(self, to: str, how: How) -> str:
        self._queued_anew = True
        made = await transfer.begin(self._talk, self.leg, to, how)
        if made is None:
            return "not_ready"
        self._transfer = made
        self._talk.line.colleague = to
        self._talk.line.beside.add(made.leg.channel)
        await self._hold()
        return ""

    async def _handed_on(self, made: Transfer, event: object) -> None:
        try:
            came = await made.hear(event)
            if came == "up" and made.how == "warm":
                await transfer.consult(made, self.leg)
                await self._show()
            elif came == "up":
                await self._complete()
            elif came in ("failed", "left"):
                await self._end_transfer(made, answered=came == "left")
        except (AriError, FloorAway) as error:
            log.warning("not_handed_on", call=self._talk.call_ref, error=type(error).__name__)
            await self._end_transfer(made, answered=True)

    async def _complete(self) -> bool:
        made, self._transfer = self._transfer, None
        if made is None:
            return False
        self._talk.line.colleague = None
        try:
            await self._stop_listening()  # he listened to the agent who goes
            self.leg = await transfer.complete(made, self.leg)
        except AriError as error:
            log.warning("not_handed_on", call=self._talk.call_ref, error=type(error).__name__)
            await self._end_transfer(made, answered=True)
            return False
        self._leg_gone = False
        if self._coming is not None:  # a page of the agent before that was on its way back
            coming, self._coming = self._coming, None
            await drop(self._talk, coming, "normal")
        return True

    async def _end_transfer(self, made: Transfer, *, answered: bool) -> None:
        """It came to nothing: agent and caller are together again."""
        self._transfer = self._talk.line.colleague = None
        self._hand_on_ended = asyncio.get_running_loop().time()
        self._talk.hand_on = None if answered else HandOn(made.leg.agent, "no_answer")
        try:
            await self._unhold()
        except AriError as error:  # one of the two has left, which its own event tells
            log.warning("not_together_again", call=self._talk.call_ref, error=type(error).__name__)
        await made.give_up(answered=answered)

    # --- a page that comes back --------------------------------------------------------------------------------------

    async def _rejoin(self) -> None:
        """His page was reloaded: a new leg to it; the old one, in which nobody speaks any more, goes when it is up."""
        talk, house = self._talk, self._talk.house
        if self._coming is not None:
            return
        agent = await house.floor.agent(self.leg.agent)
        number = talk.next_number()
        coming = Leg(leg_id(talk.call_ref, "again", number), bridge_id(talk.call_ref, f"again{number}"), self.leg.agent)
        house.dispatch.claim(coming.channel, talk.call_ref)
        talk.line.beside.add(coming.channel)
        talk.agent = self.leg.agent
        await house.ari.create_bridge(coming.bridge, call=talk.call_ref, name=f"talk {talk.call_ref}", wait=False)
        await make_leg(talk, coming, way_to(coming.agent, agent.node if agent else "", house.plan.node))
        self._coming = coming

    async def _comes(self, coming: Leg, event: object) -> LeftFirst | None:
        ari, call = self._talk.house.ari, self._talk.call_ref
        try:
            if isinstance(event, StasisStart) and event.channel.id == coming.channel:
                await ari.add_to_bridge(coming.bridge, [coming.channel], call=call)
                await ari.dial(coming.channel, call=call, timeout_s=BACK_RING_S)
                return None
            told = is_up(coming, event)
            if told is None:
                return None
            if told:
                await self._change_to(coming)
                return None
        except AriError as error:
            log.warning("not_rejoined", call=call, error=type(error).__name__)
        self._coming = None
        await drop(self._talk, coming, "normal")
        return "agent_lost" if self._leg_gone else None

    async def let_go(self) -> None:
        """The talk is over before he was back in it, or before a colleague was; who listened hears nothing more."""
        await self._stop_listening()
        if self._coming is not None:
            await drop(self._talk, self._coming, "normal")
        if self._transfer is not None:
            await self._transfer.give_up(answered=True)
        self._talk.hand_on = self._talk.line.colleague = None
        self._talk.line.beside.clear()
        if self._queued_anew:
            with suppress(FloorAway):  # nobody waits here any more, whatever a hand-on has left in the queue
                await self._talk.house.floor.leave(self._talk.call_ref)

    async def _change_to(self, coming: Leg) -> None:
        """The caller goes over to where his agent is back; out of a bridge and into another, he hears a new leg."""
        talk, before = self._talk, self.leg
        await self._stop_listening()
        await talk.house.ari.add_to_bridge(coming.bridge, [talk.line.channel], call=talk.call_ref)
        self.leg, self._coming, self._leg_gone = coming, None, False
        talk.line.agent_leg = coming.channel
        await drop(talk, before, "normal")
        if talk.held_since is not None:
            with suppress(AriError):
                await talk.house.ari.mute(coming.channel, call=talk.call_ref)

    async def _drop(self, channel: str) -> None:
        with suppress(AriError):  # gone by itself
            await self._talk.house.ari.hang_up(channel, call=self._talk.call_ref, reason="normal")
