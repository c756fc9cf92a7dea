"""The controller: one connection to one Asterisk, one task per call, and the loops beside them.

It reads events and hands them on; it starts a task for each caller; at every (re)connect it looks at what Asterisk has
and takes up what is ours, because nothing that happened meanwhile is told again (asterisk.md 0.4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime

import structlog

from ivr import adoption, holding, journaling, reconciling
from ivr.adoption import FoundCaller
from ivr.agent_codec import codec_of
from ivr.agent_phones import KINDS, SIP, AgentPhones
from ivr.ari.client import Ari
from ivr.ari.errors import AriError
from ivr.ari.events import Channel, Event, StasisStart
from ivr.ari.ids import is_leg
from ivr.ari_line import AriLine
from ivr.callbacks import Callbacks
from ivr.editions import NotSpoken
from ivr.errors import TelephoneError
from ivr.house import House
from ivr.inbound import apologise_to, take_call
from ivr.line import Asked, Vanished
from ivr.lines import InLine, Lines, let_go
from ivr.matching import Matching
from ivr.meters import CALLS
from ivr.neighbours import Neighbours
from ivr.offers import Leg
from ivr.outgoing import OUT
from ivr.trials import Trials
from storage.commands import TOO_LONG, Answer, Command, Commands
from storage.errors import StorageError
from storage.floor_records import FloorAway

log = structlog.get_logger(__name__)

EVENTS = (
    "StasisStart",
    "StasisEnd",
    "ChannelDtmfReceived",
    "ChannelHangupRequest",
    "ChannelDestroyed",
    "ChannelStateChange",
    "Dial",
    "PlaybackFinished",
    "RecordingFinished",
    "RecordingFailed",
)
PRESENCE_EVENTS = ("ContactStatusChange",)
ASKED_LIMIT_S = 1.5
"""Less than a command's deadline (storage/commands.py), so that the page is told why."""
MEETING_LIMIT_S = 10.0
"""Whom the books or the floor keep waiting for longer is waited for no more before the take-over is told."""


class Controller:
    """`run()` is the whole of it; it belongs on a loop of its own."""

    def __init__(
        self,
        house: House,
        presence: Ari,
        phones: AgentPhones,
        commands: Commands,
    ) -> None:
        self._house = house
        self._presence = presence
        self._phones = phones
        self._commands = commands
        self.lines: Lines = {}
        self._callbacks = Callbacks(house, self.lines)
        self._trials = Trials(house, self.lines)
        self._tasks: asyncio.TaskGroup | None = None
        self._lost_at: datetime | None = None
        self._looked = False
        self._clearing = False
        self._began = 0.0
        self._deeds: dict[str, Callable[[Command], Awaitable[Answer]]] = {
            "make_phone": self._make_phone,
            "forget_phone": self._forget_phone,
            "hang_up": self._in_talk,
            "hold": self._in_talk,
            "unhold": self._in_talk,
            "rejoin": self._in_talk,
            "hand_on": self._in_talk,
            "complete": self._in_talk,
            "to_danger": self._in_talk,
            "give_up": self._in_talk,
            "take_back": self._in_talk,
            "listen": self._in_talk,
            "stop_listening": self._in_talk,
            "ready": self._ready,
            "try_edition": self._try_edition,
        }

    async def run(self) -> None:
        """Until cancelled; ends loudly when one of its loops does (design 5.9)."""
        house = self._house
        self._began = house.clock.wall_now().timestamp()  # not when it was made: a spare waits for hours
        await house.editions.first_look()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(house.ari.run(self._on_event, self._on_connected, self._on_lost))
            tasks.create_task(self._presence.run(self._on_presence, self._on_presence_connected, _nothing))
            neighbours = Neighbours(house)
            tasks.create_task(neighbours.run())
            tasks.create_task(Matching(house, self._held, self.reconcile_floor, neighbours).run())
            tasks.create_task(house.notes.run())
            tasks.create_task(journaling.keep_journal(house))
            tasks.create_task(house.surge.run())
            tasks.create_task(house.editions.run())
            tasks.create_task(house.hearing.run())
            tasks.create_task(self._callbacks.run())
            tasks.create_task(self._commands.serve(house.plan.node, self._carry_out, asyncio.Event()))

    def _held(self, call_ref: str) -> InLine | None:
        return self.lines.get(call_ref) or self._callbacks.turns.of.get(call_ref)

    # -- calls ----------------------------------------------------------------------------------------------------

    def _on_event(self, event: Event) -> None:
        self._house.dispatch.hand_over(event)

    def on_new_call(self, event: StasisStart) -> None:
        """A channel nobody claimed has entered our application: a caller, or a leg of ours that outlived its call."""
        role = event.args[0] if event.args else ""
        if role in adoption.INBOUND_ROLES:
            self._take(event, FoundCaller(event.channel, None))
        else:
            self._start(self._end_orphan(event.channel.id))

    def _take(self, event: StasisStart, caller: FoundCaller) -> None:
        """Hold the caller from this moment on and start his task."""
        house, channel = self._house, event.channel.id
        call_ref = _call_ref(event.channel, house.plan.node)
        if call_ref in house.dispatch:
            return  # told twice, by the event and by the reconciling
        inbox = house.dispatch.register(call_ref)
        house.dispatch.claim(channel, call_ref)
        edition, codec = house.editions.current, codec_of(event.channel)
        line = self.lines[call_ref] = AriLine(house.ari, edition, inbox, channel, call_ref, codec, house.hearing)
        if caller.leg is not None:  # known before the floor is told who talks
            line.agent_leg, line.agent = caller.leg.channel, caller.leg.agent if caller.leg.is_agents else None
        if caller.leg is None and event.args[:1] == ["returned"]:
            line.taken_up(in_holding=caller.in_holding)
        CALLS.set(len(self.lines))
        self._start(self._call(line, event, caller.leg))

    async def _call(self, line: AriLine, event: StasisStart, leg: Leg | None) -> None:
        """One caller from StasisStart to the end; nothing he does can harm the others."""
        house, call_ref = self._house, line.call_ref
        try:
            await take_call(house, line, event, leg)
            await line.hang_up()
        except Exception:  # top of a call: he hears an apology and goes to a person (design 5.8)
            log.exception("call_failed", call=call_ref)
            if line.agent_leg is not None:
                await self._end_orphan(line.agent_leg)
            await apologise_to(house, line)
        finally:
            let_go(self.lines, call_ref)
            CALLS.set(len(self.lines))
            house.dispatch.release(call_ref)

    async def _end_orphan(self, channel: str) -> None:
        try:
            await self._house.ari.hang_up(channel, call=channel, reason="normal")
        except AriError:
            return

    def _start(self, work: Coroutine[object, object, None]) -> None:
        if self._tasks is None:
            raise TelephoneError("the controller is not running")
        self._tasks.create_task(work)

    async def _on_connected(self) -> None:
        """Reconcile: callers who came or stayed while we were away are taken up, what has gone is told to its call."""
        house = self._house
        await holding.prepare(house)
        if not self._callbacks.begun:
            await reconciling.take_back_offers(house)
        channels = await house.ari.list_channels()
        alive = {channel.id for channel in channels}
        for line in self.lines.values():
            for channel in (line.channel, line.agent_leg, *line.beside):
                if channel is not None and channel not in alive:
                    line.inbox.put(Vanished(channel))
        owned = {name: call for name in alive if (call := house.dispatch.owner_of(name)) is not None}
        bridges = await house.ari.list_bridges()
        found = adoption.look(house.plan.app, channels, bridges, owned)
        for caller in found.callers:
            self._take(StasisStart(args=["returned"], channel=caller.channel), caller)
        self._looked = True
        self._clearing |= any(is_leg(orphan, OUT) for orphan in found.orphans)  # also if what follows fails
        await asyncio.gather(*[self._end_orphan(orphan) for orphan in found.orphans])
        await house.hearing.clear(bridges)
        await self.reconcile_floor()
        try:
            await reconciling.settle_lost(house, self.lines, alive - set(found.orphans), self._lost_at)
            await reconciling.keep_messages(house, self.lines)
        except StorageError as error:
            log.error("lost_calls_not_settled", error=type(error).__name__)
        self._callbacks.begin(clearing=self._clearing)
        await self._all_met()
        log.info("connected", calls=len(self.lines), taken_up=len(found.callers), orphans=len(found.orphans))

    async def _all_met(self) -> None:
        """Everybody taken up has been spoken to again, or watched in his talk: only then is the take-over over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(MEETING_LIMIT_S):
                for line in list(self.lines.values()):
                    await line.met.wait()

    async def reconcile_floor(self) -> None:
        """The floor shall know whom we hold, and nobody else: after each connect, and after the floor was away.

        Not before we have looked whom Asterisk holds for us: all who wait would be ghosts, and lose their places.
        """
        if not self._looked:
            return
        with suppress(FloorAway, AriError):
            await reconciling.reconcile(self._house, self.lines, self._callbacks.turns.of, self._phones, self._began)

    def _on_lost(self) -> None:
        self._lost_at = self._house.clock.wall_now()
        self._house.hearing.lost()
        log.warning("asterisk_lost", calls=len(self.lines))

    # -- agents' phones -------------------------------------------------------------------------------------------

    def _on_presence(self, event: Event) -> None:
        found = self._phones.contact_of(event)
        if found is not None:
            self._start(self._phones.tell(found[0], reachable=found[1]))

    async def _on_presence_connected(self) -> None:
        """Asterisk may have been restarted: make the phones of all who are signed in again, and look at each."""
        try:
            agents = await self._house.floor.agents()
        except FloorAway:
            return
        for agent in agents:
            if agent.node != self._house.plan.node:
                continue
            try:
                await self._phones.make_again(agent.code)
            except (AriError, FloorAway) as error:  # one phone that is gone must not freeze the others' presence
                log.warning("phone_not_made", agent=agent.code, error=type(error).__name__)

    # -- commands of the console (design 3.14) ----------------------------------------------------------------------

    async def _carry_out(self, command: Command) -> Answer:
        deed = self._deeds.get(command.deed)
        if deed is None:
            return Answer(False, "unknown_deed")
        try:
            return await deed(command)
        except (AriError, StorageError, FloorAway) as error:
            log.warning("command_failed", deed=command.deed, error=type(error).__name__)
            return Answer(False, "telephone_away")

    async def _make_phone(self, command: Command) -> Answer:
        agent = str(command.args["agent"])
        kind = str(command.args.get("kind", SIP))
        if kind not in KINDS:
            return Answer(False, "unknown_kind")
        secret = await self._phones.make(agent, str(command.args["session"]), kind)
        return Answer(True, "", {"user": f"agent-{agent}", "password": secret, "domain": self._house.plan.agent_domain})

    async def _forget_phone(self, command: Command) -> Answer:
        await self._phones.forget(str(command.args["agent"]))
        return Answer(True)

    async def _in_talk(self, command: Command) -> Answer:
        """What the agent of a talk asks for; the call's own task does it, in its order."""
        line = self.lines.get(command.call or "")
        if line is None or line.agent_leg is None:
            return Answer(False, "unknown_call")
        asking = command.args["agent"]
        if asking != line.agent and not (command.deed == "hang_up" and asking == line.colleague):
            return Answer(False, "unknown_call")
        args = {name: str(value) for name, value in command.args.items()}
        asked = Asked(command.deed, args, asyncio.get_running_loop().create_future())
        line.inbox.put(asked)
        try:
            async with asyncio.timeout(ASKED_LIMIT_S):
                reason = await asked.answer
        except TimeoutError:
            return Answer(False, TOO_LONG)
        return Answer(not reason, reason)

    async def _try_edition(self, command: Command) -> Answer:
        """The administrator's telephone rings; how it goes on is his to hear."""
        args = {name: str(value) for name, value in command.args.items()}
        number = int(args["edition"])
        try:
            await self._house.editions.of(number)
        except NotSpoken:
            return Answer(False, "not_spoken")
        reason = self._trials.begin(args["phone"])
        if not reason:
            self._start(self._trials.hold(args["phone"], number, args["flow"], args["language"]))
        return Answer(not reason, reason)

    async def _ready(self, command: Command) -> Answer:  # noqa: ARG002  # every deed has the same shape
        """What the console's /readyz asks: does Asterisk give its calls to us now?"""
        return Answer(self._house.ari.registered, "" if self._house.ari.registered else "not_registered")


def _call_ref(channel: Channel, node: str) -> str:
    """The dialplan's CALL_REF; derived the same way when the variable was not told."""
    said = (channel.channelvars or {}).get("CALL_REF")
    return str(said) if said else f"{node}-{channel.id}"


def _nothing() -> None:
    return
