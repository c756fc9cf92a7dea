"""Callers and agents of the phone lane: how they phone, ask for a person, answer and hear each other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from phone_line import until

from complaints.ledger import Call
from complaints.records import Consumer
from ivr.exchange import Exchange, NotHeard, Phone
from ivr.tones import to_ulaw, tone
from storage.books import Books
from sunwai.console_client import ConsolePerson, ConsoleRefused

Calling = Callable[[str], Awaitable[Phone]]


@pytest.fixture
async def call(exchange: Exchange) -> AsyncIterator[Calling]:
    """Phone the line as this number; every phone of a test is put down at its end, however it ended."""
    phones: list[Phone] = []

    async def phone(number: str) -> Phone:
        phones.append(await exchange.call(number))
        return phones[-1]

    yield phone
    for each in phones:
        await each.hang_up()
        await until(lambda each=each: put_away(exchange, each))


async def put_away(exchange: Exchange, phone: Phone) -> bool:
    return phone.channel not in exchange.dispatch


def national(consumer: Consumer) -> str:
    assert consumer.phone
    return consumer.phone.removeprefix("+91")


async def chooses_hindi(caller: Phone) -> None:
    await caller.hear("language_choice")
    await caller.press("1")


async def asks_for_a_person(caller: Phone) -> None:
    """Key 0 in whatever menu comes first."""
    await caller.hear("main_menu", "status_menu", "which_connection")
    await caller.press("0")
    await caller.hear("to_person")


async def answers(ringing: Phone, agent: ConsolePerson) -> None:
    await ringing.answer()
    await agent.until(lambda page: page["agent"]["state"] == "talking", 15)


async def is_talking(number: str, exchange: Exchange, call: Calling, agent: ConsolePerson) -> tuple[Phone, Phone]:
    """This caller with this agent, the only one who is ready: both telephones, the caller's first."""
    caller = await call(number)
    await asks_for_a_person(caller)
    ringing = await exchange.rung(f"agent-{agent.me['agent']}")
    await answers(ringing, agent)
    return caller, ringing


async def talks_again(agent: ConsolePerson) -> None:
    """Until the floor has been told again that he is in a talk: Redis was emptied, or is another one."""

    async def talks() -> bool:
        try:
            return bool((await agent.get("/api/agent"))["state"] == "talking")
        except ConsoleRefused:
            return False

    await until(talks, 30)


async def is_free_again(caller: Phone, agent: ConsolePerson) -> None:
    """The caller hangs up; the agent says what it was about and is ready."""
    await caller.hang_up()
    await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    call_ref = agent.page["agent"]["call_ref"]
    await agent.post(f"/api/calls/{call_ref}/disposition", {"disposition": "test/practice"})
    await agent.post("/api/agent/state", {"state": "ready"})


async def shown(agent: ConsolePerson, number: str) -> dict[str, object]:
    """The screen pop about a call of this number."""
    page = await agent.until(lambda page: bool(page.get("pop") and page["pop"]["phone"] == f"+91{number}"), 15)
    pop: dict[str, object] = page["pop"]
    return pop


async def hears(listener: Phone, speaker: Phone, exchange: Exchange, marker: str) -> None:
    """The speaker says it until the listener has heard it, as people do."""
    for _ in range(10):
        speaker.media.say(to_ulaw(tone(exchange.tones[marker])))
        try:
            await listener.hear(marker, limit_s=1.0)
        except NotHeard:
            continue
        return
    raise AssertionError(f"{marker} was said ten times and not heard")


async def calls_of(books: Books, number: str) -> list[Call]:
    return await books.calls.of_phone(f"+91{number}", datetime.now(UTC) - timedelta(minutes=5))


async def ended(books: Books, number: str, kind: str = "") -> Call:
    """The newest call of this number (of this kind), once it has its outcome."""

    async def outcome() -> Call | None:
        newest = [call for call in await calls_of(books, number) if kind in ("", call.kind)][-1]
        return newest if newest.outcome else None

    found = await until(outcome)
    assert isinstance(found, Call)
    return found
