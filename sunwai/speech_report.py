"""`sunwai speech report`: keys and words on this line's own calls: what succeeds, how long it takes, who gives up.

Shares have Wilson's 95 % interval, medians that of their order statistics: small numbers show as wide ones.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from complaints.ledger import Answer
from storage.calls import AnsweredCall

_Z = 1.96
CHOSE = ("key", "words")


@dataclass(frozen=True, slots=True)
class Share:
    """`count` of `of`, with the 95 % interval of the share behind it."""

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Middle:
    """A median in seconds with its 95 % interval; None when nothing was measured."""

    value_s: float | None
    low_s: float | None
    high_s: float | None


@dataclass(frozen=True, slots=True)
class StyleRow:
    """Of the calls that were told so and came to the main menu in this language.

    `chose`: got through it by their own choice; `by_words` of those by speaking; `left`: hung up in it; `took`: from
    the first word of the menu to the choice.
    """

    style: str
    language: str
    calls: int
    chose: Share
    by_words: Share
    left: Share
    took: Middle


@dataclass(frozen=True, slots=True)
class QuestionRow:
    """One question in one language: how often it was asked, and how it was answered."""

    node: str
    language: str
    asked: int
    ways: dict[str, Share]
    after: Middle


@dataclass(frozen=True, slots=True)
class SpeechReport:
    styles: tuple[StyleRow, ...]
    questions: tuple[QuestionRow, ...]


def report_of(calls: Iterable[AnsweredCall], main_menus: Collection[str], no_choice: Collection[str]) -> SpeechReport:
    """`main_menus` are the places of the flow that compare the styles; whoever came from there to one of `no_choice` (a
    person, danger, another language) has chosen nothing of the menu. Pure.
    """
    by_style: defaultdict[tuple[str, str], list[Sequence[Answer]]] = defaultdict(list)
    by_question: defaultdict[tuple[str, str], list[Answer]] = defaultdict(list)
    for call in calls:
        menu = [answer for answer in call.answers if answer.node.removesuffix("?") in main_menus]
        if menu and call.style:
            by_style[call.style, menu[0].language].append(_first_passage(menu, no_choice))
        for answer in call.answers:
            by_question[answer.node, answer.language].append(answer)
    return SpeechReport(
        tuple(_style_row(*name, passages, no_choice) for name, passages in sorted(by_style.items())),
        tuple(_question_row(*name, answers) for name, answers in sorted(by_question.items())),
    )


def _first_passage(menu: Sequence[Answer], no_choice: Collection[str]) -> Sequence[Answer]:
    """Up to the first choice: who comes back to the menu later knows it by then."""
    for place, answer in enumerate(menu):
        if _chose(answer, no_choice):
            return menu[: place + 1]
    return menu


def _chose(answer: Answer, no_choice: Collection[str]) -> bool:
    """A choice that stood: it led somewhere."""
    led_on = answer.led_to not in (answer.node.removesuffix("?"), *no_choice)
    return answer.way in CHOSE and led_on


def _by_words(passage: Sequence[Answer]) -> bool:
    """Whether the choice at its end was spoken; of one that was asked back what counts is how it came about."""
    chosen = passage[-2] if passage[-1].node.endswith("?") and len(passage) > 1 else passage[-1]
    return chosen.way == "words"


def _style_row(style: str, language: str, passages: Sequence[Sequence[Answer]], no_choice: Collection[str]) -> StyleRow:
    chosen = [passage for passage in passages if _chose(passage[-1], no_choice)]
    spoken = [passage for passage in chosen if _by_words(passage)]
    left = [passage for passage in passages if passage[-1].way == "left"]
    took = [sum(answer.after_s for answer in passage) for passage in chosen]
    return StyleRow(
        style,
        language,
        len(passages),
        share(len(chosen), len(passages)),
        share(len(spoken), len(chosen)),
        share(len(left), len(passages)),
        middle(took),
    )


def _question_row(node: str, language: str, answers: Sequence[Answer]) -> QuestionRow:
    counts: defaultdict[str, int] = defaultdict(int)
    for answer in answers:
        counts[answer.way] += 1
    ways = {way: share(count, len(answers)) for way, count in sorted(counts.items())}
    return QuestionRow(node, language, len(answers), ways, middle([a.after_s for a in answers if a.way in CHOSE]))


def share(count: int, of: int) -> Share:
    """Wilson's score interval, which is right for small numbers and for shares near 0 and 1. Pure."""
    if of == 0:
        return Share(0, 0, 0.0, 1.0)
    found, spread = count / of, _Z * _Z / of
    centre = (found + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(found * (1 - found) / of + spread / (4 * of)) / (1 + spread)
    return Share(count, of, max(0.0, centre - half), min(1.0, centre + half))


def middle(values: Sequence[float]) -> Middle:
    """The median, and the order statistics between which it lies 95 times in 100 (binomial). Pure."""
    if not values:
        return Middle(None, None, None)
    ordered, count = sorted(values), len(values)
    half = _Z * math.sqrt(count) / 2
    low, high = max(0, math.floor(count / 2 - half)), min(count - 1, math.ceil(count / 2 + half))
    return Middle(median(ordered), ordered[low], ordered[high])


def show(report: SpeechReport, console: Console) -> None:
    """Two tables for people; in brackets the 95 % interval."""
    if not report.questions:
        console.print("nothing was asked in these days")
        return
    styles = Table("told", "language", "calls", "chose", "of them by words", "hung up in it", "took", title="Main menu")
    for row in report.styles:
        cells = (_share(row.chose), _share(row.by_words), _share(row.left), _middle(row.took))
        styles.add_row(row.style, row.language, str(row.calls), *cells)
    if report.styles:
        console.print(styles)
    ways = sorted({way for row in report.questions for way in row.ways})
    table = Table("question", "language", "asked", *ways, "answered after", title="Every question")
    for one in report.questions:
        shares = (_share(one.ways[way]) if way in one.ways else "-" for way in ways)
        table.add_row(one.node, one.language, str(one.asked), *shares, _middle(one.after))
    console.print(table)


def _share(found: Share) -> str:
    return f"{found.count / found.of:.0%} ({found.low:.0%}-{found.high:.0%})" if found.of else "-"


def _middle(found: Middle) -> str:
    if found.value_s is None:
        return "-"
    return f"{found.value_s:.1f} s ({found.low_s:.1f}-{found.high_s:.1f})"
