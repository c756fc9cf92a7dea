"""The only back-and-forth with a caller: a step comes from the walk, a reply goes back. The same loop for all flows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dialplan.steps import (
    Ask,
    Collect,
    Connect,
    Do,
    Done,
    End,
    Keyed,
    Left,
    Pressed,
    Record,
    Recorded,
    Reply,
    Silent,
    Step,
)
from dialplan.walk import Walk
from ivr.errors import HungUp
from ivr.line import AllSaid, KeyHeard, Line
from ivr.messages import recording_of
from ivr.voice import Voice

LONGEST_PROMPT_S = 120.0
"""Nothing we say is longer; after it a prompt whose end was never told counts as said."""

LAST_WORDS_S = 30.0
"""The longest farewell; nobody is kept in silence after it."""

END_KEY_S = 1.2
"""People press the hash within this time of the last digit, or not at all."""

Deeds = Callable[[Do], Awaitable[Done]]
Connecting = Callable[[Connect], Awaitable[Done]]
Keeping = Callable[[Walk], Awaitable[bool]]
"""Keeps a walk for the controller after us; False: it could not, or it does not in this flow."""
Reached = Callable[[str], None]
"""Is told every place of the flow as the walk comes to it."""
Begun = Callable[[str], Awaitable[None]]
"""Is told the digits of a number as they are keyed."""


async def converse(
    line: Line, walk: Walk, voice: Voice, do: Deeds, connect: Connecting, keep: Keeping, reached: Reached
) -> None:
    """Talk until the walk ends. Raises HungUp after the deeds that the flow wants done for a caller who has left.

    `keep` is called with the walk before each step that waits and with each digit of a number, so that a restarted
    controller can go on (design 3.8).
    """
    step = walk.start()
    left: HungUp | None = None
    kept, told = True, 0

    async def begun(digits: str) -> None:
        nonlocal kept
        walk.begun = digits
        kept = kept and await keep(walk)  # a floor that hangs must not hold up every digit

    while True:
        for place in walk.path[told:]:
            reached(place)
        told = len(walk.path)
        if isinstance(step, End):
            if left is not None:
                raise left
            await _said_out(line, voice, step)
            return
        try:
            reply = await _reply(line, voice, step, do, connect, begun)
        except HungUp as gone:
            left = left or gone
            reply = Left(gone.recording)
        step = walk.reply(reply)
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
            return await connect(step)


async def ask(line: Line, voice: Voice, step: Ask) -> Pressed | Silent:
    """Say and wait for a key. A key without a use here ends a mere announcement and is kept for what follows."""
    if step.flush:
        line.flush()
    await line.say(voice.clips(step.say))
    limit_s = LONGEST_PROMPT_S
    while True:
        match await line.hear(limit_s):
            case KeyHeard(key=key) if key in step.keys or step.timeout_s > 0:
                await line.hush()
                return Pressed(key)
            case KeyHeard(key=key):
                await line.hush()
                line.unhear(key)
                return Silent()
            case AllSaid():
                limit_s = step.timeout_s
                if limit_s == 0:
                    return Silent()
            case None:
                return Silent()
            case _:
                pass


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
