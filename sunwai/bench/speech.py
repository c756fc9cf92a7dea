"""`sunwai bench --speech`: how well the line hears, how soon it acts, and how many callers a core hears."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from ivr.speech.engine import Engine
from sunwai import wiring
from sunwai.bench import speech_accuracy, speech_load
from sunwai.bench.facts import Facts, load_average, machine
from sunwai.bench.measure import rss_kb
from sunwai.bench.speech_accuracy import Row
from sunwai.bench.speech_load import Callers, Ours, Plain, Step
from sunwai.bench.voices import Question, questions
from sunwai.settings import Line

TESTS_MODEL = wiring.ROOMS / "tests" / "speech_model"
SYNTHETIC = "synthetic voices only: no figure of accuracy here says anything about human callers"
CALLERS = (5, 10, 20, 40, 60, 80, 120, 160)
DOUBLED, MOST_LOST = 2.0, 0.05
"""A step is too much when its p95 is twice that of the first step, or when so many words are not understood."""
MENU, LANGUAGE, ENGINE = "inbound.main_full", "hi", "hi"


@dataclass(frozen=True, slots=True)
class Extent:
    """How long the bench lasts: answers for each row, seconds of a step, rounds, seconds of the look at memory."""

    answers: int
    step_s: float
    rounds: int
    memory_s: float
    memory_callers: int = 20


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory of a recogniser (KiB) with so many callers, at the begin and every tenth of the time."""

    callers: int
    seconds: float
    rss_kb: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SpeechResults:
    """All that was measured; `carried` are the most callers of each side before its p95 doubled."""

    begun: str
    machine: Facts
    load_before: float
    model: str
    accuracy: tuple[Row, ...]
    steps: tuple[Step, ...]
    carried: dict[str, int]
    memory: Memory


def extent(*, rounds: int, quick: bool) -> Extent:
    """Quick: a run that only shows that it runs."""
    return Extent(4, 6.0, 1, 8.0, 4) if quick else Extent(80, 20.0, rounds, 600.0)


def measure(line: Line, console: Console, asked: Extent) -> SpeechResults:
    """With the line's own models, else with the one for tests. Errors of the engine and StartError pass through."""
    begun, before = datetime.now(UTC).isoformat(timespec="seconds"), load_average()
    folders = line.speech_models or dict.fromkeys(("hi", "ur", "en"), TESTS_MODEL)
    loaded: dict[Path, Engine] = {}
    engines = {}
    for language, folder in folders.items():
        engines[language] = loaded[folder] = loaded.get(folder) or Engine(folder)
    release = wiring.release()
    accuracy = speech_accuracy.measured(release, engines, asked.answers, console.print)
    words = release.words[LANGUAGE, ENGINE]
    menu = next(question for question in questions(release, words) if question.name == MENU)
    steps, carried = asyncio.run(_steps(folders[ENGINE], menu, asked, console))
    memory = asyncio.run(_memory(folders[ENGINE], menu, asked))
    model = "the one for tests" if not line.speech_models else ", ".join(str(one.name) for one in folders.values())
    return SpeechResults(begun, machine(line), before, model, tuple(accuracy), tuple(steps), carried, memory)


async def _steps(model: Path, menu: Question, asked: Extent, console: Console) -> tuple[list[Step], dict[str, int]]:
    """Both sides one after the other with ever more callers, until each has had too much."""
    said = speech_load.words_of(menu, ENGINE, seed=1912)
    steps: list[Step] = []
    carried: dict[str, int] = {}
    going = [Plain.name, Ours.name]
    for count in CALLERS:
        rounds: dict[str, list[Step]] = {name: [] for name in going}
        for _ in range(asked.rounds):
            for name in going:
                rounds[name].append(await speech_load.step(model, menu, said, name, count, asked.step_s))
                console.print(_told(rounds[name][-1]))
        for name, found in rounds.items():
            steps += found
            first = [one for one in steps if one.side == name and one.callers == CALLERS[0]]
            if is_too_much(found, first):
                going.remove(name)
            else:
                carried[name] = count
        if not going:
            break
    return steps, carried


def is_too_much(found: Sequence[Step], first: Sequence[Step]) -> bool:
    """By the medians of the rounds, `first` being those of the fewest callers. Pure."""
    late = [step.p95_s for step in found if step.p95_s is not None]
    alone = [step.p95_s for step in first if step.p95_s is not None]
    if not late or not alone:
        return True
    lost = median(1 - step.understood / max(step.said, 1) for step in found)
    lost_alone = median(1 - step.understood / max(step.said, 1) for step in first)
    return median(late) > DOUBLED * median(alone) or lost > lost_alone + MOST_LOST


async def _memory(model: Path, menu: Question, asked: Extent) -> Memory:
    """What a recogniser holds while it hears the same number of callers for minutes."""
    callers = Callers(asked.memory_callers, speech_load.words_of(menu, ENGINE, seed=1912))
    async with speech_load.ours(model, menu, callers.heard) as side:
        for caller in range(asked.memory_callers):
            await side.attach(caller)
            side.ask(caller)
        held = [rss_kb(side.pid)]
        for _ in range(10):
            await callers.speak(side, asked.memory_s / 10)
            held.append(rss_kb(side.pid))
    return Memory(asked.memory_callers, asked.memory_s, tuple(held))


def _told(step: Step) -> str:
    took = "-" if step.median_s is None or step.p95_s is None else f"{step.median_s:.2f} s, p95 {step.p95_s:.2f} s"
    return (
        f"{step.side}: {step.callers} callers, {step.understood} of {step.said} words, {took}, {step.cpu:.2f} of a core"
    )


def show(results: SpeechResults, console: Console) -> None:
    """For people: accuracy, the steps, memory."""
    console.print(f"[yellow]{SYNTHETIC}[/yellow]" if results.model == "the one for tests" else results.model)
    accuracy = Table(
        "language by engine", "way", "grammar", "right", "asked back", "wrong", "nothing", "nonsense rejected"
    )
    for row in results.accuracy:
        shares = [f"{found / max(row.answers, 1):.1%}" for found in (row.right, row.unsure, row.wrong, row.nothing)]
        rejected = f"{row.rejected / max(row.nonsense, 1):.0%} of {row.nonsense}"
        pair, grammar = f"{row.language} by {row.engine}", "yes" if row.grammar else "no"
        accuracy.add_row(pair, row.way, grammar, *shares, rejected)
    console.print(accuracy)
    table = Table(
        "callers", "side", "words understood", "median", "p95", "CPU, ms per stream and second", "memory, MiB"
    )
    for step in sorted(results.steps, key=lambda one: (one.callers, one.side)):
        took = ["-" if value is None else f"{value:.2f} s" for value in (step.median_s, step.p95_s)]
        cells = (f"{step.understood} of {step.said}", *took, f"{step.cpu_ms_per_stream_second:.1f}")
        table.add_row(str(step.callers), step.side, *cells, f"{step.rss_kb / 1024:.0f}")
    console.print(table)
    for side, most in results.carried.items():
        console.print(
            f"{side}: {most} callers before p95 doubled, on {results.machine['cores']} cores that made them too"
        )
    first, last = results.memory.rss_kb[0], results.memory.rss_kb[-1]
    console.print(
        f"memory with {results.memory.callers} callers over {results.memory.seconds:g} s: "
        f"{first / 1024:.0f} -> {last / 1024:.0f} MiB"
    )


def as_json(results: SpeechResults) -> bytes:
    return msgspec.json.format(msgspec.json.encode(results))
