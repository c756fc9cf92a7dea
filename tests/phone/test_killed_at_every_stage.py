"""The controller dies, or hangs, while callers are at every stage of a call: each is taken up where he was.

One line has all of them at once, and one death hits them all. Then each goes on to the end, and the books are read.
"""

from __future__ import annotations

import asyncio
import signal
from array import array
from contextlib import AsyncExitStack

import pytest
from broken_line import CONTROLLER, gone, house, hurt, prepared, replaced
from callers import calls_of, hears
from every_stage import (
    AGENT_SAYS,
    ASKED,
    BACK_LIMIT_S,
    CALLER_SAYS,
    KEYED,
    SATISFIED,
    People,
    Stages,
    gives_disposition,
    next_one,
    stored_message,
)
from phone_line import until
from test_broken_worlds import checked_ledger, the_call_of
from test_queue import both_recorded, kept
from test_satisfaction import asked

from complaints.ledger import EndedBy, Outcome
from complaints.records import State, Verdict
from ivr.exchange import Exchange, Phone
from ivr.tones import ToneHearing, to_ulaw, tone
from storage.books import Books

__all__ = ["house", "prepared"]

pytestmark = pytest.mark.timeout(240)

SAYS_LATER = "beep"
RINGS_AGAIN_LIMIT_S = 10.0
"""It takes a second; the offer of the controller that died would lapse after eighteen."""
WAITED_AT_LEAST_S = 5.0
"""So long before the death the three who hold had been in the queue."""
NOT_ONE_CALL = ("recording", "called_back")
"""Who informs on theft has no number in the books; who was called back has a call of ours as well."""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
async def test_whoever_is_on_the_phone_when_the_controller_dies_is_taken_up_where_he_was(house, exchange, books, how):
    async with AsyncExitStack() as stack:
        people = await Stages(house, exchange, books, stack).everybody()
        before = hurt(house, CONTROLLER, how)
        for phone in people.phones.values():
            phone.listen_anew()
        await gone(people["recorded"])
        await hears(people["talking"], people["agent_talking"], exchange, CALLER_SAYS)
        await replaced(house, CONTROLLER, before)
        async with asyncio.TaskGroup() as tasks:
            for going_on in (
                greeted_again(people),
                menu_said_again(people, books),
                number_keyed_on(people, books),
                number_keyed_anew(people, books),
                message_spoken_on(people, exchange),
                queue_served_in_its_order(people, exchange, books),
                talk_untouched(people, exchange),
                callback_untouched(people, exchange, books),
                wrap_up_still_his(people),
                asked_again(people, exchange, books),
                never_asked_twice(people, books),
            ):
                tasks.create_task(going_on)
        await the_books_are_right(house, exchange, books, people)


async def greeted_again(people: People) -> None:
    caller = people["greeting"]
    # The next controller may be there before the first has said the greeting out: both are one tone to a telephone.
    await caller.hear("greet", "danger_hint", limit_s=BACK_LIMIT_S)
    people.back_at.append(asyncio.get_running_loop().time())
    people.back.set()
    await caller.hear("language_choice")
    await caller.press("1")
    await caller.hear("main_menu")
    await caller.press("0")
    await caller.hear("to_person", limit_s=30)
    await gone(caller)


async def menu_said_again(people: People, books: Books) -> None:
    caller = people["menu"]
    await caller.hear("main_menu", limit_s=BACK_LIMIT_S)
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    number = await told_his_number(caller)
    assert [number] == [docket.number for docket in await books.dockets.open_for_phone(f"+91{people.numbers['menu']}")]


async def told_his_number(caller: Phone) -> str:
    await caller.hear("registered", limit_s=20)
    number = await caller.hear_pairs(4)
    await gone(caller)
    return number


async def number_keyed_on(people: People, books: Books) -> None:
    """He did not notice anything, and keys the rest."""
    caller = people["keying"]
    await caller.hear("ask_consumer_number", limit_s=BACK_LIMIT_S)
    await caller.press(people.house_keyed.number[KEYED:])
    await is_his_house(people, caller, books)


async def number_keyed_anew(people: People, books: Books) -> None:
    """He heard the question again, and does as it says."""
    caller = people["keying_anew"]
    await caller.hear("ask_consumer_number", limit_s=BACK_LIMIT_S)
    await caller.press(people.house_keyed.number)
    await is_his_house(people, caller, books)


async def is_his_house(people: People, caller: Phone, books: Books) -> None:
    await caller.hear("area_readback", limit_s=20)
    assert "consumer_number_wrong" not in caller.heard, caller.heard  # all of it: the order tells what happened
    await caller.press("1")
    docket = await books.dockets.get(await told_his_number(caller))
    assert docket is not None
    assert docket.consumer_id == people.house_keyed.id


async def message_spoken_on(people: People, exchange: Exchange) -> None:
    """He spoke before, during and after."""
    caller = people["recording"]
    await people.back.wait()
    caller.media.say(to_ulaw(tone(exchange.tones[SAYS_LATER])) * 5)

    async def said() -> bool:
        return not caller.media._to_say

    await until(said, 30)
    await caller.press("#")
    await caller.hear("theft_noted", limit_s=20)
    await gone(caller)


async def queue_served_in_its_order(people: People, exchange: Exchange, books: Books) -> None:
    """The phone that rang stops, and rings again for the same caller, who is still the first."""
    agent, stages = people.agents.rung, ("ringing", "holding_flagged", "holding")
    for stage in stages:
        caller = people[stage]
        ringing = await next_one(exchange, agent, people.numbers[stage], BACK_LIMIT_S)
        assert agent.page["pop"]["waited_s"] > WAITED_AT_LEAST_S
        if stage == stages[0]:
            assert people["agent"].ended.is_set()
            await people.back.wait()
            assert asyncio.get_running_loop().time() - people.back_at[0] < RINGS_AGAIN_LIMIT_S
        await hears(ringing, caller, exchange, CALLER_SAYS)
        await hears(caller, ringing, exchange, AGENT_SAYS)
        await gone(caller)
        await ringing.until_ended()
        await gives_disposition(agent, "break" if stage == stages[-1] else "ready")
        call = await the_call_of(books, people.numbers[stage])
        assert (call.outcome, call.agent, call.ended_by) == (Outcome.TALKED, "A09", EndedBy.CALLER)


async def talk_untouched(people: People, exchange: Exchange) -> None:
    caller, agents_phone = people["talking"], people["agent_talking"]
    await people.back.wait()
    await hears(agents_phone, caller, exchange, CALLER_SAYS)
    await hears(caller, agents_phone, exchange, AGENT_SAYS)
    assert people.agents.talking.page["agent"]["state"] == "talking"
    await gone(caller)
    await agents_phone.until_ended()
    await gives_disposition(people.agents.talking, "break")


async def callback_untouched(people: People, exchange: Exchange, books: Books) -> None:
    """A talk in a call we had made is a talk; he is not rung again about what he has talked about."""
    consumer, agents_phone = people["called_back"], people["agent_called_back"]
    await people.back.wait()
    await hears(agents_phone, consumer, exchange, CALLER_SAYS)
    await hears(consumer, agents_phone, exchange, AGENT_SAYS)
    await gone(consumer)
    await agents_phone.until_ended()
    await gives_disposition(people.agents.calling_back, "break")
    await until(lambda: kept(books, people.numbers["called_back"]), 30)
    talks = [call for call in await calls_of(books, people.numbers["called_back"]) if call.kind == "callback"]
    assert [(call.outcome, call.agent) for call in talks] == [(Outcome.TALKED, "A17")]


async def wrap_up_still_his(people: People) -> None:
    await people.back.wait()
    agent = await people.agents.wrapping_up.get("/api/agent")
    assert (agent["state"], agent["disposition_missing"]) == ("wrap_up", True)
    await gives_disposition(people.agents.wrapping_up, "break")


async def asked_again(people: People, exchange: Exchange, books: Books) -> None:
    """What our death cut is a row, closes nothing, and is made again at once."""
    await people["asked"].until_ended(BACK_LIMIT_S)
    consumer = await asked(exchange, people.asked_about, BACK_LIMIT_S)
    docket = await books.dockets.get(people.asked_about)
    assert docket is not None
    assert docket.state is State.VERIFYING
    await consumer.press("1")
    await consumer.hear("sat_service")
    await gone(consumer)
    await until(lambda: closed(books, people.asked_about))
    assert await verdicts(books, people.asked_about) == [Verdict.CUT, Verdict.SATISFIED]


async def never_asked_twice(people: People, books: Books) -> None:
    """His yes stood in the books when the controller died."""
    await people["satisfied"].until_ended(BACK_LIMIT_S)
    await until(lambda: closed(books, people.satisfied_with))


async def closed(books: Books, number: str) -> bool:
    docket = await books.dockets.get(number)
    return docket is not None and docket.state is State.CLOSED_SATISFIED


async def verdicts(books: Books, number: str) -> list[Verdict]:
    return [row.attempt.verdict for row in await books.register.rows(number)]


# -- afterwards ---------------------------------------------------------------------------------------------------


async def the_books_are_right(house, exchange: Exchange, books: Books, people: People) -> None:
    called = people.numbers.items()
    calls = {stage: await the_call_of(books, number) for stage, number in called if stage not in NOT_ONE_CALL}
    outcomes = {stage: call.outcome for stage, call in calls.items()}
    talked = ("talking", "wrap_up", "ringing", "holding_flagged", "holding")
    assert outcomes == {stage: Outcome.TALKED if stage in talked else Outcome.DOCKET_REGISTERED for stage in calls}
    for stage, call in calls.items():
        dockets = await books.dockets.open_for_phone(f"+91{people.numbers[stage]}")
        assert [docket.number for docket in dockets] == [call.docket], stage
    assert await verdicts(books, people.satisfied_with) == [Verdict.SATISFIED]
    [once] = await calls_of(books, SATISFIED)
    assert (once.kind, once.outcome) == ("satisfaction", Outcome.SELF_SERVED)
    assert (calls["talking"].agent, calls["wrap_up"].agent) == ("A01", "A02")
    rung = [exchange.called.get_nowait() for _ in range(exchange.called.qsize())]
    assert [rung.count(number) for number in (ASKED, SATISFIED, people.numbers["called_back"])] == [2, 1, 1]
    await both_messages_are_kept(house, exchange, books, calls["recorded"])
    await until(lambda: both_recorded(house, exchange, calls["talking"].call_ref))
    status, ledger = await asyncio.to_thread(checked_ledger, house)
    assert (status, ledger["offered"], sum(ledger["outcomes"].values())) == (
        0,
        len(people.numbers),
        len(people.numbers),
    )
    assert (ledger["going"], ledger["without_outcome"], ledger["lost"]) == (0, [], [])


async def both_messages_are_kept(house, exchange: Exchange, books: Books, left) -> None:
    """Of him who spoke on, what he said before and after; of him who left while nobody heard it, all he had said."""
    messages = {message.call_ref: message for message in await books.inbox.open(sealed=True)}
    assert len(messages) == 2
    recorded = messages.pop(left.call_ref)
    [informed] = messages.values()
    assert (informed.phone, recorded.phone, recorded.docket) == (None, left.phone, left.docket)
    assert {CALLER_SAYS, SAYS_LATER} <= markers(exchange, stored_message(house, informed.recording).read_bytes())
    assert CALLER_SAYS in markers(exchange, stored_message(house, recorded.recording).read_bytes())


def markers(exchange: Exchange, wav: bytes) -> set[str]:
    samples = array("h", wav[44 : len(wav) // 2 * 2])
    return set(ToneHearing(exchange.tones).feed(to_ulaw(samples)))
