"""A supervisor's wallboard in Chromium: it moves by itself, and its switches do what they say."""

from __future__ import annotations

from pathlib import Path

from callers import asks_for_a_person
from conftest import SPOKEN, OpenDesk
from desk_page import speak, within
from playwright.async_api import Page, expect
from test_accessible import in_every_language
from test_talking import in_a_talk


async def supervisor(browser, house) -> Page:
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    await page.add_init_script(speak("en"))
    await page.goto(house.url)
    await page.get_by_label("Name").fill("S01")
    await page.get_by_label("Password").fill(house.line.secret("demo_password"))
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_text("Longest wait")).to_be_visible(timeout=10_000)
    return page


def row(page: Page, agent: str):
    return page.get_by_role("row").filter(has_text=agent)


async def test_what_an_agent_does_is_on_the_wallboard_at_once(call, desk: OpenDesk, browser, house, tmp_path: Path):
    page = await supervisor(browser, house)
    agent = await desk("A01")
    await agent.be_ready()
    await expect(row(page, "A01")).to_contain_text("Ready", timeout=5_000)
    caller = await call("5000007301")
    await asks_for_a_person(caller)
    await agent.answer()
    await expect(row(page, "A01")).to_contain_text("In a call", timeout=5_000)
    await expect(page.get_by_text("every one with its outcome")).to_be_visible(timeout=15_000)
    await in_every_language(page)
    await page.context.close()


async def test_surge_mode_is_switched_with_its_reason_and_kept_in_the_audit(browser, house, books):
    page = await supervisor(browser, house)
    await page.get_by_label("Reason (kept in the audit)").fill("storm in the north")
    await page.get_by_role("button", name="Switch on").click()
    await expect(page.get_by_text("On: short menu")).to_be_visible(timeout=10_000)

    async def on() -> bool:
        return (await books.line_state.surge()).on

    await within(10, on)
    assert "storm in the north" in str((await books.people.audit_rows("line"))[0])
    await page.get_by_role("button", name="Switch off").click()
    await expect(page.get_by_role("button", name="Switch on")).to_be_visible(timeout=10_000)
    await page.context.close()


async def test_the_callbacks_to_see_are_listed(browser, house):
    page = await supervisor(browser, house)
    await page.get_by_role("button", name="Show the list").first.click()
    await expect(page.get_by_role("button", name="Read again")).to_be_visible(timeout=10_000)
    await page.context.close()


async def test_an_agent_suspended_in_a_call_is_out_and_the_caller_goes_on_with_another(
    exchange, call, desk: OpenDesk, browser, house, books
):
    page = await supervisor(browser, house)
    agent, other = await desk("A05"), await desk("A02")
    await agent.be_ready()
    caller = await in_a_talk(call, agent)
    await other.be_ready()
    await row(page, "A05").get_by_role("button", name="Suspend A05").click()
    await page.get_by_label("Reason for suspending A05 (kept)").fill("rude to a caller")
    await row(page, "A05").get_by_role("button", name="Suspend", exact=True).click()
    await expect(agent.page.get_by_role("heading", name="Log in")).to_be_visible(timeout=15_000)
    await other.answer()
    caller.listen_anew()
    await caller.hear(SPOKEN)
    assert not caller.ended.is_set()
    assert "rude to a caller" in str((await books.people.audit_rows("agent:A05"))[0])
    assert (await books.people.login_of_agent("A05")).active is False
    await page.get_by_role("button", name="Show the list").last.click()
    await page.get_by_role("button", name="Let in again A05").click()
    await expect(page.get_by_text("Nobody is suspended.")).to_be_visible(timeout=10_000)
    await page.context.close()
