"""An agent's page on real Asterisk: a caller is answered in the browser, and both hear each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from callers import asks_for_a_person
from conftest import SPOKEN, OpenDesk
from desk_page import Desk, within
from phone_line import until
from playwright.async_api import expect

from ivr.exchange import Exchange, NotHeard, Phone
from ivr.tones import to_ulaw, tone

CALLER = "5000007301"
PULLED_OUT = """
() => {
  const track = window.connections.at(-1).getSenders()[0].track;
  track.stop();
  track.dispatchEvent(new Event("ended"));
}
"""
"""What a browser does with the track of a microphone that is gone."""

SAID = "beep"
"""What a caller says to the agent: another tone than the fake microphone's."""


@asynccontextmanager
async def speaking(exchange: Exchange, phone: Phone) -> AsyncIterator[None]:
    """The caller says it again and again."""

    async def speak() -> None:
        while True:
            phone.media.say(to_ulaw(tone(exchange.tones[SAID])) * 5)
            await asyncio.sleep(1.0)

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def in_a_talk(call, agent: Desk, number: str = CALLER) -> Phone:
    """A caller who has asked for a person and has this agent."""
    caller = await call(number)
    await asks_for_a_person(caller)
    await agent.answer()
    await caller.hear(SPOKEN)
    return caller


async def hears_caller(exchange: Exchange, caller: Phone, agent: Desk) -> None:
    async with speaking(exchange, caller):
        for hertz in exchange.tones[SAID]:
            await agent.hears(hertz)


async def test_a_caller_is_answered_in_the_browser_and_both_hear_each_other(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await hears_caller(exchange, caller, agent)
    await agent.button("End the call").click()
    await agent.state("Wrap-up")
    await expect(agent.page).to_have_title("Calls · Sunwai · 1912")
    await caller.until_ended()


async def test_who_may_be_calling_is_shown_before_the_call_is_answered(exchange, call, desk: OpenDesk, books):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await call(CALLER)
    await asks_for_a_person(caller)
    await agent.state("A call is ringing")
    await agent.says(f"+91{CALLER}")
    await expect(agent.page).to_have_title("☎ A call is ringing")
    assert await agent.button("Answer").is_visible()
    await agent.page.keyboard.press("F2")
    await agent.state("In a call")
    await agent.page.keyboard.press("F8")
    await agent.state("Wrap-up")


async def test_a_muted_agent_is_not_heard_and_hears(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await agent.page.keyboard.press("F6")
    await asyncio.sleep(1.0)  # what was on its way
    caller.listen_anew()
    with pytest.raises(NotHeard):
        await caller.hear(SPOKEN, limit_s=3)
    await hears_caller(exchange, caller, agent)
    await agent.button("Unmute").click()
    await caller.hear(SPOKEN)


async def test_a_caller_on_hold_hears_music_and_nobody_hears_him(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await agent.button("Hold (music)").click()
    await agent.says("On hold for")
    await asyncio.sleep(1.0)  # what was on its way
    caller.listen_anew()
    loud = caller.media.loud_in
    with pytest.raises(NotHeard):
        await caller.hear(SPOKEN, limit_s=3)
    assert caller.media.loud_in > loud + 25, "the caller heard silence instead of music"
    async with speaking(exchange, caller):
        assert await agent.silent_at(exchange.tones[SAID][0])
    await agent.button("Back to the caller").click()
    await caller.hear(SPOKEN)
    await hears_caller(exchange, caller, agent)


async def test_keys_of_the_page_reach_the_caller(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await agent.page.get_by_text("Keys", exact=True).click()
    for key in "19#":
        await agent.page.get_by_role("button", name=key, exact=True).click()

    async def arrived() -> bool:
        return caller.keys == "19#"

    await until(arrived, 10)


async def test_the_callers_hang_up_ends_the_call_on_the_page(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await caller.hang_up()
    await agent.state("Wrap-up")
    await within(5, _no_call, agent)


async def _no_call(agent: Desk) -> bool:
    return await agent.button("Mute").count() == 0


async def test_a_headset_pulled_out_in_a_call_is_told_and_another_takes_its_place(exchange, call, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await agent.page.evaluate(PULLED_OUT)
    await agent.says("Another microphone is in use now.")
    caller.listen_anew()
    await caller.hear(SPOKEN)
    await hears_caller(exchange, caller, agent)
