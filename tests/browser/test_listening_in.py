"""A supervisor in a running talk: whom he hears, who hears him, and that the talk goes on as if he were not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from conftest import SPOKEN, OpenDesk
from desk_page import LISTEN, Desk, speak
from playwright.async_api import expect
from test_accessible import in_every_language
from test_talking import SAID, in_a_talk, speaking

from ivr.exchange import NotHeard, Phone

pytestmark = pytest.mark.timeout(180)  # three people who hear, and do not hear, each other one after the other


@pytest.fixture
async def boss(browser, house) -> AsyncIterator[Desk]:
    """A supervisor's page with a microphone that says SPOKEN, like every page here."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900}, permissions=["microphone"])
    await context.add_init_script(LISTEN)
    await context.add_init_script(speak("en"))
    here = Desk(context, await context.new_page(), house.url)
    await here.log_in("S01", house.line.secret("demo_password"))
    yield here
    await context.close()
    assert here.errors == []


async def with_telephone(boss: Desk, agent: str) -> None:
    """He chooses the agent, says why, and switches his telephone on."""
    await boss.page.get_by_role("button", name=f"Listen in {agent}").click(timeout=15_000)
    await boss.page.get_by_label("Why? (kept)").fill("weekly coaching")
    await boss.switch_on()


async def mode(boss: Desk, name: str, told: str) -> None:
    await boss.page.get_by_role("button", name=name, exact=True).click()
    await boss.says(told)


async def hears_nothing_of_him(caller: Phone) -> None:
    caller.listen_anew()
    with pytest.raises(NotHeard):
        await caller.hear(SPOKEN, limit_s=4)


async def test_he_listens_whispers_and_speaks_with_both(exchange, call, desk: OpenDesk, boss: Desk, books):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await agent.button("Mute").click()  # from now on what is heard of SPOKEN is the supervisor's
    await asyncio.sleep(1.0)  # what was on its way
    his, callers = exchange.tones[SPOKEN][1], exchange.tones[SAID][1]  # the first tone of both is the same
    await with_telephone(boss, "A01")

    await mode(boss, "Listen", "You hear both; nobody hears you.")
    async with speaking(exchange, caller):
        await boss.hears(callers)
    assert await agent.silent_at(his)
    await hears_nothing_of_him(caller)

    await mode(boss, "Whisper to the agent", "The agent hears you, the caller does not.")
    await agent.hears(his)
    await hears_nothing_of_him(caller)
    async with speaking(exchange, caller):
        await boss.hears(callers)  # he goes on hearing both

    await mode(boss, "Speak with both", "Both hear you.")
    await caller.hear(SPOKEN)
    await agent.hears(his)
    await in_every_language(boss.page)
    await boss.page.get_by_role("button", name="English").click()

    await boss.button("Leave the talk").click()
    await expect(boss.button("Leave the talk")).to_have_count(0)
    await hears_nothing_of_him(caller)
    await agent.button("Unmute").click()
    await caller.hear(SPOKEN)
    async with speaking(exchange, caller):
        await agent.hears(callers)

    kept = [row.detail for row in await books.people.audit_rows("agent:A01") if row.deed == "listen_in"]
    assert [row["mode"] for row in reversed(kept)] == ["listen", "whisper", "barge"]
    assert {row["reason"] for row in kept} == {"weekly coaching"}


async def test_whoever_listens_is_out_when_the_talk_is_over(exchange, call, desk: OpenDesk, boss: Desk):
    agent = await desk("A01")
    await agent.be_ready()
    await in_a_talk(call, agent)
    await with_telephone(boss, "A01")
    await mode(boss, "Listen", "You hear both; nobody hears you.")
    await agent.button("End the call").click()
    await agent.state("Wrap-up")
    await boss.says("You are not in it yet.")
    await expect(boss.page.get_by_label("Why? (kept)")).to_have_value("")  # asked anew for each talk
    await boss.page.get_by_label("Why? (kept)").fill("one more look")
    await boss.page.get_by_role("button", name="Listen", exact=True).click()
    await expect(boss.page.get_by_role("alert")).to_contain_text("This agent is in no call at the moment.")


async def test_a_supervisors_page_that_dies_leaves_the_talk_as_it_was(exchange, call, desk: OpenDesk, boss: Desk):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await with_telephone(boss, "A01")
    await mode(boss, "Speak with both", "Both hear you.")
    await boss.page.close()
    await asyncio.sleep(6)  # a telephone that sends nothing is dead after four seconds
    caller.listen_anew()
    await caller.hear(SPOKEN)
    async with speaking(exchange, caller):
        await agent.hears(exchange.tones[SAID][1])
