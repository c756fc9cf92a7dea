"""What an administrator changes in what the line says: heard by the next caller, tried by telephone, left again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from broken_line import CONTROLLER, hurt, replaced
from callers import Calling, calls_of, national
from phone_line import House, own_consumer, until

from complaints.ledger import Outcome
from ivr.exchange import Phone
from ivr.trials import EXAMPLE, TRIAL
from sunwai.console_client import ConsolePerson, ConsoleRefused

TESTERS = "5000077901"
MENU, HELP = '[node.main_full]\nmenu = ["main_menu"]', "repeat_help"
"""An edition in which whoever comes to the main menu first hears of the star can be told by its tones."""


@pytest.fixture
async def admin(house: House) -> AsyncIterator[ConsolePerson]:
    """Of the whole line; whatever he put to use is left again."""
    async with house.person("Z00") as person:
        yield person
        listed = await person.get("/api/editions")
        if listed["used"]:
            await person.post("/api/editions/0/use", {"before": listed["used"], "reason": "the test is over"})


async def makes(admin: ConsolePerson) -> int:
    """An edition with the longer main menu, ready to be used."""
    text = next(flow["text"] for flow in (await admin.get("/api/editions/0"))["flows"] if flow["name"] == "inbound")
    assert text.count(MENU) == 1
    changed = text.replace(MENU, MENU.replace('["', f'["{HELP}", "'))
    made = await admin.post("/api/editions", {"base": 0, "flows": {"inbound": changed}, "reason": "star is not known"})
    number = int(made["number"])

    async def ready() -> bool:
        listed = (await admin.get("/api/editions"))["editions"]
        return bool(next(one["ready"] for one in listed if one["number"] == number))

    await until(ready, 60)
    return number


async def uses(admin: ConsolePerson, number: int) -> None:
    used = (await admin.get("/api/editions"))["used"]
    await admin.post(f"/api/editions/{number}/use", {"before": used, "reason": "practice"})


async def hears_first(call: Calling, number: str, prompt: str) -> Phone:
    """A caller whose main menu begins with this prompt; an edition is seen by calls within a second or two."""
    for _ in range(10):
        caller = await call(number)
        if await caller.hear(HELP, "main_menu") == prompt:
            return caller
        await caller.hang_up()
    raise AssertionError(f"nobody heard {prompt} first")


async def test_the_next_caller_hears_the_edition_in_use_and_who_is_on_the_line_keeps_his(house, call, books, admin):
    first, second, third = [national(await own_consumer(books, place)) for place in (67, 68, 69)]
    before = await hears_first(call, first, "main_menu")
    number = await makes(admin)
    await uses(admin, number)
    after = await hears_first(call, second, HELP)
    await before.press("*")
    assert await before.hear(HELP, "main_menu") == "main_menu"
    await after.hear("main_menu")

    await uses(admin, 0)
    await (await hears_first(call, third, "main_menu")).hang_up()
    controller = hurt(house, CONTROLLER)
    after.listen_anew()
    await replaced(house, CONTROLLER, controller)
    assert await after.hear(HELP, "main_menu", limit_s=30) == HELP, "also the next controller goes on in his edition"
    await after.hear("main_menu")
    await after.press("1")
    await after.hear("supply_menu")
    for caller in (before, after):
        await caller.hang_up()


async def test_an_edition_is_tried_by_telephone_and_nothing_is_registered(house, exchange, books, admin):
    number = await makes(admin)
    asked = {"phone": TESTERS, "flow": "inbound", "language": "hi"}
    await admin.post(f"/api/editions/{number}/try", asked)
    tester = await exchange.rung(TESTERS)
    with pytest.raises(ConsoleRefused, match="rung already"):
        await admin.post(f"/api/editions/{number}/try", asked)
    await tester.answer()
    await tester.hear("trial_begins")
    await tester.hear("language_choice")
    await tester.press("3")
    await tester.hear(HELP)
    await tester.hear("main_menu")
    await tester.press("1")
    await tester.hear("supply_menu_unknown")
    await tester.press("1")
    await tester.hear("ask_consumer_number")
    await tester.press((await own_consumer(books, 66)).number)
    await tester.hear("area_readback", limit_s=20)
    await tester.press("1")
    await tester.hear("registered", limit_s=20)
    assert await tester.hear_pairs(4) == EXAMPLE
    await tester.press("0")
    await tester.hear("trial_person", limit_s=30)
    await tester.press("2")
    await tester.hear("nobody_there")
    await tester.press("1")
    await tester.hear("callback_promised")
    await tester.until_ended(30)

    async def settled() -> bool:
        calls = await calls_of(books, TESTERS)
        return bool(calls) and calls[-1].outcome is not None

    await until(settled)
    [row] = await calls_of(books, TESTERS)
    assert (row.kind, row.outcome, row.docket) == (TRIAL, Outcome.SELF_SERVED, None)
    assert await books.dockets.open_for_phone(f"+91{TESTERS}") == []
    assert await books.consumers.language_of(f"+91{TESTERS}") is None, "not even his language is remembered"
    assert await books.due.get(f"promise:{row.call_ref}") is None
