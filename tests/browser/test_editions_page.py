"""An administrator changes what the line says: in the page, with faults beside their fields, tried by telephone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pages import Opened, pages
from phone_line import House
from playwright.async_api import Browser, Page, expect
from test_accessible import in_every_language

from ivr.exchange import Exchange

TESTERS = "5000077902"
WHY = "Reason (kept in the audit)"


@pytest.fixture
async def opened(browser: Browser, house: House) -> AsyncIterator[Opened]:
    async with pages(browser, house) as open_page:
        yield open_page


async def at_a_prompt(page: Page, key: str) -> None:
    await page.get_by_label("Find a prompt").fill(key)
    await expect(page.get_by_label(f"English: {key}")).to_be_visible()


async def test_words_are_changed_checked_kept_tried_and_put_to_use(opened: Opened, house: House, exchange: Exchange):
    page = await opened("Z00", "#/editions")
    await expect(page.get_by_role("heading", name="The release")).to_be_visible()
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await page.get_by_role("link", name="Read and change").last.click()
    await at_a_prompt(page, "goodbye")
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()

    await page.get_by_label("English: goodbye").fill("So long, {name}.")
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_text("Wrong places: 1")).to_be_visible()
    await expect(page.get_by_text("known are")).to_be_visible()
    await page.reload()
    await at_a_prompt(page, "goodbye")
    await expect(page.get_by_label("English: goodbye")).to_have_value("So long, {name}.")
    await page.get_by_label("English: goodbye").fill("So long.")
    await page.get_by_role("button", name="Check").click()
    await expect(page.get_by_text("Nothing is wrong with it.")).to_be_visible()
    await page.get_by_label(WHY).fill("shorter")
    await page.get_by_role("button", name="Keep as a new edition").click()

    made = page.locator("section.card").first
    await expect(made.get_by_role("heading", name="Edition")).to_be_visible()
    await made.get_by_role("button", name="Try it by telephone").click(timeout=60_000)
    await made.get_by_label("Your telephone number").fill(TESTERS)
    await made.get_by_role("button", name="Call me with this edition").click()
    await expect(made.get_by_text("Your telephone is ringing.")).to_be_visible()
    tester = await exchange.rung(TESTERS)
    await tester.answer()
    await tester.hear("trial_begins")
    await tester.hang_up()

    await made.get_by_role("button", name="Put to use", exact=True).click()
    await made.get_by_label(WHY).fill("from today on")
    await made.get_by_role("button", name="Put to use for the next caller").click()
    await expect(made.get_by_text("in use")).to_be_visible()
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    released = page.locator("section.card").last
    await released.get_by_role("button", name="Put to use", exact=True).click()
    await released.get_by_label(WHY).fill("back again")
    await released.get_by_role("button", name="Put to use for the next caller").click()
    await expect(released.get_by_text("in use")).to_be_visible()
    await page.get_by_text("From when which edition was used").click()
    await expect(page.get_by_text("from today on")).to_be_visible()


async def test_a_menu_that_leads_nowhere_is_told_by_its_line_and_what_was_typed_stays(opened: Opened, house: House):
    page = await opened("Z00", "#/edition?number=0")
    await page.get_by_text("A caller", exact=True).click()
    text = page.get_by_label("Text of: A caller")
    before = await text.input_value()
    await text.fill(before.replace('2 = "bill", 3', '2 = "nowhere", 3', 1))
    await page.get_by_label(WHY).fill("a try")
    await page.get_by_role("button", name="Keep as a new edition").click()
    line = before[: before.index("[node.main_full]")].count("\n") + 1
    await expect(page.get_by_text(f"⚠ Line {line}:")).to_be_visible()
    await expect(page.get_by_text("main_full leads to nowhere, which is not there").first).to_be_visible()
    await expect(text).to_have_value(before.replace('2 = "bill", 3', '2 = "nowhere", 3', 1))
    page.once("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await page.get_by_role("button", name="Throw my changes away").click()
    await expect(text).to_have_value(before)
    async with house.person("Z00") as admin:
        assert all(one["reason"] != "a try" for one in (await admin.get("/api/editions"))["editions"])
