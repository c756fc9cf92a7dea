"""What a soak's verdict calls flat, and what it calls left; no line is started."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace

import pytest
from rich.console import Console

from complaints.ledger import Outcome
from storage.calls import LedgerSum
from sunwai.cli import main
from sunwai.soak.pace import keeps_up, under_way
from sunwai.soak.report import as_json, picture, show
from sunwai.soak.standing import BOOKS, CONNECTION, FILE, UDP, Standing, open_files
from sunwai.soak.verdict import GROWTH_LEAST_KB, Facts, Reading, growth, judge

AT_REST = Standing(
    {"controller": {FILE: 4, CONNECTION: 20, BOOKS: 5}, "asterisk": {FILE: 7, UDP: 4}}, 21, 0, (), (), {"agent": 40}
)
LEDGER = LedgerSum(100, {Outcome.TALKED: 100}, 0, (), ())
MACHINE = {"cores": 2, "asterisk": "22.10.1", "load_before": 0.1}


def readings(controller_kb_per_s: float = 0.0, seconds: int = 500, start_kb: int = 90_000) -> list[Reading]:
    """One a second; the controller's memory grows steadily, Asterisk's only in the beginning."""
    return [
        Reading(at, {"controller": int(start_kb + at * controller_kb_per_s), "asterisk": 80_000 + 1000 * min(at, 15)})
        for at in range(seconds + 1)
    ]


FACTS = Facts(500.0, 1.0, 100, 0, readings(), AT_REST, AT_REST, LEDGER)


def broken(facts: Facts) -> dict[str, tuple[str, ...]]:
    """The laws that do not hold, with what was found."""
    return {law.name: law.found for law in judge(facts).laws if not law.holds}


def test_a_line_that_is_as_before_holds():
    assert judge(FACTS).holds
    assert broken(FACTS) == {}


def test_what_a_program_takes_in_the_beginning_is_no_growth():
    (controller, asterisk) = growth(FACTS.readings)
    assert (controller.program, asterisk.program) == ("controller", "asterisk")
    assert controller.grown_kb == asterisk.grown_kb == 0
    assert asterisk.first_kb == 95_000


def test_memory_that_grows_steadily_is_found_and_its_slope_told():
    facts = replace(FACTS, readings=readings(controller_kb_per_s=20.0))
    (controller, _) = growth(facts.readings)
    assert controller.per_min_kb == pytest.approx(1200, rel=0.01)
    assert controller.grown_kb == pytest.approx(6000, rel=0.02)  # between the middles of the two stretches
    assert broken(facts) == {
        "memory flat": ("controller grew by 5.9 MiB (1200 KiB a minute), at most 4.5 MiB is flat",)
    }


def test_the_bound_is_a_share_of_what_a_program_has_and_never_under_four_mebibytes():
    (small, _) = growth(readings(start_kb=10_000))
    (large, _) = growth(readings(start_kb=1_000_000))
    assert (small.limit_kb, large.limit_kb) == (GROWTH_LEAST_KB, 50_000)


def test_a_run_too_short_to_compare_memory_proves_nothing():
    assert "memory read" in broken(replace(FACTS, readings=readings(seconds=100)))
    assert "memory read" in broken(replace(FACTS, readings=[]))


@pytest.mark.parametrize(
    ("law", "after"),
    [
        ("channels left", replace(AT_REST, channels=("n1-1",))),
        ("bridges left", replace(AT_REST, bridges=("talk-1",))),
        ("calls the controller still holds", replace(AT_REST, calls=1)),
        ("tasks left", replace(AT_REST, tasks=25)),
        ("keys left in Redis", replace(AT_REST, keys={"agent": 40, "walk": 1})),
        ("open files left", replace(AT_REST, open={**AT_REST.open, "asterisk": {FILE: 7, UDP: 6}})),
        ("open files left", replace(AT_REST, open={**AT_REST.open, "asterisk": {FILE: 8, UDP: 4}})),
        ("open files left", replace(AT_REST, open={**AT_REST.open, "controller": {FILE: 4, CONNECTION: 85}})),
    ],
)
def test_whatever_is_left_is_found(law, after):
    found = broken(replace(FACTS, after=after))
    assert list(found) == [law]
    assert len(found[law]) == 1


def test_connections_kept_for_the_next_call_and_requests_under_way_are_not_left():
    busy = replace(
        AT_REST, open={**AT_REST.open, "controller": {FILE: 4, CONNECTION: 60, BOOKS: 12}}, tasks=AT_REST.tasks + 3
    )
    assert judge(replace(FACTS, after=busy)).holds


@pytest.mark.parametrize(
    ("law", "facts"),
    [
        ("every call came through", replace(FACTS, failed=1)),
        ("no program died", replace(FACTS, died=("controller",))),
        ("lost calls", replace(FACTS, ledger=replace(LEDGER, lost=("n1-1",)))),
        ("offered = sum of outcomes", replace(FACTS, ledger=replace(LEDGER, outcomes={Outcome.TALKED: 99}))),
        ("offered = sum of outcomes", replace(FACTS, ledger=replace(LEDGER, outcomes={Outcome.TALKED: 99}, going=1))),
        ("every call is in the ledger", replace(FACTS, calls=101)),
    ],
)
def test_calls_are_judged_as_well(law, facts):
    assert list(broken(facts)) == [law]


def test_a_soak_without_calls_proves_nothing():
    nothing = replace(FACTS, calls=0, ledger=LedgerSum(0, {}, 0, (), ()))
    assert list(broken(nothing)) == ["the load made calls"]


def test_flat_memory_is_drawn_flat_and_a_leak_as_a_staircase():
    assert set(picture(readings(), "controller")) == {"▁"}
    steps = picture(readings(controller_kb_per_s=20.0), "controller")
    assert steps == "".join(sorted(steps))
    assert (steps[0], steps[-1]) == ("▁", "█")
    assert picture([], "controller") == ""


def test_the_verdict_is_shown_and_written():
    facts = replace(FACTS, after=replace(AT_REST, keys={"agent": 40, "walk": 2}))
    verdict, paper = judge(facts), Console(record=True, width=160)
    show(MACHINE, 8.0, facts, verdict, paper)
    text = paper.export_text()
    assert "walk: 0 before, 2 after" in text
    assert "half of the highest that was carried (8/s)" in text
    told = json.loads(as_json(MACHINE, 8.0, facts, verdict))
    assert told["holds"] is False
    assert told["after"]["keys"] == {"agent": 40, "walk": 2}
    assert len(told["readings"]) == len(FACTS.readings)


def test_open_files_are_counted_by_kind(tmp_path):
    before = open_files(os.getpid())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, (tmp_path / "one").open("w"):
        line.bind(("127.0.0.1", 0))
        with (tmp_path / "books.db").open("w"):
            after = open_files(os.getpid())
    grown = {kind: number - before.get(kind, 0) for kind, number in after.items() if number != before.get(kind, 0)}
    assert grown == {UDP: 1, FILE: 1, BOOKS: 1}


def test_a_line_keeps_up_when_its_callers_do_not_become_more():
    filling = [(float(at), min(at, 5) * 4.0) for at in range(25)]
    assert keeps_up(filling, 24.0)
    assert keeps_up([(at, number + at % 3) for at, number in filling], 24.0)


def test_a_line_falls_behind_when_callers_under_way_become_more_though_none_has_failed_yet():
    assert not keeps_up([(float(at), at * 4.0) for at in range(25)], 24.0)
    assert not keeps_up([(float(at), 60.0 + at * 3.0) for at in range(25)], 24.0)
    assert not keeps_up([(0.0, 0.0), (1.0, 4.0)], 24.0), "a load of a second proves nothing"


def test_callers_under_way_are_read_from_what_sipp_writes(tmp_path):
    head = "StartTime;LastResetTime;CurrentTime;ElapsedTime(P);CurrentCall;\n"
    rows = [f"2026-11-22\t18:19:02.2\t100.25;x;2026-11-22\t18:19:{n}\t{n + 100.25};00:00:01;{n * 4};\n" for n in (1, 2)]
    (tmp_path / "counts.csv").write_text(head + "".join(rows))
    assert under_way(tmp_path / "counts.csv") == [(1.0, 4.0), (2.0, 8.0)]


@pytest.mark.parametrize("words", [["--minutes", "0"], ["--rate", "-1"]])
def test_a_soak_of_nothing_is_refused_in_one_sentence(words, capsys, monkeypatch):
    monkeypatch.setattr(
        "sunwai.cli.start_logs", lambda _: None
    )  # set up for the whole process, to a stream that closes
    assert main(["soak", *words]) == 2
    assert "--minutes and --rate must be more than 0" in capsys.readouterr().err
