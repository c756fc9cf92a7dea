"""Calls that the controller never saw are in the ledger all the same (I1, design 3.2)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from books_town import NOW

from complaints.ledger import Call, EndedBy, Outcome, is_lost
from complaints.records import DueWork, Origin
from storage.books import Books
from storage.cel import CelReader

pytest_plugins = ("books_fixture",)

BEGIN_S = int(NOW.timestamp())
LATER = NOW + timedelta(minutes=5)


def number_of(said: str) -> str | None:
    return f"+91{said}" if said.isdigit() else None


def follow_up(call: Call, at: datetime) -> tuple[Call, DueWork | None]:
    """As the desk may decide: whoever was lost is rung back once."""
    if not is_lost(call):
        return call, None
    if call.phone is None:
        return replace(call, no_callback="withheld"), None
    work = DueWork(f"lost:{call.call_ref}", "ring_lost", at, "PV")
    return replace(call, callback_cause=work.cause), work


class Log:
    """Writes the event log as Asterisk does."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as log:
            log.write(text)

    def event(self, event: str, nth: int, after_s: float = 0, **fields: str) -> None:
        """One row of call `nth`, which began `nth` seconds after NOW."""
        unique = f"{BEGIN_S + nth}.{nth}"
        moment = f"{BEGIN_S + nth + int(after_s)}.{int(after_s % 1 * 1_000_000):06d}"
        channel = f"PJSIP/trunk-{nth:08d}"
        context, exten = fields.get("context", "from-trunk"), fields.get("exten", "1912")
        number, user, extra = fields.get("number", "5000012345"), fields.get("user", ""), fields.get("extra", "")
        row = (event, moment, unique, unique, channel, context, exten, number, user, extra.replace('"', '""'), "")
        self.write(",".join(f'"{column}"' for column in row) + "\n")

    def hangup(self, nth: int, after_s: float, cause: int = 16, *, by_caller: bool = True, **fields: str) -> None:
        source = f"PJSIP/trunk-{nth:08d}" if by_caller else "dialplan/builtin"
        self.event("HANGUP", nth, after_s, extra=f'{{"hangupcause":{cause},"hangupsource":"{source}"}}', **fields)

    def rotate(self, suffix: str) -> None:
        self.path.rename(self.path.with_name(self.path.name + suffix))


def ref(nth: int) -> str:
    return f"n1-{BEGIN_S + nth}.{nth}"


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "sunwai.csv")


@pytest.fixture
def reader_of(books: Books, log: Log) -> Callable[[], CelReader]:
    """A new reader each time, as after a restart of the worker."""
    return lambda: CelReader(log.path, books, "n1", number_of=number_of, follow_up=follow_up)


@pytest.fixture
def reader(reader_of: Callable[[], CelReader]) -> CelReader:
    return reader_of()


async def outcome(books: Books, nth: int) -> Outcome | None:
    call = await books.calls.get(ref(nth))
    assert call is not None
    return call.outcome


async def test_a_log_that_is_not_there_yet_is_no_error(reader: CelReader) -> None:
    assert await reader.poll(NOW) == 0


async def test_a_call_that_nobody_took_is_in_the_ledger_and_is_rung_back(
    books: Books, log: Log, reader: CelReader
) -> None:
    log.event("CHAN_START", 1)
    log.event("ANSWER", 1, 0.5, context="fallback", exten="s")
    await reader.poll(NOW)
    [going] = await books.calls.open_calls("n1")
    assert (going.call_ref, going.phone, going.offered_at) == (ref(1), "+915000012345", NOW + timedelta(seconds=1))
    log.hangup(1, 12, context="fallback", exten="s")
    assert await reader.poll(LATER) == 1
    settled = await books.calls.get(ref(1))
    assert settled is not None
    assert (settled.outcome, settled.ended_by, settled.stage) == (Outcome.CALLER_LEFT, EndedBy.CALLER, "ended")
    [work] = await books.due.pending(["ring_lost"])
    assert settled.callback_cause == work.cause
    assert await reader.poll(LATER) == 0
    total = await books.calls.ledger(NOW, LATER, now=LATER + timedelta(hours=1))
    assert (total.balanced, total.offered, total.lost) == (True, 1, ())


async def test_calls_whose_end_no_controller_heard_are_known_before_and_after_they_are_settled(
    books: Books, log: Log, reader: CelReader
) -> None:
    heard = Call(ref(2), "inbound", Origin.LINE, NOW, "n1", ended_at=NOW, outcome=Outcome.TALKED, stage="goodbye")
    await books.calls.note(heard)
    for nth in (1, 2):
        log.event("CHAN_START", nth)
        log.hangup(nth, 12)
    for now, outcome_found in ((NOW, None), (LATER, Outcome.SHORT_ABANDON)):
        await reader.poll(now)
        [found] = await books.calls.ended_unheard("n1", NOW)
        assert (found.call_ref, found.outcome) == (ref(1), outcome_found)
    assert await books.calls.ended_unheard("n2", NOW) == []
    assert await books.calls.ended_unheard("n1", LATER) == []


async def test_the_controller_has_five_seconds_to_say_the_outcome(books: Books, log: Log, reader: CelReader) -> None:
    log.event("CHAN_START", 0)
    log.hangup(0, 10)
    end = NOW + timedelta(seconds=10)
    assert await reader.poll(end + timedelta(seconds=4.9)) == 0
    known = Call(ref(0), "inbound", Origin.PROBE, NOW, "n1", outcome=Outcome.TALKED, ended_by=EndedBy.AGENT)
    await books.calls.note(replace(known, ended_at=end))
    assert await reader.poll(end + timedelta(seconds=5.1)) == 0
    row = await books.calls.get(ref(0))
    assert row is not None
    assert (row.outcome, row.ended_by, row.origin) == (Outcome.TALKED, EndedBy.AGENT, Origin.PROBE)


async def test_what_the_controller_noted_before_it_died_decides_the_outcome(
    books: Books, log: Log, reader: CelReader
) -> None:
    log.event("CHAN_START", 1)
    noted = Call(ref(1), "inbound", Origin.LINE, NOW, "n1", company="PV", docket="10000010")
    await books.calls.note(replace(noted, flags={"docket_registered": "1"}))
    log.hangup(1, 60, by_caller=False)
    await reader.poll(LATER)
    assert await outcome(books, 1) is Outcome.DOCKET_REGISTERED


@pytest.mark.parametrize(
    ("events", "cause", "expected"),
    [
        (["LINES_FULL"], 16, Outcome.REJECTED_CAPACITY),
        ([], 42, Outcome.REJECTED_CAPACITY),
        (["FALLBACK_CALLBACK"], 16, Outcome.CALLBACK_PROMISED),
        (["FALLBACK_CALLBACK", "FALLBACK_MESSAGE"], 16, Outcome.CALLBACK_PROMISED),
        (["FALLBACK_MESSAGE"], 16, Outcome.MESSAGE_LEFT),
        ([], 102, Outcome.CUT),
    ],
)
async def test_the_dialplans_own_deeds_become_outcomes(
    books: Books, log: Log, reader: CelReader, events: list[str], cause: int, expected: Outcome
) -> None:
    log.event("CHAN_START", 1)
    log.event("ANSWER", 1, 0.1)
    for name in events:
        log.event("USER_DEFINED", 1, 5, context="fallback-keys", user=name, extra='{"extra":"2026/11/23/m.wav"}')
    log.hangup(1, 30, cause)
    await reader.poll(LATER)
    assert await outcome(books, 1) is expected
    messages = [message.recording for message in await books.inbox.open()]
    assert messages == (["2026/11/23/m.wav"] if "FALLBACK_MESSAGE" in events else [])


async def test_a_withheld_number_is_no_hindrance(books: Books, log: Log, reader: CelReader) -> None:
    log.event("CHAN_START", 1, number="anonymous")
    log.event("ANSWER", 1, 0.1, number="anonymous")
    log.hangup(1, 30, number="anonymous")
    await reader.poll(LATER)
    call = await books.calls.get(ref(1))
    assert call is not None
    assert (call.phone, call.outcome, call.no_callback) == (None, Outcome.CALLER_LEFT, "withheld")


async def test_channels_that_are_no_calls_to_us_make_no_rows(books: Books, log: Log, reader: CelReader) -> None:
    log.event("CHAN_START", 1, context="agents", exten="s")
    log.event("CHAN_START", 2, exten="s")
    log.event("ANSWER", 1, 2, context="agents", exten="s")
    log.hangup(1, 9, context="agents", exten="s")
    log.hangup(2, 9, context="satisfaction", exten="s")
    await reader.poll(LATER)
    assert await books.calls.live() == []
    assert (await books.calls.ledger(NOW, LATER, now=LATER)).offered == 0


async def test_reading_goes_on_after_a_restart_where_it_stopped(
    books: Books, log: Log, reader_of: Callable[[], CelReader]
) -> None:
    log.event("CHAN_START", 1)
    await reader_of().poll(NOW)
    log.event("CHAN_START", 2)
    log.write('"CHAN_START","half a li')
    await reader_of().poll(NOW)
    assert {call.call_ref for call in await books.calls.live()} == {ref(1), ref(2)}
    log.write('ne"\n')
    log.event("CHAN_START", 3)
    await reader_of().poll(NOW)
    assert {call.call_ref for call in await books.calls.live()} == {ref(1), ref(2), ref(3)}


async def test_no_line_is_lost_when_the_log_is_rotated(
    books: Books, log: Log, reader_of: Callable[[], CelReader]
) -> None:
    log.event("CHAN_START", 1)
    await reader_of().poll(NOW)
    log.event("CHAN_START", 2)
    log.rotate(".2")
    log.event("CHAN_START", 3)
    log.rotate(".1")
    log.event("CHAN_START", 4)
    await reader_of().poll(NOW)
    assert [call.call_ref for call in await books.calls.live()] == [ref(nth) for nth in (1, 2, 3, 4)]


async def test_a_log_cut_short_or_replaced_is_read_from_its_beginning(
    books: Books, log: Log, reader_of: Callable[[], CelReader]
) -> None:
    for nth in (1, 2, 3):
        log.event("CHAN_START", nth)
    await reader_of().poll(NOW)
    inode = log.path.stat().st_ino
    os.truncate(log.path, 0)
    log.event("CHAN_START", 4)
    assert log.path.stat().st_ino == inode
    await reader_of().poll(NOW)
    log.path.unlink()
    log.event("CHAN_START", 5)
    await reader_of().poll(NOW)
    assert [call.call_ref for call in await books.calls.live()] == [ref(nth) for nth in (1, 2, 3, 4, 5)]


async def test_a_broken_line_does_not_stop_the_reader(books: Books, log: Log, reader: CelReader) -> None:
    log.event("CHAN_START", 1)
    log.write('\x00\x01 rubbish, "of all kinds\n')
    log.event("CHAN_START", 2)
    await reader.poll(NOW)
    assert len(await books.calls.live()) == 2


async def test_a_log_longer_than_one_piece_is_read_whole(
    books: Books, log: Log, reader: CelReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.cel_file.PIECE", 400)
    for nth in range(20):
        log.event("CHAN_START", nth)
    await reader.poll(NOW)
    assert len(await books.calls.live()) == 20
