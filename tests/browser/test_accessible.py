"""Every page in three languages: axe finds nothing against WCAG 2.2 AA, and Urdu runs from the right."""

from __future__ import annotations

import pytest
from callers import asks_for_a_person
from conftest import OpenDesk
from playwright.async_api import Page, expect

from agent_console import built

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LANGUAGES = ("hi", "ur", "en")
NAMES = {"hi": "हिन्दी", "ur": "اردو", "en": "English"}


async def violations(page: Page) -> list[str]:
    """What axe finds wrong: rule, and the first place."""
    axe = built.place() / "work" / "node_modules" / "axe-core" / "axe.min.js"
    await page.evaluate(axe.read_text(encoding="utf-8"))
    found = await page.evaluate("(tags) => axe.run(document, { runOnly: { type: 'tag', values: tags } })", RULES)
    assert found["passes"], "axe looked at nothing"
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


async def in_every_language(page: Page) -> None:
    for language in LANGUAGES:
        await page.get_by_role("button", name=NAMES[language]).click()
        await expect(page.locator("html")).to_have_attribute("lang", language)
        assert await violations(page) == []


async def test_the_log_in_page(browser, house):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(house.url)
    await expect(page.get_by_role("heading", level=1)).to_be_visible()
    await in_every_language(page)
    await context.close()


async def test_the_desk_with_a_call(call, desk: OpenDesk):
    agent = await desk("A01")
    await in_every_language(agent.page)
    await agent.page.get_by_role("button", name="English").click()
    await agent.be_ready()
    caller = await call("5000007301")
    await asks_for_a_person(caller)
    await agent.answer()
    await in_every_language(agent.page)
    await agent.page.keyboard.press("F8")


async def test_an_officers_dockets(browser, house):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(house.url)
    await page.locator("input[name=name]").fill("J01")
    await page.locator("input[name=password]").fill(house.line.secret("demo_password"))
    await page.locator("form button").click()
    await expect(page.locator("#officer-title")).to_be_visible(timeout=10_000)
    await in_every_language(page)
    await context.close()


@pytest.mark.parametrize(("language", "direction"), [("hi", "ltr"), ("ur", "rtl"), ("en", "ltr")])
async def test_a_language_brings_its_direction_and_stays_after_a_reload(browser, house, language, direction):
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(house.url)
    await page.get_by_role("button", name=NAMES[language]).click()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("dir", direction)
    await expect(page.get_by_role("button", name=NAMES[language])).to_have_attribute("aria-pressed", "true")
    await context.close()
