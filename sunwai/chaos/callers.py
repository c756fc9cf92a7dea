"""Callers: each wants something, answers what he hears with keys, and hangs up where his plan says so.

They are people, not scripts: who hears the menu again after a fault presses his key again, and who hears nothing for
long hangs up.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from random import Random

from ivr.errors import TelephoneError
from ivr.exchange import Exchange, NotHeard, Phone
from ivr.tones import to_ulaw, tone
from sunwai import demo_consumers, demo_people, reference

SILENCE_LIMIT_S = 20.0
"""So long nobody listens to nothing (or to music without a word)."""
PATIENCE_S = (30.0, 60.0)
RINGING_LIMIT_S = 20.0
AT_ONCE = 25
"""More calls than this at a time are not begun: two cores play both sides."""
AGENT_SAYS, CALLER_SAYS = "agent_coming", "goodbye"
SPEECH_TONES = 15
STRANGER = 77_000
RINGING = "ringing"


@dataclass(frozen=True, slots=True)
class Want:
    """`keys` by what is heard; `leaves` are the moments at which such a caller may hang up; `share` is his weight."""

    name: str
    share: float
    keys: Mapping[str, str]
    leaves: tuple[str, ...]
    stranger: bool = False


_EVERYWHERE = {"language_choice": "1", "status_menu": "2", "nobody_there": "1", "area_readback": "1"}
_WAITING = ("to_person", "wait_first", "wait_unknown", "wait_position", AGENT_SAYS)
_START = (RINGING, "greet", "language_choice", "main_menu")
_FUSE = {**_EVERYWHERE, "main_menu": "1", "supply_menu": "1", "supply_menu_unknown": "1"}
WANTS = (
    Want("registers", 0.25, _FUSE, (*_START, "supply_menu", "registered", "promised", "hear_again")),
    Want("registers, then a person", 0.3, {**_FUSE, "person_by_zero": "0"}, (*_START, "registered", *_WAITING)),
    Want("a person", 0.2, {**_EVERYWHERE, "main_menu": "0", "nobody_there": "2"}, (*_START, "registered", *_WAITING)),
    Want("danger", 0.05, {**_EVERYWHERE, "main_menu": "9", "danger_menu": "2"}, ("danger_menu", *_WAITING)),
    Want("his bill", 0.1, {**_EVERYWHERE, "main_menu": "2"}, (*_START, "registered", "promised")),
    Want("a stranger's fuse", 0.1, _FUSE, (*_START, "supply_menu_unknown", "ask_consumer_number"), stranger=True),
)
_LISTENED = frozenset({"controller_away", "leave_message", "lines_full", "person_by_zero", "hear_again", "beep"})


@dataclass(frozen=True, slots=True)
class Plan:
    """One caller. `leaves_at` None: he stays to the end; `talk_s`: how long he talks before he hangs up himself."""

    number: str
    want: Want
    leaves_at: str | None
    patience_s: float
    talk_s: float
    presses_when_away: bool
    consumer_number: str


@dataclass(frozen=True, slots=True)
class CallMade:
    """What became of a call, from the caller's side. `answered`: the line took it, so that its books must know it."""

    number: str
    want: str
    began: datetime
    ended: datetime
    answered: bool
    registered: bool
    talked: bool


@dataclass(slots=True)
class Load:
    """What was made so far. `held_back`: too many were on the line; `troubles`: faults of the exchange, by kind."""

    made: list[CallMade] = field(default_factory=list)
    under_way: int = 0
    held_back: int = 0
    troubles: Counter[str] = field(default_factory=Counter)


def plans(seed: int) -> Iterator[Plan]:
    """Callers without end, drawn from the seed; each with a number of his own while the demo's consumers last."""
    draw = Random(seed)  # noqa: S311 - callers to be made again, no secret
    known, strangers = cycle(_consumers()), cycle(range(STRANGER, STRANGER + 2_999))
    while True:
        want = draw.choices(WANTS, [want.share for want in WANTS])[0]
        number, consumer_number = next(known)
        if want.stranger:
            number = f"50000{next(strangers):05d}"
        leaves_at = draw.choice(want.leaves) if draw.random() < 0.4 else None
        patience_s, talk_s = draw.uniform(*PATIENCE_S), draw.uniform(1.0, 8.0)
        yield Plan(number, want, leaves_at, patience_s, talk_s, draw.random() < 0.5, consumer_number)


async def keep_calling(exchange: Exchange, load: Load, seed: int, rate: float, until: float) -> None:
    """New calls at `rate` per second until the monotonic moment `until`; returns when the last caller has hung up."""
    draw = Random(seed + 1)  # noqa: S311 - as above
    async with asyncio.TaskGroup() as tasks:
        for plan in plans(seed):
            await asyncio.sleep(draw.expovariate(rate))
            if time.monotonic() >= until:
                return
            if load.under_way >= AT_ONCE:
                load.held_back += 1
                continue
            tasks.create_task(_call(exchange, load, plan))


async def _call(exchange: Exchange, load: Load, plan: Plan) -> None:
    """One caller from dialling to the end; whatever he meets, the others go on."""
    load.under_way += 1
    began = datetime.now(UTC)
    try:
        phone = await exchange.call(plan.number, answered=False)
        try:
            await _Caller(phone, plan, exchange).behave()
        finally:
            await phone.hang_up()
            load.made.append(_made(plan, phone, began))
            await phone.until_ended(10)
    except Exception as error:  # noqa: BLE001 - top of a call: counted and shown, and the load goes on
        load.troubles[type(error).__name__] += 1
    finally:
        load.under_way -= 1


def _made(plan: Plan, phone: Phone, began: datetime) -> CallMade:
    heard = set(phone.heard)
    return CallMade(
        plan.number,
        plan.want.name,
        began,
        datetime.now(UTC),
        answered=phone.answered.is_set(),
        registered="registered" in heard,
        talked=AGENT_SAYS in heard,
    )


class _Caller:
    def __init__(self, phone: Phone, plan: Plan, exchange: Exchange) -> None:
        self._phone = phone
        self._plan = plan
        self._exchange = exchange
        self._reacts = frozenset({*plan.want.keys, *plan.want.leaves, *_LISTENED, *_WAITING, "ask_consumer_number"})

    async def behave(self) -> None:
        """Until he has what he came for, hangs up, is hung up on, or has had enough."""
        phone = self._phone
        try:
            if self._plan.leaves_at == RINGING:
                await phone.until_answered(self._plan.talk_s / 50)  # a fifth of a second at most: he was too quick
                return
            await phone.until_answered(RINGING_LIMIT_S)
            async with asyncio.timeout(self._plan.patience_s):
                while await self._react(await phone.hear(*self._reacts, limit_s=SILENCE_LIMIT_S)):
                    pass
        except (NotHeard, TimeoutError):
            return  # nobody answered, nothing was heard, he was hung up on, or he has had enough

    async def _react(self, heard: str) -> bool:
        """False when he hangs up."""
        plan, phone = self._plan, self._phone
        if heard == plan.leaves_at:
            return False
        if heard == AGENT_SAYS:
            phone.media.say(to_ulaw(tone(self._exchange.tones[CALLER_SAYS])))
            await phone.until_ended(plan.talk_s)  # a TimeoutError: he hangs up first
            return False
        if heard == "beep":
            phone.media.say(to_ulaw(tone(self._exchange.tones[CALLER_SAYS])) * SPEECH_TONES)
            await asyncio.sleep(3.0)
            return False
        if heard == "hear_again" and "person_by_zero" not in plan.want.keys:
            return False  # he has his number
        key = self._key_for(heard)
        if key:
            await self._press(key)
        return True

    def _key_for(self, heard: str) -> str | None:
        if heard == "controller_away":
            return "1" if self._plan.presses_when_away else None
        if heard == "ask_consumer_number":
            return self._plan.consumer_number
        return self._plan.want.keys.get(heard)

    async def _press(self, keys: str) -> None:
        if self._phone.ended.is_set():
            raise NotHeard("hung up on")
        try:
            await self._phone.press(keys)
        except TelephoneError as error:
            raise NotHeard("hung up on") from error


def _consumers() -> list[tuple[str, str]]:
    """(phone, consumer number) of consumers with one connection, a language and no flag: they get to the main menu."""
    organisation = reference.organisation()
    staff = demo_people.officers(organisation)
    everybody = demo_consumers.consumers(organisation, demo_consumers.network(organisation), staff)
    seen = Counter(consumer.phone for consumer in everybody)
    return [
        (consumer.phone[-10:], consumer.number)
        for consumer in everybody
        if consumer.phone
        and seen[consumer.phone] == 1
        and consumer.company == demo_people.MAIN
        and consumer.language == "hi"
        and not consumer.flags
    ]
