"""The verdict for people (tables) and for machines (JSON)."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.table import Table

from complaints.ledger import EndedBy, Outcome
from sunwai.chaos.plan import Fault
from sunwai.chaos.verdict import CONTROLLER_DEATHS, Facts, Verdict

_SHOWN = 10
"""Breaches of one law told on the screen; the JSON has all."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was run. `left_out`: what could not be broken here, each with its reason. `troubles`: of the load itself."""

    seed: int
    minutes: float
    rate: float
    books: str
    folder: str
    left_out: Sequence[str]
    held_back: int
    troubles: Mapping[str, int]


def as_json(run: Run, facts: Facts, verdict: Verdict) -> bytes:
    """Every figure and every breach."""
    content = {
        "holds": verdict.holds,
        "run": msgspec.to_builtins(run),
        "calls": figures(facts),
        "outcomes": {str(name): number for name, number in facts.ledger.outcomes.items()},
        "laws": [{"law": law.name, "holds": law.holds, "found": law.found} for law in verdict.laws],
        "adoption_s": {str(fault): verdict.adopt_s(fault) for fault in CONTROLLER_DEATHS},
        "faults": verdict.faults,
        "injected": msgspec.to_builtins(facts.injected),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def evidence_as_json(facts: Facts) -> bytes:
    """What the verdict rests on, row by row: for whoever looks into a breach. Demo numbers only."""
    return msgspec.json.format(msgspec.json.encode(facts), indent=1)


def figures(facts: Facts) -> dict[str, int]:
    """What the load made, beside what the books have."""
    inbound = [call for call in facts.evidence.calls if call.kind == "inbound"]
    return {
        "made": len(facts.made),
        "answered": sum(call.answered for call in facts.made),
        "offered in the books": facts.ledger.offered,
        "never reached the line": max(0, len(facts.made) - len(inbound)),
        "cut by the network": sum(call.ended_by is EndedBy.NETWORK for call in inbound),
        "of them owed a callback": sum(
            call.ended_by is EndedBy.NETWORK and call.callback_cause is not None for call in inbound
        ),
        "talked, by the callers": sum(call.talked for call in facts.made),
        "talked, by the ledger": sum(call.outcome is Outcome.TALKED for call in inbound),
        "dockets": len(facts.evidence.dockets),
        "consumers rung": len(facts.rung),
        "consumers asked": len(facts.evidence.attempts),
        "recordings looked at": len(facts.recorded_s),
    }


def print_json(run: Run, facts: Facts, verdict: Verdict) -> None:
    sys.stdout.write(as_json(run, facts, verdict).decode() + "\n")


def show(run: Run, facts: Facts, verdict: Verdict, console: Console) -> None:
    """The tables, then what was left out."""
    ledger = Table("outcome", "calls", title="the ledger")
    for outcome, number in facts.ledger.outcomes.items():
        ledger.add_row(str(outcome), str(number))
    ledger.add_row("still going", str(facts.ledger.going))
    ledger.add_row("offered", str(facts.ledger.offered), style="bold")
    console.print(ledger)
    load = Table("calls", "number", title="the load")
    for name, number in figures(facts).items():
        load.add_row(name, str(number))
    console.print(load)
    broken = Table("fault", "times", "time to adopt: median", "most", title="what was broken")
    for name, number in verdict.faults.items():
        median_and_most = verdict.adopt_s(Fault(name))
        broken.add_row(name, str(number), *(f"{seconds:.2f} s" for seconds in median_and_most or ()))
    console.print(broken)
    laws = Table("what must hold", "breaches", "", title="the verdict")
    for law in verdict.laws:
        told = "\n".join(law.found[:_SHOWN]) + ("\n…" if len(law.found) > _SHOWN else "")
        laws.add_row(law.name, str(len(law.found)), told, style=None if law.holds else "bold red")
    console.print(laws)
    _say_the_rest(run, console)


def _say_the_rest(run: Run, console: Console) -> None:
    for reason in run.left_out:
        console.print(f"left out: {reason}")
    if run.held_back:
        console.print(f"{run.held_back} calls were not begun: too many were on the line")
    if run.troubles:
        told = ", ".join(f"{name} {number}" for name, number in sorted(run.troubles.items()))
        console.print(f"[dim]refused to callers and agents meanwhile (faults meet them too): {told}[/dim]")
    console.print(f"seed {run.seed}; {run.minutes:g} min at {run.rate:g} calls/s; books: {run.books}; {run.folder}")
