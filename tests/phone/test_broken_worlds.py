"""Broken worlds: a part of the line dies or hangs while people are on the phone (design 3.3, 3.4, 3.5, 3.8).

Each test breaks a line of its own. What is asserted is what the caller heard and what stands in the books afterwards.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta

import pytest
from broken_line import (
    ASTERISK,
    CONTROLLER,
    REDIS,
    gone,
    hears,
    house,
    hurt,
    prepared,
    replaced,
    speaks,
    without_controller,
)
from callers import is_free_again, shown, talks_again
from phone_line import agent_at_work, until
from test_satisfaction import asked, claimed

from complaints.ledger import EndedBy, Outcome
from complaints.records import State, Verdict
from ivr.callbacks import CLEARING_S
from ivr.errors import TelephoneError

__all__ = ["house", "prepared"]

pytestmark = pytest.mark.timeout(180)

PROBE, PROBE_SHARED = "5000000001", "5000000003"
STRANGER = "5000077701"
AWAY_LIMIT_S = 60.0
"""A dead controller is back within a few seconds; the machine may be busy."""


async def at_the_main_menu(exchange, number: str = PROBE, menu: str = "main_menu"):
    caller = await exchange.call(number)
    await caller.hear("greet")
    await caller.hear(menu)
    return caller


async def registers(caller) -> str:
    """Two keys from the main menu to the docket's number."""
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    await caller.hear("registered")
    return str(await caller.hear_pairs(4))


async def says_yes(consumer, books, number: str) -> None:
    """At the question of the satisfaction callback; his docket is closed by it, and by nothing else."""
    await consumer.press("1")
    await consumer.hear("sat_service")
    await gone(consumer)

    async def closed():
        return (await books.dockets.get(number)).state is State.CLOSED_SATISFIED

    await until(closed)


async def one_talks_one_waits(exchange):
    """With P01, the only agent: the telephones of him who talks, of the agent, and of him who waits."""
    talking = await at_the_main_menu(exchange)
    await talking.press("0")
    agents = await exchange.rung("agent-P01")
    await agents.answer()
    waiting = await at_the_main_menu(exchange, PROBE_SHARED, "which_connection")
    await waiting.press("0")
    await waiting.hear("wait_first", "wait_unknown", limit_s=20)
    return talking, agents, waiting


async def has_his_turn(talking, waiting, exchange, agent) -> None:
    """The talk ends, and the agent's telephone rings for him who has waited."""
    await is_free_again(talking, agent)
    ringing = await exchange.rung("agent-P01", limit_s=30)
    await shown(agent, PROBE_SHARED)
    await gone(waiting)
    await ringing.until_ended()


async def calls_of(books, number: str):
    return await books.calls.of_phone(f"+91{number}", datetime.now(UTC) - timedelta(hours=1))


async def the_call_of(books, number: str, limit_s: float = 30.0):
    """The one row of this caller in the ledger, once it has its outcome."""

    async def settled():
        calls = await calls_of(books, number)
        return calls if calls and all(call.outcome for call in calls) else None

    [call] = await until(settled, limit_s)
    return call


# -- the controller dies ------------------------------------------------------------------------------------------


async def test_a_caller_in_the_menu_hears_it_again_from_the_next_controller_and_registers(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    hurt(house, CONTROLLER)
    await caller.hear("main_menu", limit_s=AWAY_LIMIT_S)
    number = await registers(caller)
    await gone(caller)
    assert (await books.dockets.get(number)).consumer_id is not None
    call = await the_call_of(books, PROBE)
    assert (call.outcome, call.docket) == (Outcome.DOCKET_REGISTERED, number)


async def test_a_docket_is_not_registered_twice_when_the_controller_dies_behind_it(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    number = await registers(caller)
    await caller.hear("person_by_zero")
    hurt(house, CONTROLLER)
    await caller.hear("registered", limit_s=AWAY_LIMIT_S)
    assert await caller.hear_pairs(4) == number
    await caller.hear("person_by_zero")
    await caller.press("0")
    await caller.hear("to_person")
    await gone(caller)
    call = await the_call_of(books, PROBE)
    assert [docket.number for docket in await books.dockets.open_for_phone(f"+91{PROBE}")] == [number]
    assert call.docket == number


async def test_the_connection_he_chose_is_still_known_to_the_next_controller(house, exchange, books):
    caller = await exchange.call(PROBE_SHARED)
    await caller.hear("which_connection")
    await caller.press("2")
    await caller.hear("main_menu")
    hurt(house, CONTROLLER)
    await caller.hear("main_menu", limit_s=AWAY_LIMIT_S)
    number = await registers(caller)
    await gone(caller)
    connections = await books.consumers.by_phone(None, f"+91{PROBE_SHARED}")
    docket = await books.dockets.get(number)
    assert (docket.consumer_id, docket.unit) == (connections[1].id, connections[1].unit)


async def test_a_caller_who_waits_for_a_person_keeps_waiting_and_gets_one(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    async with agent_at_work(house, exchange, "P01", state="break") as agent:
        await caller.press("0")
        await caller.hear("to_person")
        await caller.hear("wait_first", "wait_unknown")
        hurt(house, CONTROLLER)
        await agent.post("/api/agent/state", {"state": "ready"})
        ringing = await exchange.rung("agent-P01", limit_s=AWAY_LIMIT_S)
        await ringing.answer()
        await ringing.until_answered()
        await hears(exchange, ringing, caller, "goodbye")
        await hears(exchange, caller, ringing, "agent_coming")
        await gone(caller)
        await ringing.until_ended()
    assert len(await books.dockets.open_for_phone(f"+91{PROBE}")) == 1
    assert (await the_call_of(books, PROBE)).outcome is Outcome.TALKED


async def test_two_who_talk_go_on_talking_and_the_end_of_their_talk_is_noted(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    async with agent_at_work(house, exchange, "P01") as agent:
        await caller.press("0")
        ringing = await exchange.rung("agent-P01")
        await ringing.answer()
        await ringing.until_answered()
        await hears(exchange, ringing, caller, "goodbye")
        before = hurt(house, CONTROLLER)
        await hears(exchange, ringing, caller, "goodbye")
        await replaced(house, CONTROLLER, before)
        # The next controller is at work when it greets somebody else.
        other = await exchange.call(STRANGER)
        await other.hear("greet", limit_s=AWAY_LIMIT_S)
        await hears(exchange, ringing, caller, "goodbye")
        await hears(exchange, caller, ringing, "agent_coming")
        assert agent.page["agent"]["state"] == "talking"
        await gone(other)
        await gone(caller)
        await ringing.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    call = await the_call_of(books, PROBE)
    assert (call.outcome, call.ended_by, call.agent) == (Outcome.TALKED, EndedBy.CALLER, "P01")


async def test_a_satisfaction_call_our_own_death_cuts_closes_nothing_is_a_row_and_is_made_again(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number, AWAY_LIMIT_S)
    hurt(house, CONTROLLER)
    await consumer.until_ended(AWAY_LIMIT_S)
    assert (await books.dockets.get(number)).state is State.VERIFYING
    await says_yes(await asked(exchange, number, AWAY_LIMIT_S), books, number)
    assert [row.attempt.verdict for row in await books.register.rows(number)] == [Verdict.CUT, Verdict.SATISFIED]


async def test_a_consumer_whose_phone_rings_when_the_controller_dies_is_not_rung_twice_at_a_time(
    house, exchange, books
):
    number = await claimed(house, books)
    ringing = await exchange.rung(PROBE, AWAY_LIMIT_S)
    hurt(house, CONTROLLER)
    await ringing.until_ended(AWAY_LIMIT_S)
    with pytest.raises(TimeoutError):  # a network takes a moment to end the first call
        await exchange.rung(PROBE, CLEARING_S / 2)
    again = await exchange.rung(PROBE, AWAY_LIMIT_S)
    await again.answer()
    await again.hear("sat_question", limit_s=20)
    await says_yes(again, books, number)


async def test_a_controller_that_hangs_is_killed_and_a_caller_of_that_moment_is_answered(house, exchange):
    stopped = hurt(house, CONTROLLER, signal.SIGSTOP)
    caller = await exchange.call(STRANGER, answered=False)
    await replaced(house, CONTROLLER, stopped, 25)
    await caller.hear("greet", limit_s=AWAY_LIMIT_S)
    await caller.hear("language_choice")
    await gone(caller)


async def test_a_caller_who_comes_while_the_controller_is_away_hears_so_and_is_given_back(house, exchange, books):
    async with without_controller(house):
        caller = await exchange.call(PROBE)
        await caller.hear("controller_away")
    await caller.hear("greet", limit_s=AWAY_LIMIT_S)
    await caller.hear("main_menu")
    number = await registers(caller)
    await gone(caller)
    call = await the_call_of(books, PROBE)
    assert (call.outcome, call.docket) == (Outcome.DOCKET_REGISTERED, number)


async def test_key_1_while_the_controller_is_away_is_a_promise_in_the_books_and_a_message_in_the_inbox(
    house, exchange, books
):
    async with without_controller(house):
        caller = await exchange.call(STRANGER)
        await caller.hear("controller_away")
        await caller.press("1")
        await caller.hear("leave_message")
        await speaks(exchange, caller)
        await gone(caller)
    call = await the_call_of(books, STRANGER)
    assert call.outcome is Outcome.CALLBACK_PROMISED
    [work] = [work for work in await books.due.pending(["ring_promise"]) if work.cause == call.callback_cause]
    assert work.payload["phone"] == f"+91{STRANGER}"
    message = await books.inbox.get(call.call_ref)
    assert (house.line.recordings / message.recording).stat().st_size > 16_000


# -- Redis dies or hangs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_caller_registers_while_redis_is_away(house, exchange, books, how):
    caller = await at_the_main_menu(exchange)
    hurt(house, REDIS, how)
    number = await registers(caller)
    await gone(caller)
    assert (await books.dockets.get(number)).category == "SUP-FUSE"
    assert (await the_call_of(books, PROBE)).outcome is Outcome.DOCKET_REGISTERED


async def test_an_agent_is_on_the_floor_again_after_redis_was_emptied(house, exchange, books):
    async with agent_at_work(house, exchange, "P01"):
        before = hurt(house, REDIS)
        await replaced(house, REDIS, before)
        caller = await at_the_main_menu(exchange)
        await caller.press("0")
        ringing = await exchange.rung("agent-P01", limit_s=45)
        await gone(caller)
        await ringing.until_ended()


async def test_two_who_talk_do_not_notice_that_redis_was_emptied(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    async with agent_at_work(house, exchange, "P01") as agent:
        await caller.press("0")
        ringing = await exchange.rung("agent-P01")
        await ringing.answer()
        await ringing.until_answered()
        await hears(exchange, ringing, caller, "goodbye")
        before = hurt(house, REDIS)
        await replaced(house, REDIS, before)
        await hears(exchange, ringing, caller, "goodbye")
        await hears(exchange, caller, ringing, "agent_coming")
        # Whoever wants a person now must not be given to an agent who is talking.
        other = await at_the_main_menu(exchange, PROBE_SHARED, "which_connection")
        await other.press("0")
        with pytest.raises(TimeoutError):
            await exchange.rung("agent-P01", limit_s=8)
        await gone(other)
        await gone(caller)
        await ringing.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    assert (await the_call_of(books, PROBE)).outcome is Outcome.TALKED


async def test_a_caller_in_the_queue_is_not_left_to_the_music_when_redis_was_emptied(house, exchange):
    async with agent_at_work(house, exchange, "P01"):
        caller, first, waiting = await one_talks_one_waits(exchange)
        before = hurt(house, REDIS)
        await replaced(house, REDIS, before)
        # An honest word, or his place among those who wait: never music alone.
        await waiting.hear("nobody_there", "wait_first", "wait_unknown", "wait_position", limit_s=30)
        await gone(waiting)
        await gone(caller)
        await first.until_ended()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_caller_in_the_queue_keeps_his_place_when_redis_is_started_again(house, exchange, books, how):
    async with agent_at_work(house, exchange, "P01") as agent:
        talking, _, waiting = await one_talks_one_waits(exchange)
        before = hurt(house, REDIS, how)
        await replaced(house, REDIS, before, 25)
        await talks_again(agent)
        await has_his_turn(talking, waiting, exchange, agent)
    assert Outcome.MESSAGE_LEFT not in (await the_call_of(books, PROBE_SHARED)).flags


# -- the books are away -------------------------------------------------------------------------------------------


async def test_a_complaint_told_while_the_books_are_locked_is_noted_and_entered_when_they_are_back(
    house, exchange, books
):
    holder = sqlite3.connect(house.line.books_url.removeprefix("sqlite:///"), isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        caller = await at_the_main_menu(exchange)
        await caller.press("1")
        await caller.hear("supply_menu")
        await caller.press("1")
        await caller.hear("noted", limit_s=20)
        await gone(caller)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    [docket] = await until(lambda: books.dockets.open_for_phone(f"+91{PROBE}"), 30)
    call = await the_call_of(books, PROBE)
    assert (call.outcome, call.docket) == (Outcome.DOCKET_REGISTERED, docket.number)
    await until(lambda: journal_is_empty(house), 30)


async def journal_is_empty(house) -> bool:
    return not list((house.line.var / "journal").rglob("*.json"))


# -- too many callers ---------------------------------------------------------------------------------------------


async def test_the_caller_above_the_soft_limit_hears_a_promise_that_stands_in_the_books(house, exchange, books):
    limit = house.line.settings.telephony.soft_limit
    async with AsyncExitStack() as stack:
        callers = [await exchange.call(f"50000781{n:02d}") for n in range(limit)]
        for caller in callers:
            stack.push_async_callback(gone, caller)
        for caller in callers:  # each has been counted when he hears us
            await caller.hear("greet", limit_s=30)
        over = await exchange.call(STRANGER)
        await over.hear("lines_full")
        await over.until_ended()
    call = await the_call_of(books, STRANGER)
    assert call.outcome is Outcome.REJECTED_CAPACITY
    work = await books.due.get(call.callback_cause)
    assert (work.kind, work.payload["phone"]) == ("ring_promise", f"+91{STRANGER}")
    # A place is free again for the next one.
    caller = await exchange.call("5000077702")
    await caller.hear("greet")
    await gone(caller)


# -- Asterisk dies ------------------------------------------------------------------------------------------------


async def answered_again(exchange, number: str):
    """A caller dials until he is greeted, as people do."""
    async with asyncio.timeout(AWAY_LIMIT_S):
        while True:
            with suppress(TelephoneError, TimeoutError):
                caller = await exchange.call(number, answered=False)
                await caller.hear("greet", limit_s=10)
                return caller


async def test_asterisk_is_started_again_and_the_agents_have_their_telephones_again(house, exchange, books):
    async with agent_at_work(house, exchange, "P01") as agent:
        phone = await agent.post("/api/agent/phone")
        before = hurt(house, ASTERISK)
        await replaced(house, ASTERISK, before)
        caller = await answered_again(exchange, PROBE)
        await caller.hear("main_menu")
        # A SIP phone registers again with what it was given at the log-in: in minutes, here at once.
        await exchange.unregister_phone(phone["user"])
        await exchange.register_phone(phone["user"], phone["password"], f"{phone['address']}:{phone['port']}")
        await caller.press("0")
        ringing = await exchange.rung(phone["user"], limit_s=45)
        await ringing.answer()
        await ringing.until_answered()
        await hears(exchange, ringing, caller, "goodbye")
        await gone(caller)
        await ringing.until_ended()


@pytest.mark.parametrize("dying", [(ASTERISK,), (CONTROLLER, ASTERISK)], ids=["asterisk", "both"])
async def test_a_call_cut_by_the_death_of_asterisk_has_its_outcome(house, exchange, books, dying):
    caller = await exchange.call(STRANGER)
    await caller.hear("language_choice")
    [call] = await until(lambda: calls_of(books, STRANGER))
    before = [(what, hurt(house, what)) for what in dying]
    for what, pid in before:
        await replaced(house, what, pid)
    other = await answered_again(exchange, PROBE)
    await gone(other)
    await gone(caller)
    cut = await the_call_of(books, STRANGER, 75)
    status, ledger = await asyncio.to_thread(checked_ledger, house)
    assert (cut.call_ref, cut.outcome, cut.ended_by) == (call.call_ref, Outcome.CUT, EndedBy.NETWORK), ledger
    assert cut.callback_cause is not None
    assert (status, ledger["going"], ledger["without_outcome"], ledger["lost"]) == (0, 0, [], [])


def checked_ledger(house) -> tuple[int, dict]:
    command = [sys.executable, "-m", "sunwai", "ledger", "check", "--json", "--settings", str(house.line.file)]
    told = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    return told.returncode, json.loads(told.stdout)
