"""An agent's phone dies in a talk: his caller is comforted at once, and is first in line for whoever is free."""

from __future__ import annotations

from callers import answers, asks_for_a_person, ended, hears, is_talking, national, shown
from phone_line import agent_at_work, own_consumer, until

from complaints.ledger import Outcome
from ivr.exchange import Phone

SAYS = "goodbye"


async def test_a_caller_whose_agents_phone_died_is_comforted_and_goes_to_the_next_agent_ahead_of_the_queue(
    house, exchange, call, books
):
    number, patient = [national(await own_consumer(books, place)) for place in (41, 42)]
    async with agent_at_work(house, exchange, "A01") as first:
        caller, ringing = await is_talking(number, exchange, call, first)
        docket = (await shown(first, number))["docket"]
        waiting = await call(patient)  # he waits already when the other one loses his agent
        await asks_for_a_person(waiting)
        await waiting.hear("wait_unknown", limit_s=20)

        await dies(ringing, caller)
        await first.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        async with agent_at_work(house, exchange, "A02") as second:
            again = await exchange.rung("agent-A02")
            pop = await shown(second, number)
            await answers(again, second)
            await hears(again, caller, exchange, SAYS)
            await caller.hang_up()
            await second.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
            await waiting.hang_up()
            row = await ended(books, number)
    assert pop["docket"] == docket
    assert (row.outcome, row.agent, row.flags["talk"]) == (Outcome.TALKED, "A02", "over")
    assert row.callback_cause is None


async def test_he_comes_back_to_the_same_agent_when_that_one_returns_in_time(house, exchange, call, books):
    number = national(await own_consumer(books, 43))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, ringing = await is_talking(number, exchange, call, agent)
        await dies(ringing, caller)
        await agent.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        await agent.post("/api/agent/state", {"state": "ready"})
        again = await exchange.rung("agent-A01")
        await answers(again, agent)
        await hears(again, caller, exchange, SAYS)
        await caller.hang_up()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)


async def test_who_hangs_up_while_he_waits_after_a_lost_talk_is_owed_a_callback(house, exchange, call, books):
    number = national(await own_consumer(books, 44))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller, ringing = await is_talking(number, exchange, call, agent)
        await dies(ringing, caller)
        await caller.hang_up()
        row = await ended(books, number)
        works = await books.due.pending(["ring_promise"])
        await until(lambda: books.due.withdraw(row.callback_cause))
    assert (row.outcome, row.flags["talk"]) == (Outcome.TALKED, "lost")
    assert [work.payload["purpose"] for work in works if work.cause == row.callback_cause] == ["cut"]


async def dies(agents_phone: Phone, caller: Phone) -> None:
    """No sound comes from it any more; its caller is comforted."""
    agents_phone.media.close()
    await caller.hear("agent_lost", limit_s=25)
