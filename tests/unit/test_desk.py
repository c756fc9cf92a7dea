"""The desk's decisions from registration to the claim, and those of the clock: pure, given the facts and the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import desk
from complaints.lifecycle import IN_FIELD, OPEN_STATES, Deed, IllegalMove, is_legal
from complaints.records import Category, Company, Consumer, Docket, Officer, Origin, Settlement, State

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""10:30 in Kolkata: within calling hours."""
PURVI = Company("PV", "Purvi Vidyut")
PROBE = Company("PROBE", "Probe", hours=("00:00", "24:00"), verify_delay_min=0)
FUSE = Category("SUP-FUSE", {"hi": "बिजली नहीं", "en": "No supply"}, 4, 8, 2, 20)
DANGER = Category("SAF", {"en": "Danger"}, 1, 2, 0, 15)
THEFT = Category("THEFT", {"en": "Theft"}, 72, 72, 3, None)
OFFICERS = {level: Officer(f"{rank}01", "PV", level, "SD-01") for level, rank in enumerate("JSXECM", start=1)}
HOUSE = Consumer(7, "PV", "1000000011", "SD-01", "DT-0001", Settlement.RURAL, "hi", "+915000012345")


def facts(**changes):
    plain = {
        "cause": "register:n1-1:SUP-FUSE",
        "number": "10000012",
        "company": PURVI,
        "category": FUSE,
        "language": "hi",
        "consumer": HOUSE,
        "phone": "+915000012345",
        "call_ref": "n1-1",
        "officers": OFFICERS,
    }
    return desk.Registration(**(plain | changes))


def docket(state=State.ASSIGNED, **changes):
    plain = {
        "company": "PV",
        "category": "SUP-FUSE",
        "level": 1,
        "settlement": Settlement.URBAN,
        "language": "hi",
        "registered_at": NOW,
        "due_at": NOW + timedelta(hours=4),
        "unit": "SD-01",
        "owner": "J01",
        "phone": "+915000012345",
        "version": 3,
    }
    return Docket(number="10000012", state=state, **(plain | changes))


def templates(decision):
    return [(message.template, message.to) for message in decision.messages]


officer_lists = st.sets(st.integers(1, 6)).map(lambda levels: {level: OFFICERS[level] for level in levels})
standings = st.builds(
    docket,
    state=st.sampled_from(sorted(State)),
    level=st.integers(1, 6),
    reopened=st.integers(0, 5),
    repeats=st.integers(0, 3),
)


# -- registering


def test_a_registration_makes_an_assigned_docket_with_its_promise_and_its_messages():
    decision = desk.register(facts(), NOW)
    made = decision.docket
    assert (made.state, made.level, made.owner, made.unit) == (State.ASSIGNED, 1, "J01", "SD-01")
    assert made.due_at == NOW + timedelta(hours=8)  # the consumer's place is rural
    assert templates(decision) == [("docket_registered", "+915000012345"), ("officer_assigned", "officer:J01")]
    assert decision.messages[0].variables == {
        "docket": "10000012",
        "category": "बिजली नहीं",
        "due": "23-11-2026 18:30",
    }
    assert [(row.before, row.after, row.deed) for row in decision.timeline] == [(None, State.ASSIGNED, "register")]
    assert [(work.kind, work.due_at, work.payload["level"]) for work in decision.due] == [("escalate", made.due_at, 2)]
    assert decision.expected_version is None


def test_a_caller_without_a_number_and_a_place_is_registered_all_the_same():
    decision = desk.register(facts(consumer=None, phone=None, officers={}), NOW)
    assert decision.docket.state is State.ASSIGNED
    assert (decision.docket.owner, decision.docket.phone) == (None, None)
    assert decision.messages == ()


def test_a_language_the_kind_has_no_name_in_falls_back_to_english():
    assert desk.register(facts(language="ur"), NOW).messages[0].variables["category"] == "No supply"


def test_a_sealed_report_sends_the_caller_nothing():
    decision = desk.register(facts(sealed=True), NOW)
    assert decision.docket.sealed
    assert [to for _, to in templates(decision) if not to.startswith("officer:")] == []


def test_who_gave_a_sealed_report_is_never_rung_about_it():
    sealed = desk.register(facts(sealed=True, category=THEFT), NOW).docket
    rung = desk.claim(sealed, "officer:J01", "C12", "", NOW, THEFT, PURVI).due
    assert sealed.phone is None or rung == ()


def test_a_danger_is_told_to_the_sub_divisional_officer_and_the_executive_engineer_at_once():
    told = {to for _, to in templates(desk.register(facts(category=DANGER), NOW))}
    assert {"officer:J01", "officer:S01", "officer:X01"} <= told


def test_where_the_lowest_post_is_not_filled_the_next_above_gets_the_docket():
    assert desk.register(facts(officers={4: OFFICERS[4]}), NOW).docket.owner == "E01"


def test_a_probe_stays_a_probe():
    assert desk.register(facts(company=PROBE, origin=Origin.PROBE), NOW).docket.origin is Origin.PROBE


def test_registering_the_same_call_again_is_the_same_decision():
    first, second = desk.register(facts(number="10000012"), NOW), desk.register(facts(number="10000026"), NOW)
    assert first.cause == second.cause


@pytest.mark.parametrize("actor", ["officer:J01", "supervisor:V01", "line"])
def test_only_a_consumer_or_his_agent_registers(actor):
    with pytest.raises(IllegalMove):
        desk.register(facts(actor=actor), NOW)


# -- the field


@pytest.mark.parametrize("state", IN_FIELD)
def test_work_done_is_only_a_claim_and_the_consumer_is_rung_after_the_delay_of_its_kind(state):
    decision = desk.claim(docket(state), "officer:J01", "C12", "fuse changed", NOW, FUSE, PURVI)
    claimed = decision.docket
    assert (claimed.state, claimed.claims, claimed.attempts) == (State.RESOLUTION_CLAIMED, 1, 0)
    assert (claimed.claimed_by, claimed.cause_code, claimed.closed_at) == ("officer:J01", "C12", None)
    (ring,) = decision.due
    assert (ring.kind, ring.due_at) == ("ring_satisfaction", NOW + timedelta(minutes=20))
    assert ring.payload == {"docket": "10000012", "claim": 1, "attempt": 1}


def test_a_claim_late_in_the_evening_is_asked_about_next_morning():
    evening = datetime(2026, 11, 23, 16, 20, tzinfo=UTC)  # 21:50 in Kolkata
    (ring,) = desk.claim(docket(), "officer:J01", "C12", "", evening, FUSE, PURVI).due
    assert ring.due_at == datetime(2026, 11, 24, 3, 30, tzinfo=UTC)


def test_the_probes_company_is_rung_at_once_at_any_hour():
    night = datetime(2026, 11, 23, 20, 30, tzinfo=UTC)
    (ring,) = desk.claim(docket(), "officer:J01", "C12", "", night, FUSE, PROBE).due
    assert ring.due_at == night


def test_a_second_claim_has_a_ring_of_its_own():
    first = desk.claim(docket(), "officer:J01", "C12", "", NOW, FUSE, PURVI)
    again = replace(first.docket, state=State.REOPENED, attempts=2)
    second = desk.claim(again, "officer:J01", "C12", "", NOW, FUSE, PURVI)
    assert second.docket.attempts == 0
    assert first.cause != second.cause
    assert first.due[0].cause != second.due[0].cause


@pytest.mark.parametrize("state", sorted(set(State) - {*IN_FIELD, State.LINKED_TO_OUTAGE}))
def test_what_is_not_in_the_field_cannot_be_claimed(state):
    with pytest.raises(IllegalMove):
        desk.claim(docket(state), "officer:J01", "C12", "", NOW, FUSE, PURVI)


@pytest.mark.parametrize("actor", ["agent:A17", "supervisor:V01", "consumer", "line", "admin:1"])
def test_only_an_officer_claims(actor):
    with pytest.raises(IllegalMove):
        desk.claim(docket(), actor, "C12", "", NOW, FUSE, PURVI)


def test_a_note_changes_nothing_but_the_timeline():
    before = docket(State.ON_SITE)
    decision = desk.move(before, Deed.ADD_NOTE, "agent:A17", NOW, "he rang again")
    assert decision.docket == before
    assert [(row.note, row.actor) for row in decision.timeline] == [("he rang again", "agent:A17")]
    assert (decision.messages, decision.due, decision.withdraw) == ((), (), ())


# -- the clock and the consumer's pressing


@given(before=standings, level=st.integers(2, 6), officers=officer_lists)
def test_the_clock_only_ever_raises_the_level(before, level, officers):
    decision = desk.escalate(before, level, NOW, officers)
    if before.state not in OPEN_STATES or before.level >= level:
        assert decision is None
        return
    assert decision.docket.level == level > before.level
    assert decision.docket.state is before.state
    assert (decision.docket.registered_at, decision.docket.due_at) == (before.registered_at, before.due_at)
    nexts = [work.payload["level"] for work in decision.due]
    assert nexts == ([level + 1] if level < desk.TOP_LEVEL else [])


@given(before=standings, officers=officer_lists)
def test_who_presses_an_open_docket_moves_it_one_level_up_and_is_counted(before, officers):
    if before.state not in OPEN_STATES:
        with pytest.raises(IllegalMove):
            desk.press(before, "consumer", NOW, officers, "press:n1-2")
        return
    pressed = desk.press(before, "consumer", NOW, officers, "press:n1-2").docket
    assert pressed.level == min(desk.TOP_LEVEL, before.level + 1)
    assert (pressed.repeats, pressed.state) == (before.repeats + 1, before.state)


@given(before=standings, officers=officer_lists)
def test_a_missing_officer_never_leaves_a_docket_without_an_owner(before, officers):
    decision = desk.press(before, "consumer", NOW, officers, "c") if before.state in OPEN_STATES else None
    if decision:
        above = [officers[level].code for level in sorted(officers) if level >= decision.docket.level]
        assert decision.docket.owner == (above[0] if above else before.owner)


REOPENABLE = sorted(set(State) - {*IN_FIELD, State.NEW, State.LINKED_TO_OUTAGE, State.TRANSFERRED})


@given(before=standings, officers=officer_lists, actor=st.sampled_from(["consumer", "agent:A17", "supervisor:V01"]))
def test_reopening_raises_the_level_and_the_third_time_goes_to_the_executive_engineer_or_above(before, officers, actor):
    if before.state not in REOPENABLE:
        with pytest.raises(IllegalMove):
            desk.reopen(before, actor, NOW, officers, "reopen:n1-2")
        return
    decision = desk.reopen(before, actor, NOW, officers, "reopen:n1-2")
    again = decision.docket
    assert again.state is State.REOPENED
    assert again.level == min(6, max(before.level + 1, desk.XEN if before.reopened >= 2 else 1))
    assert again.reopened == before.reopened + 1
    assert again.closed_at is None
    assert decision.withdraw == (desk.ring_cause(before),)


def test_reopening_tells_the_consumer_and_the_new_owner():
    decision = desk.reopen(docket(State.CLOSED_SATISFIED), "consumer", NOW, OFFICERS, "c")
    assert templates(decision) == [("docket_reopened", "+915000012345"), ("officer_assigned", "officer:S01")]


# -- what holds for every decision


@st.composite
def chains(draw):
    """A docket's life as the field and the clock lead it: decisions applied one after another."""
    current = replace(desk.register(facts(), NOW).docket, version=1)
    decisions = []
    for hour in range(draw(st.integers(1, 10))):
        now = NOW + timedelta(hours=hour)
        made = _next(draw, current, now)
        if made is not None:
            decisions.append((current, made))
            current = replace(made.docket, version=current.version + 1)
    return decisions


def _next(draw, current, now):
    officers = draw(officer_lists)
    deed = draw(st.sampled_from(["move", "claim", "verify", "reopen", "press", "escalate"]))
    try:
        match deed:
            case "move":
                return desk.move(
                    current, draw(st.sampled_from([Deed.ACCEPT, Deed.ARRIVE, Deed.WAIT])), "officer:J01", now
                )
            case "claim":
                return desk.claim(current, "officer:J01", "C1", "", now, FUSE, PURVI)
            case "verify":
                return desk.begin_verifying(current, now) if current.state is State.RESOLUTION_CLAIMED else None
            case "reopen":
                return desk.reopen(current, "consumer", now, officers, f"reopen:{current.version}")
            case "press":
                return desk.press(current, "consumer", now, officers, f"press:{current.version}")
            case _:
                return desk.escalate(current, draw(st.integers(2, 6)), now, officers)
    except IllegalMove:
        return None


@given(chain=chains())
def test_through_a_dockets_life_the_level_never_falls_and_the_promise_never_moves(chain):
    for before, decision in chain:
        following = decision.docket
        assert following.level >= before.level
        assert (following.registered_at, following.due_at) == (before.registered_at, before.due_at)
        assert following.number == before.number


@given(chain=chains())
def test_every_decision_names_the_version_it_saw_and_tells_its_move_in_the_timeline(chain):
    causes = [decision.cause for _, decision in chain]
    assert len(causes) == len(set(causes))
    for before, decision in chain:
        assert decision.expected_version == before.version
        assert [(row.before, row.after) for row in decision.timeline] == [(before.state, decision.docket.state)]
        assert is_legal(before.state, decision.docket.state)
        assert decision.docket.state is not State.CLOSED_SATISFIED


@given(chain=chains())
def test_no_promise_of_a_life_is_written_twice(chain):
    due = [work.cause for _, decision in chain for work in decision.due]
    assert len(due) == len(set(due))


@given(chain=chains())
def test_whoever_becomes_the_owner_is_told_and_by_a_message_of_its_own(chain):
    causes = set()
    for before, decision in chain:
        if decision.docket.level != before.level and decision.docket.owner != before.owner:
            told = [each for each in decision.messages if each.to == f"officer:{decision.docket.owner}"]
            assert [each.template for each in told] == ["officer_assigned"]
            assert told[0].cause not in causes
        causes |= {message.cause for message in decision.messages}


@given(chain=chains())
def test_the_ladders_of_escalation_count_from_the_registration(chain):
    for _, decision in chain:
        for work in decision.due:
            if work.kind == "escalate":
                part = (work.due_at - NOW) / (decision.docket.due_at - NOW)
                assert part == {2: 1, 3: 1.5, 4: 2, 5: 3, 6: 4}[work.payload["level"]]
