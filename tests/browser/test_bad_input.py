"""What goes wrong on a page is told in a sentence, and nothing that was typed is lost."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from pages import log_in, pages
from playwright.async_api import Error, expect

from complaints import desk
from complaints.lifecycle import Deed
from storage.people import Role


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def opened(browser, house):
    async with pages(browser, house) as open_page:
        yield open_page


@pytest.fixture
async def docket(books):
    """A docket of the officer J01, freshly registered."""
    officer = await books.consumers.officer("J01")
    company, kind = await books.consumers.company("PV"), await books.consumers.category("SUP-FUSE")
    facts = desk.Registration(
        cause=f"register:{officer.code}:bad-input",
        number=await books.dockets.next_number(),
        company=company,
        category=kind,
        language="hi",
        unit=officer.unit,
        officers={1: officer},
    )
    return await books.dockets.apply(desk.register(facts, now()))


async def test_a_session_that_ended_elsewhere_is_told_and_asks_for_a_new_log_in(opened, books):
    page = await opened("J01", "#/mine")
    await books.people.set_active("J01", active=True)  # ends every session
    with suppress(Error):  # the page's own socket may have been quicker to find out
        await page.get_by_role("button", name="Read again").click(timeout=2_000)
    await expect(page.get_by_label("Password")).to_be_visible(timeout=10_000)
    await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")


async def test_what_was_typed_waits_for_the_same_person_and_for_nobody_else(opened, house, books):
    page = await opened("A03", "#/calls")
    note = page.get_by_label("Note").last
    await note.fill("the pole leans over the road")
    await books.people.set_active("A03", active=True)
    await page.reload()
    await log_in(page, house, "A03")
    await expect(note).to_have_value("the pole leans over the road")
    await books.people.set_active("A03", active=True)
    await page.reload()
    await log_in(page, house, "A04")
    await expect(note).to_have_value("")


async def test_a_docket_that_changed_under_the_form_is_told_with_who_and_when(opened, books, docket):
    page = await opened("J01", "#/mine")
    row = page.get_by_role("row").filter(has_text=docket.number)
    await row.get_by_label("Cause of the fault").select_option("tree")
    await books.dockets.apply(desk.move(docket, Deed.ACCEPT, "officer:J01", now(), ""))
    await row.get_by_role("button", name="Work done").click()
    await expect(page.get_by_role("alert")).to_contain_text("officer:J01")
    await expect(row.get_by_label("Cause of the fault")).to_have_value("tree")


async def test_a_right_that_is_taken_away_in_mid_page_is_told_at_the_next_deed(opened, books):
    page = await opened("S02", "#/recordings")
    await expect(page.get_by_role("button", name="Search")).to_be_visible()
    login = await books.people.login("S02")
    try:
        await books.staffing.change(
            "S02", {"roles": frozenset({Role.OFFICER}), "officer": "J88"}, "administrator:Z01", now(), lambda *_: None
        )
        await page.get_by_label("Agent").fill("A01")
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_label("Password")).to_be_visible(timeout=10_000)
        await expect(page.get_by_role("alert")).to_contain_text("Your session has ended")
    finally:
        await books.staffing.change(
            "S02", {"roles": login.roles, "officer": None}, "administrator:Z01", now(), lambda *_: None
        )
