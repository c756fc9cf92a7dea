"""People at every stage of a call at once, on one line: who they are, how each comes there and goes on to the end.

The short-lived stages come last: a phone that rings, digits half keyed, the greeting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from callers import answers, asks_for_a_person, calls_of, chooses_hindi, hears, national, shown
from phone_line import House, agent_at_work, own_consumer, until
from test_satisfaction import asked, claimed

from complaints.records import Consumer
from ivr.exchange import Exchange, Phone
from ivr.tones import to_ulaw, tone
from storage.books import Books
from storage.floor import Floor
from sunwai import wiring
from sunwai.console_client import ConsolePerson

GREETED, IN_A_HURRY, STARTS_ANEW, INFORMER, SPEAKER = (f"50000776{n:02d}" for n in range(1, 6))
"""Numbers of nobody's: for who hears the greeting, two who key a number, and two who leave a message."""
ASKED, SATISFIED = "5000000001", "5000000002"
"""Consumers of the probe's company, which asks at once and at any hour."""
BACK_LIMIT_S = 60.0
CALLER_SAYS, AGENT_SAYS = "goodbye", "agent_coming"
KEYED = 4
SPEECH = 130
"""Tones of a fifth of a second each."""


@dataclass(frozen=True)
class Agents:
    """At work: in a talk, in one with a consumer we had rung, in the wrap-up of one, and with a phone that rings."""

    talking: ConsolePerson
    calling_back: ConsolePerson
    wrapping_up: ConsolePerson
    rung: ConsolePerson


@dataclass(frozen=True)
class People:
    """Everybody's telephone, by the stage he is at; `numbers` are those that called us, by the same names.

    `back` is set when the next controller has spoken; `back_at` holds that moment of the loop's clock.
    """

    agents: Agents
    phones: Mapping[str, Phone]
    numbers: Mapping[str, str]
    house_keyed: Consumer
    asked_about: str
    satisfied_with: str
    back: asyncio.Event = field(default_factory=asyncio.Event)
    back_at: list[float] = field(default_factory=list)

    def __getitem__(self, stage: str) -> Phone:
        return self.phones[stage]


class Stages:
    """Brings everybody to his stage; `stack` holds the agents at their desks until the test is over."""

    def __init__(self, house: House, exchange: Exchange, books: Books, stack: AsyncExitStack) -> None:
        self._house = house
        self._exchange = exchange
        self._books = books
        self._stack = stack
        self.phones: dict[str, Phone] = {}
        self.numbers: dict[str, str] = {}

    async def everybody(self) -> People:
        codes = ("A01", "A02", "A09", "A17")
        talking, wrapping_up, rung, calling_back = await asyncio.gather(*[self._agent(code) for code in codes])
        await self._is_called_back(calling_back)
        await self._talk("talking", talking, "A01")
        await self._talk("wrap_up", wrapping_up, "A02")
        await self.phones["wrap_up"].hang_up()
        await wrapping_up.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        await asyncio.gather(
            self._holds(), self._holds_flagged(), self._is_in_danger(), self._informs(), self._speaks()
        )
        keyed = await own_consumer(self._books, 60)
        asked_about, satisfied_with = [await claimed(self._house, self._books, phone) for phone in (ASKED, SATISFIED)]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._is_asked(asked_about))
            tasks.create_task(self._has_said_yes(satisfied_with))
            tasks.create_task(self._at_the_menu())
            tasks.create_task(self._is_asked_for_his_number("keying", IN_A_HURRY))
            tasks.create_task(self._is_asked_for_his_number("keying_anew", STARTS_ANEW))
        await asyncio.gather(*[self._keys(stage, keyed.number[:KEYED]) for stage in ("keying", "keying_anew")])
        await rung.post("/api/agent/state", {"state": "ready"})
        self.phones["agent"] = await self._exchange.rung("agent-A09")
        await (await self._calls("greeting", GREETED)).hear("greet")
        agents = Agents(talking, calling_back, wrapping_up, rung)
        return People(agents, self.phones, self.numbers, keyed, asked_about, satisfied_with)

    async def _agent(self, code: str) -> ConsolePerson:
        return await self._stack.enter_async_context(agent_at_work(self._house, self._exchange, code, state="break"))

    async def _calls(self, stage: str, number: str) -> Phone:
        self.numbers[stage] = number
        self.phones[stage] = await self._exchange.call(number)
        return self.phones[stage]

    async def _consumer(self, stage: str, place: int, *, flagged: bool = False) -> Phone:
        return await self._calls(stage, national(await own_consumer(self._books, place, flagged=flagged)))

    async def _talk(self, stage: str, agent: ConsolePerson, code: str) -> None:
        await agent.post("/api/agent/state", {"state": "ready"})
        caller = await self._consumer(stage, 61 if stage == "talking" else 62)
        await asks_for_a_person(caller)
        ringing = await self._exchange.rung(f"agent-{code}")
        await answers(ringing, agent)
        self.phones[f"agent_{stage}"] = ringing
        await hears(caller, ringing, self._exchange, AGENT_SAYS)

    async def _is_called_back(self, agent: ConsolePerson) -> None:
        """He asked to be rung, was, and is talking: a call that we had made."""
        caller = await self._consumer("called_back", 64)
        await asks_for_a_person(caller)
        await caller.hear("nobody_there", limit_s=30)
        await caller.press("1")
        await caller.hear("callback_promised")
        await caller.hang_up()
        await agent.post("/api/agent/state", {"state": "ready"})
        consumer = self.phones["called_back"] = await self._exchange.rung(self.numbers["called_back"])
        await consumer.answer()
        await consumer.hear("callback_menu")
        await consumer.press("1")
        self.phones["agent_called_back"] = await self._exchange.rung("agent-A17")
        await answers(self.phones["agent_called_back"], agent)

    async def _holds(self) -> None:
        """Served last of the three, whenever they came: behind the flagged one and the one in danger."""
        caller = await self._consumer("holding", 63)
        await asks_for_a_person(caller)
        await caller.hear("wait_position", limit_s=20)

    async def _holds_flagged(self) -> None:
        caller = await self._consumer("holding_flagged", 34, flagged=True)
        await asks_for_a_person(caller)
        await caller.hear("wait_one", limit_s=20)

    async def _is_in_danger(self) -> None:
        """First in line: the next agent's phone rings for him."""
        caller = await self._consumer("ringing", 65)
        await caller.press("9")
        await caller.hear("danger_person", limit_s=20)

    async def _is_asked(self, docket: str) -> None:
        self.phones["asked"] = await asked(self._exchange, docket, phone=ASKED)

    async def _has_said_yes(self, docket: str) -> None:
        consumer = self.phones["satisfied"] = await asked(self._exchange, docket, phone=SATISFIED)
        await consumer.press("1")
        await consumer.hear("sat_service")

    async def _informs(self) -> None:
        """Information on theft."""
        caller = await self._calls("recording", INFORMER)
        await chooses_hindi(caller)
        await caller.hear("main_menu")
        await caller.press("5")
        await self._is_speaking(caller)

    async def _speaks(self) -> None:
        """Nobody of those at work speaks Urdu: he leaves a message."""
        caller = await self._calls("recorded", SPEAKER)
        await caller.hear("language_choice")
        await caller.press("2")
        await asks_for_a_person(caller)
        await caller.hear("nobody_there", limit_s=30)
        await caller.press("2")
        await self._is_speaking(caller)

    async def _is_speaking(self, caller: Phone) -> None:
        """For longer than it takes to bring the others to their stages: five seconds of silence would end it."""
        await caller.hear("beep")
        caller.media.say(to_ulaw(tone(self._exchange.tones[CALLER_SAYS])) * SPEECH)

    async def _at_the_menu(self) -> None:
        await (await self._consumer("menu", 66)).hear("main_menu")

    async def _is_asked_for_his_number(self, stage: str, number: str) -> None:
        caller = await self._calls(stage, number)
        await chooses_hindi(caller)
        for heard, key in (("main_menu", "1"), ("supply_menu_unknown", "1")):
            await caller.hear(heard)
            await caller.press(key)
        await caller.hear("ask_consumer_number")

    async def _keys(self, stage: str, digits: str) -> None:
        """Returns when the line has heard the digits, which nothing he hears would tell."""
        await self.phones[stage].press(digits)
        [call] = await calls_of(self._books, self.numbers[stage])
        floor = Floor(self._house.line.floor_url, wiring.prefix_of(self._house.line))

        async def heard() -> bool:
            return f'"{digits}"'.encode() in (await floor.walk(call.call_ref) or b"")

        try:
            await until(heard)
        finally:
            await floor.close()


async def next_one(exchange: Exchange, agent: ConsolePerson, number: str, limit_s: float) -> Phone:
    """The agent's phone rings for this caller; answered."""
    ringing = await exchange.rung("agent-A09", limit_s)
    await shown(agent, number)
    await answers(ringing, agent)
    return ringing


async def gives_disposition(agent: ConsolePerson, state: str) -> None:
    """The end of a wrap-up."""
    await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    call_ref = agent.page["agent"]["call_ref"]
    await agent.post(f"/api/calls/{call_ref}/disposition", {"disposition": "test/practice"})
    await agent.post("/api/agent/state", {"state": state, "reason": "rest"})


def stored_message(house: House, name: str) -> Path:
    """The file of what a caller has said."""
    [file] = house.line.var.rglob(f"{name}.wav")
    return file
