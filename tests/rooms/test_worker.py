"""Promises of the worker: the ladder goes on by itself, callers only Asterisk saw are rung, a dead loop is loud."""

import asyncio
import contextlib
import csv
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import structlog.testing
from prometheus_client import REGISTRY

from complaints import desk
from complaints.desk import Registration, register
from complaints.ledger import HANGUP_CAUSE, Call, EndedBy, Outcome
from complaints.owed import owed
from complaints.records import Company, DueWork, Origin, State
from storage.books import Books
from storage.clock import Clock
from storage.errors import BooksAway, Refused, StaleDocket
from storage.migrations import migrate
from sunwai import demo_people, reference, worker
from sunwai.worker import Loop, Worker, WorkerPlan, keep

ORGANISATION = reference.organisation()
PLACE = "SD-01"
NUMBER = "+915000000123"
PATIENCE_S = 10.0
NOON = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
NIGHT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)


@pytest.fixture
async def books(tmp_path):
    url = f"sqlite:///{tmp_path / 'books.db'}"
    migrate(url)
    books = Books(url)
    await books.open()
    await books.seeding.add_companies(ORGANISATION.companies)
    await books.seeding.add_units(ORGANISATION.units)
    await books.seeding.add_categories(reference.categories())
    await books.seeding.add_officers(demo_people.officers(ORGANISATION))
    yield books
    await books.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def plan(tmp_path):
    return WorkerPlan("n1", "PV", "IN", tmp_path / "cel.csv", tmp_path / "recordings", tmp_path / "spool")


async def registered(books, clock, cause="one"):
    """A fuse-off call in town: promised in four hours, level 2 then, level 3 after six."""
    facts = Registration(
        cause=cause,
        number=await books.dockets.next_number(),
        company=await books.consumers.company("PV"),
        category=await books.consumers.category("SUP-FUSE"),
        language="hi",
        unit=PLACE,
        phone=NUMBER,
        officers=await books.consumers.officers_for(PLACE),
    )
    return await books.dockets.apply(register(facts, clock.wall_now()))


async def told(books, docket):
    """Officers told of this docket, in the order of the ladder."""
    messages = [each.message for each in await books.outbox.for_docket(docket.number)]
    assigned = [each for each in messages if each.template == "officer_assigned"]
    return [each.to for each in sorted(assigned, key=lambda each: each.variables["level"])]


async def test_a_docket_goes_up_when_its_time_is_over_and_the_officer_is_told(books, clock, plan):
    docket = await registered(books, clock)
    line = Worker(books, clock, plan)

    clock.jump(4 * 3600 - 5)
    assert await line.escalate() == 0
    clock.jump(10)
    assert await line.escalate() == 1

    found = await books.dockets.get(docket.number)
    assert (found.level, found.owner, found.state) == (2, "D01", State.ASSIGNED)
    assert await told(books, docket) == ["officer:J01", "officer:D01"]
    assert await line.escalate() == 0
    clock.jump(2 * 3600)
    assert await line.escalate() == 1
    assert (await books.dockets.get(docket.number)).owner == "X01"


async def test_a_line_that_was_off_for_days_catches_up_rung_by_rung(books, clock, plan):
    docket = await registered(books, clock)
    line = Worker(books, clock, plan)

    clock.jump(30 * 24 * 3600)
    rounds = [await line.escalate() for _ in range(7)]

    assert rounds == [1, 1, 1, 1, 1, 0, 0]
    assert (await books.dockets.get(docket.number)).level == 6
    assert await told(books, docket) == [f"officer:{code}" for code in ("J01", "D01", "X01", "E01", "C01", "M01")]
    assert [row.actor for row in await books.dockets.timeline(docket.number)] == ["consumer", *["line"] * 5]


async def test_a_docket_pressed_by_the_consumer_still_goes_on_up_the_ladder(books, clock, plan):
    docket = await registered(books, clock)
    officers = await books.consumers.officers_for(PLACE)
    await books.dockets.apply(desk.press(docket, "consumer", clock.wall_now(), officers, "pressed"))
    line = Worker(books, clock, plan)

    clock.jump(4 * 3600 + 5)
    await line.escalate()
    assert (await books.dockets.get(docket.number)).level == 2
    clock.jump(2 * 3600)
    await line.escalate()
    assert (await books.dockets.get(docket.number)).level == 3


async def test_a_docket_that_has_ended_goes_nowhere(books, clock, plan, monkeypatch):
    docket = await registered(books, clock)
    clock.jump(5 * 3600)

    async def ended(_):
        return replace(docket, state=State.WITHDRAWN_BY_CONSUMER)

    monkeypatch.setattr(books.dockets, "get", ended)
    assert await Worker(books, clock, plan).escalate() == 1
    assert await books.due.pending([worker.ESCALATE]) == []


async def test_a_docket_that_changed_meanwhile_is_read_again(books, clock, plan, monkeypatch):
    docket = await registered(books, clock)
    apply, refusals = books.dockets.apply, [StaleDocket("changed"), StaleDocket("changed")]

    async def at_the_third_time(decision):
        if refusals:
            raise refusals.pop()
        return await apply(decision)

    monkeypatch.setattr(books.dockets, "apply", at_the_third_time)
    clock.jump(5 * 3600)
    await Worker(books, clock, plan).escalate()

    assert (await books.dockets.get(docket.number)).level == 2


@pytest.mark.parametrize(("error", "pause_s"), [(StaleDocket("changed"), 5), (Refused("not lawful"), 300)])
async def test_an_escalation_that_cannot_be_written_is_kept_for_later(books, clock, plan, monkeypatch, error, pause_s):
    docket = await registered(books, clock)
    line = Worker(books, clock, plan)
    clock.jump(5 * 3600)

    async def never(_):
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(books.dockets, "apply", never)
        assert await line.escalate() == 1
        assert await line.escalate() == 0
    clock.jump(pause_s + 1)
    assert await line.escalate() == 1

    assert (await books.dockets.get(docket.number)).level == 2


async def test_two_workers_take_a_docket_up_once(books, clock, plan):
    docket = await registered(books, clock)
    clock.jump(5 * 3600)

    handled = await asyncio.gather(*(Worker(books, clock, plan).escalate() for _ in range(2)))

    assert sorted(handled) == [0, 1]
    assert (await books.dockets.get(docket.number)).level == 2


async def test_what_is_overdue_and_held_by_nobody_is_counted(books, clock, plan):
    await books.due.add(DueWork("late", "ring_promise", clock.wall_now() - timedelta(minutes=5), "PV"))
    await books.due.add(DueWork("soon", "ring_satisfaction", clock.wall_now(), "PV"))

    await Worker(books, clock, plan).count_late()

    assert REGISTRY.get_sample_value("sunwai_due_late", {"kind": "ring_promise"}) == 1
    assert REGISTRY.get_sample_value("sunwai_due_late", {"kind": "ring_satisfaction"}) == 0


# -- calls that only Asterisk saw -------------------------------------------------------------------------------------


def asterisk_writes(plan, unique, *events, number="5000000123", ago_s=60.0):
    """A call in the event log: CHAN_START, the given (event, user event, extra), HANGUP; all `ago_s` seconds ago."""
    at = f"{datetime.now(UTC).timestamp() - ago_s:.6f}"
    channel = f"PJSIP/trunk-{unique}"
    rows = [("CHAN_START", "", {}), *events, ("HANGUP", "", {"hangupcause": "16", "hangupsource": channel})]
    with plan.cel_file.open("a", encoding="utf-8", newline="") as file:
        for event, user_event, extra in rows:
            told = json.dumps(extra) if extra else ""
            line = (event, at, unique, unique, channel, "from-trunk", "1912", number, user_event, told, "")
            csv.writer(file).writerow(line)


async def test_who_was_promised_a_callback_by_the_fallback_is_rung(books, clock, plan):
    asterisk_writes(plan, "1.1", ("USER_DEFINED", "FALLBACK_CALLBACK", {}))

    assert await Worker(books, clock, plan).read_events() == 1

    (work,) = await books.due.pending(["ring_promise"])
    assert work.payload["phone"] == NUMBER
    assert work.payload["attempt"] == 1
    assert work.due_at <= clock.wall_now()
    call = await books.calls.get("n1-1.1")
    assert (call.outcome, call.callback_cause) == (Outcome.CALLBACK_PROMISED, work.cause)


async def test_a_withheld_number_has_a_stated_reason(books, clock, plan):
    asterisk_writes(plan, "1.2", ("USER_DEFINED", "FALLBACK_CALLBACK", {}), number="")

    await Worker(books, clock, plan).read_events()

    assert (await books.calls.get("n1-1.2")).no_callback == "number withheld"
    assert await books.due.pending(["ring_promise"]) == []


async def test_who_redials_full_lines_is_rung_once(books, clock, plan, monkeypatch):
    monkeypatch.setattr(clock, "wall_now", lambda: NOON)
    for n in range(3):
        asterisk_writes(plan, f"2.{n}", ("USER_DEFINED", "LINES_FULL", {}))

    assert await Worker(books, clock, plan).read_events() == 3

    assert len(await books.due.pending(["ring_promise"])) == 1
    causes = {(await books.calls.get(f"n1-2.{n}")).callback_cause for n in range(3)}
    assert len(causes) == 1
    assert NUMBER not in causes.pop()


def ended(outcome, **more):
    values = {"phone": NUMBER, "outcome": outcome, "ended_by": EndedBy.NETWORK, "ended_at": NOON}
    return Call("n1-9.9", "inbound", Origin.LINE, NOON, **{**values, **more})


@pytest.mark.parametrize("outcome", [Outcome.CUT, Outcome.CALLER_LEFT])
def test_a_lost_caller_is_rung_once_in_calling_hours(outcome):
    company = Company("PV", "Purvi Vidyut")

    call, at_noon = owed(ended(outcome), NOON, company)
    _, at_night = owed(ended(outcome), NIGHT, company)

    assert call.callback_cause == at_noon.cause
    assert at_noon.due_at == NOON
    assert at_noon.payload["attempt"] == 3
    assert at_noon.payload["purpose"] == "cut"
    assert at_night.due_at == datetime(2026, 11, 23, 3, 30, tzinfo=UTC)


def test_a_lost_caller_is_rung_at_most_once_a_day():
    company = Company("PV", "Purvi Vidyut")
    causes = [owed(ended(Outcome.CUT), NOON + timedelta(hours=hours), company)[1].cause for hours in (0, 2, 24)]

    assert causes[0] == causes[1] != causes[2]


def test_asterisks_hard_limit_promises_nothing_and_a_full_line_does():
    company = Company("PV", "Purvi Vidyut")
    silent = ended(Outcome.REJECTED_CAPACITY, flags={HANGUP_CAUSE: "42"})

    assert owed(silent, NIGHT, company)[1].payload["purpose"] == "cut"
    assert owed(ended(Outcome.REJECTED_CAPACITY), NIGHT, company)[1].due_at == NIGHT


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ended(Outcome.CUT, phone=None), "number withheld"),
        (ended(Outcome.DOCKET_REGISTERED), None),
        (ended(Outcome.SHORT_ABANDON), None),
        (ended(Outcome.MESSAGE_LEFT), None),
        (ended(Outcome.CUT, no_callback="served since"), "served since"),
    ],
)
def test_who_is_owed_nothing_is_not_rung(call, reason):
    settled, work = owed(call, NOON, Company("PV", "Purvi Vidyut"))

    assert work is None
    assert settled.no_callback == reason


@pytest.mark.parametrize("origin", [Origin.PROBE, Origin.PRACTICE, Origin.FIELD])
def test_only_consumers_are_rung(origin):
    call = replace(ended(Outcome.CUT), origin=origin)
    assert owed(call, NOON, Company("PV", "Purvi Vidyut")) == (
        replace(call, no_callback="not a consumer's call"),
        None,
    )


# -- the loops --------------------------------------------------------------------------------------------------------


async def until(what):
    async with asyncio.timeout(PATIENCE_S):
        while not await what():  # noqa: ASYNC110 - the books tell nobody of a change
            await asyncio.sleep(0.02)


async def test_the_worker_does_all_of_it_by_itself_and_ends_when_told(books, clock, plan):
    docket = await registered(books, clock)
    asterisk_writes(plan, "3.1", ("USER_DEFINED", "FALLBACK_CALLBACK", {}))
    clock.jump(5 * 3600)
    running = asyncio.ensure_future(Worker(books, clock, plan).run())

    async def done():
        found = await books.dockets.get(docket.number)
        return found.level == 2 and await books.due.pending(["ring_promise"])

    try:
        await until(done)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    assert len(asyncio.all_tasks()) == 1


async def test_a_dead_loop_ends_the_worker_loudly(books, clock, plan, monkeypatch):
    line = Worker(books, clock, plan)

    async def broken():
        raise ZeroDivisionError

    monkeypatch.setattr(line, "escalate", broken)
    with structlog.testing.capture_logs() as logs, pytest.raises(ExceptionGroup) as fallen:
        async with asyncio.timeout(PATIENCE_S):
            await line.run()

    assert fallen.group_contains(ZeroDivisionError)
    assert ("loop_dead", "escalations") in {(entry["event"], entry.get("loop")) for entry in logs}


async def test_a_loop_waits_for_books_that_are_away_and_for_no_step_that_hangs():
    rounds, enough = [], asyncio.Event()

    async def step():
        rounds.append(len(rounds))
        if len(rounds) == 1:
            raise BooksAway("away")
        if len(rounds) == 2:
            await asyncio.Event().wait()
        enough.set()
        return 1

    running = asyncio.ensure_future(keep(Loop("patient", step, 0.0, 0.05)))
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert REGISTRY.get_sample_value("sunwai_worker_rounds_total", {"loop": "patient", "result": "held up"}) == 2
