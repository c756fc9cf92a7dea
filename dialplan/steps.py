"""What passes between the walker and the loop that talks: a step goes out, a reply comes in.

Plain data, so that a telephone, a chat or a test can be the other side. Seconds are floats and mean wall seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Fact = str | int | float | bool | None | tuple["Mapping[str, Fact]", ...]
Facts = Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Say:
    """One prompt in one language with the plain values of its placeholders; `slow` asks for the slow rendering."""

    lang: str
    key: str
    values: Mapping[str, Fact] = field(default_factory=dict)
    slow: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """Say, then wait `timeout_s` for one of `keys`; a key during the prompt stops it (barge-in).

    `words`: what may be said, in `language`, for which key (`dialplan.words.choices`); of several said at once `first`
    counts. `by_keys`: he was not understood here, and what is not understood now is no answer at all. `asked_back`: it
    only asks whether he meant what was understood. `patient` keys are taken from words only when he has said all; with
    `late` words count after the prompt alone, which names them itself.
    `timeout_s` 0 means: go on when all is said. `flush` throws away keys pressed before this step (design 3.18).
    """

    node: str
    say: tuple[Say, ...]
    keys: frozenset[str]
    timeout_s: float
    flush: bool
    words: tuple[tuple[str, str], ...] = ()
    language: str = ""
    first: str | None = None
    by_keys: bool = False
    asked_back: bool = False
    patient: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class Collect:
    """Say, then collect up to `digits` digits; `#` ends early, `*` asks for help, `gap_s` of silence ends it."""

    node: str
    say: tuple[Say, ...]
    digits: int
    timeout_s: float
    gap_s: float
    flush: bool


@dataclass(frozen=True, slots=True)
class Record:
    """Say, then record the caller for at most `max_s`; `#` ends. `name` tells what the recording is.

    `again`: a controller before us may have begun it; what the caller has said already is his message.
    """

    node: str
    say: tuple[Say, ...]
    name: str
    max_s: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class Do:
    """A deed of the house (register, verdict ...) with its arguments; the reply is Done."""

    node: str
    deed: str
    args: Facts


@dataclass(frozen=True, slots=True)
class Connect:
    """Bring the caller to a person; `skill` is the queue's word for it. The reply is Done."""

    node: str
    skill: str


@dataclass(frozen=True, slots=True)
class End:
    """Say goodbye and hang up."""

    node: str
    say: tuple[Say, ...]


Step = Ask | Collect | Record | Do | Connect | End


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key that the step allowed, or any other key: the walker knows what has a use."""

    key: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """The key whose words were said; `sure` is False when it may have been another, and he is asked.

    `heard` are the engine's words, with the `confidence` (0..1) of the least certain one.
    """

    key: str
    sure: bool
    heard: str = field(default="", compare=False)
    confidence: float = field(default=1.0, compare=False)


@dataclass(frozen=True, slots=True)
class Misheard:
    """He spoke twice after the question, and it was no answer: he is asked to use the keys. `heard` is its end."""

    heard: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Silent:
    """Nothing came in time (for a step with `timeout_s` 0: all was said)."""


@dataclass(frozen=True, slots=True)
class Keyed:
    digits: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """`recording` is the stored name, or None when nothing could be heard."""

    recording: str | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """Result of a deed and the facts it adds. A fact `language` changes the language of the walk."""

    result: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Left:
    """The caller hung up. Deeds that the flow wants done all the same follow; nothing is said any more.

    `recording` names what he had begun to say, if he left while he was being recorded.
    """

    recording: str | None = None


Reply = Pressed | Spoken | Misheard | Silent | Keyed | Recorded | Done | Left
