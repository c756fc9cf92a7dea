"""One caller's line as the talking loop sees it; the wire below is `ari_line.py`, in tests a scripted one.

What is heard comes in the order it happened. Anything may raise HungUp: then the talk is over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dialplan.clips import Clip
from dialplan.words import Meant
from storage.floor_records import Reservation


@dataclass(frozen=True, slots=True)
class KeyHeard:
    """A key of the caller's telephone: 0-9, * or #."""

    key: str


@dataclass(frozen=True, slots=True)
class AllSaid:
    """What was to be said has been said."""


@dataclass(frozen=True, slots=True)
class WordsHeard:
    """What an engine made of what the caller said to `question` (`listen`), after `said_ms` of sound.

    `confidence` of the least certain word, 0..1: a weak sign, for many a wrong answer has a high one.
    """

    question: int
    text: str
    confidence: float
    said_ms: int


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """The caller has begun to say something to `question`."""

    question: int


@dataclass(frozen=True, slots=True)
class Offered:
    """An agent has been put aside for this caller."""

    reservation: Reservation


@dataclass(frozen=True, slots=True)
class Vanished:
    """Put into a call's inbox at a reconnect: this channel ended while nobody listened."""

    channel: str


@dataclass(frozen=True, slots=True)
class Asked:
    """The agent in this call asks for something by his page; `answer` gets "" when it is done, else the reason why not.

    Whoever asked waits for a limited time: a talk that has just ended answers nothing.
    """

    deed: str
    args: Mapping[str, str]
    answer: asyncio.Future[str]

    def answered(self, reason: str) -> None:
        if not self.answer.done():
            self.answer.set_result(reason)


Heard = KeyHeard | SpeechBegan | WordsHeard | AllSaid | Offered


class Line(Protocol):
    """A channel that can be talked to. `call_ref` is the call's reference everywhere."""

    @property
    def call_ref(self) -> str: ...

    async def answer(self) -> None:
        """Pick up; idempotent."""

    async def say(self, clips: Sequence[Clip]) -> None:
        """Stop whatever is being said and begin to say this; AllSaid follows when it ends by itself."""

    async def hush(self) -> None:
        """Stop what is being said and return when it has stopped."""

    async def hear(self, limit_s: float) -> Heard | None:
        """The next thing heard, or None after `limit_s` seconds."""

    def unhear(self, key: str) -> None:
        """Give a key back: the next question shall hear it (type-ahead)."""

    def flush(self) -> None:
        """Forget the keys pressed so far."""

    def listen(
        self, language: str, keys: frozenset[str], meant: Meant, patient: tuple[str, ...] = ()
    ) -> Mapping[str, str]:
        """From now on words for these keys are heard as well (WordsHeard): phrase -> key; empty when nobody listens.

        What means a `patient` key counts at the end of speech only.
        """

    def cease(self) -> None:
        """Words count no more, also those on their way."""

    def deafen(self) -> None:
        """No question comes for a while: whatever listens is taken away. `listen` brings it back."""

    async def record(self, name: str, max_s: float) -> float:
        """Record the caller until #, silence of five seconds or `max_s`; the seconds of speech kept, 0.0 for none."""

    async def record_on(self, name: str, max_s: float) -> float | None:
        """As `record`, of what a controller before us began to record; None when it had not begun."""

    async def hang_up(self) -> None:
        """End the call; never raises."""
