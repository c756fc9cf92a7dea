"""Every call has one row and in the end one outcome, whoever noted it and in whatever order (I1, I8, design 3.1)."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta

from books_town import NOW

from complaints.ledger import Answer, Call, EndedBy, Outcome
from complaints.records import Origin
from storage.books import Books
from storage.reports import day_bounds, ledger_check, service_level

pytest_plugins = ("books_fixture",)

LATER = NOW + timedelta(hours=1)


def call(ref: str, **fields: object) -> Call:
    plain: dict[str, object] = {"kind": "inbound", "origin": Origin.LINE, "offered_at": NOW, "node": "n1"}
    return Call(ref, **(plain | fields))


def ended(ref: str, outcome: Outcome | None, **fields: object) -> Call:
    end = NOW + timedelta(seconds=40)
    return call(ref, **({"ended_at": end, "ended_by": EndedBy.CALLER, "outcome": outcome} | fields))


async def test_a_call_comes_back_as_it_was_noted(books: Books) -> None:
    noted = ended(
        "n1-1.1",
        Outcome.TALKED,
        company="PV",
        phone="+915000012345",
        consumer_id=7,
        language="ur",
        stage="wrap_up",
        answered_at=NOW,
        queued_at=NOW,
        talked_at=NOW,
        agent="A17",
        docket="10000010",
        flags={"talked": "1", "docket_registered": "2"},
        disposition="ticket registered",
        recording="n1-1.1",
        callback_cause="c",
        no_callback="served",
        steps=((0.2, "greet"),),
        answers=(Answer(3.1, "main_full", "hi", "words", "2", "गलत बिल", 0.98, 2.4),),
    )
    await books.calls.note(noted)
    assert await books.calls.get("n1-1.1") == noted
    assert await books.calls.get("n1-1.2") is None


async def test_answers_noted_one_after_the_other_are_all_kept_once_and_can_be_summed_up(books: Books) -> None:
    first, second = (
        Answer(1.0, "language", "hi", "key", "1"),
        Answer(5.0, "main_full", "hi", "words", "2", "बिल", 0.9, 2.0),
    )
    await books.calls.note(call("n1-1", answers=(first,), flags={"prompt_style": "keys"}))
    await books.calls.note(call("n1-1", answers=(first, second)))
    await books.calls.note(call("n1-2"))
    [found] = await books.calls.answered(NOW, LATER, Origin.LINE)
    assert (found.style, found.answers) == ("keys", (first, second))
    assert await books.calls.answered(LATER, LATER + timedelta(hours=1), Origin.LINE) == []


async def test_notes_of_several_witnesses_become_one_row(books: Books) -> None:
    await books.calls.note(call("n1-1", phone="+915000012345", flags={"docket_registered": "1"}, docket="10000010"))
    await books.calls.note(call("n1-1", answered_at=NOW, flags={"talked": "2"}, offered_at=NOW + timedelta(seconds=1)))
    row = await books.calls.note(ended("n1-1", Outcome.TALKED))
    assert row == await books.calls.get("n1-1")
    assert (row.phone, row.docket, row.answered_at, row.offered_at) == ("+915000012345", "10000010", NOW, NOW)
    assert row.flags == {"docket_registered": "1", "talked": "2"}


async def test_witnesses_at_the_same_time_lose_nothing(books: Books) -> None:
    notes = [call("n1-1", flags={f"deed{nth}": "1"}) for nth in range(12)]
    await asyncio.gather(*(books.calls.note(note) for note in notes))
    row = await books.calls.get("n1-1")
    assert row is not None
    assert len(row.flags) == 12


async def test_two_processes_may_note_at_the_same_time(books: Books, books_url: str) -> None:
    """On SQLite a transaction that reads before it writes would fail at once beside another writer (design 3.9)."""
    other = Books(books_url)
    async with asyncio.TaskGroup() as both:
        for nth in range(30):
            for witness in (books, other):
                both.create_task(witness.calls.note(call(f"n1-{nth}", flags={str(id(witness)): "1"})))
    await other.close()
    assert [len(each.flags) for each in await books.calls.live()] == [2] * 30


async def test_open_calls_are_those_of_the_node_that_have_not_ended(books: Books) -> None:
    await books.calls.note(call("n1-1"))
    await books.calls.note(call("n2-1", node="n2", offered_at=NOW - timedelta(seconds=9), kind="satisfaction"))
    await books.calls.note(ended("n1-2", Outcome.SELF_SERVED))
    assert [each.call_ref for each in await books.calls.open_calls("n1")] == ["n1-1"]
    assert [each.call_ref for each in await books.calls.live()] == ["n2-1", "n1-1"]


async def test_calls_of_a_phone_are_found_from_a_moment_on(books: Books) -> None:
    for hours in (1, 3, 5):
        offered = NOW - timedelta(hours=hours)
        await books.calls.note(call(f"n1-{hours}", phone="+915000012345", offered_at=offered))
    found = await books.calls.of_phone("+915000012345", NOW - timedelta(hours=4))
    assert [each.call_ref for each in found] == ["n1-3", "n1-1"]


async def test_the_ledger_of_a_day_adds_up(books: Books) -> None:
    day = (NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    notes = [
        ended("talked", Outcome.TALKED),
        ended("talked too", Outcome.TALKED),
        ended("served", Outcome.SELF_SERVED),
        ended("left", Outcome.CALLER_LEFT),
        ended("left, rung back", Outcome.CALLER_LEFT, callback_cause="lost:1"),
        ended("left, withheld", Outcome.CALLER_LEFT, no_callback="withheld"),
        ended("full", Outcome.REJECTED_CAPACITY),
        ended("short", Outcome.SHORT_ABANDON),
        call("going"),
        call("long ago", offered_at=NOW - timedelta(days=1)),
        call("a probe", origin=Origin.PROBE),
        call("ours", kind="satisfaction"),
    ]
    for note in notes:
        await books.calls.note(note)
    total = await books.calls.ledger(*day, Origin.LINE, now=LATER)
    assert total.offered == 9
    assert total.outcomes == {
        Outcome.TALKED: 2,
        Outcome.SELF_SERVED: 1,
        Outcome.CALLER_LEFT: 3,
        Outcome.REJECTED_CAPACITY: 1,
        Outcome.SHORT_ABANDON: 1,
    }
    assert (total.going, total.lost, total.without_outcome) == (1, ("full", "left"), ())
    assert total.balanced
    probes = await books.calls.ledger(*day, Origin.PROBE, now=LATER)
    assert (probes.offered, probes.going, probes.balanced) == (1, 1, True)
    asked = await books.calls.ledger(*day, Origin.LINE, now=LATER, kinds=["satisfaction"])
    assert asked.offered == 1


async def test_a_call_without_an_outcome_breaks_the_ledger_after_a_minute(books: Books) -> None:
    await books.calls.note(ended("n1-1", None))
    day = (NOW, NOW + timedelta(hours=1))
    end = NOW + timedelta(seconds=40)
    early = await books.calls.ledger(*day, now=end + timedelta(seconds=59))
    assert (early.balanced, early.going, early.lost) == (True, 1, ())
    late = await books.calls.ledger(*day, now=end + timedelta(seconds=61))
    assert (late.balanced, late.without_outcome, late.lost) == (False, ("n1-1",), ("n1-1",))


async def test_a_day_is_a_local_day(books: Books) -> None:
    before_midnight = datetime(2026, 11, 22, 18, 29, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
    await books.calls.note(call("sunday", offered_at=before_midnight))
    await books.calls.note(call("monday", offered_at=after_midnight))
    total = await ledger_check(books, date(2026, 11, 23), "Asia/Kolkata", now=NOW)
    assert (total.offered, total.going) == (1, 1)
    assert day_bounds(date(2026, 11, 23), "Asia/Kolkata")[0] == after_midnight


async def test_the_service_level_counts_everybody_who_was_queued(books: Books) -> None:
    for nth in range(40):
        talked = NOW + timedelta(seconds=10)
        await books.calls.note(ended(f"answered {nth}", Outcome.TALKED, queued_at=NOW, talked_at=talked))
    for nth in range(60):
        gone = NOW + timedelta(seconds=60)
        await books.calls.note(ended(f"gone {nth}", Outcome.CALLER_LEFT, queued_at=NOW, ended_at=gone))
    await books.calls.note(ended("never queued", Outcome.SELF_SERVED))
    level = await service_level(books, NOW, LATER, 20, now=LATER)
    assert (level.offered, level.answered_in_time, level.abandoned, level.short_abandons) == (100, 40, 60, 0)
    assert level.share == 0.4


async def test_the_service_level_shows_apart_what_is_not_decided(books: Books) -> None:
    late = NOW + timedelta(seconds=21)
    await books.calls.note(ended("late", Outcome.TALKED, queued_at=NOW, talked_at=late))
    await books.calls.note(ended("short", Outcome.SHORT_ABANDON, queued_at=NOW))
    waiting = call("waiting", queued_at=NOW, offered_at=NOW)
    await books.calls.note(waiting)
    now = NOW + timedelta(seconds=15)
    level = await service_level(books, NOW, LATER, 20, now=now)
    assert (level.answered_late, level.abandoned, level.short_abandons, level.waiting) == (1, 1, 1, 1)
    assert level.share == 0
    level = await service_level(books, NOW, LATER, 20, now=now + timedelta(seconds=6))
    assert (level.waiting, level.waiting_late) == (0, 1)
    nobody = await service_level(books, LATER, LATER + timedelta(hours=1), 20, now=now)
    assert nobody.share is None
