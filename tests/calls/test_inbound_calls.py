"""Whole calls to the line: known and unknown callers, danger, theft, status, withheld numbers; the books tell."""

from __future__ import annotations

from datetime import timedelta

import pytest
from calls_house import HOUSES, ONE_HOUSE, STRANGER, THREE_HOUSES
from scripted_line import HANGS_UP, HANGS_UP_SPEAKING, IS_CUT_OFF, SAYS_NOTHING, SPEAKS

from complaints.ledger import EndedBy, Outcome
from complaints.records import State


async def the_docket(scene):
    (docket,) = await scene.dockets()
    return docket


async def outcome(scene, line):
    call = await scene.call(line)
    return call.outcome, call.ended_by


# -- a known caller


async def test_a_known_caller_without_supply_has_his_docket_by_two_keys_in_forty_seconds(scene):
    began = scene.clock.wall_now()
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("registered", HANGS_UP))
    assert line.was_played_out
    docket = await the_docket(scene)
    assert (docket.category, docket.state, docket.consumer_id) == ("SUP-FUSE", State.ASSIGNED, 11)
    assert (docket.owner, docket.phone, docket.call_ref) == ("J09", ONE_HOUSE, line.call_ref)
    assert docket.registered_at - began < timedelta(seconds=40)
    assert docket.due_at == docket.registered_at + timedelta(hours=4)
    assert await outcome(scene, line) == (Outcome.DOCKET_REGISTERED, EndedBy.CALLER)
    assert (await scene.call(line)).docket == docket.number
    assert ("docket_registered", ONE_HOUSE) in await scene.messages()


async def test_the_number_of_the_docket_is_spoken_twice_and_the_promised_time_with_it(scene):
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    docket = await the_docket(scene)
    spoken = [clip.name for clip in line.clips]
    pairs = [name.removeprefix("p/") for name in spoken[spoken.index("registered.0") :] if name.startswith("p/")]
    assert "".join(pairs) == docket.number * 2
    assert "promised" in line.heard


async def test_who_hangs_up_right_after_his_choice_has_a_docket_and_a_message(scene):
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("registered", HANGS_UP))
    assert (await outcome(scene, line))[0] is Outcome.DOCKET_REGISTERED
    assert ("docket_registered", ONE_HOUSE) in await scene.messages()


async def test_who_is_cut_off_by_us_with_his_docket_just_made_is_rung_back_all_the_same(scene):
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"), ("registered", IS_CUT_OFF))
    call = await scene.call(line)
    assert (call.outcome, call.ended_by) == (Outcome.DOCKET_REGISTERED, EndedBy.NETWORK)
    (work,) = await scene.books.due.pending(["ring_promise"])
    assert (work.cause, work.payload["purpose"]) == (call.callback_cause, "cut")


async def test_who_calls_again_hears_of_his_open_docket_and_raises_it(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    line = await scene.rings_in(ONE_HOUSE, ("open_docket", "1"))
    docket = await the_docket(scene)
    assert (docket.level, docket.repeats, docket.owner) == (2, 1, "S01")
    assert "status_raised" in line.heard
    assert "role_L2" in line.heard


async def test_who_chose_urdu_once_is_not_asked_again(scene):
    first = await scene.rings_in(STRANGER, ("language_choice", "2"), ("main_menu", "4"))
    assert first.clips[-1].lang == "ur"
    second = await scene.rings_in(STRANGER, ("open_docket", HANGS_UP))
    assert "language_choice" not in second.heard
    assert second.languages == ["ur"]
    assert (await the_docket(scene)).language == "ur"


# -- three connections


async def test_a_phone_with_three_connections_is_asked_which_and_the_chosen_one_is_registered(scene):
    line = await scene.rings_in(
        THREE_HOUSES, ("which_connection", "2"), ("main_menu", "1"), ("supply_menu", "1"), ("registered", HANGS_UP)
    )
    assert line.heard.count("connection_option") == 1  # one prompt of three options
    assert [clip.name for clip in line.clips if clip.name.startswith("place/")][:3] == [
        "place/SD-01",
        "place/SD-02",
        "place/SD-01",
    ]
    docket = await the_docket(scene)
    assert (docket.consumer_id, docket.unit) == (22, "SD-02")
    assert docket.due_at == docket.registered_at + timedelta(hours=8)  # that house is in the country


async def test_a_phone_with_three_connections_may_complain_of_a_fourth_place(scene):
    await scene.rings_in(
        THREE_HOUSES,
        ("which_connection", "8"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "2"),
        ("ask_consumer_number", HANGS_UP),
    )
    assert await scene.dockets() == []


# -- an unknown caller


async def test_an_unknown_caller_keys_his_consumer_number_and_hears_his_area_back(scene):
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "3"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", HOUSES[4].number),
        ("area_readback", "1"),
        ("registered", HANGS_UP),
    )
    assert line.was_played_out
    docket = await the_docket(scene)
    assert (docket.consumer_id, docket.unit, docket.phone, docket.language) == (31, "SD-02", STRANGER, "en")


async def test_the_hash_the_prompt_asks_for_after_the_number_does_not_change_the_language(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    docket = await the_docket(scene)
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "1"),
        ("main_menu", "6"),
        ("ask_docket_number", f"{docket.number}#"),
        ("status_menu", HANGS_UP),
    )
    assert "language_choice" not in line.heard[line.heard.index("ask_docket_number") :]


async def test_a_consumer_number_wrong_twice_leads_to_a_person_with_the_docket_registered_first(scene):
    right = HOUSES[4].number
    wrong = right[:4] + str((int(right[4]) + 1) % 10) + right[5:]
    in_holding = []

    async def add_to_bridge(bridge, channels, *, call, role):  # the shape of the real one
        in_holding.extend(await scene.dockets())

    scene.ari.add_to_bridge = add_to_bridge
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "1"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", wrong),
        ("consumer_number_wrong", wrong),
        ("nobody_there", "1"),
    )
    assert line.was_played_out
    docket = await the_docket(scene)
    assert [each.number for each in in_holding] == [docket.number]  # it was there before he waited
    assert (docket.category, docket.consumer_id) == ("SUP-FUSE", None)
    assert line.heard.index("registered") < line.heard.index("to_person") < line.heard.index("nobody_there")
    assert (await outcome(scene, line))[0] is Outcome.DOCKET_REGISTERED
    (work,) = await scene.books.due.pending(["ring_promise"])
    assert work.payload["phone"] == STRANGER


async def test_a_house_the_caller_said_is_not_his_is_never_complained_of(scene):
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "1"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", HOUSES[4].number),
        ("area_readback", "2"),
        ("ask_consumer_number", "#"),
        ("nobody_there", HANGS_UP),
    )
    assert line.was_played_out
    docket = await the_docket(scene)
    assert (docket.consumer_id, docket.unit) == (None, None)


async def test_a_caller_who_says_nothing_at_all_gets_a_docket_and_a_callback_and_is_never_hung_up_on(scene):
    line = await scene.rings_in(STRANGER)
    assert {"silence_slow", "silence_anykey", "to_person", "nobody_there", "callback_promised"} <= set(line.heard)
    assert line.heard[-1] == "goodbye"
    call = await scene.call(line)
    assert call.outcome is Outcome.DOCKET_REGISTERED
    assert call.callback_cause == f"promise:{line.call_ref}"
    assert Outcome.CALLBACK_PROMISED in call.flags


async def test_who_only_listens_to_the_greeting_has_left_and_is_counted_so(scene):
    line = await scene.rings_in(STRANGER, ("greet", SAYS_NOTHING), ("language_choice", HANGS_UP))
    assert await outcome(scene, line) == (Outcome.SHORT_ABANDON, EndedBy.CALLER)
    line = await scene.rings_in(STRANGER, ("language_choice", "1"), ("main_menu", "*"), ("main_menu", HANGS_UP))
    call = await scene.call(line)
    assert call.outcome in (Outcome.SHORT_ABANDON, Outcome.CALLER_LEFT)
    assert await scene.dockets() == []


# -- danger and theft


async def test_nine_in_the_first_words_registers_a_danger_before_the_danger_queue(scene):
    line = await scene.rings_in(ONE_HOUSE, ("danger_hint", "9"), ("danger_menu", "1"), ("danger_person", HANGS_UP))
    assert line.was_played_out
    docket = await the_docket(scene)
    assert (docket.category, docket.due_at - docket.registered_at) == ("SAF", timedelta(hours=1))
    assert line.heard.index("danger_advice") < line.heard.index("danger_menu")
    assert "danger_hurt" in line.heard
    told = {to for template, to in await scene.messages() if template == "officer_assigned"}
    assert {"officer:J09", "officer:S01", "officer:X01"} <= told


async def test_a_danger_nobody_can_take_is_promised_a_callback_at_once(scene):
    line = await scene.rings_in(ONE_HOUSE, ("danger_hint", "9"), ("danger_menu", "2"))
    assert scene.ari.entered == [line.call_ref]
    assert line.heard[-2:] == ["callback_promised", "goodbye"]
    assert len(await scene.books.due.pending(["ring_promise"])) == 1


async def test_a_report_of_theft_is_sealed_and_its_caller_is_written_nothing(scene):
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "5"), ("theft_intro", SPEAKS))
    docket = await the_docket(scene)
    assert (docket.category, docket.sealed) == ("THEFT", True)
    message = await scene.books.inbox.get(line.call_ref)
    assert (message.phone, message.docket) == (None, docket.number)
    call = await scene.call(line)
    assert (call.phone, call.consumer_id) == (None, None)
    assert line.recordings == [message.recording]
    assert all(to.startswith("officer:") for _, to in await scene.messages())
    assert "theft_noted" in line.heard


async def test_a_report_of_theft_is_kept_when_its_caller_hangs_up_while_he_speaks(scene):
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "5"), ("theft_intro", HANGS_UP_SPEAKING))
    assert (await scene.books.inbox.get(line.call_ref)).recording == line.recordings[0]


async def test_whoever_picks_up_that_phone_next_hears_nothing_of_the_theft_that_was_reported(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "5"), ("theft_intro", SPEAKS))
    line = await scene.rings_in(ONE_HOUSE, ("main_menu", "6"), ("ask_docket_number", HANGS_UP))
    assert "category_theft" not in line.heard
    assert "open_docket" not in line.heard


async def test_a_sealed_docket_is_not_told_by_its_number_either(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "5"), ("theft_intro", SPEAKS))
    docket = await the_docket(scene)
    line = await scene.rings_in(
        STRANGER, ("language_choice", "1"), ("main_menu", "6"), ("ask_docket_number", docket.number)
    )
    assert "status_line" not in line.heard


# -- status


@pytest.fixture
async def registered(scene):
    await scene.rings_in(ONE_HOUSE, ("main_menu", "1"), ("supply_menu", "1"))
    return await the_docket(scene)


async def test_a_docket_is_told_by_its_number_from_any_telephone(scene, registered):
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "3"),
        ("main_menu", "6"),
        ("ask_docket_number", registered.number),
        ("status_menu", HANGS_UP),
    )
    assert line.was_played_out
    assert {"status_line", "docket_status_assigned", "status_due", "category_sup_fuse"} <= set(line.heard)
    assert not any(clip.name.startswith("place/") for clip in line.clips)  # neither name nor place
    assert await outcome(scene, line) == (Outcome.SELF_SERVED, EndedBy.CALLER)


async def test_a_docket_number_with_one_wrong_digit_tells_nothing_and_after_two_tries_a_person_comes(scene, registered):
    digits = registered.number
    wrong = digits[:3] + str((int(digits[3]) + 1) % 10) + digits[4:]
    swapped = next(
        moved
        for place in range(7)
        if (moved := digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]) != digits
    )
    line = await scene.rings_in(
        STRANGER,
        ("language_choice", "3"),
        ("main_menu", "6"),
        ("ask_docket_number", wrong),
        ("docket_number_wrong", swapped),
        ("nobody_there", HANGS_UP),
    )
    assert line.was_played_out
    assert "docket_number_failed" in line.heard
    assert not {"status_line", "docket_status_assigned"} & set(line.heard)


async def test_a_late_docket_is_told_as_late(scene, registered):
    scene.clock.jump(5 * 3600)
    line = await scene.rings_in(ONE_HOUSE, ("open_docket", HANGS_UP), ("status_menu", HANGS_UP))
    assert "status_overdue" in line.heard
    assert "status_due" not in line.heard


async def test_not_satisfied_on_a_claimed_docket_opens_it_again_one_level_up(scene, registered):
    await scene.claimed(registered)
    assert len(await scene.books.due.pending(["ring_satisfaction"])) == 1
    line = await scene.rings_in(ONE_HOUSE, ("open_docket", "1"))
    docket = await the_docket(scene)
    assert (docket.state, docket.level, docket.reopened) == (State.REOPENED, 2, 1)
    assert await scene.books.due.pending(["ring_satisfaction"]) == []
    assert "status_raised" in line.heard


async def test_who_never_heard_his_status_was_not_served_by_it(scene, registered):
    line = await scene.rings_in(ONE_HOUSE, ("greet", HANGS_UP))
    assert (await outcome(scene, line))[0] is not Outcome.SELF_SERVED
    line = await scene.rings_in(ONE_HOUSE, ("open_docket", HANGS_UP))
    assert (await outcome(scene, line))[0] is not Outcome.SELF_SERVED


# -- a withheld number


async def test_a_withheld_number_is_asked_for_one_and_that_one_is_promised(scene):
    line = await scene.rings_in(
        None,
        ("language_choice", "1"),
        ("main_menu", "0"),
        ("nobody_there", "1"),
        ("callback_number_withheld", "5000044444"),
    )
    assert line.was_played_out
    (work,) = await scene.books.due.pending(["ring_promise"])
    assert work.payload["phone"] == "+915000044444"
    assert work.due_at <= scene.clock.wall_now()
    call = await scene.call(line)
    assert (call.phone, call.callback_cause) == (None, work.cause)
    assert (await the_docket(scene)).phone is None


async def test_a_number_to_ring_that_is_not_complete_is_asked_for_once_more_and_then_a_message_is_taken(scene):
    line = await scene.rings_in(
        None,
        ("language_choice", "1"),
        ("main_menu", "0"),
        ("nobody_there", "1"),
        ("callback_number_withheld", "500#"),
        ("callback_number_wrong", "#"),
        ("leave_message", SPEAKS),
    )
    assert line.was_played_out
    assert await scene.books.due.pending(["ring_promise"]) == []
    message = await scene.books.inbox.get(line.call_ref)
    assert (message.recording, message.phone) == (f"{line.call_ref}-message", None)
    assert "message_saved" in line.heard


# -- the controller comes back


async def test_a_caller_given_back_by_the_fallback_goes_on_with_his_docket_and_gets_no_second_one(scene):
    await scene.rings_in(
        STRANGER,
        ("language_choice", "2"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", HOUSES[4].number),
        ("area_readback", "1"),
        ("registered", HANGS_UP),
        call_ref="n1-77",
    )
    first = await the_docket(scene)
    line = await scene.rings_in(STRANGER, ("registered", "0"), call_ref="n1-77", returned=True)
    assert [docket.number for docket in await scene.dockets()] == [first.number]
    assert line.languages == ["ur"]


async def test_a_caller_given_back_in_the_middle_is_registered_for_the_house_and_in_the_language_he_chose(scene):
    await scene.rings_in(
        STRANGER,
        ("language_choice", "2"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", HOUSES[4].number),
        ("area_readback", HANGS_UP),
        call_ref="n1-78",
    )
    await scene.rings_in(STRANGER, ("area_readback", "1"), call_ref="n1-78", returned=True)
    docket = await the_docket(scene)
    assert (docket.consumer_id, docket.language, docket.category) == (31, "ur", "SUP-FUSE")


@pytest.mark.parametrize(("remembered", "asked"), [("pa", True), ("ur", False), ("marker", False)])
async def test_a_language_that_the_line_does_not_speak_is_asked_for_again(scene, remembered, asked):
    await scene.books.consumers.remember_language(STRANGER, remembered)
    first = "language_choice" if asked else "main_menu"
    line = await scene.rings_in(STRANGER, (first, HANGS_UP))
    assert ("language_choice" in line.heard) == asked


async def test_the_way_a_caller_had_gone_before_a_restart_is_in_the_ledger_as_well(scene):
    way_in = (("language_choice", "2"), ("main_menu", "1"), ("supply_menu_unknown", "1"))
    await scene.rings_in(STRANGER, *way_in, ("ask_consumer_number", HANGS_UP), call_ref="n1-81")
    floor = scene.house.floor
    floor.walks["n1-82"] = floor.walks["n1-81"]  # of a call whose row knows nothing of it yet
    await scene.rings_in(STRANGER, ("ask_consumer_number", HANGS_UP), call_ref="n1-82", returned=True)
    row = await scene.books.calls.get("n1-82")
    assert row is not None
    way = [place for _, place in row.steps]
    assert [place for place in way if place in ("main_full", "supply_elsewhere")] == ["main_full", "supply_elsewhere"]
