"""The soak's verdict for people (tables, a line of memory over time) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import msgspec
from rich.console import Console
from rich.table import Table

from sunwai.bench.facts import Facts as Machine
from sunwai.soak.standing import Standing
from sunwai.soak.verdict import Facts, Reading, Verdict

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 50
_SHOWN = 10


def as_json(machine: Machine, highest: float | None, facts: Facts, verdict: Verdict) -> bytes:
    """Every figure, every reading, every breach."""
    content = {
        "holds": verdict.holds,
        "machine": machine,
        "highest_rate": highest,
        "growth": [{**asdict(one), "limit_kb": one.limit_kb, "flat": one.flat} for one in verdict.growth],
        "laws": [{"law": law.name, "holds": law.holds, "found": law.found} for law in verdict.laws],
        "outcomes": {str(name): number for name, number in facts.ledger.outcomes.items()},
        **msgspec.to_builtins(facts),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def picture(readings: Sequence[Reading], program: str, width: int = _WIDTH) -> str:
    """One program's memory over time as bars: the lowest is the least of the run, the highest the most, 1 % at least.

    Without that one per cent, pages that come and go would look like a leak.
    """
    values = [one.rss_kb[program] for one in readings]
    if not values:
        return ""
    size = max(1, -(-len(values) // width))
    parts = [max(values[at : at + size]) for at in range(0, len(values), size)]
    least, span = min(values), max(max(values) - min(values), 0.01 * max(values))
    return "".join(_BARS[min(len(_BARS) - 1, int(len(_BARS) * (part - least) / span))] for part in parts)


def show(machine: Machine, highest: float | None, facts: Facts, verdict: Verdict, console: Console) -> None:
    """What it held before and after, memory over time, the laws."""
    memory = Table("program", "first", "last", "grown", "a minute", "flat up to", "over time", title="memory (MiB)")
    for one in verdict.growth:
        sizes = (one.first_kb, one.last_kb, one.grown_kb, one.per_min_kb, one.limit_kb)
        memory.add_row(
            one.program,
            *(f"{size / 1024:.1f}" if number != 3 else f"{size / 1024:.2f}" for number, size in enumerate(sizes)),
            picture(facts.readings, one.program),
            style=None if one.flat else "bold red",
        )
    console.print(memory)
    held = Table("what the line holds", "before", "after")
    for what, before, after in _held(facts.before, facts.after):
        held.add_row(what, f"{before}", f"{after}")
    console.print(held)
    laws = Table("law", "breaches", "found", title="the verdict")
    for law in verdict.laws:
        told = "\n".join(law.found[:_SHOWN]) + ("\n…" if len(law.found) > _SHOWN else "")
        laws.add_row(law.name, str(len(law.found)), told, style=None if law.holds else "bold red")
    console.print(laws)
    half = f", half of the highest that was carried ({highest:g}/s)" if highest else ""
    console.print(
        f"{facts.calls} calls at {facts.rate:g}/s for {facts.seconds / 60:.1f} min{half}; {machine['cores']} cores, "
        f"Asterisk {machine['asterisk']}, load average {machine['load_before']:.1f} before"
    )


def _held(before: Standing, after: Standing) -> list[tuple[str, int, int]]:
    rows = [
        ("channels", len(before.channels), len(after.channels)),
        ("bridges beside holding", len(before.bridges), len(after.bridges)),
        ("calls held by the controller", before.calls, after.calls),
        ("tasks of the controller", before.tasks, after.tasks),
    ]
    for program in after.open:
        kinds = sorted({*before.open[program], *after.open[program]})
        rows += [
            (f"open in {program}: {kind}", before.open[program].get(kind, 0), after.open[program].get(kind, 0))
            for kind in kinds
        ]
    keys = sorted({*before.keys, *after.keys})
    return rows + [(f"Redis: {kind}", before.keys.get(kind, 0), after.keys.get(kind, 0)) for kind in keys]
