"""Recorded calls found, scores kept, draws made once: in both kinds of books."""

from __future__ import annotations

from datetime import timedelta

from books_town import NOW

from complaints.ledger import SEALED, Call, Outcome
from complaints.records import Origin
from complaints.scoring import Point
from storage.audits import CallsAsked, Score
from storage.books import Books
from storage.people import Login, Role

pytest_plugins = ("books_fixture",)

DAY = timedelta(days=1)
YES = dict.fromkeys(Point, True)
AUDITOR = Login("auditor", "$argon2id$one", frozenset({Role.AUDITOR}), company="PV")


async def note(books: Books, n: int, **facts: object) -> str:
    at = NOW + timedelta(seconds=n)
    usual = {
        "company": "PV",
        "answered_at": at,
        "agent": "A17",
        "outcome": Outcome.TALKED,
        "steps": ((0.5, "greeting"),),
    }
    call = Call(f"n1-1795400000.{n}", "inbound", Origin.LINE, at, **{**usual, **facts})  # type: ignore[arg-type]
    await books.calls.note(call)
    return call.call_ref


async def found(books: Books, **asked: object) -> list[int]:
    calls = await books.audits.search(CallsAsked(NOW, NOW + DAY, **asked))  # type: ignore[arg-type]
    return [int(call.call_ref.rpartition(".")[2]) for call in calls]


async def test_calls_are_found_latest_first_by_everything_that_is_asked_for(books: Books) -> None:
    await books.people.add(AUDITOR)
    first = await note(books, 1)
    await note(books, 2, agent="A18", docket="10000010")
    await note(books, 3, phone="+915000012345", outcome=Outcome.CALLER_LEFT)
    await note(books, 4, answered_at=None)
    await note(books, 5, flags={SEALED: "yes"})
    await note(books, 6, company="OTHER")
    assert await found(books) == [6, 3, 2, 1], "unanswered calls have no recording, sealed ones are not for everybody"
    assert await found(books, company="PV", sealed=True) == [5, 3, 2, 1]
    assert await found(books, docket="10000010") == await found(books, agent="A18") == [2]
    assert await found(books, phone="+915000012345") == await found(books, outcome=Outcome.CALLER_LEFT) == [3]
    assert await found(books, after=(NOW + timedelta(seconds=3), "n1-1795400000.3")) == [2, 1]
    assert await books.audits.score(Score(first, "auditor", "A17", "PV", NOW, YES, 100.0, ""), "auditor:auditor")
    assert await found(books, scored="yes") == [1]
    assert await found(books, scored="no", company="PV") == [3, 2]
    assert await found(books, score_below=100.0) == []
    assert await books.audits.contest(first, "auditor", "A17", "why", NOW)
    assert await found(books, scored="contested") == [1]


async def test_the_way_through_the_flow_comes_together_from_both_controllers(books: Books) -> None:
    ref = await note(books, 1, steps=((0.5, "greeting"), (4.0, "main")))
    await note(books, 1, steps=((9.0, "holding"),))
    call = await books.calls.get(ref)
    assert call is not None
    assert call.steps == ((0.5, "greeting"), (4.0, "main"), (9.0, "holding"))


async def test_a_score_is_kept_once_with_its_audit_row(books: Books) -> None:
    await books.people.add(AUDITOR)
    ref = await note(books, 1)
    score = Score(ref, "auditor", "A17", "PV", NOW, {**YES, Point.HOLD: None}, 100.0, "good")
    assert await books.audits.score(score, "auditor:auditor")
    assert not await books.audits.score(score, "auditor:auditor")
    assert await books.audits.scores([ref]) == await books.audits.scores_of_agent("A17") == [score]
    assert [row.deed for row in await books.people.audit_rows(f"recording:{ref}")] == ["score"]
    assert await books.audits.scored_between(NOW, NOW + DAY, "PV") == [score]
    assert await books.audits.scored_between(NOW, NOW + DAY, "OTHER") == []


async def test_only_a_contested_score_is_answered_and_once(books: Books) -> None:
    await books.people.add(AUDITOR)
    ref = await note(books, 1)
    await books.audits.score(Score(ref, "auditor", "A17", "PV", NOW, YES, 100.0, ""), "auditor:auditor")
    assert not await books.audits.answer(ref, "auditor", "so", "supervisor:boss", NOW)
    assert not await books.audits.contest(ref, "auditor", "A18", "not mine", NOW)
    assert await books.audits.contest(ref, "auditor", "A17", "not so", NOW)
    assert [score.contested for score in await books.audits.contested("PV")] == ["not so"]
    assert await books.audits.answer(ref, "auditor", "so", "supervisor:boss", NOW)
    assert not await books.audits.answer(ref, "auditor", "so", "supervisor:boss", NOW)
    assert await books.audits.contested(None) == []
