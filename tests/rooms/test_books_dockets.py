"""Dockets change by lawful decisions only, in one transaction, once per cause (I2, I3, I5)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from books_town import NOW, attempt, docket, registration, step

from complaints import desk
from complaints.digits import DOCKET_DIGITS, is_valid
from complaints.lifecycle import OPEN_STATES
from complaints.records import Docket, DueWork, Message, Origin, State, TimelineRow, Verdict
from storage.books import Books
from storage.errors import NotInBooks, Refused, StaleDocket

pytest_plugins = ("books_fixture",)


async def claimed(books: Books, number: str = "10000010") -> Docket:
    """A docket whose field work is claimed and whose consumer is being asked."""
    now = await books.dockets.apply(registration(docket(number)))
    for state in (State.RESOLUTION_CLAIMED, State.VERIFYING):
        now = await books.dockets.apply(step(now, replace(now, state=state, claims=1)))
    return now


async def test_a_docket_comes_back_as_it_was_written(town: Books) -> None:
    new = docket(
        call_ref="n1-17.1", sealed=True, claimed_at=NOW, claimed_by="officer:J09", cause_code="fuse/MCB", repeats=2
    )
    written = await town.dockets.apply(registration(new))
    assert written == replace(new, version=1)
    assert await town.dockets.get(new.number) == written


async def test_a_decision_is_written_whole(town: Books) -> None:
    new = docket()
    message = Message("m1", "docket_registered", "hi", "+915000012345", {"docket": new.number}, new.number)
    work = DueWork("w1", "escalate", NOW + timedelta(hours=4), "PV", {"docket": new.number, "level": 2})
    await town.dockets.apply(registration(new, messages=(message,), due=(work,)))
    [row] = await town.dockets.timeline(new.number)
    assert (row.actor, row.before, row.after, row.at) == ("consumer", None, State.ASSIGNED, NOW)
    [posted] = await town.outbox.for_docket(new.number)
    assert (posted.message, posted.state, posted.written_at) == (message, "waiting", NOW)
    assert await town.due.pending(["escalate"]) == [work]


async def test_what_the_desk_decides_the_books_take(town: Books) -> None:
    """From registering to a "no" and at last the consumer's "yes", as the desk itself decides."""
    company, category = await town.consumers.company("PV"), await town.consumers.category("SUP-FUSE")
    consumer, officers = await town.consumers.by_number("1000000018"), await town.consumers.officers_for("SD-01")
    assert company
    assert category
    facts = desk.Registration(
        "call:n1-1.1", await town.dockets.next_number(), company, category, "hi", consumer=consumer, officers=officers
    )
    now = await town.dockets.apply(desk.register(facts, NOW))
    for nth, word in enumerate((Verdict.NOT_SATISFIED, Verdict.SATISFIED), 1):
        claim = desk.claim(now, "officer:J09", "fuse/MCB", "", NOW, category, company)
        now = await town.dockets.apply(claim)
        now = await town.dockets.apply(desk.begin_verifying(now, NOW))
        said = attempt(now.number, nth, 1, word)
        now = await town.dockets.apply(desk.verdict(now, said, NOW, company, officers))
    assert (now.state, now.level, now.reopened) == (State.CLOSED_SATISFIED, 2, 1)
    assert [row.attempt.verdict for row in await town.register.rows(now.number)] == [
        Verdict.NOT_SATISFIED,
        Verdict.SATISFIED,
    ]
    assert len(await town.dockets.timeline(now.number)) == 7


async def test_a_decision_that_fails_leaves_nothing_behind(town: Books) -> None:
    new = docket(category="UNHEARD-OF")
    work = DueWork("w1", "escalate", NOW, "PV")
    message = Message("m1", "docket_registered", "hi", "+915000012345", {}, new.number)
    with pytest.raises(NotInBooks):
        await town.dockets.apply(registration(new, messages=(message,), due=(work,)))
    assert await town.dockets.get(new.number) is None
    assert await town.due.pending(["escalate"]) == []
    assert await town.outbox.counts() == {}
    # The cause is free again: the decision can be made right.
    assert await town.dockets.apply(registration(docket())) == replace(docket(), version=1)


async def test_the_same_cause_writes_nothing_twice(town: Books) -> None:
    new = docket()
    work = DueWork("w1", "escalate", NOW, "PV")
    first = await town.dockets.apply(registration(new, due=(work,)))
    again = await town.dockets.apply(registration(replace(new, number="10000028"), cause=f"register:{new.number}"))
    assert again == first
    assert await town.dockets.get("10000028") is None
    assert len(await town.dockets.timeline(new.number)) == 1
    assert len(await town.due.pending(["escalate"])) == 1


async def test_the_same_cause_at_the_same_time_makes_one_docket(town: Books) -> None:
    decisions = [registration(docket(number), cause="call:n1-1.1") for number in ("10000010", "10000028", "10000036")]
    written = await asyncio.gather(*(town.dockets.apply(decision) for decision in decisions))
    assert len({each.number for each in written}) == 1
    assert len(await town.dockets.search()) == 1


async def test_a_decision_on_an_older_version_is_stale(town: Books) -> None:
    now = await town.dockets.apply(registration(docket()))
    after = await town.dockets.apply(step(now, replace(now, state=State.ACCEPTED)))
    assert after.version == 2
    with pytest.raises(StaleDocket):
        await town.dockets.apply(step(now, replace(now, state=State.ON_SITE), cause="late"))
    assert await town.dockets.get(now.number) == after
    with pytest.raises(StaleDocket):
        await town.dockets.apply(registration(docket(), cause="another call, the same number"))


async def test_two_decisions_on_one_version_make_one_change(town: Books) -> None:
    now = await town.dockets.apply(registration(docket()))
    moves = [step(now, replace(now, state=state), cause=state) for state in (State.ACCEPTED, State.ON_SITE)]
    results = await asyncio.gather(*(town.dockets.apply(move) for move in moves), return_exceptions=True)
    assert sorted(type(result) for result in results if isinstance(result, Exception)) == [StaleDocket]
    assert len(await town.dockets.timeline(now.number)) == 2


async def test_only_lawful_moves_are_written(town: Books) -> None:
    now = await town.dockets.apply(registration(docket()))
    for state in (State.NEW, State.VERIFYING, State.ENDED_UNVERIFIED, State.CLOSED_SATISFIED):
        with pytest.raises(Refused):
            await town.dockets.apply(step(now, replace(now, state=state), cause=f"by force: {state}"))
    with pytest.raises(Refused):
        await town.dockets.apply(registration(docket("10000028", state=State.CLOSED_SATISFIED)))
    assert await town.dockets.get(now.number) == now


async def test_the_timeline_must_tell_the_move(town: Books) -> None:
    now = await town.dockets.apply(registration(docket()))
    accepted = replace(now, state=State.ACCEPTED)
    silent = step(now, accepted, timeline=())
    of_another = TimelineRow("10000028", NOW, "line", "move", now.state, State.ACCEPTED)
    from_elsewhere = TimelineRow(now.number, NOW, "line", "move", State.NEW, State.ACCEPTED)
    for decision in (
        silent,
        step(now, accepted, timeline=(of_another,)),
        step(now, accepted, timeline=(from_elsewhere,)),
    ):
        with pytest.raises(Refused):
            await town.dockets.apply(decision)
    assert await town.dockets.get(now.number) == now


async def test_what_a_docket_was_registered_with_never_changes(town: Books) -> None:
    now = await town.dockets.apply(registration(docket()))
    for changed in (
        {"registered_at": NOW + timedelta(hours=1)},
        {"company": "PROBE"},
        {"origin": Origin.PROBE},
    ):
        with pytest.raises(Refused):
            await town.dockets.apply(step(now, replace(now, state=State.ACCEPTED, **changed)))


async def test_nothing_closes_without_the_consumers_word_after_the_last_claim(town: Books) -> None:
    now = await claimed(town)
    closed = replace(now, state=State.CLOSED_SATISFIED, closed_at=NOW)
    other = attempt("10000028", 1, 1, Verdict.SATISFIED)
    for words in (
        (),
        (attempt(now.number, 1, 1, Verdict.NO_ANSWER),),
        (attempt(now.number, 1, 1, Verdict.NOT_SATISFIED),),
        (attempt(now.number, 0, 1, Verdict.SATISFIED),),
        (other,),
    ):
        with pytest.raises(Refused):
            await town.dockets.apply(step(now, closed, attempts=words))
    assert await town.dockets.get(now.number) == now
    assert await town.register.rows(now.number) == []
    word = attempt(now.number, 1, 1, Verdict.SATISFIED)
    written = await town.dockets.apply(step(now, closed, attempts=(word,)))
    assert written.state is State.CLOSED_SATISFIED
    assert [row.attempt for row in await town.register.rows(now.number)] == [word]


async def test_a_close_hidden_inside_a_decision_is_refused_as_well(town: Books) -> None:
    now = await claimed(town)
    rows = (
        TimelineRow(now.number, NOW, "line", "close", State.VERIFYING, State.CLOSED_SATISFIED),
        TimelineRow(now.number, NOW, "line", "reopen", State.CLOSED_SATISFIED, State.REOPENED),
    )
    with pytest.raises(Refused):
        await town.dockets.apply(step(now, replace(now, state=State.REOPENED), timeline=rows))


async def test_withdrawn_work_is_withdrawn_with_the_decision(town: Books) -> None:
    work = DueWork("escalate:1", "escalate", NOW, "PV")
    now = await town.dockets.apply(registration(docket(), due=(work,)))
    await town.dockets.apply(step(now, replace(now, state=State.ACCEPTED), withdraw=(work.cause, "unheard of")))
    assert await town.due.pending(["escalate"]) == []


async def test_numbers_are_valid_and_never_given_twice(books: Books) -> None:
    numbers = await asyncio.gather(*(books.dockets.next_number() for _ in range(40)))
    assert len(set(numbers)) == 40
    assert all(is_valid(number, DOCKET_DIGITS) and number[0] != "0" for number in numbers)


async def test_open_dockets_are_found_by_connection_and_by_phone(town: Books) -> None:
    late = await town.dockets.apply(registration(docket("10000010", due_at=NOW + timedelta(hours=8))))
    soon = await town.dockets.apply(registration(docket("10000028", consumer_id=2)))
    withdrawn = await town.dockets.apply(registration(docket("10000036")))
    await town.dockets.apply(step(withdrawn, replace(withdrawn, state=State.WITHDRAWN_BY_CONSUMER)))
    assert await town.dockets.open_for_phone("+915000012345") == [soon, late]
    assert await town.dockets.open_for_consumer(1) == [late]
    assert await town.dockets.open_for_phone("+915000099999") == []


async def test_search_pages_by_promised_time(town: Books) -> None:
    due = [NOW + timedelta(hours=hours) for hours in (3, 1, 2, 2)]
    for serial, moment in enumerate(due):
        await town.dockets.apply(registration(docket(f"2000000{serial}", due_at=moment)))
    first = await town.dockets.search("PV", OPEN_STATES, limit=2)
    rest = await town.dockets.search("PV", OPEN_STATES, limit=9, after=(first[-1].due_at, first[-1].number))
    assert [each.number for each in first] == ["20000001", "20000002"]
    assert [each.number for each in rest] == ["20000003", "20000000"]


async def test_search_knows_units_owners_states_and_seals(town: Books) -> None:
    await town.dockets.apply(registration(docket("10000010")))
    await town.dockets.apply(registration(docket("10000028", unit="SD-02", owner="J01")))
    await town.dockets.apply(registration(docket("10000036", sealed=True, phone=None)))

    async def found(**wanted: object) -> list[str]:
        return [each.number for each in await town.dockets.search(**wanted)]

    assert await found(unit="DV-01") == ["10000010", "10000028"]
    assert await found(unit="SD-02") == ["10000028"]
    assert await found(owner="J09") == ["10000010"]
    assert await found(owner="J09", with_sealed=True) == ["10000010", "10000036"]
    assert await found(states=[State.ACCEPTED]) == []
    assert await found(company="PROBE") == []


async def test_a_refusal_is_kept_in_the_audit(books: Books) -> None:
    await books.dockets.note_refusal("10000010", "supervisor:S3", "close", NOW)
    [row] = await books.people.audit_rows("docket:10000010")
    assert (row.actor, row.deed, row.at) == ("supervisor:S3", "refused:close", NOW)
