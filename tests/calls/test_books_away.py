"""The books are away while a caller tells his complaint: it is safe on the disk, and entered once they are back."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from calls_house import ONE_HOUSE
from scripted_line import HANGS_UP

from complaints.ledger import Outcome
from complaints.records import DueWork, State, Verdict
from ivr import journaling
from storage.journal import Complaint, Journal, JournalFull, Promised
from storage.ledger_notes import LedgerNotes

PROMISED = Promised(work=DueWork("promise:n1-1", "ring_promise", datetime(2026, 6, 1, tzinfo=UTC), "PV", {}))


@contextmanager
def locked(scene) -> Iterator[None]:
    """Another program holds the books' lock for writing; the line waits but a second for them."""
    patient = scene.house
    scene.house = replace(patient, plan=replace(patient.plan, journal_after_s=1.0))
    holder = sqlite3.connect(scene.books_file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        holder.execute("ROLLBACK")
        holder.close()
        scene.house = patient


async def test_a_complaint_told_while_the_books_are_locked_is_entered_once_with_the_moment_it_was_told(scene):
    with locked(scene):
        line = await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("noted", HANGS_UP))
        assert line.was_played_out
        (entry,) = await scene.house.journal.entries()
        assert await scene.dockets() == []
    scene.clock.jump(600)
    for _ in range(2):
        await journaling.enter_waiting(scene.house)
        await scene.house.notes.flush()
    (docket,) = await scene.dockets()
    assert await scene.house.journal.entries() == []
    assert isinstance(entry, Complaint)
    assert (docket.registered_at, docket.consumer_id, docket.owner) == (entry.at, 11, "J09")
    call = await scene.call(line)
    assert (call.outcome, call.docket) == (Outcome.DOCKET_REGISTERED, docket.number)
    assert [template for template, to in await scene.messages() if to == ONE_HOUSE] == ["docket_registered"]


async def test_the_journal_is_entered_by_whoever_comes_after_a_controller_that_died(scene, tmp_path):
    with locked(scene):
        await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("noted", HANGS_UP))
    successor = replace(scene.house, journal=Journal(tmp_path / "journal"), notes=LedgerNotes(scene.books.calls))
    await journaling.enter_waiting(successor)
    (docket,) = await scene.dockets()
    assert docket.category == "SUP-FUSE"


async def test_a_person_wanted_after_it_does_not_make_a_second_docket(scene):
    with locked(scene):
        line = await scene.rings_in(
            ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("noted", "0"), ("nobody_there", "1")
        )
        assert "callback_promised" in line.heard
        kinds = {type(entry) for entry in await scene.house.journal.entries()}
    await journaling.enter_waiting(scene.house)
    assert kinds == {Complaint, Promised}
    assert len(await scene.dockets()) == 1
    (work,) = await scene.books.due.pending(["ring_promise"])
    assert work.payload["phone"] == ONE_HOUSE


async def test_a_broken_piece_is_set_aside_and_holds_nobody_up(scene, tmp_path):
    with locked(scene):
        await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("noted", HANGS_UP))
    (tmp_path / "journal" / "broken.json").write_text("{")
    await journaling.enter_waiting(scene.house)
    assert len(await scene.dockets()) == 1
    assert (tmp_path / "journal" / "broken.unreadable").exists()


async def test_a_journal_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "taken").write_text("a file where the folder should be")
    journal = Journal(Path(tmp_path / "taken" / "n1"))
    with pytest.raises(JournalFull, match="cannot be written"):
        await journal.add(PROMISED)


def full_disk(folder: Path, entry: Promised) -> None:
    """The kernel's own "no space left" for the new file of this piece."""
    name = hashlib.sha256(entry.cause.encode()).hexdigest()[:32]
    (folder / f"{name}.part").symlink_to("/dev/full")


async def test_a_full_disk_still_takes_what_callers_say_into_the_room_that_was_held_for_it(tmp_path):
    journal = Journal(tmp_path)
    await journal.reserve()
    held = len(list(tmp_path.glob("*.slot")))
    full_disk(tmp_path, PROMISED)
    await journal.add(PROMISED)
    assert await journal.entries() == [PROMISED]
    assert len(list(tmp_path.glob("*.slot"))) == held - 1
    await journal.forget(PROMISED)
    await journal.reserve()
    assert len(list(tmp_path.glob("*.slot"))) == held


async def test_a_full_disk_without_room_held_is_said(tmp_path):
    full_disk(tmp_path, PROMISED)
    with pytest.raises(JournalFull, match="No space left"):
        await Journal(tmp_path).add(PROMISED)


async def test_a_consumers_yes_is_not_lost_to_books_that_are_away(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    (docket,) = await scene.dockets()
    docket = await scene.about_to_ring(await scene.claimed(docket))
    with locked(scene):
        line, verdict, _ = await scene.is_asked(docket, ("sat_question", "1"))
        assert (verdict, line.was_played_out) == (Verdict.SATISFIED, True)
        assert "sat_closed" not in line.heard  # nobody is told what is not yet so
    for _ in range(2):
        await journaling.enter_waiting(scene.house)
    assert await scene.house.journal.entries() == []
    assert (await scene.books.dockets.get(docket.number)).state is State.CLOSED_SATISFIED
    rows = [row async for row in scene.books.register.export("PV")]
    assert [row["verdict"] for row in rows] == ["satisfied"]
