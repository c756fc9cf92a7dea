"""The wallboard's bench: which message shows which change, what counts as a fault, and its telephone's words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from rich.console import Console

from sunwai.bench import sip_words
from sunwai.bench.arrivals import Change, Delays, Shown, delays, until_counted, until_shown
from sunwai.bench.measure import is_agents_leg
from sunwai.bench.wall_house import CALLERS_ASK_FOR, agents
from sunwai.bench.wall_plan import make_wall_plan
from sunwai.bench.wall_report import Stretch, WallResults, as_json, cost, show
from sunwai.errors import SunwaiError

MACHINE = {"cores": 2, "asterisk": "22.10.1", "kernel": "6", "load_before": 0.1, "load_after": 1.0}
GOOD = Delays(100, 0, 0.2, 0.4, 0.5, 0.6)
ONE_A_SECOND = [(float(n), n) for n in range(4)]
"""Of a queue that grows from nobody to three."""


def page(*walls: tuple[float, dict[str, float]], waiting: tuple[tuple[float, int], ...] = ()) -> Shown:
    shown = Shown()
    for arrived, since_of in walls:
        shown.hear_agents(arrived, since_of)
    for arrived, number in waiting:
        shown.hear_waiting(arrived, number)
    return shown


def by_himself(began: float, since: float, agent: str = "B001") -> Change:
    return Change(agent, "agent", began, since, since)


# -- agents' changes --------------------------------------------------------------------------------------------------


def test_a_change_is_shown_by_the_first_message_that_has_it_on_each_page():
    quick = page((10.0, {"B001": 5.0}), (10.3, {"B001": 10.1}), (10.8, {"B001": 10.1}))
    slow = page((10.0, {"B001": 5.0}), (10.9, {"B001": 10.1}))
    assert until_shown([by_himself(10.0, 10.1)], [quick, slow]) == [pytest.approx(0.3), pytest.approx(0.9)]


def test_a_state_that_was_over_before_any_reading_is_shown_by_what_came_after_it():
    shown = page((10.0, {"B001": 5.0}), (10.6, {"B001": 10.2}))
    assert until_shown([by_himself(10.0, 10.1), by_himself(10.15, 10.2)], [shown]) == [
        pytest.approx(0.6),
        pytest.approx(0.45),
    ]


def test_what_a_page_never_shows_is_missing_and_another_agents_change_does_not_help_it():
    stuck = page((10.0, {"B001": 5.0, "B002": 5.0}), (10.5, {"B001": 5.0, "B002": 10.1}))
    found = until_shown([by_himself(10.0, 10.1), by_himself(10.0, 10.1, "B002"), by_himself(10.0, 10.1, "B9")], [stuck])
    assert found == [None, pytest.approx(0.5), None]
    told = delays(3, found)
    assert (told.changes, told.missing, told.most) == (3, 2, pytest.approx(0.5))


def test_the_99th_percentile_is_of_all_pages_and_changes():
    told = delays(20, [0.1] * 98 + [0.7, 0.9])
    assert (told.p50, told.p95, told.p99, told.most) == (0.1, 0.1, 0.7, 0.9)
    assert delays(1, [None]) == Delays(1, 1, None, None, None, None)


# -- the queue --------------------------------------------------------------------------------------------------------


def test_a_caller_who_came_is_shown_by_the_first_count_that_has_him():
    shown = page(waiting=((1.4, 1), (3.5, 3)))
    told = until_counted(ONE_A_SECOND, [shown], rising=True)
    assert (told.changes, told.missing) == (3, 0)
    assert (told.p50, told.most) == (pytest.approx(0.5), pytest.approx(1.5)), "0.4, 1.5 and 0.5"


def test_a_caller_who_left_is_shown_by_the_first_count_without_him():
    told = until_counted([(0.0, 3), (1.0, 2), (2.0, 1)], [page(waiting=((0.5, 3), (1.2, 2), (2.9, 1)))], rising=False)
    assert (told.changes, told.missing, told.p50, told.most) == (2, 0, pytest.approx(0.2), pytest.approx(0.9))


def test_a_count_shown_before_the_queue_moved_shows_none_of_its_changes():
    told = until_counted([(5.0, 0), (6.0, 1)], [page(waiting=((1.0, 200), (4.0, 0)))], rising=True)
    assert (told.changes, told.missing) == (1, 1)


def test_a_page_that_stopped_counting_is_found():
    told = until_counted(ONE_A_SECOND, [page(waiting=((1.1, 1),)), page(waiting=((1.1, 1), (3.1, 3)))], rising=True)
    assert (told.changes, told.missing) == (3, 2)


# -- what is told -----------------------------------------------------------------------------------------------------


def stretch(number: int, *, is_open: bool, console: float, asked: Delays = GOOD, waiting=(200, 200)) -> Stretch:
    shown = {"asked": asked, "answers": asked, "after": asked, "by_line": GOOD} if is_open else {}
    return Stretch(
        number, is_open, 45.0, {"console": console}, 90.0, {"console": 90_000}, 2.0, waiting, 2.0, 0.01, **shown
    )


def results(*stretches: Stretch, queue: Delays = GOOD) -> WallResults:
    plan = make_wall_plan(2, quick=False)
    told = {"a caller comes": queue, "a caller leaves": queue}
    return WallResults("2026-11-22T00:00:00+00:00", 400.0, False, MACHINE, plan, stretches, told)


TWO_ROUNDS = (
    stretch(1, is_open=True, console=12.0),
    stretch(1, is_open=False, console=9.0),
    stretch(2, is_open=True, console=20.0),
    stretch(2, is_open=False, console=12.0),
)


def test_what_the_wallboard_costs_is_compared_within_each_round():
    opened, closed, more = cost(results(*TWO_ROUNDS), "console")
    assert (opened.values, closed.values, more.values) == ((12.0, 20.0), (9.0, 12.0), (3.0, 8.0))


def test_slow_is_no_fault_but_is_said():
    slow = results(stretch(1, is_open=True, console=12.0, asked=Delays(100, 0, 0.2, 0.9, 1.1, 1.4)))
    paper = Console(record=True, width=160)
    show(slow, paper)
    assert slow.faults == []
    rows = [line for line in paper.export_text().splitlines() if "ready, break " in line]
    assert "1.10" in rows[0]
    assert "NO" in rows[0]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            results(stretch(1, is_open=True, console=1.0, asked=Delays(9, 4, 0.1, 0.1, 0.1, 0.1))),
            "4 times a page never",
        ),
        (results(stretch(1, is_open=True, console=1.0, asked=Delays(0, 0, None, None, None, None))), "never happened"),
        (results(*TWO_ROUNDS, queue=Delays(200, 3, 0.5, 0.9, 1.0, 1.0)), "a caller comes: 3 times a page never"),
        (
            results(*TWO_ROUNDS, stretch(3, is_open=False, console=1.0, waiting=(198, 200))),
            "round 3: 198 to 200 waited",
        ),
        (replace(results(*TWO_ROUNDS), turned_away={503: 2}), "2 requests of agents were answered 503"),
    ],
)
def test_figures_that_are_not_what_they_claim_to_be_are_a_fault(broken, said):
    assert said in "\n".join(broken.faults)
    assert said in "\n".join(json.loads(as_json(broken))["faults"])


def test_only_some_agents_are_rung_by_what_callers_ask_for():
    people = list(agents(make_wall_plan(3, quick=False), "hash"))
    serving = [one.name for one in people if CALLERS_ASK_FOR in one.categories]
    assert (len(people), len(serving)) == (60, 10)
    assert all(one.categories for one in people), "no category would mean every kind"


def test_an_agents_leg_is_told_from_a_caller():
    assert is_agents_leg("bench-1700000000.7.agent1")
    assert not is_agents_leg("1700000000.7")


# -- its telephone ----------------------------------------------------------------------------------------------------

INVITE = (
    "INVITE sip:agent-B001@x.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS 127.0.0.1;branch=z9hG4bK1\r\n"
    'From: "1912" <sip:1912@127.0.0.1>;tag=f\r\nTo: <sip:agent-B001@x.invalid>\r\nCall-ID: c1\r\n'
    "CSeq: 7 INVITE\r\nContent-Length: 4\r\n\r\nv=0\n"
)


def test_an_answer_keeps_what_names_the_question_and_adds_its_own_tag():
    word = sip_words.read(INVITE)
    assert (word.status, word.method, word.get("call-id")) == (None, "INVITE", "c1")
    answer = sip_words.read(sip_words.answer_to(word, "486 Busy Here", "mine"))
    assert (answer.status, answer.method) == (486, "INVITE")
    assert answer.get("via") == "SIP/2.0/WS 127.0.0.1;branch=z9hG4bK1"
    assert (answer.get("from"), answer.get("to")) == (word.get("from"), "<sip:agent-B001@x.invalid>;tag=mine")


def test_digest_is_what_md5sum_gives_for_the_rules_of_rfc_2617():
    challenge = 'Digest realm="asterisk",nonce="abc123",opaque="o1",algorithm=MD5,qop="auth"'
    told = sip_words.credentials(challenge, "REGISTER", "sip:127.0.0.1", "agent-B001", "a secret", "0a4f113b")
    assert 'response="87c30486df58ac157f50caedb40f4fe4"' in told
    assert 'opaque="o1"' in told
    with pytest.raises(SunwaiError):
        sip_words.credentials('Digest realm="a", nonce="b", qop="auth", algorithm=SHA-256', "GET", "/", "u", "p", "c")
