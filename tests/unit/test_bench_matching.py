"""The matching bench's own arithmetic and its town; Redis is not started."""

from __future__ import annotations

import itertools
import random

import pytest
from rich.console import Console

from dialplan.routing import routing_key
from sunwai import reference
from sunwai.bench import matching
from sunwai.bench.matching import Case, Cost, arrivals, cases, cost_of, growth, percentile, skills_served
from sunwai.bench.report import Results, as_json, show


def cost(waiting: int, whole_us: float, agents: int = 300, ready: int = 1) -> Cost:
    return Cost(Case(waiting, agents, ready), 100, 1, 10.0, 20.0, whole_us, 2 * whole_us)


def test_a_percentile_is_the_smallest_value_that_so_many_are_not_above():
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.0
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_cost_is_told_in_microseconds():
    told = cost_of(Case(100, 300, 1), [1, 1, 3], [1e-6, 2e-6, 9e-6], [1e-3, 2e-3, 3e-3])
    assert (told.decisions, told.pairs_made) == (3, 1)
    assert (told.rule_p50_us, told.rule_p99_us) == (pytest.approx(2), pytest.approx(9))
    assert (told.whole_p50_us, told.whole_p99_us) == (pytest.approx(2000), pytest.approx(3000))


def test_growth_is_taken_within_one_house_and_beside_the_logarithms():
    told = growth([cost(100, 500.0), cost(10_000, 800.0), cost(100, 900.0, ready=300), cost(10_000, 450.0, ready=300)])
    assert told == [
        (300, 1, pytest.approx(1.6), pytest.approx(2.0)),
        (300, 300, pytest.approx(0.5), pytest.approx(2.0)),
    ]
    assert growth([cost(100, 500.0)]) == []


def test_every_queue_meets_one_ready_agent_and_all_of_them():
    found = cases(quick=False)
    assert len(found) == len(set(found)) == 12
    assert {(case.waiting, case.agents) for case in found} == set(itertools.product((100, 1000, 10_000), (300, 3000)))
    assert {case.ready for case in found if case.agents == 3000} == {1, 3000}
    assert len(cases(quick=True)) == 2


def test_callers_and_agents_of_the_bench_have_the_skills_of_a_line():
    families = {f"cat:{category.code.partition('-')[0]}" for category in reference.categories()}
    assert {f"cat:{one}" for one in matching._FAMILIES} == families
    dice = random.Random(1)  # noqa: S311 - a model of callers, no secret
    callers = list(itertools.islice(arrivals(dice), 2000))
    agents = [skills_served(dice) for _ in range(300)]
    assert len({one.call_ref for one in callers}) == 2000
    assert all(one.key == routing_key(one.entered_at, one.priority) for one in callers)
    assert sum(any(one.skills <= skills for skills in agents) for one in callers) == 2000
    assert 40 <= len(set(agents)) <= 48


def test_the_matching_table_is_printed_and_written(tmp_path):
    facts = {"cores": 2, "asterisk": "22.10.1", "kernel": "6", "load_before": 0.1, "load_after": 1.0}
    costs = (cost(100, 500.0), cost(10_000, 800.0))
    done = Results("2026-11-22T00:00:00+00:00", 60.0, False, facts, (), (), costs)
    paper = Console(record=True, width=140)
    show(done, paper)
    text = paper.export_text()
    assert "one matching decision" in text
    assert "1 of 300 ready: the longest queue costs 1.6 times the shortest (log n would be 2.0)" in text
    assert as_json(done).decode().count('"whole_p99_us"') == 2
