"""The second factor in Chromium: switched on by a person, asked for at his next log-in, switched off, taken away."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime

from desk_page import speak
from playwright.async_api import Page, expect
from test_accessible import in_every_language

from agent_console.second_factor import code_of, new_secret, step_at

OFFICER, OTHER, ADMINISTRATOR = "J02", "J03", "Z01"


@asynccontextmanager
async def at_the_console(browser, house, name: str):
    """A page in English with this person's name and password typed and sent."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.add_init_script(speak("en"))
    await page.goto(house.url)
    await give_password(page, house, name)
    yield page
    await context.close()


async def give_password(page: Page, house, name: str) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password", exact=True).fill(house.line.secret("demo_password"))
    await page.get_by_role("button", name="Log in").click()


@asynccontextmanager
async def left_without(books, name: str):
    """However the test ends, the demo's log-in is afterwards as it was before."""
    try:
        yield
    finally:
        await books.second_factors.switch_off(name, by=f"test:{name}", at=datetime.now(UTC))


def code(secret: str, away: int = 0) -> str:
    return code_of(secret, step_at(datetime.now(UTC)) + away)


async def switch_on(page: Page, house) -> tuple[str, list[str]]:
    """The secret and the recovery codes, as the page shows them."""
    await page.get_by_role("link", name="Account").click()
    await page.get_by_label("Password", exact=True).fill(house.line.secret("demo_password"))
    await page.get_by_role("button", name="Begin").click()
    shown = page.get_by_role("definition").first
    await expect(shown).to_be_visible(timeout=10_000)
    groups = (await shown.inner_text()).split()
    secret = "".join(groups)
    assert {len(group) for group in groups} == {4}
    await expect(page.get_by_role("link", name=f"otpauth://totp/Sunwai:{OFFICER}?secret={secret}")).to_be_visible()
    await in_every_language(page)
    await page.get_by_label("Code of the app").fill(code(secret))
    await page.get_by_role("button", name="Switch on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(codes).to_have_count(10, timeout=10_000)
    await in_every_language(page)
    return secret, await codes.all_inner_texts()


async def test_an_officer_switches_it_on_logs_in_with_a_code_and_switches_it_off(browser, house, books):
    async with left_without(books, OFFICER), at_the_console(browser, house, OFFICER) as page:
        secret, recovery = await switch_on(page, house)
        await page.get_by_role("button", name="I have written them down").click()
        await expect(page.get_by_text("On. Recovery codes left: 10")).to_be_visible()
        await page.get_by_role("button", name="Log out").click()

        await give_password(page, house, OFFICER)
        field = page.get_by_label("Code of the app, or a recovery code")
        await expect(field).to_be_focused(timeout=10_000)
        await expect(page.get_by_role("alert")).to_have_count(0)
        await in_every_language(page)
        await field.fill(code(secret, away=-5))
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("The code is wrong or was used already")
        await expect(page.get_by_label("Name")).to_have_value(OFFICER)
        await expect(page.get_by_label("Password", exact=True)).to_have_value(house.line.secret("demo_password"))
        await field.fill(code(secret, away=1))  # the present one may be that which switched it on
        await page.get_by_role("button", name="Log in").click()

        await page.get_by_role("link", name="Account").click(timeout=10_000)  # nobody begins where another left off
        await expect(page.get_by_text("On. Recovery codes left: 10")).to_be_visible(timeout=10_000)
        await in_every_language(page)
        await page.get_by_label("Password", exact=True).fill("wrong")
        await page.get_by_label("Code of the app").fill(recovery[0].lower())
        await page.get_by_role("button", name="Switch off").click()
        await expect(page.get_by_role("alert")).to_contain_text("The password is wrong")
        await expect(page.get_by_label("Code of the app")).to_have_value(recovery[0].lower())
        await page.get_by_label("Password", exact=True).fill(house.line.secret("demo_password"))
        await page.get_by_role("button", name="Switch off").click()
        await expect(page.get_by_role("button", name="Begin")).to_be_visible(timeout=10_000)
        assert await books.second_factors.of(OFFICER) is None


async def test_a_wrong_password_at_the_code_step_asks_for_the_password_again(browser, house, books):
    secret = new_secret()
    async with left_without(books, OTHER):
        await switched_on(books, OTHER, secret)
        async with at_the_console(browser, house, OTHER) as page:
            field = page.get_by_label("Code of the app")
            await field.fill(code(secret))
            await page.get_by_label("Password", exact=True).fill("wrong")
            await page.get_by_role("button", name="Log in").click()
            await expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong")
            await expect(field).to_have_count(0)
            await give_password(page, house, OTHER)
            await field.fill(code(secret))
            await page.get_by_role("button", name="Log in").click()
            await expect(page.get_by_role("button", name="Log out")).to_be_visible(timeout=10_000)


async def test_an_administrator_takes_it_away_with_a_reason(browser, house, books):
    async with left_without(books, OTHER), at_the_console(browser, house, ADMINISTRATOR) as page:
        await switched_on(books, OTHER, new_secret())
        await page.get_by_role("link", name="Account").click()
        await page.get_by_label("Log-in", exact=True).fill(OTHER)
        await page.get_by_label("Reason (kept in the audit)").fill("telephone lost")
        await in_every_language(page)
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text(f"Removed: {OTHER}")).to_be_visible(timeout=10_000)
        assert await books.second_factors.of(OTHER) is None
        [latest, *_] = await books.people.audit_rows(f"login:{OTHER}")
        assert latest.detail == {"reason": "telephone lost"}


async def switched_on(books, name: str, secret: str) -> None:
    now = datetime.now(UTC)
    assert await books.second_factors.begin(name, secret)
    assert await books.second_factors.confirm(
        name, secret, step_at(now) - 1, ["unused"], session="", by=f"test:{name}", at=now
    )
