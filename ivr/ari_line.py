"""A caller's channel in Asterisk as a Line: ARI's events become what is heard, in the order they happened.

One fixed playback id per channel (design 3.8). Every play tells its end exactly once, so counting them tells whether
an end belongs to what is being said now.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from dialplan.clips import Clip
from dialplan.routing import Waiting
from dialplan.words import Meant, Words, choices
from ivr.ari.client import Ari
from ivr.ari.dispatch import Inbox
from ivr.ari.errors import Answered, AriError, Gone
from ivr.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    Playback,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
)
from ivr.ari.ids import playback_id
from ivr.editions import SpokenEdition
from ivr.errors import HungUp, LineTrouble
from ivr.line import AllSaid, Heard, KeyHeard, Offered, SpeechBegan, Vanished, WordsHeard
from ivr.messages import spoken_s
from storage.floor_records import Reservation

HUSH_LIMIT_S = 2.0
FAREWELL_S = 1.0
BACK_LIMIT_S = 2.0
"""So long after he was taken up a caller has at most been on his way back into the queue."""
RECORD_SILENCE_S = 5
STRAY_S = 0.1
"""What ends so soon after a call was taken up was begun by a controller before us; nothing we say is as short."""


class Ears(Protocol):
    """What listens to one caller (`ivr/speech/ears.py`, with Vosk behind it). `over`: it has fallen away."""

    over: bool

    def listen(self, question: int, engine: str, offered: dict[str, str], patient: tuple[str, ...]) -> None: ...
    def cease(self) -> None: ...
    def end(self) -> None: ...


class Hearing(Protocol):
    """Who gives a caller ears (`ivr/hearing.py`)."""

    def words_of(self, language: str) -> Words | None: ...
    def begin(self, line: AriLine) -> Ears | None: ...


class AriLine:
    """The channel `channel` of the call `call_ref`, whose inbox gets its events. Claimed by whoever made the inbox.

    `edition` is what he is spoken to in, `codec` how (`agent_codec.codec_of`). `met` is set when he is listened to for
    the first time: what had to be said to him before that has been said. `over` is set when his task has ended.
    `colleague` is the agent to whom he is being handed on; `beside` are legs of the call that are not in the talk yet.
    `in_holding`: a controller before us brought him there; `undisturbed`: he hears music as before and noticed nothing.
    """

    def __init__(
        self,
        ari: Ari,
        edition: SpokenEdition,
        inbox: Inbox,
        channel: str,
        call_ref: str,
        codec: str = "",
        hearing: Hearing | None = None,
    ) -> None:
        self._ari = ari
        self._hearing = hearing
        self._ears: Ears | None = None
        self._question = 0
        self.edition = edition
        self.inbox = inbox
        self.channel = channel
        self.codec = codec
        self._call_ref = call_ref
        self._playback = playback_id(channel)
        self._plays = 0
        self._ends = 0
        self._ahead: deque[Heard] = deque()
        self.gone: HungUp | None = None
        self._back_until = 0.0
        self._stray_until = 0.0
        self._with_the_dialplan = False
        self.agent_leg: str | None = None
        self.agent: str | None = None
        self.colleague: str | None = None
        self.beside: set[str] = set()
        self.waiting: Waiting | None = None
        self.in_holding = False
        self.undisturbed = False
        self.met = asyncio.Event()
        self.over = asyncio.Event()

    @property
    def call_ref(self) -> str:
        return self._call_ref

    def taken_up(self, *, in_holding: bool) -> None:
        """A controller before us had him: he may have waited in the queue, and may be `in_holding` still."""
        self.in_holding = in_holding
        self._back_until = asyncio.get_running_loop().time() + BACK_LIMIT_S

    @property
    def comes_back(self) -> bool:
        return self.waiting is None and asyncio.get_running_loop().time() < self._back_until

    @property
    def hold_s(self) -> float:
        """He is on the line: an agent is put aside for the ringing alone."""
        return 0.0

    def offer(self, reservation: Reservation) -> None:
        """An agent has been put aside; it comes in its order among what happens to the call."""
        self.inbox.put(Offered(reservation))

    async def answer(self) -> None:
        await self._ari.answer(self.channel, call=self.call_ref, wait=False)

    async def take_over(self) -> None:
        """Stop what a controller before us was saying: its end must not be taken for the end of our first words."""
        try:
            await self._ari.stop_playback(self._playback, call=self.call_ref)
        except Gone:  # nothing was being said; or it has just ended, and its end is on the way
            self._stray_until = asyncio.get_running_loop().time() + STRAY_S
            self.undisturbed = self.in_holding
            return
        self._plays += 1
        await self._silenced()

    async def say(self, clips: Sequence[Clip]) -> None:
        await self.hush()
        if not clips:
            self._ahead.append(AllSaid())
            return
        self._plays += 1
        try:
            await self._ari.play(self.channel, self._playback, self.edition.voice.media(clips), call=self.call_ref)
        except Gone as error:
            self._plays -= 1
            raise await self.why(error) from error

    async def hush(self) -> None:
        if self._ends >= self._plays:
            return
        with suppress(Gone):  # it has just ended by itself; its end is on the way
            await self._ari.stop_playback(self._playback, call=self.call_ref)
        await self._silenced()

    async def _silenced(self) -> None:
        """Wait until the end of what was stopped is told; keys that come meanwhile are kept."""
        try:
            async with asyncio.timeout(HUSH_LIMIT_S):
                while self._ends < self._plays:
                    self._keep(await self._next(HUSH_LIMIT_S))
        except TimeoutError:
            self._ends = self._plays
        self._ahead = deque(heard for heard in self._ahead if not isinstance(heard, AllSaid))

    async def hear(self, limit_s: float) -> Heard | None:
        self.met.set()
        if self._ahead:
            return self._ahead.popleft()
        deadline = asyncio.get_running_loop().time() + limit_s
        while True:
            try:
                heard = await self._next(max(0.0, deadline - asyncio.get_running_loop().time()))
            except TimeoutError:
                return None
            if heard is not None:
                return heard

    def unhear(self, key: str) -> None:
        self._ahead.appendleft(KeyHeard(key))

    def flush(self) -> None:
        """Keys that were pressed but not yet heard are in the inbox; they are read and forgotten."""
        while (event := self.inbox.take_now()) is not None:
            self._keep(self._heard(event))
        self._ahead = deque(heard for heard in self._ahead if not isinstance(heard, KeyHeard))

    def listen(
        self, language: str, keys: frozenset[str], meant: Meant, patient: tuple[str, ...] = ()
    ) -> Mapping[str, str]:
        self._next_question()
        words = self._hearing.words_of(language) if self._hearing is not None else None
        offered = choices(keys, meant, words) if words is not None else {}
        if words is None or self._hearing is None or not offered:
            return {}
        if self._ears is None or self._ears.over:
            self._ears = self._hearing.begin(self)
        if self._ears is None:
            return {}
        self._ears.listen(self._question, words.engine, offered, patient)
        return offered

    def _next_question(self) -> None:
        """Words to the one before, also those that came while its prompt was being stopped, count no more."""
        self._question += 1
        self._ahead = deque(heard for heard in self._ahead if not isinstance(heard, WordsHeard | SpeechBegan))

    def cease(self) -> None:
        self._next_question()
        if self._ears is not None:
            self._ears.cease()

    def deafen(self) -> None:
        self._next_question()
        ears, self._ears = self._ears, None
        if ears is not None:
            ears.end()

    async def record(self, name: str, max_s: float) -> float:
        try:
            await self._ari.record(
                self.channel,
                name,
                call=self.call_ref,
                max_s=int(max_s),
                max_silence_s=RECORD_SILENCE_S,
                terminate_on="#",
                if_exists="overwrite",
            )
        except Gone as error:
            raise await self.why(error) from error
        return await self._recorded_to_the_end(name, max_s)

    async def record_on(self, name: str, max_s: float) -> float | None:
        if await self._ari.is_recording(name, call=self.call_ref):
            return await self._recorded_to_the_end(name, max_s)
        return await spoken_s(self._ari, name)

    async def _recorded_to_the_end(self, name: str, max_s: float) -> float:
        self.met.set()
        try:
            seconds = await self._recorded(name, max_s + 10.0)
        except HungUp as gone:
            gone.recording = name  # what he said until then is kept by Asterisk
            raise
        if seconds > 0 and await spoken_s(self._ari, name) == 0:
            return 0.0
        return seconds

    async def is_moved(self) -> bool:
        """True when the channel has left us and lives: the dialplan has it, and may give it back."""
        if self.gone is None or not self.gone.moved:
            return False
        try:
            await self._ari.get_channel(self.channel, call=self.call_ref)
        except AriError:
            return False
        self._with_the_dialplan = True
        return True

    async def hang_up(self) -> None:
        if self._with_the_dialplan:
            return
        with suppress(AriError):  # he was quicker, or Asterisk is away: then so is he
            await self._ari.hang_up(self.channel, call=self.call_ref, reason="normal")

    async def next_event(self, limit_s: float) -> object:
        """The next event of the call that is not the line's own business; HungUp as everywhere. TimeoutError."""
        while True:
            event = await self.inbox.take(limit_s)
            heard = self._heard(event)
            if isinstance(heard, Offered):
                return heard
            if heard is not None:
                self._ahead.append(heard)
            return event

    def offers_unheard(self) -> list[Offered]:
        """Offers that came when nobody listened for them any more; each must still be settled with the floor."""
        found = [heard for heard in self._ahead if isinstance(heard, Offered)]
        while (event := self.inbox.take_now()) is not None:
            if isinstance(event, Offered):
                found.append(event)
            else:
                with suppress(HungUp):
                    self._keep(self._heard(event))
        self._ahead = deque(heard for heard in self._ahead if not isinstance(heard, Offered))
        return found

    async def _recorded(self, name: str, limit_s: float) -> float:
        deadline = asyncio.get_running_loop().time() + limit_s
        while True:
            try:
                event = await self.inbox.take(max(0.0, deadline - asyncio.get_running_loop().time()))
            except TimeoutError:
                return 0.0
            if isinstance(event, RecordingFinished) and event.recording.name == name:
                return float(event.recording.duration or 0)
            if isinstance(event, RecordingFailed) and event.recording.name == name:
                return 0.0
            self._keep(self._heard(event))

    async def _next(self, limit_s: float) -> Heard | None:
        """One event turned into what is heard, or None when it says nothing to a talk. TimeoutError."""
        if self.gone:
            raise self.gone
        return self._heard(await self.inbox.take(limit_s))

    def _keep(self, heard: Heard | None) -> None:
        if heard is not None:
            self._ahead.append(heard)

    def _heard(self, event: object) -> Heard | None:
        match event:
            case Offered():
                return event
            case WordsHeard(question=question) | SpeechBegan(question=question):
                return event if question == self._question else None
            case ChannelDtmfReceived() if event.channel.id == self.channel:
                return KeyHeard(event.digit)
            case PlaybackFinished() if event.playback.id == self._playback:
                return self._ended(event.playback)
            case ChannelHangupRequest() | ChannelDestroyed() if event.channel.id == self.channel:
                self.gone = HungUp(event.cause)
                raise self.gone
            case StasisEnd() if event.channel.id == self.channel:
                # The last event of a hang-up (asterisk.md 7), or the first of a caller whom the parent has moved.
                self.gone = self.gone or HungUp(moved=True)
                raise self.gone
            case Vanished(channel=channel) if channel == self.channel:
                self.gone = HungUp(cut=True)
                raise self.gone
            case _:
                return None

    def _ended(self, playback: Playback) -> AllSaid | None:
        """An end more than we have plays is nobody's: counted, it would part every later play from its own end."""
        stray = playback.state == "done" and asyncio.get_running_loop().time() < self._stray_until
        if stray or self._ends == self._plays:
            return None
        self._ends += 1
        return AllSaid() if self._ends == self._plays else None

    async def why(self, error: Answered) -> HungUp | LineTrouble:
        """A refusal in a race with a hang-up is the hang-up; anything else is trouble of ours (asterisk.md 0.6).

        A channel that is being hung up takes no more orders, but is still listed for a moment: it is trouble only when
        no end of it is told either.
        """
        try:
            await self._ari.get_channel(self.channel, call=self.call_ref)
        except Gone:
            told = await self._farewell()
            if told is None:  # Asterisk died and started again: nobody tells of what it had
                told = self.gone = HungUp(cut=True)
            return told
        return await self._farewell() or LineTrouble(str(error))

    async def _farewell(self) -> HungUp | None:
        """The hang-up that is on its way to us; None when there is none within FAREWELL_S."""
        deadline = asyncio.get_running_loop().time() + FAREWELL_S
        try:
            while True:
                self._keep(await self._next(max(0.0, deadline - asyncio.get_running_loop().time())))
        except HungUp as told:
            return told
        except TimeoutError:
            return None
