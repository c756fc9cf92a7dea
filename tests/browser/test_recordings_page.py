"""What an auditor, an inspector and a supervisor find in a demo's past: heard, seen, scored, in every language."""

from __future__ import annotations

import asyncio
import re
import time
import wave
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk_page import within
from pages import pages
from playwright.async_api import Page, expect
from test_accessible import in_every_language

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import Origin
from ivr.tones import tone
from storage.recordings import Recordings
from sunwai.asterisk_conf import spool
from sunwai.books_setup import prepare_stories

pytestmark = pytest.mark.timeout(180)  # the first of them starts the line and has the demo's past spoken

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "pictures" / "recording.png"
DRAWN = """
() => [...document.querySelector('.wave > div').shadowRoot.querySelectorAll('.canvases canvas')].map((canvas) => {
  const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const row = (y) => data.subarray(y * width * 4, (y + 1) * width * 4).some(Boolean);
  return Array.from({ length: height }, (_, y) => row(y)).filter(Boolean).length / height;
})
"""
"""How high each leg's picture reaches, as a share of its canvas."""


@pytest.fixture(scope="session")
def stories(house):
    """The demo's past, as `sunwai setup` gives it to a newcomer."""
    asyncio.run(prepare_stories(house.line, lambda _: None))


@pytest.fixture
async def opened(browser, house, stories):
    async with pages(browser, house) as open_page:
        yield open_page


async def listen(page: Page, why: str = "weekly audit") -> None:
    """Says why, and waits until the picture is there."""
    await page.get_by_label("Why do you listen? (kept)").first.fill(why)
    await page.get_by_role("button", name="▶").first.click()
    await expect(page.get_by_role("button", name="▶ Play")).to_be_enabled(timeout=15_000)


async def first_of(page: Page, agent: str) -> None:
    """Searches by the agent and opens the latest recording."""
    await page.get_by_label("Agent").fill(agent)
    await page.get_by_role("button", name="Search").click()
    await expect(page).to_have_url(re.compile(f"agent={agent}"))
    await page.get_by_role("row").nth(1).get_by_role("link").first.click()


async def test_a_recording_is_found_heard_with_both_legs_and_its_marks(opened, house, books):
    page = await opened("Q01", "#/recordings")
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await first_of(page, "A09")
    await listen(page)
    legs = await page.evaluate(DRAWN)
    assert len(legs) == 2, "the caller above, what he heard below"
    assert all(share > 0.3 for share in legs), legs
    await expect(page.get_by_role("button", name="Talk with the agent")).to_be_visible()
    await expect(page.get_by_role("button", name=re.compile("silence"))).not_to_have_count(0)
    place = page.get_by_role("slider")
    await page.get_by_role("button", name="Talk with the agent").click()
    talked = float(await place.input_value())
    assert talked > 5
    await page.get_by_role("region", name="Recording", exact=True).focus()
    await page.keyboard.press("ArrowRight")
    await expect(place).to_have_js_property("value", f"{talked + 5:g}")
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Pause")).to_be_visible()
    await expect(place).not_to_have_js_property("value", f"{talked + 5:g}")
    await page.keyboard.press("Space")
    PICTURE.parent.mkdir(exist_ok=True)
    await page.screenshot(path=PICTURE, clip={"x": 0, "y": 0, "width": 1280, "height": 900})
    await in_every_language(page)
    listened = await books.people.audit_rows(f"recording:{page.url.partition('call=')[2]}")
    assert [(row.actor, row.detail["why"]) for row in listened] == [("auditor:Q01", "weekly audit")]


async def test_a_number_that_is_searched_for_does_not_stand_in_the_address(opened):
    page = await opened("S01", "#/recordings")
    await page.get_by_label("Number", exact=True).fill("5000009999")
    await page.get_by_label("Agent").fill("A09")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("No recording fits.")).to_be_visible()
    await expect(page).to_have_url(re.compile(r"agent=A09"))
    assert "5000009999" not in page.url
    await page.reload()
    await expect(page.get_by_label("Number", exact=True)).to_have_value("5000009999")
    await page.get_by_label("Number", exact=True).fill("")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("row").nth(1)).to_be_visible()


async def test_a_score_is_given_contested_and_answered(opened):
    auditor = await opened("Q01", "#/recordings")
    await first_of(auditor, "A10")
    await expect(auditor.get_by_role("group")).to_have_count(10)
    for point in await auditor.get_by_role("group").all():
        await point.get_by_label("yes").check()
    await auditor.get_by_role("group", name="Closing").get_by_label("no", exact=True).check()
    await auditor.get_by_role("button", name="Give the score").click()
    await expect(auditor.get_by_role("heading", name="Score of Q01: 90")).to_be_visible()
    agent = await opened("A10", "#/own_scores")
    await expect(agent.get_by_role("heading", name="Score of Q01: 90")).to_be_visible()
    await agent.get_by_label("Why is it wrong?").fill("I said goodbye <script>alert(1)</script>")
    await in_every_language(agent)
    await agent.get_by_role("button", name="English").click()
    await agent.get_by_role("button", name="Contest this score").click()
    boss = await opened("S01", "#/recordings")
    await boss.get_by_role("link", name=re.compile("A10 ·")).click()
    await expect(boss.get_by_text("I said goodbye <script>alert(1)</script>")).to_be_visible()
    await boss.get_by_label("Answer to the agent").fill("Heard again: you did")
    await boss.get_by_role("button", name="Answer", exact=True).click()
    await expect(boss.get_by_text("Heard again: you did")).to_be_visible()


async def test_a_damaged_recording_is_told_in_a_sentence(opened, house, books):
    page = await opened("Q01", "#/recordings")
    await first_of(page, "A11")
    call_ref = page.url.partition("call=")[2]
    file = Recordings(house.line.recordings).packed_path(call_ref)
    whole = file.read_bytes()
    try:
        for damaged, said in (
            (b"no sound", "The recording cannot be heard"),
            (whole[:200], "This recording is damaged"),
        ):
            file.write_bytes(damaged)
            await page.reload()
            await page.get_by_label("Why do you listen? (kept)").fill("weekly audit")
            await page.get_by_role("button", name="▶").click()
            await expect(page.get_by_role("alert")).to_contain_text(said, timeout=15_000)
    finally:
        file.write_bytes(whole)


async def test_dockets_keep_their_filters_in_the_address(opened):
    page = await opened("S01", "#/dockets")
    await expect(page.get_by_text("late by").first).to_be_visible()
    await page.get_by_label("Status").select_option("closed_satisfied")
    await expect(page).to_have_url(re.compile("state=closed_satisfied"))
    await expect(page.get_by_text("ended").first).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Status")).to_have_value("closed_satisfied")
    await expect(page.get_by_text("late by")).to_have_count(0)
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await page.get_by_role("row").nth(1).get_by_role("link").click()
    await expect(page.get_by_role("heading", name="What was claimed")).to_be_visible()
    await expect(page.get_by_text("✓ Satisfied")).to_be_visible()
    await expect(page.get_by_text("The consumer is satisfied")).to_be_visible()
    await in_every_language(page)
    await page.go_back()
    await expect(page.get_by_label("Status")).to_have_value("closed_satisfied")


async def test_the_planted_stories_can_be_found(opened, house, books):
    page = await opened("S01", "#/dockets?state=all")
    officer = await books.consumers.officer("J09")
    claims = [row for row in await books.dockets.search("PV", None, limit=200) if row.claimed_by == "officer:J09"]
    assert len(claims) == 6
    assert {docket.phone for docket in claims} == {officer.phone}, "his own telephone"
    told = [
        row.number for row in await books.dockets.search("PV", None, limit=200) if await _agent_said(books, row.number)
    ]
    assert len(told) == 14
    assert not await books.audits.of_docket(told[0]) or all(
        call.agent != "A17" for call in await books.audits.of_docket(told[0])
    )
    await page.goto(f"{house.url}/#/docket?number={told[0]}")
    await expect(page.get_by_text("Spoke to the consumer: satisfied.")).to_be_visible()
    await expect(page.get_by_text("The consumer has not been asked yet.")).to_be_visible()


async def _agent_said(books, number: str) -> bool:
    return any(row.actor == "agent:A17" for row in await books.dockets.timeline(number))


async def test_an_inspector_hears_ten_and_says_what_he_found(opened):
    page = await opened("I01", "#/inspection")
    rows = page.locator("ol > li.drawn")
    await expect(rows).to_have_count(10)
    await listen(page, "inspection")
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    first = rows.first
    await first.get_by_label(re.compile("What does the recording")).select_option("false")
    await first.get_by_label("What did you hear?").fill("x" * 4001)
    await expect(first.get_by_role("alert")).to_contain_text("At most 4000 characters: 1 too many")
    await first.get_by_role("button", name="Save").click()
    await expect(first.get_by_label("What did you hear?")).to_have_value("x" * 4001)
    await first.get_by_label("What did you hear?").fill("He says no, and the key says yes.")
    await first.get_by_role("button", name="Save").click()
    await expect(first.get_by_text("He says no, and the key says yes.")).to_be_visible()
    await expect(first.get_by_text("The consumer did not agree: false closing")).to_be_visible()


async def test_a_message_is_heard_and_settled_in_the_inbox(opened, house, books):
    ref, now = f"n1-{int(time.time()) - 600}.77", datetime.now(UTC)
    over = {"ended_at": now, "outcome": Outcome.MESSAGE_LEFT, "ended_by": EndedBy.CALLER}
    await books.calls.note(Call(ref, "inbound", Origin.LINE, now, company="PV", phone="+915000007377", **over))
    await books.inbox.add(ref, recording=f"{ref}-message", phone="+915000007377", company="PV", at=now)
    said = spool(house.line) / f"{ref}-message.wav"
    with wave.open(str(said), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone((450, 550)).tobytes() * 10)
    page = await opened("S01", "#/inbox")
    row = page.get_by_role("listitem").filter(has_text="+915000007377")
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    await row.get_by_role("button", name="Hear the message").click()  # the reason is offered: it is the inbox
    await expect(row.get_by_role("button", name="▶ Play")).to_be_enabled(timeout=15_000)
    await row.get_by_label("or: why there is none").fill("only breathing")
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_role("heading", name="Account")).to_be_focused()
    await expect(page).to_have_title("Account · Sunwai · 1912")
    await page.get_by_role("link", name="Messages left").click()
    await expect(row.get_by_label("or: why there is none")).to_have_value("only breathing")
    await row.get_by_role("button", name="Settle").click()
    await expect(row).to_have_count(0)
    kept = await books.inbox.get(ref)
    assert (kept.reason, kept.settled_by) == ("only breathing", "supervisor:S01")


async def test_an_administrator_changes_a_promised_time(opened, books):
    before = await books.consumers.category("NEWCON")
    page = await opened("Z00", "#/promised_times")
    await in_every_language(page)
    await page.get_by_role("button", name="English").click()
    form = page.get_by_role("form").filter(has_text="NEWCON")
    await form.get_by_label("Hours in town").fill("0")
    await form.get_by_label("Reason (kept in the audit)").fill("the order of this month")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_role("alert")).to_be_visible()
    await expect(form.get_by_label("Reason (kept in the audit)")).to_have_value("the order of this month")
    await form.get_by_label("Hours in town").fill("150")
    await page.reload()
    await expect(form.get_by_label("Hours in town")).to_have_value("150")
    await expect(form.get_by_label("Reason (kept in the audit)")).to_have_value("the order of this month")
    await form.get_by_role("button", name="Save").click()
    await expect(form.get_by_text("Saved: the next docket has it.")).to_be_visible()
    await form.get_by_text("What stood before").click()
    await expect(form.get_by_text(f"{before.urban_h:g} → 150")).to_be_visible()
    assert (await books.consumers.category("NEWCON")).urban_h == 150


async def test_urdu_is_written_in_nastaliq(opened):
    page = await opened("Q01", "#/recordings")
    await page.get_by_role("button", name="اردو").click()
    session = await page.context.new_cdp_session(page)
    await session.send("DOM.enable")
    await session.send("CSS.enable")
    root = (await session.send("DOM.getDocument"))["root"]["nodeId"]
    node = (await session.send("DOM.querySelector", {"nodeId": root, "selector": "h1"}))["nodeId"]

    async def in_nastaliq() -> bool:
        fonts = (await session.send("CSS.getPlatformFontsForNode", {"nodeId": node}))["fonts"]
        return bool(fonts) and "Nastaliq" in fonts[0]["familyName"]

    await within(10, in_nastaliq)
