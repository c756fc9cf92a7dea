"""Keys and words compared: who chose, by what, how soon, who gave up, and how sure that is."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from complaints.ledger import Answer
from storage.calls import AnsweredCall
from sunwai.speech_report import Middle, Share, middle, report_of, share, show

MENUS, NO_CHOICE = {"main"}, {"person", "danger", "language"}


def answer(way, key="", *, node="main", after_s=3.0, language="hi", to="bill"):
    led_to = to if way in ("key", "words") else "main"
    return Answer(1.0, node, language, way, key, after_s=after_s, led_to=led_to)


def call(style, *answers):
    return AnsweredCall(style, answers)


def rows(*calls):
    return {(row.style, row.language): row for row in report_of(calls, MENUS, NO_CHOICE).styles}


def test_a_choice_by_key_and_one_by_words_are_both_choices():
    found = rows(
        call("press_or_say", answer("key", "2", after_s=4.0)),
        call("press_or_say", answer("words", "1", after_s=2.0)),
        call("press_or_say", answer("silence", after_s=6.0), answer("key", "1", after_s=3.0)),
        call("press_or_say", answer("left", after_s=1.0)),
    )["press_or_say", "hi"]
    assert found.calls == 4
    assert (found.chose.count, found.chose.of) == (3, 4)
    assert (found.by_words.count, found.by_words.of) == (1, 3)
    assert (found.left.count, found.left.of) == (1, 4)
    assert found.took.value_s == 4.0, "2, 4 and 9 seconds: from the first word of the menu to the choice"


@pytest.mark.parametrize(("key", "to"), [("0", "person"), ("*", "main"), ("#", "language"), ("8", "main")])
def test_a_person_another_language_or_a_wrong_key_is_no_choice_of_the_menu(key, to):
    assert rows(call("keys", answer("key", key, to=to)))["keys", "hi"].chose.count == 0


def test_what_was_asked_back_counts_when_it_was_confirmed():
    asked = answer("words", "2", to="main")
    said_yes, said_no = answer("key", "1", node="main?"), answer("key", "2", node="main?", to="main")
    assert rows(call("keys", asked, said_yes))["keys", "hi"].chose.count == 1
    assert rows(call("keys", asked, said_yes))["keys", "hi"].by_words.count == 1
    assert rows(call("keys", asked, said_no, answer("left")))["keys", "hi"].chose.count == 0
    by_key = rows(call("keys", asked, said_no, answer("key", "3")))["keys", "hi"]
    assert (by_key.chose.count, by_key.by_words.count) == (1, 0), "the word was refused"


def test_only_the_first_way_through_the_menu_is_compared():
    found = rows(call("keys", answer("key", "1"), answer("left")))["keys", "hi"]
    assert (found.chose.count, found.left.count) == (1, 0)


def test_calls_without_a_style_and_other_questions_are_in_no_comparison_but_in_the_list():
    report = report_of(
        [call("", answer("key", "1")), call("keys", answer("words", "1", node="other"))], MENUS, NO_CHOICE
    )
    assert report.styles == ()
    assert [(row.node, row.asked) for row in report.questions] == [("main", 1), ("other", 1)]
    assert report.questions[1].ways == {"words": share(1, 1)}


def test_languages_are_told_apart():
    found = rows(call("keys", answer("key", "1")), call("keys", answer("key", "1", language="en")))
    assert set(found) == {("keys", "hi"), ("keys", "en")}


def test_intervals_are_wilsons():
    found = share(8, 10)
    assert (round(found.low, 4), round(found.high, 4)) == (0.4902, 0.9433)
    assert share(0, 0) == Share(0, 0, 0.0, 1.0)
    assert share(0, 20).low == 0.0
    assert 0.15 < share(0, 20).high < 0.17
    assert share(20, 20).high == pytest.approx(1.0)


def test_a_median_lies_between_its_order_statistics():
    assert middle([]) == Middle(None, None, None)
    assert middle([3.0]) == Middle(3.0, 3.0, 3.0)
    found = middle([float(value) for value in range(1, 102)])
    assert (found.value_s, found.low_s, found.high_s) == (51.0, 41.0, 62.0)


def test_it_is_shown_to_people():
    told = StringIO()
    show(report_of([call("keys", answer("key", "1"))], MENUS, NO_CHOICE), Console(file=told, width=200))
    assert "100% (21%-100%)" in told.getvalue()
    told = StringIO()
    show(report_of([], MENUS, NO_CHOICE), Console(file=told, width=200))
    assert "nothing was asked" in told.getvalue()
