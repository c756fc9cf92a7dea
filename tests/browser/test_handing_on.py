"""Handing a caller on: nobody lets go of him before the colleague is up, and he never hears silence for an answer."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from callers import asks_for_a_person
from conftest import SPOKEN, OpenDesk
from desk_page import Desk
from test_talking import hears_caller, in_a_talk

from ivr.exchange import NotHeard, Phone


async def two(desk: OpenDesk) -> tuple[Desk, Desk]:
    """An agent who is ready, and a colleague who is so only when a caller has been answered."""
    return await desk("A01"), await desk("A02")


async def three(call, desk: OpenDesk) -> tuple[Desk, Desk, Phone]:
    """An agent in a talk with a caller, and a colleague who is ready."""
    agent, colleague = await two(desk)
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await colleague.be_ready()
    return agent, colleague, caller


async def consult(agent: Desk, colleague: Desk) -> None:
    """Agent and colleague speak with each other."""
    await choose(agent, "Speak first")
    await colleague.answer()
    await agent.says("You speak with A02")


async def together(exchange, caller: Phone, agent: Desk) -> None:
    """From now on they hear each other."""
    caller.listen_anew()
    await caller.hear(SPOKEN)
    await hears_caller(exchange, caller, agent)


async def choose(agent: Desk, how: str) -> None:
    await agent.button("Hand on").click()
    await agent.button(how).click()


async def test_speaking_first_and_then_giving_the_caller_over(exchange, call, desk: OpenDesk, house, books):
    agent, colleague, caller = await three(call, desk)
    await choose(agent, "Speak first")
    await agent.says("is being rung")
    await colleague.says("Handed on by")
    await colleague.answer()
    await agent.says("You speak with A02")
    await asyncio.sleep(1.0)  # what was on its way
    caller.listen_anew()
    with pytest.raises(NotHeard):
        await caller.hear(SPOKEN, limit_s=3)  # they speak with each other
    await agent.button("Give the caller over").click()
    await agent.state("Wrap-up")
    await caller.hear(SPOKEN)
    await hears_caller(exchange, caller, colleague)
    await caller.hang_up()
    await colleague.state("Wrap-up")


async def test_handing_over_at_once_when_the_colleague_answers(exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await choose(agent, "Hand over at once")
    await colleague.answer()
    await agent.state("Wrap-up")
    await together(exchange, caller, colleague)


async def test_a_colleague_who_does_not_answer_leaves_the_caller_with_the_agent(exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await choose(agent, "Speak first")
    await agent.says("A02 did not answer")
    await colleague.state("Not answering")
    await together(exchange, caller, agent)


async def test_an_agent_takes_the_caller_back_from_the_colleague(exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await consult(agent, colleague)
    await agent.button("Back to the caller").click()
    await colleague.state("Ready")
    await together(exchange, caller, agent)


async def test_who_puts_down_while_the_colleague_rings_leaves_the_caller_first_in_line(exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await choose(agent, "Speak first")
    await agent.says("is being rung")
    await agent.page.keyboard.press("F8")
    await agent.state("Wrap-up")
    await colleague.state("A call is ringing", 20)
    await colleague.answer()
    caller.listen_anew()
    await caller.hear(SPOKEN)
    assert not caller.ended.is_set()


async def test_one_key_brings_the_caller_to_the_danger_desk_before_everybody_else(call, desk: OpenDesk, books):
    agent, colleague = await two(desk)
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    waiting = await call("5000007305")
    await asks_for_a_person(waiting)
    await agent.page.keyboard.press("Shift+F8")
    await agent.state("Wrap-up")
    await colleague.button("Ready").click()  # he is rung at once
    await colleague.state("A call is ringing", 20)
    await colleague.says("+915000007301")
    await colleague.answer()
    opened = await books.dockets.open_for_phone("+915000007301")
    assert "SAF" in {docket.category for docket in opened}
    caller.listen_anew()
    await caller.hear(SPOKEN)


async def test_a_colleague_who_declines_leaves_the_caller_with_the_agent(exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await consult(agent, colleague)
    await colleague.page.keyboard.press("F8")
    await colleague.state("Ready")
    await agent.state("In a call")
    await together(exchange, caller, agent)


async def test_a_controller_that_dies_while_they_speak_leaves_nobody_stuck(house, exchange, call, desk: OpenDesk):
    agent, colleague, caller = await three(call, desk)
    await consult(agent, colleague)
    os.kill(house.pid_of("controller"), signal.SIGKILL)
    await agent.state("Wrap-up", 30)
    await colleague.state("Wrap-up", 30)
    assert not caller.ended.is_set()
    await colleague.page.get_by_label("What was it about? (required)").select_option("information given")
    await colleague.button("Save").click()
    await colleague.button("Ready").click()
    await colleague.answer()
    caller.listen_anew()
    await caller.hear(SPOKEN)
