"""Surge mode on the phone: a short menu and a callback before anybody waits, at once, and back without a restart."""

from __future__ import annotations

from callers import Calling, calls_of, national
from phone_line import own_consumer, until

from ivr.exchange import Phone


async def test_in_a_surge_the_next_caller_has_a_short_menu_and_is_offered_a_callback_first(house, call, books):
    first, second = [national(await own_consumer(books, place)) for place in (61, 62)]
    async with house.person("S01") as supervisor:
        await supervisor.post("/api/surge", {"on": True, "reason": "practice"})
        try:
            caller = await hears_first(call, first, "main_menu_short")
            await caller.press("0")
            await caller.hear("surge_callback", limit_s=20)
            await caller.press("1")
            await caller.hear("callback_promised")
            await caller.hang_up()
            row = (await calls_of(books, first))[-1]
            await until(lambda: books.due.withdraw(f"promise:{row.call_ref}"))
        finally:
            await supervisor.post("/api/surge", {"on": False})
    back = await hears_first(call, second, "main_menu")
    await back.hang_up()


async def hears_first(call: Calling, number: str, menu: str) -> Phone:
    """A caller who is told this menu; the switch is seen by the calls within seconds."""
    for _ in range(10):
        caller = await call(number)
        if await caller.hear("main_menu", "main_menu_short") == menu:
            return caller
        await caller.hang_up()
    raise AssertionError(f"nobody heard {menu}")
