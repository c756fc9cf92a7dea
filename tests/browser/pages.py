"""A page of somebody who has no telephone, opened with its address; what every such test needs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from desk_page import speak
from phone_line import House
from playwright.async_api import Browser, Page, expect

Opened = Callable[[str, str], Awaitable[Page]]


async def log_in(page: Page, house: House, name: str) -> None:
    """On a page that asks for it."""
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password").fill(house.line.secret("demo_password"))
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=15_000)


@asynccontextmanager
async def pages(browser: Browser, house: House) -> AsyncIterator[Opened]:
    """Opens a page for a log-in at an address such as "#/dockets?state=all"; none may have complained at the end."""
    opened: list[tuple[Page, list[str]]] = []

    async def open_page(name: str, address: str) -> Page:
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        page, errors = await context.new_page(), list[str]()
        page.on("pageerror", lambda error: errors.append(str(error)))
        opened.append((page, errors))
        await page.add_init_script(speak("en"))
        await page.goto(f"{house.url}/{address}")
        await log_in(page, house, name)
        return page

    yield open_page
    for page, errors in opened:
        await page.context.close()
        assert errors == []
