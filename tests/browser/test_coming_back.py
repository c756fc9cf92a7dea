"""A page that is reloaded, frozen, cut off or opened twice: the caller is never dropped (webrtc.md 1)."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from conftest import SPOKEN, OpenDesk
from desk_page import speak, within
from playwright.async_api import expect
from test_talking import hears_caller, in_a_talk, speaking


async def test_a_page_reloaded_in_a_call_is_back_in_it(exchange, call, desk: OpenDesk, record_property):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    caller.listen_anew()
    began = time.monotonic()
    await agent.page.reload()
    await expect(agent.button("Mute")).to_be_visible(timeout=10_000)
    record_property("seconds_until_back", round(time.monotonic() - began, 2))
    caller.listen_anew()
    await caller.hear(SPOKEN)
    await hears_caller(exchange, caller, agent)
    assert not caller.ended.is_set()
    assert "agent_lost" not in caller.heard


async def test_a_console_that_dies_in_a_call_costs_nobody_a_word(house, exchange, call, desk: OpenDesk):
    """Sound goes past the console; its death cuts the SIP socket and the page's feed, and both come back."""
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    os.kill(house.pid_of("console"), signal.SIGKILL)
    await agent.says("Connecting")
    async with speaking(exchange, caller):
        await agent.hears(exchange.tones["beep"][0])
    await agent.says("On: calls can reach you", 30)
    await expect(agent.page.get_by_text("Connecting …")).to_have_count(0, timeout=15_000)
    caller.listen_anew()
    await caller.hear(SPOKEN)
    assert "agent_lost" not in caller.heard
    await caller.hang_up()
    await agent.state("Wrap-up")
    await expect(agent.button("Mute")).to_have_count(0, timeout=10_000)


async def test_a_frozen_page_loses_its_caller_to_the_queue_and_gets_him_back(
    exchange, call, desk: OpenDesk, microphone, record_property
):
    agent = await desk("A01")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    processes = browser_processes(microphone)
    began = time.monotonic()
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        await caller.hear("agent_lost", limit_s=20)
        record_property("seconds_until_comfort", round(time.monotonic() - began, 2))
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
    began = time.monotonic()
    caller.listen_anew()
    await caller.hear(SPOKEN, limit_s=20)
    record_property("seconds_until_back", round(time.monotonic() - began, 2))
    await agent.state("In a call")
    await hears_caller(exchange, caller, agent)


async def test_a_second_page_takes_the_telephone_over_and_the_first_says_so(exchange, call, desk: OpenDesk, house):
    first = await desk("A01")
    await first.be_ready()
    second = await first.context.new_page()
    await second.goto(house.url)
    await second.get_by_role("button", name="Test the microphone").click()
    await second.get_by_role("button", name="Switch the telephone on").click()
    await expect(second.get_by_text("On: calls can reach you")).to_be_visible(timeout=15_000)
    await first.says("Open in another window")
    caller = await call("5000007302")
    caller.listen_anew()
    await within(15, _rings, caller, second)
    await first.button("Use it here").click()
    await first.says("On: calls can reach you")
    await expect(second.get_by_text("Open in another window")).to_be_visible(timeout=15_000)


async def _rings(caller, page) -> bool:
    if "to_person" not in caller.heard:
        await caller.press("0")
        await asyncio.sleep(1.0)
    return await page.get_by_role("button", name="Answer").count() > 0


async def test_what_was_typed_survives_a_reload(call, exchange, desk: OpenDesk):
    agent = await desk("A01")
    await agent.be_ready()
    await in_a_talk(call, agent)
    note = agent.page.get_by_label("Note").last
    await note.fill("pole leaning over the school wall · खंभा · کھمبا")
    await agent.page.reload()
    await expect(agent.page.get_by_label("Note").last).to_have_value(
        "pole leaning over the school wall · खंभा · کھمبا", timeout=10_000
    )


async def test_a_wrong_password_is_a_clear_sentence_and_keeps_the_name(desk: OpenDesk, house, browser):
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(speak("en"))
    await page.goto(house.url)
    await page.get_by_label("Name").fill("A02")
    await page.get_by_label("Password").fill("wrong")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
    await expect(page.get_by_label("Name")).to_have_value("A02")
    await page.get_by_role("button", name="اردو").click()
    await page.locator("input[name=password]").fill("wrong")
    await page.locator("form.log-in button.main").click()
    await expect(page.get_by_role("alert")).to_contain_text("نام یا پاس ورڈ غلط ہے")
    await context.close()


def browser_processes(microphone: Path) -> list[int]:
    """All processes of this test's Chromium: the one that was given its microphone, and its descendants."""
    parents: dict[int, int] = {}
    roots: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if str(microphone).encode() in (entry / "cmdline").read_bytes():
                roots.add(int(entry.name))
        except OSError:
            continue
    found = set(roots)
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)
