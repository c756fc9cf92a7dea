"""One's own log-in in Chromium: the password is changed, and whoever is logged in elsewhere with the old one is out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pages import pages
from playwright.async_api import expect
from test_accessible import in_every_language

OFFICER, NEW = "J04", "another long one"


@pytest.fixture
async def opened(browser, house):
    async with pages(browser, house) as open_page:
        yield open_page


async def test_an_officer_changes_his_password(opened, house, books):
    before = (await books.people.login(OFFICER)).password_hash
    page, elsewhere = await opened(OFFICER, "#/account"), await opened(OFFICER, "#/mine")
    try:
        await page.get_by_label("Password until now").fill("not this one")
        await page.get_by_label("New password").fill(NEW)
        await page.get_by_role("button", name="Change the password").click()
        await expect(page.get_by_text("The password is wrong.")).to_be_visible(timeout=10_000)
        await in_every_language(page)
        await page.get_by_role("button", name="English").click()
        await page.get_by_label("Password until now").fill(house.line.secret("demo_password"))
        await page.get_by_role("button", name="Change the password").click()
        await expect(page.get_by_text("The password is set.")).to_be_visible(timeout=10_000)
        await expect(page.get_by_label("New password")).to_have_value("")
        await expect(elsewhere.get_by_role("heading", name="Log in")).to_be_visible(timeout=15_000)
        await elsewhere.get_by_label("Name").fill(OFFICER)
        await elsewhere.get_by_label("Password").fill(NEW)
        await elsewhere.get_by_role("button", name="Log in").click()
        await expect(elsewhere.get_by_role("button", name="Log out")).to_be_visible(timeout=15_000)
    finally:
        await books.staffing.set_password(OFFICER, before, "test", datetime.now(UTC))
