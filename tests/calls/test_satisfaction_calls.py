"""The satisfaction callback from the greeting to the books: only a yes closes, a no always counts (I2)."""

from __future__ import annotations

import pytest
from calls_house import ONE_HOUSE
from scripted_line import HANGS_UP, HANGS_UP_SPEAKING, SPEAKS

from complaints import desk
from complaints.lifecycle import Deed
from complaints.records import State, Verdict


@pytest.fixture
async def asked_about(scene):
    """A docket that was claimed and whose consumer is about to be rung."""
    await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    (docket,) = await scene.dockets()
    return await scene.about_to_ring(await scene.claimed(docket))


async def rows(scene, docket):
    return [row.attempt for row in await scene.books.register.rows(docket.number)]


async def test_a_yes_closes_with_the_recording_and_a_row_of_the_register(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "1"), ("sat_service", "1"))
    assert line.was_played_out
    assert (verdict, docket.state) == (Verdict.SATISFIED, State.CLOSED_SATISFIED)
    (row,) = await rows(scene, docket)
    assert (row.verdict, row.dialled, row.recording) == (Verdict.SATISFIED, ONE_HOUSE, line.call_ref)
    assert row.duration_s > 0
    assert docket == await scene.books.dockets.get(docket.number)
    assert await scene.books.due.pending(["escalate", "ring_satisfaction"]) == []
    assert "sat_closed" in line.heard
    assert ("docket_closed", ONE_HOUSE) in await scene.messages()


async def test_a_yes_counts_when_he_hangs_up_at_the_next_question(scene, asked_about):
    _, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "1"), ("sat_service", HANGS_UP))
    assert (verdict, docket.state) == (Verdict.SATISFIED, State.CLOSED_SATISFIED)


async def test_a_no_opens_it_again_one_level_up_with_the_spoken_reason(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "2"), ("sat_reason", SPEAKS))
    assert verdict is Verdict.NOT_SATISFIED
    assert (docket.state, docket.level, docket.owner, docket.reopened) == (State.REOPENED, 2, "S01", 1)
    (row,) = await rows(scene, docket)
    assert row.reason_recording == line.recordings[0] == f"{line.call_ref}-reason"
    assert "sat_reopened" in line.heard
    assert "role_L2" in line.heard
    told = set(await scene.messages())
    assert {("officer_assigned", "officer:S01"), ("officer_not_satisfied", "officer:J09")} <= told


async def test_a_no_opens_it_again_even_when_he_hangs_up_while_he_speaks(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "2"), ("sat_reason", HANGS_UP_SPEAKING))
    assert (verdict, docket.state, docket.level) == (Verdict.NOT_SATISFIED, State.REOPENED, 2)
    (row,) = await rows(scene, docket)
    assert row.reason_recording == f"{line.call_ref}-reason"
    assert "sat_reopened" not in line.heard  # nothing is said to a dead line


async def test_a_no_opens_it_again_when_he_hangs_up_before_the_tone(scene, asked_about):
    _, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "2"), ("sat_reason", HANGS_UP))
    assert (verdict, docket.state) == (Verdict.NOT_SATISFIED, State.REOPENED)
    (row,) = await rows(scene, docket)
    assert row.reason_recording is None


async def test_later_leaves_the_question_open_and_rings_again_in_two_hours(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "3"))
    assert (verdict, docket.state, docket.attempts) == (Verdict.LATER, State.VERIFYING, 1)
    pending = await scene.books.due.pending(["ring_satisfaction"])
    due = [work.due_at for work in pending if work.payload["attempt"] == 2]
    assert len(due) == 1
    assert due[0] > scene.clock.wall_now()
    assert "sat_later" in line.heard


async def test_nothing_pressed_is_never_a_yes(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about)
    assert (verdict, docket.state) == (Verdict.NO_KEY, State.VERIFYING)
    assert "sat_silence" in line.heard
    assert [row.verdict for row in await rows(scene, docket)] == [Verdict.NO_KEY]


async def test_a_key_pressed_before_the_question_is_no_answer(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_greet", "1"))
    assert (verdict, docket.state) == (Verdict.NO_KEY, State.VERIFYING)
    assert "sat_question" in line.heard


@pytest.mark.parametrize("prompt", ["sat_greet", "sat_question"])
async def test_who_hangs_up_before_he_answers_has_given_no_verdict(scene, asked_about, prompt):
    line, verdict, docket = await scene.is_asked(asked_about, (prompt, HANGS_UP))
    assert line.was_played_out
    assert verdict is None
    assert docket == asked_about == await scene.books.dockets.get(docket.number)
    assert await rows(scene, docket) == []


async def test_who_wants_a_person_is_asked_again_and_the_docket_stays_open(scene, asked_about):
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "0"))
    assert (verdict, docket.state) == (Verdict.PERSON, State.VERIFYING)
    assert scene.ari.entered == [line.call_ref]


async def test_an_officers_note_in_the_middle_of_the_call_does_not_lose_the_consumers_word(scene, asked_about):
    note = desk.move(asked_about, Deed.ADD_NOTE, "officer:J09", scene.clock.wall_now(), "fuse was burnt")
    await scene.books.dockets.apply(note)
    _, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "1"))
    assert (verdict, docket.state) == (Verdict.SATISFIED, State.CLOSED_SATISFIED)
    assert docket.version == asked_about.version + 2


async def test_an_answer_to_a_docket_that_was_opened_meanwhile_changes_nothing_and_claims_nothing(scene, asked_about):
    await scene.rings_in(ONE_HOUSE, ("open_docket", "1"))  # he rang us himself while we were dialling
    line, verdict, docket = await scene.is_asked(asked_about, ("sat_question", "1"))
    assert verdict is None
    assert (await scene.books.dockets.get(docket.number)).state is State.REOPENED
    assert "sat_closed" not in line.heard


async def test_two_rounds_make_two_rows_and_only_the_second_closes(scene, asked_about):
    _, _, docket = await scene.is_asked(asked_about, ("sat_question", "2"), ("sat_reason", SPEAKS))
    docket = await scene.about_to_ring(await scene.claimed(docket))
    _, verdict, docket = await scene.is_asked(docket, ("sat_question", "1"))
    assert (verdict, docket.state, docket.claims) == (Verdict.SATISFIED, State.CLOSED_SATISFIED, 2)
    assert [(row.claim, row.attempt, row.verdict) for row in await rows(scene, docket)] == [
        (1, 1, Verdict.NOT_SATISFIED),
        (2, 1, Verdict.SATISFIED),
    ]
