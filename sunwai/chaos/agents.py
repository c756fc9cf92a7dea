"""Agents at work: page open, SIP phone registered, they answer, talk, hang up, give dispositions; faults hurt them.

Whatever breaks, an agent does what a person does: looks at his page, registers his phone again, logs in again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

from ivr.errors import TelephoneError
from ivr.exchange import Exchange, Phone
from ivr.tones import to_ulaw, tone
from sunwai.chaos.callers import AGENT_SAYS
from sunwai.console_client import ConsolePerson, ConsoleRefused, Json
from sunwai.errors import SunwaiError

CODES = ("A01", "A02", "A04", "A06")
"""Agents of the demo for every kind of call, with the language of the callers."""
LOOK_EVERY_S = 1.0
UNREACHABLE_LIMIT_S = 4.0
"""So long his page may say that his phone is not reachable before he registers it again."""
LOG_IN_AGAIN_S = 2.0
RING_LIMIT_S = 5.0
TALK_S = (2.0, 9.0)
_DOES_NOT_ANSWER, _ANSWERS_BUSY = 0.04, 0.08
AT_WORK = frozenset({"ready", "offered", "talking", "wrap_up"})


class PageGone(SunwaiError):
    """His machine has lost its network; he comes back after a while."""


class Agent:
    """One of them. `state` is what his page said last."""

    def __init__(self, code: str, person: Callable[[str], ConsolePerson], exchange: Exchange, seed: int) -> None:
        self.code = code
        self.state = "off"
        self.talks = 0
        self.troubles: Counter[str] = Counter()
        self._person = person
        self._exchange = exchange
        self._draw = Random(f"{seed}/{code}")  # noqa: S311 - behaviour to be made again, no secret
        self._leg: Phone | None = None
        self._account: Json | None = None
        self._away_s = 0.0
        self._gone = asyncio.Event()

    async def work(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._at_the_page())
            tasks.create_task(self._at_the_phone())

    # -- what the faults do ---------------------------------------------------------------------------------------

    async def drop_leg(self) -> bool:
        """His phone's network ends in the middle of a talk; False when he does not talk."""
        leg = self._leg
        if leg is None or leg.ended.is_set():
            return False
        await leg.hang_up()
        return True

    async def phone_off(self) -> bool:
        """His phone is switched off; he switches it on when his page says so."""
        if self._account is None:
            return False
        await self._exchange.unregister_phone(self._account["user"])
        return True

    async def lose_page(self, away_s: float) -> bool:
        """His page is away for so long."""
        self._away_s = away_s
        self._gone.set()
        return True

    # -- what he does ---------------------------------------------------------------------------------------------

    async def _at_the_page(self) -> None:
        while True:
            try:
                async with self._person(self.code) as person:
                    await person.open_page()
                    await self._register(await person.post("/api/agent/phone"))
                    await self._look_and_do(person)
            except PageGone:
                await asyncio.sleep(self._away_s)
            except Exception as error:  # noqa: BLE001 - top of his day: the console may be what was killed
                self.troubles[type(error).__name__] += 1
                await asyncio.sleep(LOG_IN_AGAIN_S)

    async def _look_and_do(self, person: ConsolePerson) -> None:
        unreachable_s = 0.0
        while True:
            if self._gone.is_set():
                self._gone.clear()
                raise PageGone(self.code)
            view = await person.get("/api/agent")
            self.state = view["state"]
            unreachable_s = 0.0 if view["phone_reachable"] else unreachable_s + LOOK_EVERY_S
            if unreachable_s >= UNREACHABLE_LIMIT_S:
                unreachable_s = 0.0
                await self._register(await person.post("/api/agent/phone"))
            with suppress(ConsoleRefused):  # the state changed while he looked: he looks again
                await self._clear_desk(person, view)
            with suppress(TimeoutError, SunwaiError):
                await person.until(lambda _: self._gone.is_set(), LOOK_EVERY_S)
            if not view["page_alive"]:
                raise SunwaiError("his page is no longer heard")

    async def _clear_desk(self, person: ConsolePerson, view: Json) -> None:
        if view["disposition_missing"]:
            await person.post(f"/api/calls/{view['call_ref']}/disposition", {"disposition": "information given"})
        elif view["state"] not in AT_WORK:
            await person.post("/api/agent/state", {"state": "ready"})

    async def _register(self, account: Json) -> None:
        """Anew: a phone that Asterisk has forgotten would otherwise come back only when its registration runs out."""
        with suppress(Exception):  # there was none
            await self._exchange.unregister_phone(account["user"])
        await self._exchange.register_phone(
            account["user"], account["password"], f"{account['address']}:{account['port']}"
        )
        self._account = account

    async def _at_the_phone(self) -> None:
        while True:
            try:
                self._leg = await self._exchange.rung(f"agent-{self.code}", limit_s=3600.0)
                await self._take(self._leg)
            except Exception as error:  # noqa: BLE001 - top of one ringing: the caller may be gone already
                self.troubles[type(error).__name__] += 1
            finally:
                self._leg = None

    async def _take(self, leg: Phone) -> None:
        chance = self._draw.random()
        talk_s, pause_s = self._draw.uniform(*TALK_S), self._draw.uniform(0.2, 1.0)
        if chance < _DOES_NOT_ANSWER:
            await _within(RING_LIMIT_S, leg.until_ended)
        elif chance < _ANSWERS_BUSY:
            await leg.hang_up("busy")
        else:
            await asyncio.sleep(pause_s)
            await leg.answer()
            await leg.until_answered(5.0)
            self.talks += 1
            await self._talk(leg, talk_s)
        await leg.hang_up()
        await leg.until_ended(10.0)

    async def _talk(self, leg: Phone, talk_s: float) -> None:
        """He says who he is until it has been heard, talks, and hangs up if the caller has not."""
        for _ in range(3):
            leg.media.say(to_ulaw(tone(self._exchange.tones[AGENT_SAYS])))
            if await _within(1.0, leg.until_ended):
                return
        await _within(talk_s, leg.until_ended)


async def _within(limit_s: float, ending: Callable[[float], Awaitable[None]]) -> bool:
    """True when it has ended within `limit_s`."""
    try:
        await ending(limit_s)
    except (TimeoutError, TelephoneError):
        return False
    return True
