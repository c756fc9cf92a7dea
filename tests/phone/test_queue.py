"""Callers and agents on real Asterisk: who is rung when, who hears what, and what is promised when nobody is there."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
from array import array
from contextlib import closing

import pytest
from callers import (
    Calling,
    answers,
    asks_for_a_person,
    calls_of,
    chooses_hindi,
    ended,
    hears,
    national,
    shown,
)
from phone_line import House, agent_at_work, hurry, own_consumer, until

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import DueWork
from ivr.exchange import Exchange, Phone
from ivr.tones import ToneHearing, to_ulaw, tone
from storage.books import Books
from sunwai.asterisk_conf import recording_path
from sunwai.console_client import ConsolePerson, ConsoleRefused

PROBE = "5000000001"
CALLER_SAYS, AGENT_SAYS = "goodbye", "agent_coming"
ANSWERED_ELSEWHERE = 26


# -- an agent is there ------------------------------------------------------------------------------------------------


async def test_caller_and_agent_hear_each_other_and_both_are_in_the_recording(house, exchange, call, books):
    async with agent_at_work(house, exchange, "P01") as agent:
        caller = await call(PROBE)
        await asks_for_a_person(caller)
        ringing = await exchange.rung("agent-P01")
        assert (await shown(agent, PROBE))["docket"] is not None
        await answers(ringing, agent)
        for _ in range(6):  # MixMonitor may drop a tenth of a second after a change of bridges and before the end
            await hears(caller, ringing, exchange, AGENT_SAYS)
            await hears(ringing, caller, exchange, CALLER_SAYS)
        await caller.hang_up()
        await ringing.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        row = await ended(books, PROBE)

    assert (row.outcome, row.ended_by, row.agent) == (Outcome.TALKED, EndedBy.CALLER, "P01")
    await until(lambda: both_recorded(house, exchange, row.call_ref))


async def test_the_agent_hangs_up_by_the_console_and_must_say_what_the_call_was_about(house, exchange, call, books):
    async with agent_at_work(house, exchange, "P01") as agent:
        caller = await call(PROBE)
        await asks_for_a_person(caller)
        ringing = await exchange.rung("agent-P01")
        await answers(ringing, agent)
        call_ref = agent.page["agent"]["call_ref"]
        await agent.post(f"/api/calls/{call_ref}/hang_up")
        await ringing.until_ended()
        await caller.hear("goodbye")
        await caller.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        with pytest.raises(ConsoleRefused) as refused:
            await agent.post("/api/agent/state", {"state": "ready"})
        await agent.post(f"/api/calls/{call_ref}/disposition", {"disposition": "information given"})
        await agent.post("/api/agent/state", {"state": "ready"})
        row = await ended(books, PROBE)

    assert refused.value.status == 409
    assert (row.outcome, row.ended_by, row.disposition) == (Outcome.TALKED, EndedBy.AGENT, "information given")


async def test_an_agent_who_does_not_answer_is_passed_over_and_the_next_one_gets_the_caller(
    house, exchange, call, books
):
    number = national(await own_consumer(books, 20))
    async with agent_at_work(house, exchange, "A01") as first, agent_at_work(house, exchange, "A02") as second:
        caller = await call(number)
        await asks_for_a_person(caller)
        unheard = await exchange.rung("agent-A01")
        ringing = await exchange.rung("agent-A02")
        await answers(ringing, second)
        await unheard.until_ended()
        await first.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        await hears(caller, ringing, exchange, AGENT_SAYS)
        await caller.hang_up()
        await second.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        row = await ended(books, number)
    assert (row.outcome, row.agent) == (Outcome.TALKED, "A02")


async def test_a_phone_stops_ringing_when_the_caller_hangs_up_and_its_agent_is_ready_again(
    house, exchange, call, books
):
    number = national(await own_consumer(books, 26))
    async with agent_at_work(house, exchange, "A01") as agent:
        caller = await call(number)
        await asks_for_a_person(caller)
        ringing = await exchange.rung("agent-A01")
        await caller.hang_up()
        await ringing.until_ended(15)
        await agent.until(lambda page: page["agent"]["state"] == "ready", 15)
        row = await ended(books, number)
        assert (await agent.get("/api/agent"))["state"] == "ready"
    assert ringing.cause == ANSWERED_ELSEWHERE
    assert (row.outcome, row.ended_by, row.agent) == (Outcome.DOCKET_REGISTERED, EndedBy.CALLER, None)


async def test_danger_goes_before_the_flagged_and_they_before_others_and_each_is_told_his_place(
    house, exchange, call, books
):
    one, two, three = [national(await own_consumer(books, place)) for place in (11, 12, 13)]
    marked = national(await own_consumer(books, 34, flagged=True))
    async with agent_at_work(house, exchange, "A01") as agent:
        talking = await call(one)
        await asks_for_a_person(talking)
        await answers(await exchange.rung("agent-A01"), agent)
        plain = await call(two)
        await asks_for_a_person(plain)
        await plain.hear("wait_unknown", limit_s=20)
        flagged = await call(marked)
        await asks_for_a_person(flagged)
        await plain.hear("wait_one", limit_s=20)
        danger = await call(three)
        await danger.press("9")
        await danger.hear("danger_person", limit_s=20)
        await plain.hear("wait_position", limit_s=20)

        await talking.hang_up()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        call_ref = agent.page["agent"]["call_ref"]
        await agent.post(f"/api/calls/{call_ref}/disposition", {"disposition": "test/practice"})
        await agent.post("/api/agent/state", {"state": "ready"})
        for caller, number in ((danger, three), (flagged, marked), (plain, two)):
            ringing = await exchange.rung("agent-A01")
            pop = await shown(agent, number)
            assert caller is not danger or (pop["category"], pop["priority"]) == ("SAF", 0)
            await caller.hang_up()
            await ringing.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "ready", 15)


async def test_a_waiting_caller_may_choose_to_be_rung_back_and_leaves_the_queue(house, exchange, call, books):
    number = "5000072001"
    async with agent_at_work(house, exchange, "A01") as agent:
        talking = await call(national(await own_consumer(books, 21)))
        await asks_for_a_person(talking)
        await answers(await exchange.rung("agent-A01"), agent)
        caller = await call(number)
        await chooses_hindi(caller)
        await asks_for_a_person(caller)
        await caller.hear("wait_unknown", limit_s=20)
        await caller.press("1")
        await caller.hear("callback_promised")
        await caller.hear("goodbye")
        await caller.until_ended()
        row = await ended(books, number)
        work = await promised(books, number)
        await books.due.withdraw(work.cause)
        await talking.hang_up()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    assert (row.outcome, row.callback_cause) == (Outcome.DOCKET_REGISTERED, work.cause)
    assert work.payload["language"] == "hi"


# -- nobody is there --------------------------------------------------------------------------------------------------


async def test_a_promised_callback_rings_when_an_agent_is_ready_and_brings_both_together(house, exchange, call, books):
    number = national(await own_consumer(books, 22))
    async with agent_at_work(house, exchange, "A02", state="break") as agent:
        consumer, ringing = await is_rung_back(number, exchange, call, agent, "A02")
        await answers(ringing, agent)
        await hears(ringing, consumer, exchange, CALLER_SAYS)
        await hears(consumer, ringing, exchange, AGENT_SAYS)
        await consumer.hang_up()
        await ringing.until_ended()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        rows = await until(lambda: both_calls(books, number))
        await until(lambda: kept(books, number))
    assert [(row.kind, row.outcome) for row in rows] == [
        ("inbound", Outcome.DOCKET_REGISTERED),
        ("callback", Outcome.TALKED),
    ]


async def test_the_agent_who_takes_a_promised_callback_sees_the_docket_it_is_about(house, exchange, call, books):
    number = national(await own_consumer(books, 23))
    async with agent_at_work(house, exchange, "A02", state="break") as agent:
        consumer, ringing = await is_rung_back(number, exchange, call, agent, "A02")
        pop = await shown(agent, number)
        await answers(ringing, agent)
        await consumer.hang_up()
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
    [docket] = await books.dockets.open_for_phone(f"+91{number}")
    assert pop["docket"] is not None
    assert pop["docket"]["number"] == docket.number


async def test_a_withheld_caller_keys_the_number_on_which_he_is_promised_a_callback(call, books):
    number = "5000072002"
    caller = await call("")
    await chooses_hindi(caller)
    await asks_for_a_person(caller)
    await caller.hear("nobody_there", limit_s=30)
    await caller.press("1")
    await caller.hear("callback_number_withheld")
    await caller.press(number)
    await caller.hear("callback_promised", limit_s=20)
    work = await promised(books, number)
    await books.due.withdraw(work.cause)
    assert work.company == "PV"


async def test_a_message_left_when_nobody_is_there_is_in_the_inbox(house, exchange, call, books):
    number = national(await own_consumer(books, 24))
    caller = await call(number)
    await asks_for_a_person(caller)
    await caller.hear("nobody_there", limit_s=30)
    await caller.press("2")
    await caller.hear("beep")
    for _ in range(12):
        caller.media.say(to_ulaw(tone(exchange.tones[CALLER_SAYS])))
    await caller.hear("message_saved", limit_s=30)
    await caller.hang_up()
    row = await ended(books, number)
    message = await books.inbox.get(row.call_ref)
    async with house.person("A01") as agent:
        inbox = (await agent.get("/api/inbox"))["messages"]
    assert message is not None
    assert (message.phone, message.docket) == (f"+91{number}", row.docket)
    assert row.call_ref in [each["call_ref"] for each in inbox]


async def test_a_message_without_a_word_is_none(call, books):
    number = national(await own_consumer(books, 25))
    caller = await call(number)
    await asks_for_a_person(caller)
    await caller.hear("nobody_there", limit_s=30)
    await caller.press("2")
    await caller.hear("beep")
    await caller.hear("message_silent", limit_s=40)
    await caller.hang_up()
    row = await ended(books, number)
    assert await books.inbox.get(row.call_ref) is None


@pytest.mark.timeout(150)
async def test_who_is_not_reached_three_times_gets_a_message_and_stands_on_the_supervisors_list(
    house, exchange, call, books
):
    number = national(await own_consumer(books, 26))
    async with agent_at_work(house, exchange, "A01", state="break") as agent:
        caller = await call(number)
        await asks_for_a_person(caller)
        await caller.hear("nobody_there", limit_s=30)
        await caller.press("1")
        await caller.hear("callback_promised")
        await caller.hang_up()
        first = await promised(books, number)
        await agent.post("/api/agent/state", {"state": "ready"})
        for cause in (f"{first.cause}#2", f"{first.cause}#3", None):
            consumer = await exchange.rung(number, limit_s=75)
            await consumer.hang_up("busy")
            if cause is not None:
                await until(lambda cause=cause: books.due.get(cause), 20)
                hurry(house, cause)
        await until(lambda: kept(books, number), 20)
        assert (await agent.get("/api/agent"))["state"] == "ready"
    assert messages_of(house, f"callback_missed:{first.cause}") == [("callback_missed", f"+91{number}")]
    async with house.person("S01") as supervisor:
        found = await supervisor.get("/api/callbacks")
    assert [(one["tries"], one["reached"]) for one in found["to_see"] if one["cause"] == first.cause] == [(3, False)]


# -- danger and the control room ---------------------------------------------------------------------------------------

SENTENCES = 5
CONTROL_ROOM = "5000009999"


async def in_danger(number: str, call: Calling) -> Phone:
    caller = await call(number)
    await caller.press("9")
    await caller.hear("danger_person", limit_s=20)
    return caller


async def test_danger_without_an_agent_rings_the_control_room_and_both_hear_each_other(house, exchange, call, books):
    number = national(await own_consumer(books, 27))
    caller = await in_danger(number, call)
    room = await exchange.rung(CONTROL_ROOM, limit_s=25)
    await room.answer()
    await hears(room, caller, exchange, CALLER_SAYS)
    for _ in range(SENTENCES):
        await hears(caller, room, exchange, AGENT_SAYS)
    await room.hang_up()
    await caller.until_ended()
    row = await ended(books, number)
    assert (row.outcome, row.agent, row.ended_by) == (Outcome.TALKED, "control-room", EndedBy.AGENT)
    await until(lambda: both_recorded(house, exchange, row.call_ref), 20)
    async with house.person("S01") as supervisor:
        agents = (await supervisor.get("/api/agents"))["agents"]
    assert "control-room" not in {each["agent"] for each in agents}


async def test_an_agent_who_lets_danger_ring_is_followed_by_the_control_room_within_ten_seconds(
    house, exchange, call, books
):
    number = national(await own_consumer(books, 28))
    async with agent_at_work(house, exchange, "A01"):
        caller = await in_danger(number, call)
        began = asyncio.get_running_loop().time()
        ringing = await exchange.rung("agent-A01")
        room = await exchange.rung(CONTROL_ROOM, limit_s=25)
        waited_s = asyncio.get_running_loop().time() - began
        await ringing.until_ended()
        await room.answer()
        await hears(caller, room, exchange, AGENT_SAYS)
        await caller.hang_up()
        await room.until_ended()
    assert waited_s < 5 * 10.0  # a deadline of behaviour, fivefold
    assert (await ended(books, number)).agent == "control-room"


async def test_an_agent_who_comes_while_the_control_room_rings_takes_the_call(house, exchange, call, books):
    number = national(await own_consumer(books, 29))
    async with agent_at_work(house, exchange, "A01", state="break") as agent:
        caller = await in_danger(number, call)
        room = await exchange.rung(CONTROL_ROOM, limit_s=25)
        await agent.post("/api/agent/state", {"state": "ready"})
        ringing = await exchange.rung("agent-A01")
        await room.until_ended()
        await answers(ringing, agent)
        await caller.hang_up()
    assert (await ended(books, number)).agent == "A01"


# -- words of these tests ---------------------------------------------------------------------------------------------


async def is_rung_back(
    number: str, exchange: Exchange, call: Calling, agent: ConsolePerson, code: str
) -> tuple[Phone, Phone]:
    """Nobody is there, he wants to be rung, an agent comes: his phone rings, and then the agent's, who is returned."""
    caller = await call(number)
    await asks_for_a_person(caller)
    await caller.hear("nobody_there", limit_s=30)
    await agent.post("/api/agent/state", {"state": "ready"})
    await caller.press("1")
    await caller.hear("callback_promised")
    await caller.hang_up()
    consumer = await exchange.rung(number, limit_s=75)
    await consumer.answer()
    await consumer.hear("callback_greet")
    await consumer.hear("callback_menu")
    await consumer.press("1")
    await consumer.hear("to_person")
    return consumer, await exchange.rung(f"agent-{code}")


async def both_calls(books: Books, number: str) -> list[Call]:
    rows = await calls_of(books, number)
    return rows if len(rows) == 2 and all(row.outcome for row in rows) else []


async def promised(books: Books, number: str) -> DueWork:
    works = await books.due.pending(["ring_promise"])
    [work] = [work for work in works if work.payload["phone"] == f"+91{number}"]
    return work


def messages_of(house: House, cause: str) -> list[tuple[str, str]]:
    """Template and address of the messages with this cause: one, or none."""
    with closing(sqlite3.connect(house.line.var / "books" / "sunwai.db", timeout=5)) as books:
        return books.execute("SELECT template, recipient FROM outbox WHERE cause = ?", (cause,)).fetchall()


async def kept(books: Books, number: str) -> bool:
    """No promise to this number waits any more."""
    works = await books.due.pending(["ring_promise"])
    return all(work.payload["phone"] != f"+91{number}" for work in works)


async def both_recorded(house, exchange: Exchange, call_ref: str) -> bool:
    """Both sides of the recording, once Asterisk has written all of it: the caller, and what the caller heard."""
    path = recording_path(house.line, call_ref)
    packed = path.with_suffix(".flac")  # the janitor may have been quicker
    if packed.exists():
        command = ["sox", str(packed), "-t", "raw", "-e", "signed", "-b", "16", "-"]
        raw = (await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True, timeout=10)).stdout
    elif path.exists():
        raw = path.read_bytes()
    else:
        return False
    samples = array("h")
    samples.frombytes(raw[: len(raw) - len(raw) % 4])
    left, right = (set(ToneHearing(exchange.tones).feed(to_ulaw(side))) for side in (samples[::2], samples[1::2]))
    return CALLER_SAYS in left and {"greet", AGENT_SAYS} <= right
