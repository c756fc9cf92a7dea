"""The verdict of `sunwai chaos` from given rows, and what a seed draws; nothing is started."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import islice, pairwise

import pytest
from rich.console import Console

from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import Origin
from storage.calls import LedgerSum
from storage.evidence import Attempt, DocketOfCall, Evidence, Promise
from sunwai.chaos import report
from sunwai.chaos.around import connected
from sunwai.chaos.callers import CallMade, plans
from sunwai.chaos.consumers import Rung
from sunwai.chaos.faults import Injected
from sunwai.chaos.plan import EVERYWHERE, Fault, schedule
from sunwai.chaos.verdict import Facts, Verdict, judge
from sunwai.chaos.world import children

BEGAN = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
NUMBER = "5000000123"
REF = "c1-1795341600.1"


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def made(number: str = NUMBER, began: float = 0.0, *, answered: bool = True, told: bool = False) -> CallMade:
    return CallMade(number, "registers", at(began), at(began + 20), answered=answered, registered=told, talked=False)


def call(
    ref: str = REF, number: str | None = NUMBER, began: float = 0.5, seconds: float = 20.0, **more: object
) -> Call:
    row = Call(
        ref,
        "inbound",
        Origin.LINE,
        at(began),
        phone=f"+91{number}" if number else None,
        answered_at=at(began),
        ended_at=at(began + seconds),
        ended_by=EndedBy.CALLER,
        outcome=Outcome.DOCKET_REGISTERED,
    )
    return replace(row, **more)


def rows(*calls: Call, **more: object) -> Evidence:
    return replace(Evidence(calls, (DocketOfCall("41000001", REF, "SUP-FUSE"),), (), ()), **more)


def facts(**more: object) -> Facts:
    """One call that went well; `more` is what is different."""
    fine = Facts(
        made=(made(),),
        injected=(),
        rung=(),
        ledger=LedgerSum(1, {Outcome.DOCKET_REGISTERED: 1}, 0, (), ()),
        evidence=rows(call()),
        recorded_s={REF: 19.5},
        connected=(),
        ended=at(300),
        whole=True,
        channels_left=False,
        agents_away=(),
    )
    return replace(fine, **more)


def broken(verdict: Verdict) -> dict[str, tuple[str, ...]]:
    return {law.name: law.found for law in verdict.laws if not law.holds}


def fault(kind: Fault, seconds: float, *, done: bool = True) -> Injected:
    return Injected(kind, at(seconds), done)


# -- the ledger -------------------------------------------------------------------------------------------------------


def test_every_law_holds_when_every_call_made_has_its_row_outcome_and_recording():
    verdict = judge(facts())
    assert verdict.holds
    assert broken(verdict) == {}


def test_offered_that_is_not_the_sum_of_outcomes_is_a_breach():
    verdict = judge(facts(ledger=LedgerSum(2, {Outcome.TALKED: 1}, 1, (), ())))
    assert broken(verdict) == {"offered = sum of outcomes": ("offered 2, outcomes 1, going 1",)}


def test_a_call_without_an_outcome_and_a_lost_call_are_breaches():
    verdict = judge(facts(evidence=rows(call(outcome=None)), ledger=LedgerSum(1, {Outcome.CUT: 1}, 0, (), (REF,))))
    assert broken(verdict) == {"calls without an outcome": (REF,), "lost calls": (REF,)}


def test_a_call_we_made_needs_its_outcome_too():
    asked = call("c1-1.o1", "5000000777", kind="satisfaction", outcome=None)
    assert broken(judge(facts(evidence=rows(call(), asked)))) == {
        "calls without an outcome": ("c1-1.o1 (satisfaction)",)
    }


def test_an_answered_call_the_books_do_not_know_is_a_breach_and_one_that_never_reached_the_line_is_none():
    other = "5000000124"
    unanswered = judge(facts(made=(made(), made(other, answered=False))))
    answered = judge(facts(made=(made(), made(other))))
    assert unanswered.holds
    assert list(broken(answered)) == ["answered calls the books do not know"]


def test_a_row_is_taken_by_one_call_only_so_that_a_second_call_of_the_number_is_missed():
    verdict = judge(facts(made=(made(), made(began=1.0))))
    assert len(broken(verdict)["answered calls the books do not know"]) == 1


def test_a_call_that_was_entered_twice_is_a_breach():
    twice = rows(call(), call("c1-1795341600.2"))
    verdict = judge(facts(evidence=twice, recorded_s={REF: 9.0, "c1-1795341600.2": 9.0}))
    assert broken(verdict) == {"calls in the books that nobody made": ("c1-1795341600.2",)}


def test_a_call_whose_caller_hung_up_before_a_hung_asterisk_came_back_arrives_late_and_is_his():
    late = rows(call(began=27.0, seconds=0.1))  # he hung up at 20 s
    assert judge(facts(made=(made(), made("5000000124", answered=False)), evidence=rows(call()))).holds
    assert list(broken(judge(facts(evidence=late)))) == [
        "answered calls the books do not know",
        "calls in the books that nobody made",
    ]
    unanswered = judge(facts(made=(made(answered=False), made("5000000124")), evidence=late))
    assert list(broken(unanswered)) == ["answered calls the books do not know"]  # of the other caller


def test_a_run_without_an_answered_call_proves_nothing():
    verdict = judge(facts(made=(), evidence=Evidence((), (), (), ()), ledger=LedgerSum(0, {}, 0, (), ())))
    assert list(broken(verdict)) == ["the load made calls"]


# -- dockets and promises ---------------------------------------------------------------------------------------------


def test_two_dockets_for_one_call_and_category_are_duplicates_and_of_two_categories_are_not():
    one, same = DocketOfCall("41000001", REF, "SUP-FUSE"), DocketOfCall("41000002", REF, "SUP-FUSE")
    other = DocketOfCall("41000003", REF, "BILL")
    assert judge(facts(evidence=rows(call(), dockets=(one, other)))).holds
    verdict = judge(facts(evidence=rows(call(), dockets=(one, same))))
    assert broken(verdict) == {"duplicate dockets": (f"{REF} SUP-FUSE: 41000001, 41000002",)}


def test_a_docket_that_was_told_to_the_caller_must_be_in_the_books():
    told = facts(made=(made(told=True),))
    assert judge(replace(told, evidence=rows(call()))).holds
    assert judge(replace(told, evidence=rows(call(docket="41000001"), dockets=()))).holds
    verdict = judge(replace(told, evidence=rows(call(), dockets=())))
    assert broken(verdict) == {"dockets told that are not in the books": ("caller …00123, begun 10:00:00",)}


def test_a_consumer_rung_while_he_is_being_rung_is_a_double_dial_and_rung_again_later_is_not():
    first = Rung(NUMBER, at(30), at(40))
    assert judge(facts(rung=(first, Rung(NUMBER, at(41), at(50))))).holds
    verdict = judge(facts(rung=(first, Rung(NUMBER, at(39), at(50)))))
    assert broken(verdict) == {"double dials": ("rung twice at a time: caller …00123",)}


def test_the_death_of_asterisk_ends_a_ringing_whatever_the_far_side_believes():
    rung = (Rung(NUMBER, at(30), None), Rung(NUMBER, at(45), at(50)))
    assert judge(facts(rung=rung, injected=(fault(Fault.ASTERISK_KILLED, 40),))).holds
    assert not judge(facts(rung=rung, injected=(fault(Fault.ASTERISK_KILLED, 40, done=False),))).holds


def test_two_talks_of_ours_with_one_consumer_at_a_time_are_a_double_dial():
    talks = [call(ref, kind="callback", began=begin, seconds=10) for ref, begin in (("c1-1.a", 30.0), ("c1-1.b", 35.0))]
    verdict = judge(facts(evidence=rows(call(), *talks)))
    assert broken(verdict) == {"double dials": ("talked to twice at a time: c1-1.a, c1-1.b",)}


@pytest.mark.parametrize(("state", "holds"), [("done", True), ("waiting", False)])
def test_two_rungs_of_one_promise_may_not_wait_at_once(state, holds):
    promises = (
        Promise("promise:ab", "ring_promise", state, {}),
        Promise("promise:ab#2", "ring_promise", "waiting", {}),
    )
    assert judge(facts(evidence=rows(call(), promises=promises))).holds is holds


def test_one_attempt_of_one_claim_stands_in_the_register_once():
    attempts = tuple(Attempt("41000001", 1, 1, ref, "cut") for ref in ("c1-1.a", "c1-1.b"))
    verdict = judge(facts(evidence=rows(call(), attempts=attempts)))
    assert list(broken(verdict)) == ["double dials"]


# -- recordings and adoption ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "recorded", "holds"), [(20, None, False), (20, 0.0, False), (4.9, None, True)])
def test_a_call_with_more_than_five_seconds_of_sound_needs_a_playable_recording(seconds, recorded, holds):
    verdict = judge(facts(evidence=rows(call(seconds=seconds)), recorded_s={REF: recorded}))
    assert verdict.holds is holds


def test_the_last_four_seconds_before_a_kill_of_asterisk_may_be_lost_and_no_more():
    lost = facts(recorded_s={REF: None})
    assert judge(replace(lost, injected=(fault(Fault.ASTERISK_KILLED, 9.0),))).holds  # 8.5 s of sound
    assert not judge(replace(lost, injected=(fault(Fault.ASTERISK_KILLED, 10.0),))).holds
    assert not judge(replace(lost, injected=(fault(Fault.CONTROLLER_KILLED, 9.0),), connected=(at(10),))).holds


def test_who_heard_that_all_lines_are_full_is_not_recorded():
    full = call(outcome=Outcome.REJECTED_CAPACITY, flags={Outcome.REJECTED_CAPACITY: "10:00"})
    assert judge(facts(evidence=rows(full), recorded_s={})).holds


def test_the_time_to_adopt_is_from_the_death_to_the_next_connected():
    deaths = (fault(Fault.CONTROLLER_KILLED, 10), fault(Fault.CONTROLLER_KILLED, 50), fault(Fault.REDIS_KILLED, 70))
    verdict = judge(facts(injected=deaths, connected=(at(1), at(12), at(56))))
    assert verdict.adopt_s(Fault.CONTROLLER_KILLED) == (4.0, 6.0)
    assert verdict.adopt_s(Fault.CONTROLLER_STOPPED) is None
    assert verdict.faults == {"controller killed": 2, "redis killed": 1}


def test_a_controller_that_does_not_come_back_is_a_breach():
    verdict = judge(facts(injected=(fault(Fault.CONTROLLER_STOPPED, 10),), connected=(at(1),)))
    assert broken(verdict) == {"controllers not back": ("controller stopped at 10:00:10",)}


def test_what_is_left_when_all_is_quiet_is_a_breach():
    verdict = judge(facts(whole=False, channels_left=True, agents_away=("A01: talking",)))
    assert len(broken(verdict)) == 3


def test_the_controllers_log_tells_when_it_had_taken_up_what_it_found(tmp_path):
    log = tmp_path / "controller.log"
    log.write_text(
        '{"event": "ari_registered", "timestamp": "2026-11-22T10:00:01Z"}\n'
        "Killed\n"
        '{"event": "connected", "calls": 3, "timestamp": "2026-11-22T10:00:02.5Z"}\n'
    )
    assert connected(log) == [at(2.5)]


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_the_tables_name_each_breach_and_the_json_has_all():
    lost = facts(ledger=LedgerSum(1, {Outcome.CUT: 1}, 0, (), (REF,)), injected=(fault(Fault.REDIS_KILLED, 5),))
    run = report.Run(7, 1.0, 0.8, "SQLite", "chaos/1", ("postgresql killed: none here",), 0, {})
    screen = StringIO()
    report.show(run, lost, judge(lost), Console(file=screen, width=160))
    shown, written = screen.getvalue(), report.as_json(run, lost, judge(lost)).decode()
    for text in (REF, "redis killed", "seed 7", "left out: postgresql killed: none here"):
        assert text in shown
    assert '"holds": false' in written
    assert REF in written
    assert REF in report.evidence_as_json(lost).decode()


# -- what a seed draws ------------------------------------------------------------------------------------------------


def test_a_seed_draws_the_same_faults_again_and_another_seed_others():
    assert schedule(7, 300, EVERYWHERE) == schedule(7, 300, EVERYWHERE)
    assert schedule(7, 300, EVERYWHERE) != schedule(8, 300, EVERYWHERE)


@pytest.mark.parametrize("seed", range(20))
def test_faults_come_one_each_ten_to_thirty_seconds_of_every_kind_and_end_before_the_load(seed):
    planned = schedule(seed, 600, EVERYWHERE)
    pauses = [later.at_s - earlier.at_s for earlier, later in pairwise(planned)]
    assert 10 <= min(pauses) <= max(pauses) <= 30
    assert planned[-1].at_s < 595
    assert {one.fault for one in planned} == set(EVERYWHERE)


def test_postgresql_is_broken_only_where_the_books_are_kept_in_it():
    assert Fault.BOOKS_KILLED not in EVERYWHERE


def test_a_seed_draws_the_same_callers_again_each_with_a_number_of_his_own():
    first, again = (list(islice(plans(3), 300)) for _ in range(2))
    assert first == again
    assert len({plan.number for plan in first}) == 300
    assert all(plan.number.startswith("50000") for plan in first)


def test_of_a_role_and_its_spare_the_one_that_serves_is_hit_also_when_process_ids_have_started_anew(tmp_path):
    for pid, parent, began in ((451, 7, 900), (32760, 7, 300), (500, 8, 100)):
        (tmp_path / str(pid)).mkdir()
        fields = ["S", str(parent), *["0"] * 17, str(began), *["0"] * 30]
        (tmp_path / str(pid) / "stat").write_text(f"{pid} (a (strange) name) {' '.join(fields)}\n", encoding="utf-8")
        (tmp_path / str(pid) / "cmdline").write_bytes(b"python\0-m\0sunwai\0controller\0")
    assert [pid for pid, _ in children(7, tmp_path)] == [32760, 451]


def test_the_children_of_a_process_are_found():
    with subprocess.Popen(["sleep", "30"]) as child:
        try:
            assert (child.pid, "sleep 30 ") in children(os.getpid())
        finally:
            child.kill()
