"""Promises of the janitor: recordings are packed without loss, found short when they are, and kept as long as asked."""

import os
import subprocess
import time
from array import array
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from complaints.desk import Registration, register
from complaints.ledger import Call
from complaints.lifecycle import Deed
from complaints.records import Decision, Origin, State, TimelineRow
from storage import recordings as module
from storage.books import Books
from storage.clock import Clock
from storage.errors import BooksAway
from storage.migrations import migrate
from storage.recordings import Janitor, RecordingError, Recordings, missing_from
from storage.spoken import QUIET_S, Spoken
from sunwai import reference

NOW = datetime.now(UTC)
RECENT = int(NOW.timestamp()) - 3600
REF = f"n1-{RECENT}.7"
OLD = int((NOW - timedelta(days=40)).timestamp())


@pytest.fixture
async def books(tmp_path):
    url = f"sqlite:///{tmp_path / 'books.db'}"
    migrate(url)
    books = Books(url)
    await books.open()
    yield books
    await books.close()


@pytest.fixture
def root(tmp_path):
    return tmp_path / "recordings"


@pytest.fixture
def kept(root):
    return Recordings(root)


def janitor(books, kept, days=30):
    return Janitor(books, Clock(), kept, days)


def record(kept, call_ref, seconds, *, quiet_s=60.0):
    """A raw file as Asterisk leaves it, with samples that are all different, last changed `quiet_s` ago."""
    path = kept.raw_path(call_ref)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(array("h", [n % 20011 - 10000 for n in range(int(seconds * 16000))]).tobytes())
    os.utime(path, (time.time() - quiet_s,) * 2)
    return path


def call(call_ref, *, talk_s=None, answered_s=None, ended=True, **more):
    ended_at = NOW - timedelta(minutes=50)
    values = {"kind": "inbound", "origin": Origin.LINE, "offered_at": ended_at - timedelta(minutes=5), "node": "n1"}
    return Call(
        call_ref,
        **{**values, **more},
        answered_at=ended_at - timedelta(seconds=answered_s) if answered_s is not None else None,
        talked_at=ended_at - timedelta(seconds=talk_s) if talk_s is not None else None,
        ended_at=ended_at if ended else None,
    )


def samples(path, kind):
    form = ("-r", "8000", "-e", "signed-integer", "-b", "16", "-L", "-c", "2")
    done = subprocess.run(
        ["sox", "-D", "-t", kind, *(form if kind == "raw" else ()), path, "-t", "raw", *form, "-"],
        check=True,
        capture_output=True,
        timeout=20,
    )
    return done.stdout


def test_a_recording_is_where_the_dialplan_puts_it(kept, root):
    assert kept.raw_path("n1-1763769600.12") == root / "2025/11/22/n1-1763769600.12.raw"


@pytest.mark.parametrize("wrong", ["../../etc/passwd", "n1-17637/69600.1", "n1-x.1", "", "n1-1763769600.1/../../x"])
def test_what_is_no_reference_of_a_call_names_no_file(kept, wrong):
    with pytest.raises(RecordingError):
        kept.path_of(wrong)


async def test_a_finished_recording_is_packed_without_loss_and_the_raw_one_goes(books, kept):
    ref = f"n1-{RECENT}.1"
    raw = record(kept, ref, 1.5)
    before = samples(raw, "raw")
    await books.calls.note(call(ref, talk_s=1))

    assert await janitor(books, kept).pack() == 1

    assert not raw.exists()
    assert kept.path_of(ref) == kept.packed_path(ref)
    assert samples(kept.packed_path(ref), "flac") == before
    assert await kept.seconds(ref) == 1.5


async def test_an_empty_recording_is_packed_as_well(books, kept):
    ref = f"n1-{RECENT}.2"
    record(kept, ref, 0)
    await books.calls.note(call(ref))

    assert await janitor(books, kept).pack() == 1
    assert await kept.seconds(ref) == 0.0


@pytest.mark.parametrize(("ended", "quiet_s"), [(False, 60.0), (True, 5.0), (None, 3600.0)])
async def test_a_call_that_may_still_go_on_is_left_alone(books, kept, ended, quiet_s):
    ref = f"n1-{RECENT}.3"
    raw = record(kept, ref, 1, quiet_s=quiet_s)
    if ended is not None:
        await books.calls.note(call(ref, ended=ended))

    assert await janitor(books, kept).pack() == 0
    assert raw.exists()


async def test_a_recording_nobody_knows_is_packed_in_the_end(books, kept):
    ref = f"n1-{RECENT}.4"
    record(kept, ref, 1, quiet_s=7 * 3600)

    assert await janitor(books, kept).pack() == 1


async def test_a_recording_that_lacks_part_of_the_talk_is_an_incident_noted_once(books, kept):
    short, whole = f"n1-{RECENT}.5", f"n1-{RECENT}.6"
    for ref in (short, whole):
        record(kept, ref, 10)
    await books.calls.note(call(short, talk_s=60))
    await books.calls.note(call(whole, talk_s=11))

    await janitor(books, kept).pack()
    record(kept, short, 10)
    await janitor(books, kept).pack()

    rows = await books.people.audit_rows(f"recording:{short}")
    assert [(row.actor, row.deed, dict(row.detail)) for row in rows] == [
        ("line", "incident:recording_short", {"recorded_s": 10, "talk_s": 60})
    ]
    assert await books.people.audit_rows(f"recording:{whole}") == []


@pytest.mark.parametrize(
    ("talk_s", "answered_s", "recorded_s", "missing"),
    [
        (100, 200, 95.1, None),
        (100, 200, 94.9, 100),
        (10, 200, 8.1, None),
        (10, 200, 7.9, 10),
        (None, 60, 0.0, 60),
        (None, 60, 3.0, None),
        (None, 3, 0.0, None),
        (None, None, 0.0, None),
    ],
)
def test_what_counts_as_short(talk_s, answered_s, recorded_s, missing):
    assert missing_from(call("n1-1.1", talk_s=talk_s, answered_s=answered_s), recorded_s) == missing


async def test_a_recording_that_cannot_be_packed_stays_and_does_not_hold_up_the_others(books, kept, monkeypatch):
    bad, good = f"n1-{RECENT}.7", f"n1-{RECENT}.8"
    for ref, quiet_s in ((bad, 90), (good, 60)):
        record(kept, ref, 1, quiet_s=quiet_s)
        await books.calls.note(call(ref))
    kept.packed_path(bad).with_suffix(".flac.part").mkdir()
    line = janitor(books, kept)

    assert await line.pack() == 1
    assert await line.pack() == 0
    assert kept.path_of(bad) == kept.raw_path(bad)

    kept.packed_path(bad).with_suffix(".flac.part").rmdir()
    assert await line.pack() == 0
    monkeypatch.setattr(module, "PACK_AGAIN_S", 0.0)
    assert await janitor(books, kept).pack() == 1


async def test_a_machine_without_sox_loses_nothing(books, kept, monkeypatch):
    ref = f"n1-{RECENT}.9"
    raw = record(kept, ref, 1)
    await books.calls.note(call(ref))
    monkeypatch.setenv("PATH", "/nowhere")

    assert await janitor(books, kept).pack() == 0
    assert raw.exists()


async def test_a_packed_file_of_another_length_does_not_replace_the_raw_one(kept, monkeypatch):
    ref = f"n1-{RECENT}.10"
    raw = record(kept, ref, 1)
    pack = module._sox

    async def then_more_is_written(source, part):
        await pack(source, part)
        with source.open("ab") as file:
            file.write(b"\0" * 400)

    monkeypatch.setattr(module, "_sox", then_more_is_written)
    with pytest.raises(RecordingError, match="not as long"):
        await kept.pack(ref)

    assert raw.exists()
    assert not kept.packed_path(ref).exists()
    assert list(raw.parent.iterdir()) == [raw]


async def test_old_recordings_are_deleted_and_it_is_noted_how_many(books, kept, root):
    for n in range(3):
        record(kept, f"n1-{OLD}.{n}", 0.1)
    recent = record(kept, f"n1-{RECENT}.11", 0.1)
    old_message = kept.raw_path(f"n1-{OLD}.4").with_name(f"n1-{OLD}.4-message.wav")
    old_message.write_bytes(b"RIFF")

    assert await janitor(books, kept).retain() == 4

    assert [path for path in root.rglob("*") if path.is_file()] == [recent]
    day = datetime.fromtimestamp(OLD, UTC).date().isoformat()
    assert [dict(row.detail) for row in await books.people.audit_rows(f"recordings:{day}")] == [{"removed": 4}]


async def test_a_line_that_keeps_its_recordings_for_good_deletes_none(books, kept):
    old = record(kept, f"n1-{OLD}.1", 0.1)

    assert await janitor(books, kept, days=None).retain() == 0
    assert old.exists()


async def test_the_consumers_word_open_dockets_and_unheard_messages_are_kept(books, kept):
    word, of_open, of_ended, message, plain = (f"n1-{OLD}.{n}" for n in range(5))
    for ref in (word, of_open, of_ended, message, plain):
        record(kept, ref, 0.1)
    open_docket, ended_docket = await two_dockets(books)
    await books.calls.note(call(word, kind="satisfaction"))
    await books.calls.note(call(of_open, docket=open_docket))
    await books.calls.note(call(of_ended, docket=ended_docket))
    await books.inbox.add(message, recording="x", phone=None, company=None, at=NOW)

    assert await janitor(books, kept).retain() == 2

    left = {ref for ref in (word, of_open, of_ended, message, plain) if kept.path_of(ref)}
    assert left == {word, of_open, message}


async def two_dockets(books):
    """The numbers of one that is open and one that the consumer withdrew."""
    await books.seeding.add_companies(reference.organisation().companies)
    await books.seeding.add_categories(reference.categories())
    company = await books.consumers.company("PV")
    category = await books.consumers.category("OTHER")
    found = []
    for cause in ("one", "two"):
        facts = Registration(cause, await books.dockets.next_number(), company, category, "hi")
        found.append(await books.dockets.apply(register(facts, NOW)))
    ended = found[1]
    row = TimelineRow(ended.number, NOW, "consumer", Deed.WITHDRAW, ended.state, State.WITHDRAWN_BY_CONSUMER)
    changed = replace(ended, state=State.WITHDRAWN_BY_CONSUMER)
    await books.dockets.apply(Decision("withdrawn", changed, ended.version, (row,)))
    return found[0].number, ended.number


async def test_deleting_goes_in_batches_and_looks_at_a_day_once_a_day(books, kept, monkeypatch):
    monkeypatch.setattr(module, "REMOVE_BATCH", 2)
    for n in range(3):
        record(kept, f"n1-{OLD}.{n}", 0.1)
    stays = record(kept, f"n1-{OLD}.9", 0.1)
    await books.calls.note(call(f"n1-{OLD}.9", kind="satisfaction"))
    line = janitor(books, kept)

    assert [await line.retain(), await line.retain()] == [2, 1]

    async def asked_again(_):
        raise BooksAway("it was looked at again")

    monkeypatch.setattr(books.calls, "get", asked_again)
    assert await line.retain() == 0
    assert stays.exists()


async def test_free_room_can_be_asked_before_the_first_recording(kept):
    assert await kept.free_bytes() > 0


async def test_what_a_caller_said_is_filed_with_the_day_once_nobody_waits_for_it(kept, root, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    old, fresh, other = (spool / name for name in (f"{REF}-message.wav", f"{REF}-reason.wav", "notes.wav"))
    for path, age_s in ((old, 2 * QUIET_S), (fresh, 1.0), (other, 2 * QUIET_S)):
        path.write_bytes(b"said")
        os.utime(path, (time.time() - age_s,) * 2)
    spoken = Spoken(spool, kept)
    assert await spoken.file() == 1
    assert spoken.path_of(REF, "message") == kept.spoken_path(REF, "message")
    assert spoken.path_of(REF, "reason") == fresh, "a controller that comes back may still ask Asterisk for it"
    assert other.exists()
    assert spoken.path_of(REF, "name") is None
    [file] = await kept.of_day(datetime.fromtimestamp(RECENT, UTC).date())
    assert file.call_ref == REF, "the janitor knows whose it is, and how long it stays"
