"""Whoever a caller speaks with next is heard, and hears: the RTP numbers of the one before do not matter.

Each telephone begins with a number of its own; a leg that is not heard for it fails every second time
(docs/architecture.md).
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from callers import answers, hears, is_free_again, is_talking, national
from phone_line import House, agent_at_work, own_consumer, until

from ivr.exchange import Exchange, Phone
from sunwai.console_client import ConsolePerson, ConsoleRefused

AGENT_SAYS, CALLER_SAYS = "goodbye", "beep"
TIMES = 5
"""A fault that strikes every second leg is missed once in 32 runs."""


async def both_hear(caller: Phone, agents: Phone, exchange: Exchange) -> None:
    caller.listen_anew()
    await hears(caller, agents, exchange, AGENT_SAYS)
    agents.listen_anew()
    await hears(agents, caller, exchange, CALLER_SAYS)


async def test_an_agent_whose_page_comes_back_again_and_again_is_heard_each_time(house, exchange, call, books):
    number = national(await own_consumer(books, 45))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, phone = await is_talking(number, exchange, call, agent)
        await both_hear(caller, phone, exchange)
        for _ in range(TIMES):
            phone = await comes_back(exchange, agent)
            await both_hear(caller, phone, exchange)
        await is_free_again(caller, agent)


async def test_both_are_heard_after_each_time_the_caller_was_held(house, exchange, call, books):
    number = national(await own_consumer(books, 46))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, phone = await is_talking(number, exchange, call, agent)
        for _ in range(TIMES):
            await agent.post(f"/api/calls/{call_of(agent)}/hold")
            await agent.post(f"/api/calls/{call_of(agent)}/unhold")
            await both_hear(caller, phone, exchange)
        await is_free_again(caller, agent)


async def test_a_held_caller_keeps_his_music_while_the_page_comes_back(house, exchange, call, books):
    number = national(await own_consumer(books, 50))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, phone = await is_talking(number, exchange, call, agent)
        await agent.post(f"/api/calls/{call_of(agent)}/hold")
        phone = await comes_back(exchange, agent)
        caller.listen_anew()
        loud = caller.media.loud_in
        with pytest.raises(AssertionError, match="not heard"):
            await hears(caller, phone, exchange, AGENT_SAYS)
        assert caller.media.loud_in > loud + 100, "the caller heard silence in place of music"
        await agent.post(f"/api/calls/{call_of(agent)}/unhold")
        await both_hear(caller, phone, exchange)
        await is_free_again(caller, agent)


async def test_a_caller_who_was_held_when_the_controller_died_is_taken_back_by_the_next(house, exchange, call, books):
    number = national(await own_consumer(books, 51))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, phone = await is_talking(number, exchange, call, agent)
        await agent.post(f"/api/calls/{call_of(agent)}/hold")
        os.kill(house.pid_of("controller"), signal.SIGKILL)
        await until(lambda: taken_back(agent), 30)
        await both_hear(caller, phone, exchange)
        assert not caller.ended.is_set()
        await is_free_again(caller, agent)


async def taken_back(agent: ConsolePerson) -> bool:
    """Back to the caller, by the controller that has come after the one that died."""
    try:
        await agent.post(f"/api/calls/{call_of(agent)}/unhold")
    except ConsoleRefused:
        return False
    return True


async def test_a_caller_handed_on_from_agent_to_agent_hears_each_of_them(house, exchange, call, books):
    number = national(await own_consumer(books, 47))
    async with two_at_work(house, exchange) as (a01, a02):
        caller, _ = await is_talking(number, exchange, call, a01)
        for how, has_him, other in [("warm", a01, a02), ("blind", a02, a01)] * 2 + [("warm", a01, a02)]:
            phone = await hands_on(has_him, other, how, exchange)
            await answers(phone, other)
            if how == "warm":
                await has_him.until(lambda page: page["pop"]["hand_on"]["stage"] == "speaking", 15)
                await has_him.post(f"/api/calls/{call_of(has_him)}/complete")
            await has_him.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
            await both_hear(caller, phone, exchange)
        await is_free_again(caller, a02)


async def test_a_caller_hears_his_agent_again_when_handing_on_came_to_nothing(house, exchange, call, books):
    number = national(await own_consumer(books, 48))
    async with two_at_work(house, exchange) as (a01, a02):
        caller, phone = await is_talking(number, exchange, call, a01)
        for _ in range(TIMES):
            await hands_on(a01, a02, "warm", exchange)
            await a02.until(lambda page: page["agent"]["state"] == "not_answering", 15)
            await both_hear(caller, phone, exchange)
        await is_free_again(caller, a01)


async def test_a_caller_hears_the_colleague_when_his_agent_put_down_as_it_rang_there(house, exchange, call, books):
    number = national(await own_consumer(books, 49))
    async with two_at_work(house, exchange) as (a01, a02):
        caller, phone = await is_talking(number, exchange, call, a01)
        for has_him, other in [(a01, a02), (a02, a01)] * 2 + [(a01, a02)]:
            await hands_on(has_him, other, "warm", exchange)
            await phone.hang_up()
            await has_him.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
            phone = await exchange.rung(f"agent-{code(other)}")
            await answers(phone, other)
            await both_hear(caller, phone, exchange)
        await is_free_again(caller, a02)


@asynccontextmanager
async def two_at_work(house: House, exchange: Exchange) -> AsyncIterator[tuple[ConsolePerson, ConsolePerson]]:
    """One who is ready and gets the caller, and a colleague who is ready when he is to be handed on."""
    async with (
        agent_at_work(house, exchange, "A01") as one,
        agent_at_work(house, exchange, "A02", state="break") as other,
    ):
        yield one, other


async def hands_on(agent: ConsolePerson, colleague: ConsolePerson, how: str, exchange: Exchange) -> Phone:
    """He is made ready and rung; his telephone."""
    if colleague.page["agent"]["disposition_missing"]:
        done = colleague.page["agent"]["call_ref"]
        await colleague.post(f"/api/calls/{done}/disposition", {"disposition": "test/practice"})
    await colleague.post("/api/agent/state", {"state": "ready"})
    await colleague.until(lambda page: page["agent"]["state"] == "ready", 15)
    await agent.post(f"/api/calls/{call_of(agent)}/hand_on", {"to": code(colleague), "how": how})
    return await exchange.rung(f"agent-{code(colleague)}")


async def comes_back(exchange: Exchange, agent: ConsolePerson) -> Phone:
    """His page was reloaded: a new leg, with RTP numbers of its own."""
    await agent.post(f"/api/calls/{call_of(agent)}/rejoin")
    phone = await exchange.rung(f"agent-{code(agent)}")
    await phone.answer()
    await phone.until_answered()
    return phone


def call_of(agent: ConsolePerson) -> str:
    return str(agent.page["agent"]["call_ref"])


def code(agent: ConsolePerson) -> str:
    return str(agent.me["agent"])
