"""Promised callbacks beside a standing queue: the place is kept, nobody starves, nobody is rung for what he has had."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from callers import Calling, answers, asks_for_a_person, ended, is_free_again, is_talking, national, shown
from phone_line import agent_at_work, own_consumer, until

from complaints.ledger import Call, Outcome
from complaints.records import Origin
from ivr.exchange import Exchange, Phone
from storage.books import Books
from sunwai.console_client import ConsolePerson

MEANWHILE_S = 1.5
"""Longer than the line takes to take up what is due, shorter than it puts off what cannot be done now."""


async def test_a_promised_callback_has_its_turn_before_a_caller_who_came_later(house, exchange, call, books):
    busy, patient, later = [national(await own_consumer(books, place)) for place in (51, 52, 53)]
    async with agent_at_work(house, exchange, "A01") as agent:
        talking, waiting = await busy_agent_a_promise_and_a_later_caller(busy, patient, later, exchange, call, agent)
        await is_free_again(talking, agent)

        rung = await exchange.rung(patient, limit_s=30)
        await rung.answer()
        await rung.hear("callback_menu", limit_s=20)
        await rung.press("1")
        ringing = await exchange.rung("agent-A01", limit_s=30)
        await shown(agent, patient)
        await answers(ringing, agent)
        await is_free_again(rung, agent)

        await has_his_turn_and_leaves(waiting, later, exchange, agent)
    assert await nothing_promised(books, patient)


async def test_who_calls_again_first_has_his_old_place_and_is_not_rung_about_it(house, exchange, call, books):
    busy, patient, later = [national(await own_consumer(books, place)) for place in (54, 55, 56)]
    async with agent_at_work(house, exchange, "A01") as agent:
        talking, waiting = await busy_agent_a_promise_and_a_later_caller(busy, patient, later, exchange, call, agent)
        again = await call(patient)
        await asks_for_a_person(again)
        await again.hear("wait_unknown", limit_s=20)  # nobody before him, though another one waited already
        await is_free_again(talking, agent)

        ringing = await exchange.rung("agent-A01", limit_s=30)
        await shown(agent, patient)
        await answers(ringing, agent)
        await is_free_again(again, agent)
        await has_his_turn_and_leaves(waiting, later, exchange, agent)
    row = await ended(books, patient)
    await until(lambda: nothing_promised(books, patient), 30)
    assert (row.kind, row.outcome) == ("inbound", Outcome.TALKED)


async def test_who_hears_us_out_before_he_hangs_up_keeps_his_place_as_well(house, exchange, call, books):
    busy, patient, later = [national(await own_consumer(books, place)) for place in (57, 58, 59)]
    async with agent_at_work(house, exchange, "A01") as agent:
        talking, _ = await is_talking(busy, exchange, call, agent)
        hearing = await is_offered_a_callback(patient, call)
        waiting = await call(later)
        await asks_for_a_person(waiting)
        await waiting.hear("wait_one", "wait_unknown", limit_s=20)
        await hearing.press("1")
        await hearing.hear("callback_promised")
        await asyncio.sleep(MEANWHILE_S)  # the promise is taken up while he is still on the line
        await hearing.hang_up()
        await asyncio.sleep(MEANWHILE_S)
        await is_free_again(talking, agent)

        rung = await exchange.rung(patient, limit_s=30)
        await rung.hang_up()
        await has_his_turn_and_leaves(waiting, later, exchange, agent)


async def busy_agent_a_promise_and_a_later_caller(
    busy: str, patient: str, later: str, exchange: Exchange, call: Calling, agent: ConsolePerson
) -> tuple[Phone, Phone]:
    """The telephones of him who is talking and of him who came later than the promise, and waits."""
    talking, _ = await is_talking(busy, exchange, call, agent)
    await is_promised_a_callback(patient, call)
    waiting = await call(later)
    await asks_for_a_person(waiting)
    await waiting.hear("wait_one", "wait_unknown", limit_s=20)
    return talking, waiting


async def is_promised_a_callback(number: str, call: Calling) -> None:
    caller = await is_offered_a_callback(number, call)
    await caller.press("1")
    await caller.hear("callback_promised")
    await caller.hang_up()


async def is_offered_a_callback(number: str, call: Calling) -> Phone:
    caller = await call(number)
    await asks_for_a_person(caller)
    await caller.hear("wait_callback_offer", limit_s=20)
    return caller


async def has_his_turn_and_leaves(caller: Phone, number: str, exchange: Exchange, agent: ConsolePerson) -> None:
    ringing = await exchange.rung("agent-A01", limit_s=30)
    await shown(agent, number)
    await caller.hang_up()
    await ringing.until_ended()


async def nothing_promised(books: Books, number: str) -> bool:
    works = await books.due.pending(["ring_promise"])
    return all(work.payload["phone"] != f"+91{number}" for work in works)


async def test_a_supervisors_click_rings_a_caller_who_left_and_brings_him_to_an_agent(house, exchange, books):
    consumer = await own_consumer(books, 73)
    left = Call(
        "n1-1795000000.73",
        "inbound",
        Origin.LINE,
        datetime.now(UTC) - timedelta(hours=1),
        company="PV",
        phone=consumer.phone,
        consumer_id=consumer.id,
        language="hi",
        outcome=Outcome.MESSAGE_LEFT,
        ended_at=datetime.now(UTC) - timedelta(minutes=59),
    )
    await books.calls.note(left)
    async with agent_at_work(house, exchange, "A01") as agent, house.person("S01") as boss:
        await boss.post(f"/api/calls/{left.call_ref}/call_back")
        rung = await exchange.rung(national(consumer), limit_s=30)
        await rung.answer()
        await rung.hear("callback_menu", limit_s=20)
        await rung.press("1")
        ringing = await exchange.rung("agent-A01", limit_s=30)
        await answers(ringing, agent)
        await is_free_again(rung, agent)
    row = await ended(books, national(consumer), "callback")
    assert row.outcome is Outcome.TALKED
