"""People and consumers' flags in Chromium: an agent is added and logs in at once; what is typed is shown, never run."""

from __future__ import annotations

from conftest import OpenDesk
from desk_page import speak, within
from phone_line import own_consumer
from playwright.async_api import Page, expect
from test_accessible import in_every_language

SCRIPT = "<script>alert(1)</script>"


async def administrator(browser, house, view: str) -> tuple[Page, list[str]]:
    """A page of the demo's administrator at a view, and what any script made it say."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    said: list[str] = []

    async def note(dialog) -> None:
        said.append(dialog.message)
        await dialog.dismiss()

    page.on("dialog", note)
    page.on("pageerror", lambda error: said.append(str(error)))
    await page.add_init_script(speak("en"))
    await page.goto(f"{house.url}/#/{view}")
    await page.get_by_label("Name").fill("Z01")
    await page.get_by_label("Password").fill(house.line.secret("demo_password"))
    await page.get_by_role("button", name="Log in").click()
    return page, said


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name, exact=True))


async def add_agent(page: Page, name: str, *, vendor: str = "") -> str:
    """Types a new agent into the form; the password that is shown once."""
    await page.get_by_role("button", name="Add somebody").click()
    await page.get_by_label("Name to log in with").fill(name)
    await page.get_by_label("Agent's code").fill(name)
    await page.get_by_role("group", name="Languages").get_by_label("Hindi").check()
    await page.get_by_label("Vendor").last.fill(vendor)
    await page.get_by_role("button", name="Add", exact=True).click()
    told = page.get_by_text(f"First password of {name}")
    await expect(told).to_be_visible(timeout=10_000)
    return await told.locator("strong").inner_text()


async def test_an_agent_is_added_and_logs_in_at_once_and_a_script_is_shown_as_text(browser, house, books):
    page, said = await administrator(browser, house, "people")
    password = await add_agent(page, "B61", vendor=SCRIPT)
    await expect(row(page, "B61")).to_contain_text(SCRIPT)
    await page.get_by_label("Vendor").first.select_option(SCRIPT)
    await expect(page.get_by_role("heading", name="Log-ins: 1")).to_be_visible(timeout=10_000)
    await page.reload()
    await expect(row(page, "B61").get_by_text(SCRIPT)).to_be_visible(timeout=10_000)
    assert said == []
    assert (await books.people.login("B61")).vendor == SCRIPT

    other = await (await browser.new_context()).new_page()
    await other.add_init_script(speak("en"))
    await other.goto(house.url)
    await other.get_by_label("Name").fill("B61")
    await other.get_by_label("Password").fill(password)
    await other.get_by_role("button", name="Log in").click()
    await expect(other.get_by_role("heading", level=1)).to_contain_text("Break", timeout=10_000)

    await row(page, "B61").get_by_role("button", name="Change B61").click()
    await page.get_by_role("group", name="Status").get_by_label("Active").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(other.get_by_role("heading", name="Log in")).to_be_visible(timeout=15_000)
    await expect(row(page, "B61")).to_contain_text("Inactive")
    await other.context.close()
    await page.context.close()


async def test_a_code_that_is_taken_is_told_beside_it_and_nothing_typed_is_lost(browser, house):
    page, _ = await administrator(browser, house, "people")
    await page.get_by_role("button", name="Add somebody").click()
    await page.get_by_label("Name to log in with").fill("B62")
    code = page.get_by_label("Agent's code")
    await code.fill("A01")
    await page.get_by_role("group", name="Languages").get_by_label("Urdu").check()
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(code).to_have_attribute("aria-invalid", "true", timeout=10_000)
    described = await code.get_attribute("aria-describedby")
    await expect(page.locator(f"[id='{described}']")).to_contain_text("Another log-in has this agent's code")
    await expect(code).to_have_value("A01")
    await expect(page.get_by_label("Name to log in with")).to_have_value("B62")
    await expect(page.get_by_role("group", name="Languages").get_by_label("Urdu")).to_be_checked()
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await page.get_by_label("First password").fill("typed and never kept")
    await page.reload()
    await page.get_by_role("button", name="Change A05").click()
    await expect(page.get_by_label("Agent's code")).to_have_value("A05")
    await page.get_by_role("button", name="Add somebody").click()
    await expect(page.get_by_label("Name to log in with")).to_have_value("B62", timeout=10_000)
    await expect(page.get_by_role("group", name="Languages").get_by_label("Urdu")).to_be_checked()
    await expect(page.get_by_label("First password")).to_have_value("")
    assert "never kept" not in await page.evaluate("JSON.stringify(sessionStorage)")
    await page.context.close()


async def test_skills_are_changed_while_he_is_ready_and_he_stays_so(desk: OpenDesk, browser, house):
    agent = await desk("A04")
    await agent.be_ready()
    page, _ = await administrator(browser, house, "people?role=agent")
    await row(page, "A04").get_by_role("button", name="Change A04").click()
    kinds = page.get_by_role("group", name="Kinds of calls")
    await kinds.get_by_label("Bill", exact=True).check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved: A04")).to_be_visible(timeout=10_000)
    await expect(row(page, "A04")).to_contain_text("Bill")
    await agent.state("Ready")
    await kinds.get_by_label("Bill", exact=True).uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(row(page, "A04")).not_to_contain_text("Bill", timeout=10_000)
    await page.context.close()


async def test_people_in_three_languages(browser, house):
    page, _ = await administrator(browser, house, "people")
    await expect(row(page, "A01")).to_be_visible(timeout=10_000)
    await page.get_by_role("button", name="Change A01").click()
    await expect(page.get_by_role("heading", name="Change A01")).to_be_focused()
    await in_every_language(page)
    await page.context.close()


async def test_slow_mode_is_set_by_a_supervisors_keys_alone_and_kept_with_its_reason(browser, house, books):
    consumer = await own_consumer(books, 61)
    page, said = await administrator(browser, house, "consumers")
    await page.get_by_label("Consumer number").fill(consumer.number)
    await page.keyboard.press("Enter")
    slow = page.get_by_label("Slow mode")
    await expect(slow).to_be_visible(timeout=10_000)
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await slow.focus()
    await page.keyboard.press("Space")
    await page.get_by_label("Reason (kept in the audit)").fill(SCRIPT)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("the next call has it")).to_be_visible(timeout=10_000)

    async def is_slow() -> bool:
        return (await books.consumers.by_number(consumer.number)).flags == ("slow_mode",)

    await within(10, is_slow)
    assert (await books.people.audit_rows(f"consumer:{consumer.number}"))[0].detail["reason"] == SCRIPT
    assert said == []
    await slow.uncheck()
    await page.get_by_label("Reason (kept in the audit)").fill("no longer wanted")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("the next call has it")).to_be_visible(timeout=10_000)
    await page.context.close()
