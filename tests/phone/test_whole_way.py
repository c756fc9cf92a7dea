"""The whole way on real Asterisk, step by step as the caller hears it."""

from __future__ import annotations

from phone_line import agent_at_work, until

from complaints.ledger import Outcome

PROBE = "5000000001"


async def test_a_known_caller_has_his_docket_number_after_two_keys(house, exchange, books):
    caller = await exchange.call(PROBE)
    await caller.hear("greet")
    await caller.hear("main_menu", "open_docket")
    if "open_docket" in caller.heard:
        await caller.hear("status_menu")
        await caller.press("2")
        await caller.hear("main_menu")
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    await caller.hear("registered")
    number = await caller.hear_pairs(4)
    await caller.hang_up()

    docket = await books.dockets.get(number)
    assert docket.category == "SUP-FUSE"
    call = await until(lambda: ended(books, docket.call_ref))
    assert call.outcome is Outcome.DOCKET_REGISTERED
    assert call.ended_by == "caller"


async def test_an_agent_who_does_not_answer_is_set_aside_and_the_caller_keeps_his_place(house, exchange, books):
    async with agent_at_work(house, exchange, "P01") as agent:
        caller = await exchange.call(PROBE)
        await caller.hear("greet")
        await caller.press("0")
        await caller.hear("to_person", limit_s=20)
        ringing = await exchange.rung("agent-P01")
        await agent.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        assert ringing.ended.is_set() or await ringing.until_ended(10) is None
        assert not caller.ended.is_set()
        await caller.hang_up()


async def ended(books, call_ref):
    call = await books.calls.get(call_ref)
    return call if call and call.outcome else None
