"""Promises of sending: one message for one cause, tried again while the gateway is away, no number in a log."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import structlog.testing

from complaints.desk import Registration, register
from complaints.records import Message
from notifications.console_gateway import ConsoleGateway
from notifications.errors import Away, Refused
from notifications.file_gateway import FileGateway
from notifications.gateway import ProbeApart, make_gateway
from notifications.letter import Receipt
from notifications.sender import Sender
from notifications.templates import load_templates
from storage.books import Books
from storage.clock import Clock
from storage.errors import BooksAway
from storage.migrations import migrate
from sunwai import demo_people, reference

NUMBER = "+915000000123"
ORGANISATION = reference.organisation()
TEMPLATES = load_templates()
PATIENCE_S = 10.0


class Scripted:
    """A gateway that answers as told, and remembers what it was asked to send."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.sent = []
        self.delivered = []

    async def send(self, letter):
        self.sent.append(letter)
        answer = self.answers.pop(0) if self.answers else None
        if answer == "hang":
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return f"ref-{letter.key}"

    async def receipts(self):
        found, self.delivered = self.delivered, []
        return found


@pytest.fixture
async def books(tmp_path):
    url = f"sqlite:///{tmp_path / 'books.db'}"
    migrate(url)
    books = Books(url)
    await books.open()
    await books.set_line_kind("demo")
    await books.seeding.add_companies(ORGANISATION.companies)
    await books.seeding.add_units(ORGANISATION.units)
    await books.seeding.add_categories(reference.categories())
    await books.seeding.add_officers(demo_people.officers(ORGANISATION))
    yield books
    await books.close()


@pytest.fixture
def clock():
    return Clock()


def sender(books, gateway, clock, **more):
    return Sender(books, gateway, TEMPLATES, clock, **more)


def message(cause="m1", to=NUMBER, **more):
    values = {"template": "docket_closed", "language": "hi", "variables": {"docket": "12345674"}}
    return Message(cause=cause, to=to, **{**values, **more})


async def registered(books, clock, company="PV", language="hi", phone=NUMBER):
    place = next(unit for unit in ORGANISATION.of(company, "subdivision"))
    facts = Registration(
        cause=f"register:{company}",
        number=await books.dockets.next_number(),
        company=await books.consumers.company(company),
        category=await books.consumers.category("SUP-FUSE"),
        language=language,
        unit=place.id,
        phone=phone,
        officers=await books.consumers.officers_for(place.id),
    )
    return await books.dockets.apply(register(facts, clock.wall_now()))


def lines(folder):
    return [json.loads(line) for line in (folder / "outbox.jsonl").read_text(encoding="utf-8").splitlines()]


async def test_registering_sends_to_the_consumer_in_his_script_and_to_the_officer_by_his_code(books, clock, tmp_path):
    docket = await registered(books, clock)

    await sender(books, make_gateway("file", tmp_path), clock).round()

    sent = {line["template"]: line for line in lines(tmp_path)}
    assert sent["docket_registered"]["to"] == NUMBER
    assert "सिर्फ मेरे घर" in sent["docket_registered"]["text"]
    assert sent["officer_assigned"]["to"] == "+915000091001"
    posted = await books.outbox.for_docket(docket.number)
    assert {each.state for each in posted} == {"delivered"}
    assert {each.registration.header for each in posted} == {"PVIDYT-T", "PVIDYT-S"}
    assert all(each.gateway_ref.startswith("file-") for each in posted)


async def test_a_message_is_sent_once_however_often_one_looks(books, clock):
    gateway = Scripted()
    await books.outbox.add(message(), clock.wall_now())
    await books.outbox.add(message(), clock.wall_now())

    assert await sender(books, gateway, clock).round() == 1
    clock.jump(3600)
    assert await sender(books, gateway, clock).round() == 0

    assert [letter.key for letter in gateway.sent] == ["m1"]


async def test_a_gateway_that_is_away_is_tried_again_with_growing_pauses_and_then_no_more(books, clock):
    gateway = Scripted(*[Away("no answer")] * 3)
    line = sender(books, gateway, clock, attempts=3, retry_s=60.0)
    await books.outbox.add(message(), clock.wall_now())

    await line.round()
    clock.jump(59)
    assert await line.round() == 0
    clock.jump(2)
    assert await line.round() == 1
    clock.jump(61)
    assert await line.round() == 0
    clock.jump(60)
    assert await line.round() == 1

    assert await books.outbox.counts() == {"failed": 1}
    clock.jump(7200)
    assert await line.round() == 0
    assert len(gateway.sent) == 3


async def test_a_message_that_was_tried_again_arrives(books, clock):
    gateway = Scripted(Away("no answer"))
    line = sender(books, gateway, clock)
    await books.outbox.add(message(), clock.wall_now())

    await line.round()
    clock.jump(61)
    await line.round()

    assert await books.outbox.counts() == {"sent": 1}
    assert {letter.key for letter in gateway.sent} == {"m1"}


async def test_a_letter_the_gateway_refuses_is_not_tried_again(books, clock):
    gateway = Scripted(Refused("blocked"))
    await books.outbox.add(message(), clock.wall_now())

    await sender(books, gateway, clock).round()
    clock.jump(7200)
    await sender(books, gateway, clock).round()

    assert await books.outbox.counts() == {"failed": 1}
    assert len(gateway.sent) == 1


async def test_a_gateway_that_does_not_answer_holds_nobody_up_for_ever(books, clock, monkeypatch):
    monkeypatch.setattr("notifications.sender.SEND_LIMIT_S", 0.05)
    gateway = Scripted("hang")
    await books.outbox.add(message("m1"), clock.wall_now() - timedelta(seconds=1))
    await books.outbox.add(message("m2"), clock.wall_now())

    await sender(books, gateway, clock).round()

    assert await books.outbox.counts() == {"waiting": 1, "sent": 1}


async def test_a_fault_of_ours_in_one_message_lets_the_others_through(books, clock):
    gateway = Scripted(ValueError(NUMBER))
    await books.outbox.add(message("m1"), clock.wall_now() - timedelta(seconds=1))
    await books.outbox.add(message("m2"), clock.wall_now())

    with structlog.testing.capture_logs() as logs:
        await sender(books, gateway, clock).round()

    assert await books.outbox.counts() == {"waiting": 1, "sent": 1}
    assert "message_in_trouble" in {entry["event"] for entry in logs}
    assert "5000000123" not in str(logs)


@pytest.mark.parametrize(
    "wrong",
    [
        message(to=""),
        message(to="officer:X99"),
        message(template="greetings"),
        message(variables={}),
    ],
)
async def test_a_message_that_can_never_be_sent_fails_at_once_and_is_said_aloud(books, clock, wrong):
    gateway = Scripted()
    await books.outbox.add(wrong, clock.wall_now())

    with structlog.testing.capture_logs() as logs:
        await sender(books, gateway, clock).round()

    assert await books.outbox.counts() == {"failed": 1}
    assert gateway.sent == []
    assert [entry["log_level"] for entry in logs] == ["error"]


async def test_a_sender_that_died_before_noting_is_followed_by_one_that_sends_nothing_twice(books, clock, tmp_path):
    await books.outbox.add(message(), clock.wall_now())
    claimed = await books.outbox.claim(clock.wall_now(), 120.0, 1, "somebody who died")
    letter = TEMPLATES.letter(claimed[0].message, NUMBER)
    first = await FileGateway(tmp_path / "outbox.jsonl").send(letter)

    clock.jump(121)
    await sender(books, make_gateway("file", tmp_path), clock).round()

    assert [line["ref"] for line in lines(tmp_path)] == [first]
    assert await books.outbox.counts() == {"delivered": 1}


async def test_what_the_network_says_later_is_noted(books, clock):
    gateway = Scripted()
    line = sender(books, gateway, clock)
    await books.outbox.add(message("m1"), clock.wall_now())
    await books.outbox.add(message("m2"), clock.wall_now())
    await line.round()

    gateway.delivered = [Receipt("ref-m1"), Receipt("ref-m2", "switched off"), Receipt("ref-of-nobody")]
    await line.round()

    assert await books.outbox.counts() == {"delivered": 1, "undelivered": 1}


async def test_a_receipt_is_kept_while_the_books_are_away(books, clock, monkeypatch):
    gateway = Scripted()
    line = sender(books, gateway, clock)
    await books.outbox.add(message(), clock.wall_now())
    await line.round()
    gateway.delivered = [Receipt("ref-m1")]

    async def away(*_args, **_more):
        raise BooksAway("away")

    with monkeypatch.context() as broken:
        broken.setattr(books.outbox, "delivered", away)
        with pytest.raises(BooksAway):
            await line.round()
    await line.round()

    assert await books.outbox.counts() == {"delivered": 1}


async def test_the_loop_waits_for_books_that_are_away_and_goes_on(books, clock, monkeypatch):
    monkeypatch.setattr("notifications.sender.AWAY_S", 0.01)
    monkeypatch.setattr("notifications.sender.IDLE_S", 0.01)
    gateway, claim, failures = Scripted(), books.outbox.claim, [BooksAway("away"), BooksAway("away")]

    async def sometimes(*args):
        if failures:
            raise failures.pop()
        return await claim(*args)

    monkeypatch.setattr(books.outbox, "claim", sometimes)
    await books.outbox.add(message(), clock.wall_now())
    running = asyncio.ensure_future(sender(books, gateway, clock).run())
    async with asyncio.timeout(PATIENCE_S):
        while await books.outbox.counts() != {"sent": 1}:  # noqa: ASYNC110 - the books tell nobody of a change
            await asyncio.sleep(0.01)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running

    assert len(gateway.sent) == 1


async def test_messages_of_the_self_proof_go_to_the_file_only(books, clock, tmp_path):
    shown = StringIO()
    gateway = ProbeApart(ConsoleGateway(shown), FileGateway(tmp_path / "outbox.jsonl"))
    await registered(books, clock, company="PROBE", language="marker", phone="+915000000001")
    await books.outbox.add(message("to an officer of the probe", to="officer:P-L1"), clock.wall_now())
    await books.outbox.add(message("to a consumer"), clock.wall_now())

    await sender(books, gateway, clock).round()

    assert {line["to"] for line in lines(tmp_path)} == {"+915000000001", "+915000099001"}
    assert {line["language"] for line in lines(tmp_path) if line["template"] == "docket_registered"} == {"en"}
    assert shown.getvalue().count("\n") == 1
    assert NUMBER in shown.getvalue()


def test_the_file_is_the_gateway_unless_the_console_is_asked_for(tmp_path):
    assert isinstance(make_gateway("file", tmp_path), FileGateway)
    assert isinstance(make_gateway("console", tmp_path), ProbeApart)


async def test_the_file_of_messages_is_its_owners_only_and_survives_a_line_cut_short(tmp_path):
    path = tmp_path / "messages" / "outbox.jsonl"
    letter = TEMPLATES.letter(message("m1"), NUMBER)
    await FileGateway(path).send(letter)
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open("ab") as file:
        file.write(b'{"ref": "fi')

    gateway = FileGateway(path)
    await gateway.send(letter)
    await gateway.send(TEMPLATES.letter(message("m2"), NUMBER))

    whole = [line for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    assert [json.loads(line)["key"] for line in whole] == ["m1", "m2"]


async def test_two_processes_with_one_file_write_a_letter_once(tmp_path):
    path = tmp_path / "outbox.jsonl"
    one, two = FileGateway(path), FileGateway(path)
    letter = TEMPLATES.letter(message(), NUMBER)

    references = await asyncio.gather(one.send(letter), two.send(letter), one.send(letter))

    assert len(set(references)) == 1
    assert len(path.read_text(encoding="utf-8").splitlines()) == 1


async def test_a_file_that_cannot_be_written_is_away(tmp_path):
    (tmp_path / "outbox.jsonl").mkdir()

    with pytest.raises(Away):
        await FileGateway(tmp_path / "outbox.jsonl").send(TEMPLATES.letter(message(), NUMBER))


async def test_the_console_shows_a_letter_once():
    shown = StringIO()
    gateway = ConsoleGateway(shown)
    letter = TEMPLATES.letter(message(), NUMBER)

    assert await gateway.send(letter) == await gateway.send(letter)

    assert shown.getvalue().count(letter.text) == 1


async def test_a_cancelled_sender_still_notes_what_has_left(books, clock, monkeypatch):
    gateway, noted = Scripted(), books.outbox.sent
    noting, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(*args, **more):
        noting.set()
        await go_on.wait()
        return await noted(*args, **more)

    monkeypatch.setattr(books.outbox, "sent", slowly)
    await books.outbox.add(message(), datetime.now(UTC))
    running = asyncio.ensure_future(sender(books, gateway, clock).run())
    async with asyncio.timeout(PATIENCE_S):
        await noting.wait()
        running.cancel()
        await asyncio.sleep(0)
        go_on.set()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    assert await books.outbox.counts() == {"sent": 1}
