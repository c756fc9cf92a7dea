"""The score card: what it adds up to, who scores a second time, how far two scorers agree."""

from __future__ import annotations

import pytest

from complaints.scoring import Point, agreement, score_of, wants_second

ALL = dict.fromkeys(Point, True)


def test_only_points_there_was_occasion_for_count():
    assert score_of(ALL) == 100.0
    assert score_of({**ALL, Point.HOLD: None, Point.GREETING: False}) == pytest.approx(88.9)
    assert score_of(dict.fromkeys(Point)) is None


def test_one_call_in_twenty_is_scored_twice_and_nobody_chooses_which():
    chosen = [ref for ref in (f"n1-1795400000.{n}" for n in range(10_000)) if wants_second(ref)]
    assert 400 < len(chosen) < 600
    assert all(wants_second(ref) for ref in chosen), "asked again, the answer is the same"


def test_agreement_leaves_out_what_one_of_them_had_no_occasion_for():
    other = {**ALL, Point.GREETING: False, Point.HOLD: None}
    said = agreement([(ALL, other)])
    assert (said.calls, said.points, said.agreed) == (1, 9, 8)


def test_kappa_is_that_of_cohens_own_kind_of_table():
    # 20 times both yes, 15 both no, 5 and 10 times apart: (0.7 - 0.5) / (1 - 0.5).
    pairs = (
        [({Point.DATA: True}, {Point.DATA: True})] * 20
        + [({Point.DATA: True}, {Point.DATA: False})] * 5
        + [({Point.DATA: False}, {Point.DATA: True})] * 10
        + [({Point.DATA: False}, {Point.DATA: False})] * 15
    )
    assert agreement(pairs).kappa == pytest.approx(0.4)


def test_kappa_says_nothing_where_chance_alone_would_agree():
    assert agreement([(ALL, ALL)]).kappa is None
    assert agreement([]).kappa is None
