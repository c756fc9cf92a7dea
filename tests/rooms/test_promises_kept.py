"""What became of promised callbacks: kept, kept in time, not reached, open; and the list a supervisor works through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from complaints.records import DueWork
from storage.books import Books
from storage.reports import promises_kept

pytest_plugins = ("books_fixture", "redis_fixture", "test_console_house")

NOON = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)
DAY = (NOON - timedelta(hours=6), NOON + timedelta(hours=18))


def promise(cause: str, minutes: float = 0, **payload: str | int) -> DueWork:
    said = {"phone": "+915000012345", "call_ref": "n1-1.0", "attempt": 1, "language": "hi"} | payload
    return DueWork(cause, "ring_promise", NOON + timedelta(minutes=minutes), "PV", said)


async def ended(books: Books, work: DueWork, result: str, minutes: float) -> None:
    at = NOON + timedelta(minutes=minutes)
    await books.due.add(work)
    await books.due.claim(["ring_promise"], at, 60.0, 10, "ivr:n1")
    assert await books.due.done(work.cause, "ivr:n1", result, at)


async def test_every_promise_is_counted_once_with_all_its_tries(books: Books) -> None:
    await ended(books, promise("promise:a"), "reached", 10)
    await ended(books, promise("promise:b"), "unanswered:19", 1)
    await ended(books, promise("promise:b#2", 6, attempt=2), "reached", 45)
    for number, name in enumerate(("promise:c", "promise:c#2", "promise:c#3")):
        await ended(books, promise(name, 20 * number), "unanswered:17", 20 * number + 1)
    await ended(books, promise("lost:d", purpose="cut"), "served since", 2)
    await books.due.add(promise("promise:e", 60))
    await books.due.add(promise("promise:f", 60))
    await books.due.withdraw("promise:f")
    await books.due.add(promise("promise:next day", 24 * 60))

    found = await promises_kept(books, *DAY)
    assert (found.made, found.kept, found.kept_in_time) == (6, 3, 2)
    assert (found.not_reached, found.open, found.withdrawn) == (1, 1, 1)
    assert found.share == 3 / 4
    assert [(one.cause, one.tries, one.ended is None) for one in found.to_see] == [
        ("promise:e", 1, True),
        ("promise:c", 3, False),
    ]


async def test_a_promise_belongs_to_the_day_it_was_made_on_with_the_tries_of_the_next(books: Books) -> None:
    for number, name in enumerate(("promise:a", "promise:a#2", "promise:a#3")):
        await ended(books, promise(name, 18 * 60 - 3 + 20 * number), "unanswered:17", 18 * 60 - 2 + 20 * number)
    today = await promises_kept(books, *DAY)
    tomorrow = await promises_kept(books, DAY[1], DAY[1] + timedelta(days=1))
    assert [(one.cause, one.tries) for one in today.to_see] == [("promise:a", 3)]
    assert (tomorrow.made, tomorrow.to_see) == (0, ())


async def test_the_supervisors_list_names_no_number(house) -> None:
    await house.books.due.add(DueWork("promise:a", "ring_promise", house.now, "PV", {"phone": "+915000012345"}))
    boss, agent = await house.enter("boss"), await house.enter("a17")
    status, said = await boss.get("/api/callbacks")
    assert (status, said["made"], said["open"], said["share"]) == (200, 1, 1, None)
    assert [each["cause"] for each in said["to_see"]] == ["promise:a"]
    assert "5000012345" not in str(said)
    assert (await agent.get("/api/callbacks"))[0] == 403
    assert (await (await house.enter("stranger")).get("/api/callbacks"))[1]["made"] == 0  # of another company
