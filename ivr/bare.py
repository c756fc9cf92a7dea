"""A controller that only carries calls: no books, no floor, no flow. What ARI itself costs, for `make bench`.

It shares nothing with the line but the ARI client, and does in the same order what the line does to a channel: play a
prompt and hang up; or hold with music, ring an agent, bring both together when he is up, part them when he leaves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from ivr.ari.bridge_verbs import HOLDING_ROLE
from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch, Inbox
from ivr.ari.errors import Answered, AriError
from ivr.ari.events import ChannelDestroyed, ChannelStateChange, PlaybackFinished, StasisEnd, StasisStart
from ivr.ari.ids import bridge_id, leg_id, playback_id

log = structlog.get_logger(__name__)

BARE_APP = "bench-bare"
EVENTS = ("StasisStart", "StasisEnd", "ChannelStateChange", "ChannelDestroyed", "PlaybackFinished")
HOLDING = "bench-holding"
RING_S = 15
LONGEST_CALL_S = 60.0


class AgentNotUp(Exception):
    """The agent's leg ended before he was up."""


class CallerLeft(Exception):
    """The caller's channel has left the application."""


class BareController:
    """`agents` are endpoint names; each has one call at a time. `sound` is an ARI media name of about one second.

    The kind of a call is its first Stasis argument: `play` or `queue`.
    """

    def __init__(self, url: str, user: str, password: str, *, agents: Sequence[str], sound: str) -> None:
        self.ari = Ari(url, user, password, BARE_APP, events_allowed=EVENTS)
        self._sound = sound
        self._dispatch = Dispatch(self._on_new_call)
        self._free = deque(agents)
        self._waiting: deque[asyncio.Future[str]] = deque()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self.ari.run(self._dispatch.hand_over, self._on_connected, _nothing)

    async def _on_connected(self) -> None:
        try:
            await self.ari.create_bridge(HOLDING, call="", kind="holding")
        except Answered:
            return  # it outlived a controller before us

    def _on_new_call(self, event: StasisStart) -> None:
        if self._tasks is not None and event.args:
            self._tasks.create_task(self._call(event.channel.id, event.args[0]))

    async def _call(self, call: str, kind: str) -> None:
        inbox = self._dispatch.register(call)
        self._dispatch.claim(call, call)
        try:
            async with asyncio.timeout(LONGEST_CALL_S):
                await (self._queue(call, inbox) if kind == "queue" else self._play(call, inbox))
        except CallerLeft:
            pass
        except (AriError, AgentNotUp, TimeoutError) as error:
            log.warning("bare_call_failed", kind=kind, error=type(error).__name__)
            await self._part(call)
        finally:
            self._dispatch.release(call)

    async def _play(self, call: str, inbox: Inbox) -> None:
        await self.ari.play(call, playback_id(call), [self._sound], call=call, wait=False)
        while not isinstance(await self._next(call, inbox), PlaybackFinished):
            pass
        await self.ari.hang_up(call, call=call, wait=False)

    async def _queue(self, call: str, inbox: Inbox) -> None:
        ari = self.ari
        await ari.add_to_bridge(HOLDING, [call], call=call, role=HOLDING_ROLE, wait=False)
        agent = await self._agent()
        leg, bridge = leg_id(call, "agent"), bridge_id(call, "talk")
        self._dispatch.claim(leg, call)
        try:
            await ari.create_bridge(bridge, call=call, wait=False)
            await ari.create_channel(leg, f"PJSIP/{agent}", call=call, app=BARE_APP, app_args=("agent",))
            await self._entered(call, leg, inbox)
            await ari.add_to_bridge(bridge, [leg], call=call, wait=False)
            await ari.dial(leg, call=call, timeout_s=RING_S, wait=False)
            await self._picked_up(call, leg, inbox)
            await ari.add_to_bridge(bridge, [call], call=call, wait=False)
            await self._left(call, leg, inbox)
            await ari.hang_up(call, call=call, wait=False)
        except CallerLeft:
            await ari.hang_up(leg, call=call, wait=False)
        finally:
            await ari.delete_bridge(bridge, call=call, wait=False)
            self._give_back(agent)

    async def _entered(self, call: str, leg: str, inbox: Inbox) -> None:
        while True:
            event = await self._next(call, inbox)
            if isinstance(event, StasisStart) and event.channel.id == leg:
                return

    async def _picked_up(self, call: str, leg: str, inbox: Inbox) -> None:
        while True:
            match await self._next(call, inbox):
                case ChannelStateChange(channel=channel) if channel.id == leg and channel.state == "Up":
                    return
                case ChannelDestroyed(channel=channel) | StasisEnd(channel=channel) if channel.id == leg:
                    raise AgentNotUp
                case _:
                    pass

    async def _left(self, call: str, leg: str, inbox: Inbox) -> None:
        while True:
            match await self._next(call, inbox):
                case ChannelDestroyed(channel=channel) | StasisEnd(channel=channel) if channel.id == leg:
                    return
                case _:
                    pass

    async def _next(self, call: str, inbox: Inbox) -> object:
        """The next event; CallerLeft when it is the caller's end. The limit of the whole call bounds the wait."""
        event = await inbox.take(LONGEST_CALL_S)
        if isinstance(event, StasisEnd) and event.channel.id == call:
            raise CallerLeft
        return event

    async def _part(self, call: str) -> None:
        """A call of ours that went wrong ends for both, so that the caller counts it as failed."""
        for channel in (leg_id(call, "agent"), call):
            try:
                await self.ari.hang_up(channel, call=call, reason="congestion", wait=False)
            except AriError:
                return

    async def _agent(self) -> str:
        """The agent who has been free for longest; waits in turn when all are busy."""
        if self._free:
            return self._free.popleft()
        turn: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        return await turn

    def _give_back(self, agent: str) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(agent)
                return
        self._free.append(agent)


def _nothing() -> None:
    return
