"""From what is to be said to the sound files: prompts with plain facts become clips, clips become media names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from dialplan.clips import (
    BEEP,
    MARKER,
    PLACEHOLDERS,
    Clip,
    Digits,
    Key,
    Minutes,
    Number,
    Pairs,
    Phrase,
    Place,
    Value,
    When,
)
from dialplan.steps import Fact, Facts, Say
from dialplan.wording import Wording
from storage.clock import Clock


class Voice:
    """Speaks one wording below `folder` (absolute: Asterisk opens the files), in the time zone of the company.

    `marker` says everything in tones instead, whatever the language (design 3.21).
    """

    def __init__(self, wording: Wording, folder: Path, clock: Clock, zone: ZoneInfo, *, marker: bool = False) -> None:
        self.wording = wording
        self.folder = folder
        self._clock = clock
        self._zone = zone
        self._marker = marker

    def clips(self, said: Iterable[Say]) -> tuple[Clip, ...]:
        """All clips of these prompts, in order."""
        return tuple(clip for say in said for clip in self._prompt(say))

    def beep(self, lang: str) -> Clip:
        """The tone after which the caller speaks."""
        return Clip(MARKER if self._marker else lang, BEEP)

    def media(self, clips: Sequence[Clip]) -> list[str]:
        """ARI media names, absolute and without an ending: Asterisk takes the file of the channel's own codec."""
        return [f"sound:{self.folder}/{clip.lang}/{clip.name}" for clip in clips]

    def _prompt(self, say: Say) -> tuple[Clip, ...]:
        values = {name: self._value(name, say.values) for name in self.wording.placeholders(say.key)}
        return self.wording.say(MARKER if self._marker else say.lang, say.key, slow=say.slow, **values)

    def _value(self, name: str, facts: Facts) -> Value:
        """The typed value of a placeholder; moments are ISO 8601 UTC, minutes the facts m (low) and m_high."""
        plain: Fact = facts.get(name)
        text = str(plain)
        match PLACEHOLDERS[name].__name__:
            case "Pairs":
                return Pairs(text)
            case "Digits":
                return Digits(text)
            case "Number":
                return Number(int(text))
            case "Minutes":
                return Minutes(int(text), int(str(facts.get("m_high", plain))))
            case "When":
                local = self._clock.wall_now().astimezone(self._zone)
                return When(datetime.fromisoformat(text).astimezone(self._zone), local)
            case "Key":
                return Key(text)
            case "Place":
                return Place(text)
            case _:
                return Phrase(text)
