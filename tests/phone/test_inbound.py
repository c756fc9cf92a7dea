"""A caller alone with the line, on real Asterisk: who he is, what he chooses, what he is told, what is written."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from callers import Calling
from phone_line import own_consumer, until

from complaints.ledger import EndedBy, Outcome
from complaints.records import Docket
from ivr.exchange import Exchange, Phone
from ivr.tones import to_ulaw, tone
from storage.books import Books
from sunwai.console_client import ConsoleRefused

PROBE, PROBE_OF_THREE = "5000000001", "5000000003"
OF_THE_SECOND_COMPANY = "5000000052"


# -- who is calling ---------------------------------------------------------------------------------------------------


async def test_a_withheld_number_is_no_hindrance_and_stays_withheld(call, books):
    house_of_his = await own_consumer(books, 0)
    caller = await call("")
    await chooses_language(caller, "3")
    await caller.press("1")
    await caller.hear("supply_menu_unknown")
    await caller.press("1")
    await caller.hear("ask_consumer_number")
    await caller.press(house_of_his.number)
    await caller.hear("area_readback", limit_s=20)
    await caller.hear(f"place/{house_of_his.unit}")
    await caller.press("1")
    docket = await registered(caller, books)
    await caller.hang_up()

    assert (docket.category, docket.consumer_id, docket.phone) == ("SUP-FUSE", house_of_his.id, None)
    assert all(post.message.to.startswith("officer:") for post in await books.outbox.for_docket(docket.number))
    row = await ended(books, docket.call_ref)
    assert (row.phone, row.outcome, row.ended_by) == (None, Outcome.DOCKET_REGISTERED, EndedBy.CALLER)
    way = [place for _, place in row.steps]
    assert [place for place in way if place in ("main_full", "supply_elsewhere", "consumer_number")] == [
        "main_full",
        "supply_elsewhere",
        "consumer_number",
    ], "an auditor sees where in the recording he was"
    assert [at for at, _ in row.steps] == sorted(at for at, _ in row.steps)


async def test_an_unknown_number_chooses_its_language_once(call, books):
    caller = await call("5000071001")
    for each in ("greet", *["language_choice"] * 3):
        await caller.hear(each)
    await caller.press("2")
    await caller.hear("main_menu")
    await caller.hang_up()
    assert await books.consumers.language_of("+915000071001") == "ur"

    again = await call("5000071001")
    await again.hear("main_menu")
    assert "language_choice" not in again.heard
    await again.hang_up()


async def test_hash_changes_the_language_in_mid_menu_and_comes_back_to_that_menu(call, books):
    caller = await call("5000071002")
    await chooses_language(caller, "2")
    await caller.press("1")
    await caller.hear("supply_menu_unknown")
    await caller.press("#")
    await caller.hear("language_choice")
    await caller.press("1")
    await caller.hear("supply_menu_unknown")
    assert await books.consumers.language_of("+915000071002") == "hi"
    await caller.hang_up()


async def test_hash_pressed_twice_does_not_lock_the_caller_up_in_the_choice_of_language(call):
    caller = await call("5000071003")
    await chooses_language(caller, "1")
    await caller.press("#")
    await caller.hear("language_choice")
    await caller.press("#")
    await caller.hear("language_choice")
    await caller.press("3")
    await caller.hear("main_menu", limit_s=5)
    await caller.hang_up()


async def test_a_phone_of_three_connections_is_asked_which_and_the_docket_is_of_the_chosen_one(call, books):
    three = await books.consumers.by_phone(None, f"+91{PROBE_OF_THREE}")
    caller = await call(PROBE_OF_THREE)
    await caller.hear("which_connection")
    for _ in three:
        await caller.hear("connection_option")
    await caller.press("2")
    await to_main_menu(caller)
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    docket = await registered(caller, books)
    await caller.hang_up()
    assert len(three) == 3
    assert docket.consumer_id == three[1].id


# -- which house ------------------------------------------------------------------------------------------------------


async def test_star_explains_the_consumer_number_and_two_wrong_ones_lead_to_a_person_with_a_docket(call, books):
    number = (await own_consumer(books, 1)).number
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    caller = await call("5000071004")
    await chooses_language(caller, "3")
    await caller.press("1")
    await caller.hear("supply_menu_unknown")
    await caller.press("3")
    await caller.hear("ask_consumer_number")
    await caller.press("*")
    await caller.hear("consumer_number_help")
    await caller.press(wrong)
    await caller.hear("consumer_number_wrong", limit_s=20)
    await caller.press(wrong)
    await caller.hear("consumer_number_failed", limit_s=20)
    docket = await registered(caller, books)
    await caller.hear("promised")
    await caller.hear("to_person")
    row = await until(lambda: queued_of(books, "+915000071004"))
    await caller.hang_up()

    assert (docket.category, docket.consumer_id) == ("SUP-DT", None)
    assert docket.registered_at <= row.queued_at
    assert "area_readback" not in caller.heard


async def test_a_keyed_house_of_another_company_is_registered_with_that_company(call, books):
    theirs = (await books.consumers.by_phone(None, f"+91{OF_THE_SECOND_COMPANY}"))[0]
    caller = await call("5000071005")
    await chooses_language(caller, "3")
    await caller.press("1")
    await caller.hear("supply_menu_unknown")
    await caller.press("1")
    await caller.hear("ask_consumer_number")
    await caller.press(theirs.number)
    await caller.hear("area_readback", limit_s=20)
    await caller.press("1")
    docket = await registered(caller, books)
    await caller.hang_up()
    assert (docket.consumer_id, docket.company) == (theirs.id, theirs.company)


# -- danger and theft -------------------------------------------------------------------------------------------------


async def test_nine_in_the_very_first_second_gives_advice_and_registers_the_danger(call, books):
    caller = await call("5000071006")
    await caller.press("9")
    await caller.hear("danger_advice", limit_s=5)
    assert "language_choice" not in caller.heard
    await caller.hear("danger_menu")
    await caller.press("1")
    await caller.hear("danger_hurt")
    await caller.hear("danger_person")
    docket = await until(lambda: docket_of(books, "+915000071006"))
    await caller.hang_up()
    assert (docket.category, docket.phone) == ("SAF", "+915000071006")


async def test_a_danger_at_a_known_house_is_told_to_three_rungs_at_once(call, books):
    caller = await call(PROBE)
    await caller.press("9")
    await caller.hear("danger_advice", limit_s=5)
    await caller.hear("danger_person", limit_s=20)  # without a key: silence is no reason to wait
    row = await until(lambda: queued_of(books, f"+91{PROBE}"))
    await caller.hang_up()
    docket = await books.dockets.get(row.docket)
    told = {post.message.to for post in await books.outbox.for_docket(docket.number)}
    assert docket.category == "SAF"
    assert {"officer:P-L1", "officer:P-L2", "officer:P-L3"} <= told


async def test_who_reports_a_theft_is_told_to_nobody(house, exchange, call, books):
    docket = await reports_theft(exchange, call, books, speaks=True)
    posts = await books.outbox.for_docket(docket.number)
    assert docket.sealed
    assert [post.message.to for post in posts if not post.message.to.startswith("officer:")] == []
    async with house.person("P01") as agent, house.person("P-L1") as officer:
        for person in (agent, officer):
            shown = await person.get(f"/api/dockets/{docket.number}")
            assert (shown["sealed"], shown["phone"], shown["call_ref"]) == (True, None, None)
            assert PROBE not in str(await person.get(f"/api/dockets/{docket.number}/timeline"))
    message = await until(lambda: books.inbox.get(docket.call_ref))
    assert (message.phone, message.docket) == (None, docket.number)


async def test_who_reported_a_theft_is_never_rung_about_it(house, exchange, call, books):
    docket = await reports_theft(exchange, call, books, speaks=False)
    async with house.person("P-L1") as officer:
        with suppress(ConsoleRefused):  # refusing the claim is as good as not ringing for it
            await officer.post(f"/api/dockets/{docket.number}/claim", {"cause_code": "theft damage"})
    works = await books.due.pending(["ring_satisfaction"])
    asked = [work.cause for work in works if work.payload["docket"] == docket.number]
    for cause in asked:
        await books.due.withdraw(cause)  # no other test shall hear this phone ring
    assert asked == []


# -- status -----------------------------------------------------------------------------------------------------------


async def test_a_keyed_docket_number_with_one_wrong_digit_is_refused_and_the_right_one_can_be_pressed(call, books):
    first = await call(OF_THE_SECOND_COMPANY)
    await to_main_menu(first)
    await first.press("2")
    docket = await registered(first, books)
    await first.hang_up()
    wrong = docket.number[:3] + str((int(docket.number[3]) + 1) % 10) + docket.number[4:]

    caller = await call("5000071007")
    await chooses_language(caller, "1")
    await caller.press("6")
    await caller.hear("ask_docket_number")
    await caller.press(wrong)
    await caller.hear("docket_number_wrong", limit_s=20)
    assert "status_line" not in caller.heard
    await caller.press(docket.number)
    await caller.hear("status_line", limit_s=20)
    assert await caller.hear_pairs(4) == docket.number
    await caller.hear("docket_status_assigned")
    await caller.hear("status_menu")
    await caller.press("1")
    await caller.hear("status_raised")
    await caller.hear("role_L2")
    await caller.hang_up()

    raised = await books.dockets.get(docket.number)
    timeline = await books.dockets.timeline(docket.number)
    told = {post.message.to for post in await books.outbox.for_docket(docket.number)}
    assert (docket.level, raised.level, raised.owner) == (1, 2, "UD1")
    assert (timeline[-1].actor, timeline[-1].deed) == ("consumer", "escalate")
    assert "officer:UD1" in told


# -- keys, silence, hanging up ----------------------------------------------------------------------------------------


async def test_a_silent_caller_hears_it_slowly_and_then_gets_a_person(call, books):
    silent = await own_consumer(books, 2)
    caller = await call(silent.phone.removeprefix("+91"))
    await caller.hear("main_menu")
    await caller.hear("silence_slow", limit_s=30)
    await caller.hear("main_menu~slow")
    await caller.hear("silence_anykey", limit_s=30)
    await caller.hear("to_person", limit_s=40)
    assert not caller.ended.is_set()
    docket = await docket_of(books, silent.phone)
    await caller.hang_up()
    assert docket.consumer_id == silent.id


async def test_three_wrong_keys_lead_to_a_person(call, books):
    caller = await call((await own_consumer(books, 3)).phone.removeprefix("+91"))
    await caller.hear("main_menu")
    for key in "78":
        await caller.press(key)
        await caller.hear("wrong_key")
        await caller.hear("main_menu")
    await caller.press("7")
    await caller.hear("registered")
    await caller.hear("to_person")
    await caller.hang_up()


async def test_a_key_stops_what_is_being_said(call, books):
    caller = await call((await own_consumer(books, 4)).phone.removeprefix("+91"))
    await caller.hear("main_menu")
    await caller.press("2")
    await caller.hear("registered")
    await caller.hear_pairs(1)
    before = len(caller.heard)
    await caller.press("0")
    await caller.hear("to_person", limit_s=5)  # the number twice, the time and two more sentences were still to come
    assert "hear_again" not in caller.heard
    assert len(caller.heard) - before < 6
    await caller.hang_up()


async def test_keys_pressed_during_the_greeting_lead_straight_to_the_docket_number(call, books):
    hurried = await own_consumer(books, 5)
    caller = await call(hurried.phone.removeprefix("+91"))
    await caller.press("11")
    docket = await registered(caller, books)
    await caller.hang_up()
    assert (docket.category, docket.consumer_id) == ("SUP-FUSE", hurried.id)


async def test_a_caller_who_hangs_up_just_after_his_choice_has_his_docket_and_his_message(call, books):
    quick = await own_consumer(books, 6)
    caller = await call(quick.phone.removeprefix("+91"))
    await caller.hear("main_menu")
    await caller.press("1")
    await caller.hear("supply_menu")
    await caller.press("1")
    await caller.hear("registered")
    await caller.hang_up()  # before a single digit of the number

    docket = await until(lambda: docket_of(books, quick.phone))
    row = await ended(books, docket.call_ref)
    assert [post.message.to for post in await books.outbox.for_docket(docket.number)].count(quick.phone) == 1
    assert (row.outcome, row.ended_by, row.docket) == (Outcome.DOCKET_REGISTERED, EndedBy.CALLER, docket.number)


# -- words of these tests ---------------------------------------------------------------------------------------------


async def chooses_language(caller: Phone, key: str) -> None:
    await caller.hear("language_choice")
    await caller.press(key)
    await caller.hear("main_menu")


async def to_main_menu(caller: Phone) -> None:
    """To the main menu, past an open docket of this phone if there is one."""
    if await caller.hear("main_menu", "open_docket") == "open_docket":
        await caller.hear("status_menu")
        await caller.press("2")
        await caller.hear("main_menu")


async def registered(caller: Phone, books: Books) -> Docket:
    """The docket whose number the caller is told."""
    await caller.hear("registered")
    docket = await books.dockets.get(await caller.hear_pairs(4))
    assert docket is not None
    return docket


async def reports_theft(exchange: Exchange, call: Calling, books: Books, *, speaks: bool) -> Docket:
    """The whole of a call that reports a theft, with or without a spoken message."""
    caller = await call(PROBE)
    await to_main_menu(caller)
    await caller.press("5")
    await caller.hear("theft_intro")
    await caller.hear("beep")
    if speaks:
        for _ in range(12):
            caller.media.say(to_ulaw(tone(exchange.tones["goodbye"])))
    else:
        await caller.press("#")
    await caller.hear("theft_noted", limit_s=20)
    docket = await registered(caller, books)
    await caller.until_ended()
    return docket


async def docket_of(books: Books, phone: str) -> Docket | None:
    found = await books.dockets.open_for_phone(phone)
    return max(found, key=lambda docket: docket.registered_at) if found else None


async def queued_of(books: Books, phone: str) -> object:
    calls = await books.calls.of_phone(phone, datetime.now(UTC) - timedelta(minutes=2))
    return next((call for call in calls if call.queued_at and call.ended_at is None), None)


async def ended(books: Books, call_ref: str | None) -> object:
    assert call_ref

    async def outcome() -> object:
        call = await books.calls.get(call_ref)
        return call if call and call.outcome else None

    return await until(outcome)
