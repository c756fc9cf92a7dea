"""What a dead node has left is settled by another, once, in the books and on the floor (design 3.22)."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from books_town import NOW, docket, registration, step
from floor_people import BOTH, at_desk, caller

from complaints.ledger import CUT_OFF, TALK, TALK_OVER, Call, EndedBy, Outcome
from complaints.records import DueWork, Origin, State, Verdict
from ivr import neighbours
from ivr.ari.errors import AriUnavailable
from ivr.callbacks import PROMISE
from ivr.neighbours import Neighbours, settle
from storage.floor_records import AgentState
from storage.ledger_notes import LedgerNotes

pytest_plugins = ("books_fixture", "floor_fixture")

PHONE, OTHER = "+915000012345", "+915000012346"
LAST_BEAT = NOW - timedelta(seconds=20)
EARLIER = NOW - timedelta(minutes=5)
SEEN_FROM = NOW.timestamp()


@pytest.fixture
async def house(town, floor):
    """As much of a living node's house as settling touches."""
    clock = SimpleNamespace(wall_now=lambda: NOW)
    plan = SimpleNamespace(company="PV", node="n1", peers=frozenset({"n2"}))
    notes = LedgerNotes(town.calls)
    return SimpleNamespace(books=town, floor=floor, notes=notes, clock=clock, plan=plan, ari=OurAsterisk())


class OurAsterisk:
    """As much of the living node's Asterisk: does the other answer it, and whose legs has it?"""

    def __init__(self) -> None:
        self.registered = True
        self.other = "offline"
        self.legs = ["PJSIP/from-node-n2-00000001", "PJSIP/from-node-n3-00000002", "PJSIP/agent-A17-00000003"]
        self.asked = asyncio.Event()

    async def get_endpoint(self, technology: str, name: str) -> SimpleNamespace:
        assert (technology, name) == ("PJSIP", "node-n2")
        self.asked.set()
        if self.other == "unknown":
            raise AriUnavailable("away")
        return SimpleNamespace(state=self.other)

    async def list_channels(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(id=name, name=name) for name in self.legs]

    async def hang_up(self, channel: str, *, call: str, reason: str) -> None:
        self.legs.remove(channel)


@asynccontextmanager
async def watched(house, monkeypatch):
    """A living node watches the others; its clock is quick."""
    monkeypatch.setattr(neighbours, "BEAT_S", 0.01)
    monkeypatch.setattr(neighbours, "GONE_S", 0.02)
    watching = Neighbours(house)
    task = asyncio.create_task(watching.run())
    try:
        yield watching
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(truth):
    async with asyncio.timeout(10):
        while not await truth():  # noqa: ASYNC110 - books and floor are looked at
            await asyncio.sleep(0.01)


async def settled(house) -> bool:
    return (await house.books.calls.get("n2-1.1")).outcome is not None


@pytest.mark.parametrize("sign", ["online", "unknown"])
async def test_a_node_without_a_lease_whose_asterisk_may_live_is_not_settled(house, monkeypatch, sign):
    await house.books.calls.note(a_call("n2-1.1"))
    house.ari.other = sign
    async with watched(house, monkeypatch) as watching:
        for _ in range(3):
            house.ari.asked.clear()
            await house.ari.asked.wait()
        assert not await settled(house)
        assert len(house.ari.legs) == 3
        assert watching.living == {"n1"}
        house.ari.other = "offline"
        await until(lambda: settled(house))
        assert house.ari.legs == ["PJSIP/from-node-n3-00000002", "PJSIP/agent-A17-00000003"]


async def test_a_node_with_a_lease_is_left_alone_and_its_callers_count(house, monkeypatch):
    await house.books.calls.note(a_call("n2-1.1"))
    await house.floor.nodes.beat("n2", 60)
    async with watched(house, monkeypatch) as watching:

        async def seen():
            return watching.living == {"n1", "n2"}

        await until(seen)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await house.ari.asked.wait()
    assert not await settled(house)


async def test_what_another_node_settles_is_not_settled_again(house, monkeypatch):
    await house.books.calls.note(a_call("n2-1.1"))
    assert await house.floor.nodes.claim("n2", "n3", 60)
    async with watched(house, monkeypatch):

        async def legs_ended():
            return len(house.ari.legs) == 2

        await until(legs_ended)  # these are ours alone to end
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await until(lambda: settled(house))


@pytest.mark.parametrize("registered", [True, False])
async def test_a_controller_says_that_it_lives_only_while_asterisk_gives_it_its_calls(house, monkeypatch, registered):
    house.ari.registered = registered
    async with watched(house, monkeypatch):
        await house.ari.asked.wait()
    assert ("n1" in await house.floor.nodes.living(["n1"])) is registered


def a_call(call_ref: str, phone: str = PHONE, **known: object) -> Call:
    node = call_ref.partition("-")[0]
    return Call(call_ref, "inbound", Origin.LINE, EARLIER, node, "PV", phone, **known)


async def promised(books):
    return {work.cause: work.payload["phone"] for work in await books.due.pending([PROMISE])}


async def test_calls_of_the_dead_node_are_cut_and_their_callers_owed_one_callback_those_of_others_go_on(house):
    calls = house.books.calls
    await calls.note_all([a_call("n2-1.1"), a_call("n1-1.2", OTHER), a_call("n3-1.3", OTHER)])
    await settle(house, "n2", LAST_BEAT)
    await settle(house, "n2", LAST_BEAT)  # anything may be done twice
    cut = await calls.get("n2-1.1")
    assert (cut.outcome, cut.ended_by, cut.ended_at) == (Outcome.CUT, EndedBy.NETWORK, LAST_BEAT)
    assert await promised(house.books) == {cut.callback_cause: PHONE}
    assert [call.ended_at for call in (await calls.get("n1-1.2"), await calls.get("n3-1.3"))] == [None, None]
    ledger = await calls.ledger(EARLIER - timedelta(hours=1), NOW, now=NOW)
    assert (ledger.offered, ledger.outcomes, ledger.going) == (3, {Outcome.CUT: 1}, 2)


async def test_a_call_that_had_ended_and_lacked_only_its_outcome_keeps_its_end(house):
    ended_at = LAST_BEAT - timedelta(seconds=4)
    await house.books.calls.note(a_call("n2-1.1", ended_at=ended_at))
    await settle(house, "n2", LAST_BEAT)
    settled = await house.books.calls.get("n2-1.1")
    assert (settled.outcome, settled.ended_at) == (Outcome.CUT, ended_at)


async def test_what_the_dead_node_was_about_to_ring_is_anybodys_at_once(house):
    due = house.books.due
    for owner in ("ivr:n2", "ivr:n3"):
        await due.add(DueWork(f"promise:{owner}", PROMISE, EARLIER, "PV", {"phone": PHONE}))
        assert await due.claim([PROMISE], EARLIER, 900.0, 1, owner)
    assert await due.claim([PROMISE], NOW, 900.0, 10, "ivr:n1") == []
    await settle(house, "n2", LAST_BEAT)
    claimed = await due.claim([PROMISE], NOW, 900.0, 10, "ivr:n1")
    assert [work.work.cause for work in claimed] == ["promise:ivr:n2"]


async def test_an_attempt_to_ask_a_consumer_that_was_cut_is_a_row_of_the_register(house):
    books = house.books
    now = await books.dockets.apply(registration(docket("10000010", phone=PHONE)))
    for state in (State.RESOLUTION_CLAIMED, State.VERIFYING):
        now = await books.dockets.apply(step(now, replace(now, state=state, claims=1)))
    await books.calls.note(replace(a_call("n2-1.o1"), kind="satisfaction", docket="10000010"))
    await settle(house, "n2", LAST_BEAT)
    await settle(house, "n2", LAST_BEAT)
    assert [row.attempt.verdict for row in await books.register.rows("10000010")] == [Verdict.CUT]


async def test_its_callers_wait_no_more_and_no_agent_is_held_by_them_or_out_of_reach(house):
    floor = house.floor
    await floor.enqueue(caller("n2-1.1"), "n2")
    await floor.enqueue(caller("n1-1.2"), "n1")
    for code, node, owner in (("A01", "n1", "n2"), ("A02", "n1", "n1"), ("A03", "n2", "n1")):
        await at_desk(floor, code, now=SEEN_FROM, skills=BOTH, lease_s=600)
        await floor.contact(code, ok=True, node=node)
        await floor.talks(code, f"{owner}-7.{code}", owner=owner, since=SEEN_FROM)
    await settle(house, "n2", LAST_BEAT)
    assert [one.call_ref for one in await floor.waiting_heads(SEEN_FROM)] == ["n1-1.2"]
    agents = {agent.code: (agent.state, agent.contact_ok) for agent in await floor.agents()}
    assert agents == {
        "A01": (AgentState.WRAP_UP, True),
        "A02": (AgentState.TALKING, True),
        "A03": (AgentState.TALKING, False),
    }


async def test_a_node_that_was_only_out_of_sight_has_the_last_word_on_its_calls(house):
    calls = house.books.calls
    await calls.note(a_call("n2-1.1"))
    await settle(house, "n2", LAST_BEAT)
    over = {Outcome.TALKED: NOW.isoformat(), TALK: TALK_OVER}
    await calls.note(a_call("n2-1.1", ended_at=NOW, ended_by=EndedBy.CALLER, outcome=Outcome.TALKED, flags=over))
    row = await calls.get("n2-1.1")
    assert (row.outcome, row.ended_by, row.flags[TALK], row.flags[CUT_OFF]) == (
        Outcome.TALKED,
        EndedBy.CALLER,
        TALK_OVER,
        "yes",
    )


async def test_one_call_that_cannot_be_settled_does_not_keep_the_others_from_it(house, monkeypatch):
    await house.books.calls.note_all([a_call("n2-1.1"), a_call("n2-1.2", OTHER)])
    owed = []

    async def settled(call, work):
        if call.call_ref == "n2-1.1":
            raise ValueError("a row nobody can read")
        owed.append(call.call_ref)

    monkeypatch.setattr(house.notes, "settle", settled)
    await settle(house, "n2", LAST_BEAT)
    assert owed == ["n2-1.2"]
