"""A promise is a row: claimed with a lease, never lost, never kept twice (I5, design 3.19, 3.20)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from books_town import NOW, docket, registration

from complaints import letters
from complaints.records import DueWork, Message
from storage.books import Books
from storage.errors import Refused
from storage.outbox import Registration

pytest_plugins = ("books_fixture",)


def work(cause: str, minutes: float = 0, kind: str = "ring_promise") -> DueWork:
    return DueWork(cause, kind, NOW + timedelta(minutes=minutes), "PV", {"phone": "+915000012345", "attempt": 1})


def message(cause: str, **fields: object) -> Message:
    plain: dict[str, object] = {"template": "docket_registered", "language": "hi", "to": "+915000012345"}
    return Message(cause=cause, variables={"docket": "10000010"}, **(plain | fields))


async def test_due_work_is_claimed_earliest_first_and_only_of_ones_kinds(books: Books) -> None:
    for each in (work("b", -1), work("a", -2), work("later", 5), work("sla", -9, "escalate"), work("c", 0)):
        assert await books.due.add(each)
    claimed = await books.due.claim(["ring_promise"], NOW, 30, 2, "ivr:1")
    assert [each.work for each in claimed] == [work("a", -2), work("b", -1)]
    assert (claimed[0].owner, claimed[0].tries) == ("ivr:1", 1)
    assert claimed[0].leased_until == NOW + timedelta(seconds=30)
    assert [each.work.cause for each in await books.due.claim(["ring_promise"], NOW, 30, 9, "ivr:1")] == ["c"]


async def test_one_cause_is_one_promise(books: Books) -> None:
    assert await books.due.add(work("a"))
    assert not await books.due.add(work("a", 10))
    assert await books.due.get("a") == work("a")
    await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1")
    assert await books.due.done("a", "ivr:1", "talked", NOW)
    assert not await books.due.add(work("a"))
    assert await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1") == []


async def test_many_claim_at_once_and_each_piece_has_one_owner(books: Books) -> None:
    for serial in range(30):
        await books.due.add(work(f"w{serial:02d}", -serial))
    claims = [books.due.claim(["ring_promise"], NOW, 30, 4, f"ivr:{owner}") for owner in range(8)]
    causes = [each.work.cause for claimed in await asyncio.gather(*claims) for each in claimed]
    rest = await books.due.claim(["ring_promise"], NOW, 30, 30, "ivr:last")
    causes += [each.work.cause for each in rest]
    assert sorted(causes) == [f"w{serial:02d}" for serial in range(30)]


async def test_who_dies_with_a_lease_loses_it(books: Books) -> None:
    await books.due.add(work("a", -1))
    await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:dead")
    soon, later = NOW + timedelta(seconds=29), NOW + timedelta(seconds=31)
    assert await books.due.claim(["ring_promise"], soon, 30, 1, "ivr:2") == []
    assert await books.due.late(soon) == []
    assert await books.due.late(later) == [work("a", -1)]
    [again] = await books.due.claim(["ring_promise"], later, 30, 1, "ivr:2")
    assert again.tries == 2
    assert not await books.due.done("a", "ivr:dead", "talked", NOW)
    assert not await books.due.retry("a", "ivr:dead", NOW)
    assert await books.due.done("a", "ivr:2", "talked", NOW)
    assert await books.due.pending(["ring_promise"]) == []


async def test_a_retry_is_due_later_and_remembers_what_was_promised(books: Books) -> None:
    await books.due.add(work("a"))
    await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1")
    later = NOW + timedelta(minutes=5)
    assert await books.due.retry("a", "ivr:1", later)
    assert await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1") == []
    [again] = await books.due.claim(["ring_promise"], later, 30, 1, "ivr:2")
    assert (again.promised_at, again.work.due_at, again.tries) == (NOW, later, 2)


async def test_withdrawn_work_is_not_done_even_by_its_owner(books: Books) -> None:
    await books.due.add(work("a"))
    await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1")
    assert await books.due.withdraw("a")
    assert not await books.due.withdraw("a")
    assert not await books.due.done("a", "ivr:1", "talked", NOW)
    assert await books.due.claim(["ring_promise"], NOW + timedelta(hours=1), 30, 1, "ivr:1") == []


async def test_a_message_goes_once(books: Books) -> None:
    assert await books.outbox.add(message("m1"), NOW)
    assert not await books.outbox.add(message("m1"), NOW)
    [claimed] = await books.outbox.claim(NOW, 30, 10, "sender:1")
    assert (claimed.message, claimed.tries) == (message("m1"), 1)
    assert await books.outbox.claim(NOW, 30, 10, "sender:2") == []
    registered = Registration("E-1", "T-77", "PURVIV-S", "service")
    assert await books.outbox.sent("m1", "sender:1", "gw-1", NOW, registered)
    assert not await books.outbox.sent("m1", "sender:1", "gw-2", NOW)
    assert await books.outbox.claim(NOW + timedelta(hours=1), 30, 10, "sender:2") == []
    assert await books.outbox.counts() == {"sent": 1}


async def test_messages_wait_for_their_moment(books: Books) -> None:
    morning = NOW + timedelta(hours=14)
    await books.outbox.add(message("m1", not_before=morning), NOW)
    assert await books.outbox.claim(NOW, 30, 10, "sender:1") == []
    assert len(await books.outbox.claim(morning, 30, 10, "sender:1")) == 1


async def test_a_failed_message_is_tried_again_until_it_is_given_up(books: Books) -> None:
    await books.outbox.add(message("m1"), NOW)
    await books.outbox.claim(NOW, 30, 10, "sender:1")
    again = NOW + timedelta(minutes=1)
    assert await books.outbox.failed("m1", "sender:1", "gateway busy", again)
    assert await books.outbox.claim(NOW, 30, 10, "sender:1") == []
    [claimed] = await books.outbox.claim(again, 30, 10, "sender:2")
    assert claimed.tries == 2
    assert not await books.outbox.failed("m1", "sender:1", "late word", again)
    assert await books.outbox.failed("m1", "sender:2", "no such number", None)
    assert await books.outbox.counts() == {"failed": 1}
    assert await books.outbox.claim(again, 30, 10, "sender:2") == []


async def test_a_sender_that_dies_leaves_its_messages_to_others(books: Books) -> None:
    await books.outbox.add(message("m1"), NOW)
    await books.outbox.claim(NOW, 30, 10, "sender:dead")
    [claimed] = await books.outbox.claim(NOW + timedelta(seconds=31), 30, 10, "sender:2")
    assert claimed.owner == "sender:2"
    assert not await books.outbox.sent("m1", "sender:dead", "gw-1", NOW)


async def test_delivery_is_told_with_the_message(town: Books) -> None:
    new = docket()
    await town.dockets.apply(
        registration(new, messages=(message("m1", docket=new.number), message("m2", docket=new.number)))
    )
    await town.outbox.claim(NOW, 30, 10, "sender:1")
    registered = Registration("E-1", "T-77", "PURVIV-S", "service")
    await town.outbox.sent("m1", "sender:1", "gw-1", NOW, registered)
    await town.outbox.sent("m2", "sender:1", "gw-2", NOW)
    arrived = NOW + timedelta(seconds=4)
    assert await town.outbox.delivered("gw-1", arrived)
    assert await town.outbox.delivered("gw-2", arrived, reason="switched off")
    assert not await town.outbox.delivered("gw-3", arrived)
    [first, second] = await town.outbox.for_docket(new.number)
    assert (first.state, first.delivered_at, first.registration) == ("delivered", arrived, registered)
    assert (second.state, second.delivered_at, second.reason) == ("undelivered", None, "switched off")


async def test_a_recorded_message_ends_with_a_docket_or_a_reason(books: Books) -> None:
    for serial, company in enumerate(("PV", "PROBE", None)):
        at = NOW + timedelta(minutes=serial)
        name = f"n1-{serial}"
        assert await books.inbox.add(name, recording=f"{name}.wav", phone="+915000012345", company=company, at=at)
    assert not await books.inbox.add("n1-0", recording="other.wav", phone=None, company=None, at=NOW)
    assert [each.call_ref for each in await books.inbox.open("PV")] == ["n1-0", "n1-2"]
    for both in ({}, {"docket": "10000010", "reason": "silent"}):
        with pytest.raises(Refused):
            await books.inbox.settle("n1-0", "agent:A17", NOW, **both)
    assert await books.inbox.settle("n1-0", "agent:A17", NOW, docket="10000010")
    assert not await books.inbox.settle("n1-0", "agent:A18", NOW, reason="silent")
    assert await books.inbox.settle("n1-2", "agent:A17", NOW, reason="silent")
    assert [each.call_ref for each in await books.inbox.open()] == ["n1-1"]
    settled = await books.inbox.get("n1-0")
    assert settled is not None
    assert (settled.docket, settled.settled_by, settled.recording) == ("10000010", "agent:A17", "n1-0.wav")


async def test_a_message_to_a_known_docket_is_still_to_be_heard(books: Books) -> None:
    await books.inbox.add("n1-1", recording="m.wav", phone=None, company="PV", at=NOW, docket="10000010")
    [waiting] = await books.inbox.open()
    assert waiting.docket == "10000010"
    assert await books.inbox.settle("n1-1", "agent:A17", NOW, reason="heard, nothing new")
    settled = await books.inbox.get("n1-1")
    assert settled is not None
    assert (settled.docket, settled.reason) == ("10000010", "heard, nothing new")


async def test_what_follows_a_try_is_written_with_its_end_or_not_at_all(books: Books) -> None:
    await books.due.add(work("a"))
    await books.due.claim(["ring_promise"], NOW, 30, 1, "ivr:1")
    missed = letters.callback_missed(replace(work("a"), payload={"phone": "+915000000001", "language": "ur"}))
    assert not await books.due.done("a", "ivr:2", "unanswered", NOW, then=work("a#2", 5), message=missed)
    assert await books.due.get("a#2") is None
    assert await books.outbox.counts() == {}
    assert await books.due.done("a", "ivr:1", "unanswered", NOW, then=work("a#2", 5), message=missed)
    assert [one.cause for one in await books.due.pending(["ring_promise"])] == ["a#2"]
    (posted,) = await books.outbox.claim(NOW, 1.0, 10, "test")
    assert (posted.message.template, posted.message.to, posted.message.language) == (
        "callback_missed",
        "+915000000001",
        "ur",
    )
