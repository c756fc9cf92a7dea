"""The flow of a call to the line, walked: what callers of every kind go through (domain.md 3.1)."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.deeds import CONNECT_RESULTS, DEEDS
from dialplan.flow import MenuNode
from dialplan.loading import load_flows
from dialplan.steps import Ask, Collect, Connect, Do, Done, End, Keyed, Left, Pressed, Record, Recorded, Silent
from dialplan.walk import MAX_FAILURES, Walk
from dialplan.wording import load

ROOM = Path(__file__).parents[2] / "dialplan"
WORDING = load(ROOM / "prompts")
FLOWS = load_flows(ROOM / "flows", WORDING.catalogue)
FLOW = FLOWS["inbound"]
KEYS = "0123456789*#"

HOUSES = tuple({"area": f"SD-0{n}", "last4": f"00{n}{n}"} for n in (1, 2, 3))
UNKNOWN = {
    "language_known": False,
    "phone_known": True,
    "consumers": "none",
    "n": 0,
    "connections": (),
    "consumer_id": None,
    "area": None,
    "subject": "OTHER",
}
KNOWN = {**UNKNOWN, "language_known": True, "consumers": "one", "n": 1, "consumer_id": 7, "area": "SD-01"}
MANY = {**UNKNOWN, "language_known": True, "consumers": "many", "n": 3, "connections": HOUSES}
WITHHELD = {**UNKNOWN, "phone_known": False}
CALLERS = (UNKNOWN, KNOWN, MANY, WITHHELD)
DOCKET = {
    "docket": "10000012",
    "pairs": "10000012",
    "category": "category_sup_fuse",
    "when": "2026-11-23T12:30:00+00:00",
    "due_prompt": "status_due",
    "status_prompt": "docket_status_assigned",
    "role": "role_L1",
}


class Call:
    """A call walked by hand: `press` goes on until the next question, deeds are answered as the scene has them."""

    def __init__(self, facts, **results):
        self.walk = Walk(FLOW, "hi", facts)
        self.results = {"own_docket": ("none", {}), **results}
        self.said: list[str] = []
        self.done: list[str] = []
        self._go(self.walk.start())

    def _go(self, step):
        """Through announcements and deeds, until the caller has something to do."""
        while True:
            self.step = step
            self.said += [say.key for say in getattr(step, "say", ())]
            if isinstance(step, Do):
                self.done.append(step.deed)
                found = self.results.get(step.deed, (DEEDS[step.deed].results[0], _facts(step)))
                result, facts = found.pop(0) if isinstance(found, list) else found
                step = self.walk.reply(Done(result, facts))
            elif isinstance(step, Ask) and step.timeout_s == 0:
                step = self.walk.reply(Silent())
            else:
                return

    def give(self, *replies):
        for reply in replies:
            self.said.clear()
            self._go(self.walk.reply(reply))
        return self

    def press(self, keys):
        return self.give(*(Pressed(key) for key in keys))

    def be_silent(self, times=1):
        return self.give(*[Silent()] * times)


def _facts(step):
    """What the house adds for a deed that went well."""
    given = DEEDS[step.deed].gives
    facts = {name: value for name, value in DOCKET.items() if name in given}
    if "language" in given:
        facts |= {"language": step.args["language"], "language_known": True}
    if "consumer_id" in given:
        facts |= {"consumer_id": 7, "area": "SD-01"}
    if "subject" in given:
        facts |= {"subject": step.args["subject"]}
    return facts


# -- the first seconds


def test_the_greeting_and_the_danger_key_are_the_first_words():
    walk = Walk(FLOW, "hi", UNKNOWN)
    step = walk.start()
    assert [say.key for say in step.say] == ["greet", "danger_hint"]
    assert "9" in step.keys


def test_an_unknown_caller_chooses_his_language_and_comes_to_the_main_menu_in_it():
    call = Call(UNKNOWN)
    assert [(say.lang, say.key) for say in call.step.say] == [
        (language, "language_choice") for language in ("hi", "ur", "en")
    ]
    call.press("2")
    assert (call.step.node, call.step.say[0].lang) == ("main_full", "ur")


def test_a_known_language_is_not_asked_for_again():
    assert "remember_language" not in Call(KNOWN).done
    assert Call(KNOWN).step.node == "main_full"


# -- registering


@pytest.mark.parametrize(
    ("keys", "subject"), [("11", "SUP-FUSE"), ("12", "SUP-LINE"), ("13", "SUP-DT"), ("14", "SUP-VOLT")]
)
def test_a_known_caller_has_his_docket_of_no_supply_by_two_keys(keys, subject):
    call = Call(KNOWN).press(keys)
    assert call.walk.facts["subject"] == subject
    assert call.done[-1] == "register"
    assert call.said == ["registered", "promised", "hear_again", "person_by_zero"]


@pytest.mark.parametrize(("key", "subject"), [("2", "BILL"), ("3", "METER"), ("4", "NEWCON")])
def test_a_known_caller_has_his_other_dockets_by_one_key(key, subject):
    call = Call(KNOWN).press(key)
    assert (call.walk.facts["subject"], call.done[-1]) == (subject, "register")


def test_a_new_connection_needs_no_consumer_number():
    call = Call(UNKNOWN).press("14")
    assert call.done[-1] == "register"


def test_the_area_of_the_known_house_is_spoken_in_the_same_menu_as_the_choice():
    call = Call(KNOWN).press("1")
    assert call.said == ["supply_menu"]
    assert call.step.say[0].values["area"] == "SD-01"


def test_a_caller_for_another_address_is_asked_for_its_number():
    call = Call(KNOWN, other_connection=("ok", {"consumer_id": None, "area": None})).press("15")
    assert call.step.node == "supply_elsewhere"
    call.press("1")
    assert isinstance(call.step, Collect)


def test_an_unknown_number_is_asked_for_the_consumer_number_and_hears_the_area_back():
    call = Call(UNKNOWN).press("111")
    assert (call.step.node, call.step.digits) == ("consumer_number", 10)
    call.give(Keyed("1000000011"))
    assert (call.said, call.step.flush) == (["area_readback"], True)
    call.press("1")
    assert call.done[-1] == "register"


def test_a_number_that_is_wrong_twice_leads_to_a_person_with_the_docket_made_first():
    call = Call(UNKNOWN, check_consumer=("wrong", {})).press("111")
    call.give(Keyed("1000000012"))
    assert call.said == ["consumer_number_wrong", "ask_consumer_number"]
    call.give(Keyed("1000000013"))
    assert isinstance(call.step, Connect)
    assert call.done[-1] == "register_for_person"
    assert "registered" in call.said
    assert call.said.index("registered") < call.said.index("to_person")


def test_three_connections_are_offered_and_the_one_chosen_is_the_one_complained_of():
    call = Call(MANY)
    assert call.said[-5:] == ["which_connection", *["connection_option"] * 3, "connection_other"]
    call.press("2")
    assert call.walk.facts["choice"] == 2
    assert call.step.node == "main_full"


def test_the_caller_hears_which_key_is_for_another_address():
    assert "connection_other" in Call(MANY).said


# -- a person


@pytest.mark.parametrize("facts", CALLERS)
@pytest.mark.parametrize("keys", ["", "1", "11", "111", "6"])
def test_a_person_is_reached_by_zero_from_any_menu_and_never_before_a_docket(facts, keys):
    call = Call(facts, choose_connection=("ok", {"consumer_id": 7, "area": "SD-01"}))
    for key in keys:
        if isinstance(call.step, Ask) and key in call.step.keys:
            call.press(key)
    if isinstance(call.step, Collect):
        return  # while a number is keyed only star acts
    call.press("0")
    assert isinstance(call.step, Connect)
    assert {"register", "register_for_person"} & set(call.done)


def test_a_caller_whose_docket_could_not_be_written_goes_to_a_person_and_is_told():
    call = Call(KNOWN, register=("trouble", {})).press("11")
    assert isinstance(call.step, Connect)
    assert call.said == ["sorry_trouble"]


def test_nobody_there_offers_a_callback_or_a_message_and_silence_takes_the_callback():
    call = Call(KNOWN).press("0")
    call.give(Done("nobody"))
    assert call.said == ["nobody_there"]
    assert Call(KNOWN).press("0").give(Done("nobody")).press("2").step.node == "message"
    call.be_silent()
    assert call.done[-1] == "promise_callback"
    assert call.said == ["callback_promised", "goodbye"]


def test_a_withheld_number_is_asked_for_one_to_ring_back():
    promises = [("withheld", {}), ("ok", {"when": DOCKET["when"]})]
    call = Call(WITHHELD, promise_callback=promises).press("10")
    call.give(Done("callback"))
    assert (call.step.node, call.step.digits) == ("callback_number", 10)
    call.give(Keyed("5000012345"))
    assert call.said == ["callback_promised", "goodbye"]


# -- danger and theft


@pytest.mark.parametrize("keys", ["2", "3", "0", "9"])
def test_danger_gives_advice_registers_and_goes_to_the_danger_queue(keys):
    call = Call(KNOWN).press("9")
    assert call.said == ["danger_advice", "danger_menu"]
    call.press(keys)
    assert call.step == Connect("danger_queue", "danger")
    assert call.walk.path[-3:] == ["danger_register", "danger_person", "danger_queue"]


def test_a_caller_in_danger_who_says_nothing_is_taken_for_a_danger():
    call = Call(KNOWN).press("9").be_silent()
    assert call.step == Connect("danger_queue", "danger")


def test_a_person_hurt_is_told_the_number_of_the_ambulance():
    assert Call(KNOWN).press("9").press("1").said == ["danger_hurt", "danger_person"]


def test_nine_during_the_very_first_words_is_a_danger():
    walk = Walk(FLOW, "hi", UNKNOWN)
    walk.start()
    assert walk.reply(Pressed("9")).node == "danger"


def test_theft_is_registered_sealed_before_a_word_is_spoken_and_asks_for_no_name():
    walk = Walk(FLOW, "hi", KNOWN)
    walk.start()
    walk.reply(Silent())
    walk.reply(Done("none"))
    assert walk.reply(Pressed("5")) == Do("theft", "register", {"category": "THEFT", "sealed": "yes"})
    step = walk.reply(Done("ok", DOCKET))
    assert isinstance(step, Record)
    assert [say.key for say in step.say] == ["theft_intro", "leave_message"]


def test_who_reports_a_theft_and_hangs_up_while_speaking_has_his_words_kept():
    call = Call(KNOWN).press("5")
    step = call.walk.reply(Left("n1-1-message"))
    assert step == Do("keep_theft_message", "keep_message", {"recording": "n1-1-message"})
    assert call.walk.reply(Done("ok")).say == ()


# -- status


def test_a_caller_with_an_open_docket_hears_of_it_before_the_menu():
    call = Call(KNOWN, own_docket=("found", DOCKET))
    assert call.said[-4:] == ["open_docket", "docket_status_assigned", "status_due", "status_menu"]
    assert call.press("1").done[-1] == "press_docket"


def test_six_tells_the_status_and_one_raises_it():
    call = Call(KNOWN).press("6")
    assert call.said == ["status_none", "ask_docket_number"]
    call.give(Keyed("10000012"))
    assert call.said == ["status_line", "docket_status_assigned", "status_due", "status_menu"]
    assert call.press("1").said == ["status_raised", "person_by_zero"]


def test_a_docket_number_wrong_twice_tells_nothing_and_leads_to_a_person():
    call = Call(KNOWN, check_docket=("wrong", {})).press("6")
    call.give(Keyed("10000013"))
    assert call.said == ["docket_number_wrong", "status_none", "ask_docket_number"]
    call.give(Keyed("10000021"))
    assert "docket_number_failed" in call.said
    assert isinstance(call.step, Connect)


# -- what holds for every call


@pytest.mark.parametrize("facts", CALLERS)
@pytest.mark.parametrize("flow", sorted(FLOWS))
@pytest.mark.parametrize("end", CONNECT_RESULTS)
def test_who_is_silent_from_the_first_second_comes_to_an_end_in_every_flow(flow, facts, end):
    walk = Walk(FLOWS[flow], "hi", {**DOCKET, **facts, "purpose": "asked"})
    step = walk.start()
    for _ in range(60):
        match step:
            case End():
                return
            case Do():
                results = DEEDS[step.deed].results
                withheld = step.deed == "promise_callback" and not facts["phone_known"]
                step = walk.reply(Done("withheld" if withheld else results[0], _facts(step)))
            case Connect():
                step = walk.reply(Done(end))
            case Record():
                step = walk.reply(Recorded(None, 0.0))
            case _:
                step = walk.reply(Silent())
    pytest.fail(f"still talking to silence: {walk.path[-10:]}")


def random_reply(draw, step):
    match step:
        case Do():
            return Done(draw(st.sampled_from(DEEDS[step.deed].results)), _facts(step))
        case Connect():
            return Done(draw(st.sampled_from(CONNECT_RESULTS)))
        case Collect():
            return draw(st.sampled_from([Pressed("*"), Silent(), Keyed(""), Keyed("1000000011")]))
        case Record():
            return draw(st.sampled_from([Recorded("n1-1-message", 3.0), Recorded(None, 0.0), Left("n1-1-message")]))
        case _:
            usual = [Silent(), *(Pressed(key) for key in KEYS)]
            return draw(st.sampled_from([*usual, *usual, Left()]))


@given(data=st.data(), flow=st.sampled_from(sorted(FLOWS)), facts=st.sampled_from(CALLERS))
def test_whatever_keys_are_pressed_the_walk_never_raises_and_always_says_waits_or_ends(data, flow, facts):
    walk = Walk(FLOWS[flow], "hi", {**DOCKET, **facts, "purpose": "asked"})
    step = walk.start()
    for _ in range(40):
        if isinstance(step, End):
            return
        if isinstance(step, Ask | Collect | Record):
            assert step.say, step.node  # nobody waits in silence
        if isinstance(step, Ask):
            assert step.keys
            assert all(say.key in WORDING.keys for say in step.say)
        step = walk.reply(random_reply(data.draw, step))
    for _ in range(60):  # from here on he presses nothing
        if isinstance(step, End):
            return
        match step:
            case Do():
                step = walk.reply(Done(DEEDS[step.deed].results[0], _facts(step)))
            case Connect():
                step = walk.reply(Done("talked"))
            case Record():
                step = walk.reply(Recorded(None, 0.0))
            case _:
                step = walk.reply(Silent())
    pytest.fail(f"never ends: {walk.path[-10:]}")


@given(data=st.data(), facts=st.sampled_from(CALLERS))
def test_whatever_keys_are_pressed_nobody_waits_for_a_person_without_a_docket(data, facts):
    walk = Walk(FLOW, "hi", facts)
    step = walk.start()
    tried = False
    for _ in range(40):
        if isinstance(step, End):
            return
        if isinstance(step, Do):
            tried = tried or step.deed in ("register", "register_for_person", "own_docket", "check_docket")
        assert tried or not isinstance(step, Connect)
        step = walk.reply(random_reply(data.draw, step))


@given(data=st.data())
def test_three_failures_always_lead_to_the_person(data):
    call = Call(KNOWN)
    menus = [name for name, node in FLOW.nodes.items() if isinstance(node, MenuNode) and node.silence is None]
    call.walk.node = data.draw(st.sampled_from(sorted(menus)))
    for _ in range(MAX_FAILURES):
        assert not isinstance(call.step, Connect)
        unused = sorted(set("12345678") - set(FLOW.nodes[call.walk.node].keys))
        call.give(data.draw(st.sampled_from([Silent(), *(Pressed(key) for key in unused)])))
    assert isinstance(call.step, Connect)


def test_in_a_surge_the_menu_is_short_and_a_callback_is_offered_before_anybody_waits():
    call = Call({**KNOWN, "surge": "on"})
    assert (call.step.node, call.said[-1]) == ("main_short", "main_menu_short")
    call.press("0")
    assert (call.step.node, call.said[-1]) == ("callback_first", "surge_callback")
    assert "register_for_person" in call.done
    call.be_silent()
    assert call.done[-1] == "promise_callback"


def test_who_would_rather_wait_in_a_surge_waits():
    call = Call({**KNOWN, "surge": "on"}).press("00")
    assert isinstance(call.step, Connect)


def test_a_danger_is_never_held_up_by_a_surge():
    call = Call({**KNOWN, "surge": "on"}).press("9").press("2")
    assert isinstance(call.step, Connect)
    assert call.step.skill == "danger"
