"""The only back-and-forth with a caller: a step comes from the walk, a reply goes back. The same loop for all flows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from dialplan.steps import (
    Ask,
    Collect,
    Connect,
    Do,
    Done,
    End,
    Keyed,
    Left,
    Misheard,
    Pressed,
    Record,
    Recorded,
    Reply,
    Silent,
    Spoken,
    Step,
)
from dialplan.walk import Walk
from dialplan.words import understood
from ivr.errors import HungUp
from ivr.line import AllSaid, KeyHeard, Line, SpeechBegan, WordsHeard
from ivr.messages import recording_of
from ivr.voice import Voice

LONGEST_PROMPT_S = 120.0
"""Nothing we say is longer; after it a prompt whose end was never told counts as said."""

LAST_WORDS_S = 30.0
"""The longest farewell; nobody is kept in silence after it."""

CERTAIN = 0.7
"""Words with less confidence are asked back. It is a weak sign (docs/speech.md), so it is never the only one."""

SPEAKING_S = 8.0
"""Nobody is asked whether he is there while he speaks; whoever speaks longer does not choose from a menu."""

ECHO_S = 0.3
"""So long after our own words an echo of them may still be on its way through the engine."""

MISHEARD = 2
"""So many answers that are none lead to the same question by keys (domain.md 3.1)."""

END_KEY_S = 1.2
"""People press the hash within this time of the last digit, or not at all."""

Deeds = Callable[[Do], Awaitable[Done]]
Connecting = Callable[[Connect], Awaitable[Done]]
Keeping = Callable[[Walk], Awaitable[bool]]
"""Keeps a walk for the controller after us; False: it could not, or it does not in this flow."""


class Notes(Protocol):
    """What is told as the talk goes on."""

    def reached(self, place: str) -> None:
        """The walk has come to this place of the flow."""

    def answered(self, question: Ask, reply: Reply, after_s: float, led_to: str) -> None:
        """The question was answered, or not, so many seconds after it was begun; it led to this place of the flow."""


Begun = Callable[[str], Awaitable[None]]
"""Is told the digits of a number as they are keyed."""


async def converse(
    line: Line, walk: Walk, voice: Voice, do: Deeds, connect: Connecting, keep: Keeping, notes: Notes
) -> None:
    """Talk until the walk ends. Raises HungUp after the deeds that the flow wants done for a caller who has left.

    `keep` is called with the walk before each step that waits and with each digit of a number, so that a restarted
    controller can go on (design 3.8).
    """
    try:
        await _converse(line, walk, voice, do, connect, keep, notes)
    finally:
        line.deafen()


async def _converse(
    line: Line, walk: Walk, voice: Voice, do: Deeds, connect: Connecting, keep: Keeping, notes: Notes
) -> None:
    step, now = walk.start(), asyncio.get_running_loop().time
    left: HungUp | None = None
    kept, told = True, 0

    async def begun(digits: str) -> None:
        nonlocal kept
        walk.begun = digits
        kept = kept and await keep(walk)  # a floor that hangs must not hold up every digit

    while True:
        for place in walk.path[told:]:
            notes.reached(place)
        told = len(walk.path)
        if isinstance(step, End):
            if left is not None:
                raise left
            await _said_out(line, voice, step)
            return
        began, question = now(), step
        try:
            reply = await _reply(line, voice, step, do, connect, begun)
        except HungUp as gone:
            left = left or gone
            reply = Left(gone.recording)
        after_s, step = now() - began, walk.reply(reply)
        taken_away = left is not None and (left.moved or left.cut)
        if isinstance(question, Ask) and question.timeout_s > 0 and not taken_away:
            notes.answered(question, reply, after_s, walk.node)
        if left is None and _waits(step):
            kept = await keep(walk)


def _waits(step: Step) -> bool:
    """Where a caller may stay for a while, and a restarted controller must find him: not in mere announcements."""
    return isinstance(step, Collect | Record | Connect) or (isinstance(step, Ask) and step.timeout_s > 0)


async def _reply(
    line: Line,
    voice: Voice,
    step: Ask | Collect | Record | Do | Connect,
    do: Deeds,
    connect: Connecting,
    begun: Begun,
) -> Reply:
    match step:
        case Ask():
            return await ask(line, voice, step)
        case Collect():
            return await collect(line, voice, step, begun)
        case Record():
            return await record(line, voice, step)
        case Do():
            return await do(step)
        case Connect():
            line.deafen()
            return await connect(step)


async def ask(line: Line, voice: Voice, step: Ask) -> Pressed | Spoken | Misheard | Silent:
    """Say, and wait for a key or for words that mean one. What has no use here ends a mere announcement; a key is kept
    for what follows."""
    if step.flush:
        line.flush()
    offered = line.listen(step.language, step.keys, step.words, step.patient)
    try:
        await line.say(voice.clips(step.say))
        return await _answer(line, step, offered)
    finally:
        line.cease()


async def _answer(line: Line, step: Ask, offered: Mapping[str, str]) -> Pressed | Spoken | Misheard | Silent:
    now = asyncio.get_running_loop().time
    until, all_said, misheard, latest = now() + LONGEST_PROMPT_S, False, 0, 0.0
    spoken_from = math.inf
    while True:
        match await line.hear(max(0.0, until - now())):
            case KeyHeard(key=key):
                await line.hush()
                return _used(line, step, key)
            case WordsHeard() | SpeechBegan() if step.late and now() < spoken_from:
                pass  # our own prompt says these words, and may come back as an echo
            case WordsHeard() as heard if (meant := _meant(step, heard, offered)) is not None:
                await line.hush()
                return await _unless_keyed(line, step, meant)
            case SpeechBegan() if all_said and not step.by_keys:
                until = min(max(until, now() + SPEAKING_S), latest)
            case WordsHeard(text=text) if all_said and not step.by_keys:
                misheard, until = misheard + 1, min(now() + step.timeout_s, latest)
                if misheard == MISHEARD:
                    return Misheard(text)
            case AllSaid():
                all_said, until = True, now() + step.timeout_s
                latest, spoken_from = until + 2 * SPEAKING_S, now() + ECHO_S
                if step.timeout_s == 0:
                    return Silent()
            case None:
                return Silent()
            case _:
                pass


def _used(line: Line, step: Ask, key: str) -> Pressed | Silent:
    if key in step.keys or step.timeout_s > 0:
        return Pressed(key)
    line.unhear(key)
    return Silent()


def _meant(step: Ask, heard: WordsHeard, offered: Mapping[str, str]) -> Spoken | None:
    """None: it is no answer. Of words over an announcement only clear ones count, and any that mean danger: those are
    asked back, for nobody had asked anything."""
    found = understood(heard.text, offered, step.first)
    if found is None:
        return None
    sure = found.sure and heard.confidence >= CERTAIN
    if step.by_keys and not sure and found.key != step.first:
        return None  # what was not understood before is not asked back again
    if step.timeout_s == 0:
        if not sure and found.key != step.first:
            return None
        sure = found.key != step.first
    return Spoken(found.key, sure, heard.text, heard.confidence)


async def _unless_keyed(line: Line, step: Ask, meant: Spoken) -> Pressed | Spoken | Silent:
    """A key always beats a word: one pressed while the word was made out is the answer."""
    while (heard := await line.hear(0.0)) is not None:
        if isinstance(heard, KeyHeard):
            return _used(line, step, heard.key)
    return meant


async def collect(line: Line, voice: Voice, step: Collect, begun: Begun) -> Keyed | Pressed | Silent:
    """Say and gather digits. `#` ends, `*` asks for help, any other key is a digit (design 3.18)."""
    if step.flush:
        line.flush()
    await line.say(voice.clips(step.say))
    digits, limit_s = "", LONGEST_PROMPT_S
    while len(digits) < step.digits:
        match await line.hear(limit_s):
            case KeyHeard(key="*"):
                await line.hush()
                return Pressed("*")
            case KeyHeard(key="#"):
                break
            case KeyHeard(key=key):
                if not digits:
                    await line.hush()
                digits += key
                limit_s = step.gap_s
                if len(digits) < step.digits:
                    await begun(digits)
            case AllSaid():
                limit_s = step.gap_s if digits else step.timeout_s
            case None:
                if not digits:
                    return Silent()
                break
            case _:
                pass
    else:
        await line.hush()
        await _end_key(line)
    await line.hush()
    return Keyed(digits)


async def _end_key(line: Line) -> None:
    """Prompts say "then press hash": the hash after a full number is its end, and no answer to what is asked next."""
    heard = await line.hear(END_KEY_S)
    if isinstance(heard, KeyHeard) and heard.key != "#":
        line.unhear(heard.key)


async def record(line: Line, voice: Voice, step: Record) -> Recorded:
    """Say, give the tone, record. The name is the call's reference and what is recorded."""
    name = recording_of(line.call_ref, step.name)
    if step.again and (said_s := await line.record_on(name, step.max_s)) is not None:
        return _recorded(name, said_s)
    line.flush()
    await line.say((*voice.clips(step.say), voice.beep(step.say[-1].lang)))
    while not isinstance(heard := await line.hear(LONGEST_PROMPT_S), AllSaid):
        if heard is None:
            break
        if isinstance(heard, KeyHeard):
            await line.hush()
            break
    return _recorded(name, await line.record(name, step.max_s))


def _recorded(name: str, seconds: float) -> Recorded:
    return Recorded(name if seconds > 0 else None, seconds)


async def _said_out(line: Line, voice: Voice, step: End) -> None:
    """The last words are heard to the end; keys have no use any more."""
    if not step.say:
        return
    await line.say(voice.clips(step.say))
    while True:
        heard = await line.hear(LAST_WORDS_S)
        if heard is None or isinstance(heard, AllSaid):
            return
