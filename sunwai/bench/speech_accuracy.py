"""How many answers to the release's menus are understood: by language, noise and codec, with and without a grammar."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dialplan.edition import Edition
from dialplan.words import Understood, Words, understood
from ivr.conversation import CERTAIN
from ivr.speech.engine import Engine, Recognised
from sunwai.bench.voices import RATE_HZ, WAYS, Question, Way, nonsense_for, questions, through, voice_of, voiced
from sunwai.render import RenderError

SEED = 1912
NONSENSE_SHARE = 0.25
PACKET_BYTES = RATE_HZ // 10 * 2


@dataclass(frozen=True, slots=True)
class Row:
    """Of `answers` that meant something: how many were understood, asked back, taken for another, not understood.

    Of `nonsense`: how much was rejected, asked back, taken for a choice.
    """

    language: str
    engine: str
    way: str
    grammar: bool
    answers: int
    right: int
    unsure: int
    wrong: int
    nothing: int
    nonsense: int
    rejected: int
    asked_back: int
    taken: int


def measured(release: Edition, engines: Mapping[str, Engine], count: int, tell: Callable[[str], None]) -> list[Row]:
    """`count` answers and some nonsense for each language, way and grammar; the same ones for all of a language."""
    rows = []
    for (language, engine), words in sorted(release.words.items()):
        if engine not in engines:
            continue
        for way in WAYS:
            rows += [_row(release, words, engines[engine], way, count, grammar=grammar) for grammar in (True, False)]
            tell(f"{language} by {engine}, {way.name}")
    return rows


def _row(release: Edition, words: Words, engine: Engine, way: Way, count: int, *, grammar: bool) -> Row:
    chance, noise = random.Random(SEED), random.Random(SEED)  # noqa: S311 - the same callers each time
    asked, found = questions(release, words), Counter[str]()
    while sum(found[name] for name in ("right", "unsure", "wrong", "nothing")) < count:
        question = chance.choice(asked)
        is_nonsense = chance.random() < NONSENSE_SHARE
        text = nonsense_for(words.engine, question, chance) if is_nonsense else chance.choice(sorted(question.offered))
        voice = voice_of(words.engine, chance)
        try:
            spoken = voiced(*voice, text)
        except RenderError:  # this voice has no sound for it
            continue
        told = heard(engine, question, through(spoken, way, noise), grammar=grammar)
        found[_judged(told, None if is_nonsense else question.offered[text])] += 1
    meant, meaningless = ("right", "unsure", "wrong", "nothing"), ("rejected", "asked_back", "taken")
    counts = {name: found[name] for name in (*meant, *meaningless)}
    return Row(
        language=words.language,
        engine=words.engine,
        way=way.name,
        grammar=grammar,
        answers=sum(counts[name] for name in meant),
        nonsense=sum(counts[name] for name in meaningless),
        **counts,
    )


def heard(engine: Engine, question: Question, sound: bytes, *, grammar: bool = True) -> Understood | None:
    """As a call would: the first result that means something; None when none does."""
    patient = (question.first,) if question.first else ()
    listener = engine.listener(question.offered, RATE_HZ, patient, free=not grammar)
    for begin in range(0, len(sound), PACKET_BYTES):
        found = listener.hear(sound[begin : begin + PACKET_BYTES])
        told = understood(found.text, question.offered, question.first) if isinstance(found, Recognised) else None
        if isinstance(found, Recognised) and told is not None:
            return Understood(told.key, told.sure and found.confidence >= CERTAIN)
    return None


def _judged(told: Understood | None, meant: str | None) -> str:
    if meant is None:
        return "rejected" if told is None else "taken" if told.sure else "asked_back"
    if told is None:
        return "nothing"
    if told.key != meant:
        return "wrong"
    return "right" if told.sure else "unsure"
