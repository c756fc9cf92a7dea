"""What an agent does about a docket that is open already, instead of writing a new one."""

from __future__ import annotations

from conftest import OpenDesk
from desk_page import within
from test_talking import CALLER, in_a_talk


async def open_dockets(books):
    return await books.dockets.open_for_phone(f"+91{CALLER}")


async def test_an_open_docket_is_expedited_once_and_noted_on(call, desk: OpenDesk, books):
    agent = await desk("A01")
    await agent.be_ready()
    await in_a_talk(call, agent)  # asking for a person has registered one
    [before, *_] = await open_dockets(books)
    for _ in range(2):
        await agent.page.keyboard.press("Shift+F4")

    async def pressed() -> bool:
        now = await books.dockets.get(before.number)
        return (now.level, now.repeats) == (before.level + 1, before.repeats + 1)

    await within(10, pressed)
    await agent.button("Add to it").first.click()
    await agent.page.get_by_label(f"Note for {before.number}").fill("the pole leans over the road")
    await agent.page.get_by_role("button", name="Add", exact=True).click()  # the line has other dockets of this caller

    async def noted() -> bool:
        rows = await books.dockets.timeline(before.number)
        return any("the pole leans" in row.note and row.actor == "agent:A01" for row in rows)

    await within(10, noted)
    assert await pressed()


async def test_a_complaint_is_registered_by_one_key_with_what_the_caller_had_keyed(call, desk: OpenDesk, books):
    agent = await desk("A01")
    await agent.be_ready()
    await in_a_talk(call, agent)
    await agent.page.get_by_label("Kind of complaint").select_option("BILL")
    await agent.page.get_by_label("Note").last.fill("charged twice")
    await agent.page.keyboard.press("Shift+F2")
    await agent.says("Registered: ")
    assert any(docket.category == "BILL" for docket in await open_dockets(books))
