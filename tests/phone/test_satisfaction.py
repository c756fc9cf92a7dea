"""The satisfaction callback on real Asterisk: only the consumer's own word closes, and every attempt is a row (I2).

The probe's consumer is used: his company has no delay and calls at all hours. Later rungs lie hours ahead; a test
that wants one now moves its moment in the books.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import wave
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from broken_line import hears, speaks
from phone_line import agent_at_work, hurry, until
from test_whole_way import ended

from complaints.ladders import SATISFACTION
from complaints.ledger import Outcome
from complaints.records import Origin, State, Verdict
from storage.recordings import Recordings
from sunwai.console_client import ConsoleRefused

CONSUMER = "5000000001"


async def registered(house, books, phone: str = CONSUMER) -> str:
    """A docket of a consumer of the probe's, written by his company's agent without a call."""
    [consumer] = await books.consumers.by_phone(None, f"+91{phone}")
    asked = {
        "category": "SUP-FUSE",
        "language": "marker",
        "consumer_number": consumer.number,
        "request_id": uuid4().hex,
    }
    async with house.person("P01") as agent:
        return str((await agent.post("/api/dockets", asked))["number"])


async def claimed(house, books, phone: str = CONSUMER) -> str:
    """The same with "work done" by its officer: the callback is due at once."""
    number = await registered(house, books, phone)
    await claim(house, number)
    return number


async def claim(house, number: str) -> None:
    async with house.person("P-L1") as officer:
        await officer.post(f"/api/dockets/{number}/claim", {"cause_code": "fuse/MCB"})


async def asked(exchange, number: str, limit_s: float = 30.0, *, phone: str = CONSUMER):
    """The consumer's telephone, answered, with the question about this docket just begun."""
    consumer = await exchange.rung(phone, limit_s)
    await consumer.answer()
    await consumer.hear("sat_greet")
    assert await consumer.hear_pairs(4) == number
    await consumer.hear("sat_question")
    return consumer


async def rows_of(books, number: str, count: int = 1):
    """The docket's register rows once there are so many of them."""

    async def enough():
        rows = await books.register.rows(number)
        return rows if len(rows) >= count else None

    rows = await until(enough, 30)
    assert len(rows) == count
    return [row.attempt for row in rows]


async def letters_of(books, number: str) -> set[tuple[str, str]]:
    return {(posted.message.template, posted.message.to) for posted in await books.outbox.for_docket(number)}


async def test_yes_closes_and_is_the_only_thing_that_did(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("1")
    await consumer.hear("sat_service")
    await consumer.press("1")
    await consumer.hear("sat_closed")
    await consumer.until_ended()

    [attempt] = await rows_of(books, number)
    assert (attempt.verdict, attempt.dialled) == (Verdict.SATISFIED, f"+91{CONSUMER}")
    docket = await books.dockets.get(number)
    assert docket.state is State.CLOSED_SATISFIED
    closing = [row for row in await books.dockets.timeline(number) if row.after is State.CLOSED_SATISFIED]
    assert [(row.actor, row.before, row.detail["call"]) for row in closing] == [
        ("consumer", State.VERIFYING, attempt.call_ref)
    ]
    assert ("docket_closed", f"+91{CONSUMER}") in await letters_of(books, number)
    assert Recordings(house.line.recordings).path_of(attempt.recording).stat().st_size > 1000


async def test_a_yes_stays_a_yes_when_he_hangs_up_at_the_next_question(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("1")
    await consumer.hear("sat_service")
    await consumer.hang_up()
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.SATISFIED
    assert (await books.dockets.get(number)).state is State.CLOSED_SATISFIED


async def test_no_opens_it_again_one_level_up_with_the_reason_in_his_own_voice(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("2")
    await consumer.hear("sat_reason")
    await speaks(exchange, consumer)
    await consumer.press("#")
    await consumer.hear("sat_reopened")
    await consumer.hang_up()
    await reopened_with_reason(house, books, number)


async def test_a_no_counts_even_if_he_hangs_up_while_he_speaks(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("2")
    await consumer.hear("sat_reason")
    await speaks(exchange, consumer)
    await consumer.hang_up()
    await reopened_with_reason(house, books, number)


async def reopened_with_reason(house, books, number: str) -> None:
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.NOT_SATISFIED
    docket = await books.dockets.get(number)
    assert (docket.state, docket.level, docket.reopened, docket.owner) == (State.REOPENED, 2, 1, "P-L2")
    assert await letters_of(books, number) >= {
        ("docket_reopened", f"+91{CONSUMER}"),
        ("officer_assigned", "officer:P-L2"),
        ("officer_not_satisfied", "officer:P-L1"),
    }
    await until(lambda: asyncio.to_thread(reason_is_heard, house, attempt.reason_recording))


def reason_is_heard(house, name: str) -> bool:
    """The stored reason holds at least a second of sound."""
    files = list(house.line.var.rglob(f"{name}.wav"))
    if len(files) != 1:
        return False
    with wave.open(str(files[0])) as sound:
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
        return sound.getnframes() > sound.getframerate() and max(samples) > 3000


async def test_who_is_on_the_line_with_us_is_asked_when_he_has_hung_up(house, exchange, call, books):
    """Seen in chaos: a consumer who waited in a callback of ours was rung a second time beside it."""
    number = await registered(house, books)
    caller = await call(CONSUMER)
    await caller.hear("main_menu", "status_menu")
    await claim(house, number)
    with pytest.raises(TimeoutError):
        await exchange.rung(CONSUMER, 4)
    await caller.hang_up()
    consumer = await asked(exchange, number)
    await consumer.press("1")
    await consumer.until_ended()
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.SATISFIED


async def test_one_phone_is_not_rung_for_two_dockets_at_a_time(house, exchange, books):
    numbers = {await claimed(house, books), await claimed(house, books)}
    ringing = await exchange.rung(CONSUMER)
    with pytest.raises(TimeoutError):
        await exchange.rung(CONSUMER, 3)
    await ringing.answer()
    await ringing.hear("sat_greet")
    first = await ringing.hear_pairs(4)
    await ringing.hear("sat_question")
    await ringing.press("1")
    await ringing.until_ended()
    [other] = numbers - {first}
    consumer = await asked(exchange, other)
    await consumer.press("1")
    await consumer.until_ended()
    for number in numbers:
        [attempt] = await rows_of(books, number)
        assert attempt.verdict is Verdict.SATISFIED


async def test_later_is_asked_again_later_and_closes_nothing(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("3")
    await consumer.hear("sat_later")
    await consumer.until_ended()
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.LATER
    assert (await books.dockets.get(number)).state is State.VERIFYING
    assert await hours_ahead(books, f"ring:{number}:1:1") == pytest.approx(2, abs=0.1)


async def hours_ahead(books, cause: str) -> float:
    work = await books.due.get(cause)
    assert work is not None
    assert cause in {each.cause for each in await books.due.pending(["ring_satisfaction", "ring_agents_call"])}
    return (work.due_at - datetime.now(UTC)) / timedelta(hours=1)


async def test_a_person_is_reached_from_the_question_and_his_word_still_counts_later(house, exchange, books):
    async with agent_at_work(house, exchange, "P01") as agent:
        number = await claimed(house, books)
        consumer = await asked(exchange, number)
        await consumer.press("0")
        await consumer.hear("to_person")
        ringing = await exchange.rung("agent-P01")
        page = await agent.until(lambda page: bool(page.get("pop")), 10)
        assert page["pop"]["docket"]["number"] == number
        await ringing.answer()
        await ringing.until_answered()
        await hears(exchange, ringing, consumer, "goodbye")
        await hears(exchange, consumer, ringing, "agent_coming")
        await consumer.hang_up()
        await ringing.until_ended()
        [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.PERSON
    assert (await books.dockets.get(number)).state is State.VERIFYING
    assert await hours_ahead(books, f"ring:{number}:1:1") > 0
    call = await until(lambda: ended(books, attempt.call_ref))
    assert (call.kind, call.outcome, call.agent) == ("satisfaction", Outcome.TALKED, "P01")


async def test_no_key_at_all_is_no_answer_and_the_next_rung_is_due(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.hear("silence_slow", limit_s=30)
    await consumer.hear("silence_anykey", limit_s=30)
    await consumer.hear("sat_silence", limit_s=30)
    await consumer.until_ended()
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.NO_KEY
    assert (await books.dockets.get(number)).state is State.VERIFYING
    assert await hours_ahead(books, f"ring:{number}:1:1") == pytest.approx(SATISFACTION.gaps_min[1] / 60, abs=0.1)


async def test_a_key_before_the_question_is_no_answer(house, exchange, books):
    number = await claimed(house, books)
    consumer = await exchange.rung(CONSUMER)
    await consumer.answer()
    await consumer.hear("sat_greet")
    await consumer.press("1")
    await consumer.hear("sat_question")
    told = consumer.heard[: consumer.heard.index("sat_question")]
    assert sum(name.startswith("p/") for name in told) < 4, "the key came after the greeting"
    await consumer.hear("silence_slow", limit_s=30)
    await consumer.hang_up()
    [attempt] = await rows_of(books, number)
    assert attempt.verdict is Verdict.CUT
    assert (await books.dockets.get(number)).state is State.VERIFYING


@pytest.mark.timeout(150)
async def test_every_try_is_a_row_and_after_three_an_agent_calls_and_only_the_key_counts(house, exchange, books):
    number = await claimed(house, books)
    busy = await exchange.rung(CONSUMER)
    await busy.hang_up("busy")
    await rows_of(books, number, 1)
    assert await hours_ahead(books, f"ring:{number}:1:1") == pytest.approx(SATISFACTION.gaps_min[1] / 60, abs=0.1)

    hurry(house, f"ring:{number}:1:1")
    ringing = await exchange.rung(CONSUMER)
    await ringing.until_ended(30)
    await rows_of(books, number, 2)
    assert await hours_ahead(books, f"ring:{number}:1:2") == pytest.approx(SATISFACTION.gaps_min[2] / 60, abs=0.1)

    hurry(house, f"ring:{number}:1:2")
    consumer = await asked(exchange, number)
    await consumer.hang_up()
    attempts = await rows_of(books, number, 3)
    assert [(each.attempt, each.verdict, each.cause_code) for each in attempts] == [
        (1, Verdict.BUSY, 17),
        (2, Verdict.NO_ANSWER, 19),
        (3, Verdict.CUT, None),
    ]
    assert ("satisfaction_missed", f"+91{CONSUMER}") in await letters_of(books, number)
    assert await hours_ahead(books, f"ring:{number}:1:3") == pytest.approx(SATISFACTION.gaps_min[3] / 60, abs=0.1)

    async with agent_at_work(house, exchange, "P01") as agent:
        hurry(house, f"ring:{number}:1:3")
        consumer = await exchange.rung(CONSUMER)
        await consumer.answer()
        await consumer.hear("sat_agents_call")
        ringing = await exchange.rung("agent-P01")
        page = await agent.until(lambda page: bool(page.get("pop")), 10)
        assert (page["pop"]["kind"], page["pop"]["docket"]["number"]) == ("satisfaction", number)
        await ringing.answer()
        await hears(exchange, ringing, consumer, "goodbye")
        await hears(exchange, consumer, ringing, "agent_coming")
        await consumer.press("1")  # no answer: nobody has asked him yet
        await hears(exchange, ringing, consumer, "goodbye")
        await ringing.hang_up()
        await consumer.hear("sat_question")
        await consumer.hang_up()
        *_, last = await rows_of(books, number, 4)
    assert (last.attempt, last.verdict, last.by) == (4, Verdict.CUT, "agent:P01")
    call = await until(lambda: ended(books, last.call_ref))
    assert (call.kind, call.outcome, call.agent) == ("satisfaction", Outcome.TALKED, "P01")
    assert (await books.dockets.get(number)).state is State.UNREACHABLE_REVIEW
    assert await books.due.get(f"ring:{number}:1:4") is None
    assert State.CLOSED_SATISFIED not in {row.after for row in await books.dockets.timeline(number)}


async def test_a_second_claim_is_asked_about_anew(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    await consumer.press("2")
    await consumer.hear("sat_reason")
    await consumer.hang_up()
    await rows_of(books, number, 1)
    async with house.person("P-L2") as officer:
        await officer.post(f"/api/dockets/{number}/claim", {"cause_code": "LT line"})
    consumer = await asked(exchange, number)
    await consumer.press("1")
    await consumer.hear("sat_service")
    await consumer.hang_up()
    attempts = await rows_of(books, number, 2)
    assert [(each.claim, each.attempt, each.verdict) for each in attempts] == [
        (1, 1, Verdict.NOT_SATISFIED),
        (2, 1, Verdict.SATISFIED),
    ]


async def test_nobody_at_the_console_can_close_while_the_consumer_is_being_asked(house, exchange, books):
    number = await claimed(house, books)
    consumer = await asked(exchange, number)
    before = await books.dockets.get(number)
    actors = {"P01": "agent:P01", "P-L1": "officer:P-L1", "S01": "supervisor:S01", "Z01": "administrator:Z01"}
    for name in actors:
        async with house.person(name) as person:
            with pytest.raises(ConsoleRefused) as refused:
                await person.post(f"/api/dockets/{number}/close", {"reason": "spoke to the consumer"})
            assert refused.value.status == 409
    assert await books.dockets.get(number) == before
    tried = {row.actor for row in await books.people.audit_rows(f"docket:{number}") if row.deed == "refused:close"}
    assert tried == set(actors.values())
    await consumer.press("1")
    await consumer.hear("sat_service")
    await consumer.hang_up()
    await rows_of(books, number)
    assert (await books.dockets.get(number)).state is State.CLOSED_SATISFIED


async def satisfied(house, exchange, books, number: str) -> None:
    await claim(house, number)
    consumer = await asked(exchange, number)
    await consumer.press("1")
    await consumer.hear("sat_service")
    await consumer.hang_up()
    await rows_of(books, number)


def verify(settings, *words: str) -> tuple[int, list[dict]]:
    """`sunwai verify-register`: its exit status and what it says."""
    command = [sys.executable, "-m", "sunwai", "verify-register", "--json", "--settings", str(settings), *words]
    told = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    return told.returncode, [json.loads(text) for text in told.stdout.splitlines()]


async def exported(books, origin: Origin) -> list[dict]:
    return [row async for row in books.register.export("PROBE", origin=origin)]


async def by_phone(exchange) -> str:
    """A docket of the probe registered by the caller's own two keys."""
    caller = await exchange.call(CONSUMER)
    if await caller.hear("main_menu", "open_docket") == "open_docket":
        await caller.hear("status_menu")
        await caller.press("2")
        await caller.hear("main_menu")
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    await caller.hear("registered")
    number = await caller.hear_pairs(4)
    await caller.hang_up()
    return number


@pytest.mark.timeout(120)
async def test_the_chain_verifies_and_one_changed_byte_is_named(house, exchange, books, tmp_path):
    number = await by_phone(exchange)
    await satisfied(house, exchange, books, number)
    status, reports = await asyncio.to_thread(verify, house.line.file)
    assert status == 0, reports

    rows = await exported(books, (await books.dockets.get(number)).origin)
    [at] = [place for place, row in enumerate(rows) if row["docket"] == number]
    export = tmp_path / "register.jsonl"
    export.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert (await asyncio.to_thread(verify, house.line.file, "--export", str(export)))[0] == 0
    rows[at]["attempt"] = int(str(rows[at]["attempt"])) ^ 1
    export.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    status, [report] = await asyncio.to_thread(verify, house.line.file, "--export", str(export))
    assert (status, report["ok"]) == (1, False)
    assert report["first_bad"] == f"{rows[at]['chain']}#{rows[at]['n']}"


@pytest.fixture
def books_apart(house, tmp_path):
    """A copy of the books with the guards of the register taken away, and settings that name it."""
    copy = tmp_path / "copy.db"
    with sqlite3.connect(house.line.var / "books" / "sunwai.db") as ours, sqlite3.connect(copy) as theirs:
        ours.backup(theirs)
        for trigger in ("register_not_changed", "register_not_deleted"):
            theirs.execute(f"DROP TRIGGER {trigger}")
    ours.close()
    file = tmp_path / "sunwai.toml"
    file.write_text(f'[storage]\nbooks = "sqlite:///{copy}"\n', encoding="utf-8")
    yield file, theirs
    theirs.close()


CHANGED = "UPDATE register SET verdict = 'later' WHERE chain = ? AND verdict = 'satisfied'"
CUT_OFF = "DELETE FROM register WHERE chain = ? AND n = (SELECT n FROM register_heads WHERE chain = register.chain)"


@pytest.mark.timeout(120)
@pytest.mark.parametrize("falsify", [CHANGED, CUT_OFF], ids=["changed", "cut off at the end"])
async def test_a_row_falsified_in_the_books_is_found(house, exchange, books, request, falsify):
    number = await by_phone(exchange)
    await satisfied(house, exchange, books, number)
    [row] = await books.register.rows(number)
    file, copy = request.getfixturevalue("books_apart")
    assert (await asyncio.to_thread(verify, file, "--company", "PROBE"))[0] == 0
    with copy:
        assert copy.execute(falsify, (row.chain,)).rowcount > 0
    assert (await asyncio.to_thread(verify, file, "--company", "PROBE"))[0] == 1


async def test_what_the_probes_agent_registers_stands_outside_the_lines_figures(house, books):
    number = await registered(house, books)
    assert (await books.dockets.get(number)).origin is Origin.PROBE
