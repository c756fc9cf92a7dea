"""A caller as written: a line that hears our prompts by name and does what its script says, on a clock that jumps.

A script is pairs of (a prompt, what the caller does when he hears it), in order. He waits in silence for the prompt of
his next line; when it never comes, `was_played_out` tells. Seconds of talk and silence pass on the given clock only.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from enum import Enum

from dialplan.clips import Clip
from dialplan.words import Meant
from ivr.editions import SpokenEdition
from ivr.errors import HungUp
from ivr.line import AllSaid, Heard, KeyHeard
from storage.clock import Clock

SPOKEN_S = 4.0
"""How long any prompt takes on this line."""
MOST_HEARD = 500
"""A talk that asks the caller more often than this goes round for ever."""
_PROMPT = re.compile(r"([A-Za-z]\w*)\.\d+(?:~slow)?")


class Act(Enum):
    """What a caller does besides pressing keys."""

    HANGS_UP = "hangs up"
    SPEAKS = "speaks for six seconds"
    HANGS_UP_SPEAKING = "hangs up while he is recorded"
    SAYS_NOTHING = "lets it pass"
    IS_CUT_OFF = "Asterisk dies"


HANGS_UP = Act.HANGS_UP
SPEAKS = Act.SPEAKS
HANGS_UP_SPEAKING = Act.HANGS_UP_SPEAKING
SAYS_NOTHING = Act.SAYS_NOTHING
IS_CUT_OFF = Act.IS_CUT_OFF
SPEECH_S = 6.0


class ScriptedLine:
    """An `ivr.line.Line`. `heard` are the names of all prompts in order, `clips` every clip, `languages` theirs."""

    agent_leg = None
    waiting = None
    in_holding = undisturbed = False

    def __init__(
        self, clock: Clock, *script: tuple[str, str | Act], edition: SpokenEdition, call_ref: str = "n1-1"
    ) -> None:
        self.edition = edition
        self.call_ref = call_ref
        self.channel = call_ref
        self.gone: HungUp | None = None
        self.answered = False
        self.hung_up = False
        self.script = deque(script)
        self.heard: list[str] = []
        self.clips: list[Clip] = []
        self.recordings: list[str] = []
        self._clock = clock
        self._now: list[str] = []
        self._speaking = False
        self._keys: deque[str] = deque()
        self._hears = 0

    @property
    def was_played_out(self) -> bool:
        """True when the caller came to the end of his script."""
        return not self.script

    @property
    def languages(self) -> list[str]:
        """The languages heard, each once, in the order of their first word."""
        return list(dict.fromkeys(clip.lang for clip in self.clips))

    async def answer(self) -> None:
        self.answered = True

    async def say(self, clips: Sequence[Clip]) -> None:
        self._stay()
        named = [found[1] for clip in clips if (found := _PROMPT.fullmatch(clip.name))]
        self._now = list(dict.fromkeys(named))
        self.heard += self._now
        self.clips += clips
        self._speaking = True

    async def take_over(self) -> None:
        self._speaking = False

    async def hush(self) -> None:
        self._stay()
        self._speaking = False

    async def hear(self, limit_s: float) -> Heard | None:
        self._stay()
        self._hears += 1
        assert self._hears < MOST_HEARD, f"the talk never ends: {self.heard[-10:]}"
        if not self._keys:
            self._act()
        if self._keys:
            self._clock.jump(0.3)
            return KeyHeard(self._keys.popleft())
        self._clock.jump(SPOKEN_S if self._speaking else limit_s)
        if self._speaking:
            self._speaking = False
            return AllSaid()
        return None

    def unhear(self, key: str) -> None:
        self._keys.appendleft(key)

    def flush(self) -> None:
        self._keys.clear()

    def listen(
        self, language: str, keys: frozenset[str], meant: Meant, patient: tuple[str, ...] = ()
    ) -> Mapping[str, str]:
        """Nobody listens to this caller: he presses keys."""
        return {}

    def cease(self) -> None:
        return

    def deafen(self) -> None:
        return

    def offers_unheard(self) -> list[Heard]:
        """No agent is ever offered to this line."""
        return []

    async def record(self, name: str, max_s: float) -> float:
        self._stay()
        act = self._next()
        if act not in (SPEAKS, HANGS_UP_SPEAKING):
            self._clock.jump(5.0)
            return 0.0
        self.script.popleft()
        self.recordings.append(name)
        self._clock.jump(min(SPEECH_S, max_s))
        if act is HANGS_UP_SPEAKING:
            self.gone = HungUp(16, recording=name)
            raise self.gone
        return min(SPEECH_S, max_s)

    async def hang_up(self) -> None:
        self.hung_up = True

    def _next(self) -> str | Act | None:
        """What the caller would do now that he hears this."""
        return self.script[0][1] if self.script and self.script[0][0] in self._now else None

    def _act(self) -> None:
        match self._next():
            case str(keys):
                self._keys.extend(keys)
                self.script.popleft()
                self._now = []
            case Act.HANGS_UP:
                self.script.popleft()
                self.gone = HungUp(16)
                raise self.gone
            case Act.IS_CUT_OFF:
                self.script.popleft()
                self.gone = HungUp(cut=True)
                raise self.gone
            case Act.SAYS_NOTHING:
                self.script.popleft()
                self._now = []
            case _:
                return

    def _stay(self) -> None:
        """Nothing can be done on a line whose caller has left."""
        if self.gone is not None:
            raise self.gone
