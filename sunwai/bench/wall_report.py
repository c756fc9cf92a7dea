"""The wallboard's bench for people (tables) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import msgspec
from rich.console import Console
from rich.table import Table

from sunwai.bench.arrivals import Delays
from sunwai.bench.facts import Facts
from sunwai.bench.measure import Spread, spread
from sunwai.bench.report import told
from sunwai.bench.wall_plan import WallPlan

BENCH = "bench"
"""The bench itself, beside the line's programs: it plays all browsers."""
GOAL_S = 1.0
"""A change reaches the pages within this time, at the 99th percentile."""
_ANSWER = "  its answer"
_NOTHING = Delays(0, 0, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time with the wallboard open on all pages, or on none. CPU is in percent of one core.

    `asked`: from an agent's request for another state to the pages; `answers`: to its answer, which is no page's doing;
    `after`: from the moment the floor has for it to the pages; `by_line`: the same of what the line does to an agent.

    `machine_percent` is what everything on the machine used together, others' programs as well. `waiting`: fewest and
    most. `walls_per_s`: messages of the wallboard to each page. `bench_late_s`: by how much the bench itself was late.
    """

    round: int
    open: bool
    seconds: float
    cpu_percent: Mapping[str, float]
    machine_percent: float
    rss_kb: Mapping[str, int]
    load_average: float
    waiting: tuple[int, int]
    walls_per_s: float
    bench_late_s: float
    asked: Delays = _NOTHING
    answers: Delays = _NOTHING
    after: Delays = _NOTHING
    by_line: Delays = _NOTHING


@dataclass(frozen=True, slots=True)
class WallResults:
    """Everything measured. `queue` by what was done to it; `turned_away` counts agents' failed requests by status.

    `seconds` is how long the bench took.
    """

    begun: str
    seconds: float
    quick: bool
    machine: Facts
    plan: WallPlan
    stretches: Sequence[Stretch]
    queue: Mapping[str, Delays]
    turned_away: Mapping[int, int] = field(default_factory=dict)

    @property
    def opened(self) -> list[Stretch]:
        return [one for one in self.stretches if one.open]

    @property
    def by_change(self) -> dict[str, list[Delays]]:
        """Delays by what changed, one for each time it was measured."""
        return {
            "ready, break": [one.asked for one in self.opened],
            _ANSWER: [one.answers for one in self.opened],
            "  from the floor": [one.after for one in self.opened],
            "offered, let ring": [one.by_line for one in self.opened],
            **{what: [found] for what, found in self.queue.items()},
        }

    @property
    def faults(self) -> list[str]:
        """Why the figures are not what they claim to be; none when all is well. Speed is no fault."""
        found = []
        for what, several in self.by_change.items():
            if missing := sum(one.missing for one in several):
                found.append(f"{what}: {missing} times a page never showed it")
            if not all(one.changes for one in several):
                found.append(f"{what}: it never happened in a stretch, nothing was measured")
        wanted = self.plan.callers
        found += [f"{number} requests of agents were answered {status}" for status, number in self.turned_away.items()]
        return found + [
            f"round {one.round}: {one.waiting[0]} to {one.waiting[1]} waited, not {wanted}"
            for one in self.stretches
            if one.waiting != (wanted, wanted)
        ]


def told_stretch(one: Stretch) -> str:
    """One stretch, said when it is over."""
    pages, p99 = "open" if one.open else "closed", one.asked.p99
    delay = "" if p99 is None else f", p99 {p99:.2f} s"
    used = one.cpu_percent["console"]
    return f"round {one.round}, pages {pages:6}: {one.asked.changes} moves{delay}, console {used:.1f} % of a core"


def show(results: WallResults, console: Console) -> None:
    """How soon, what it costs, on which machine."""
    _show_delays(results, console)
    _show_cost(results, console)
    facts, late = results.machine, spread(one.bench_late_s for one in results.stretches)
    console.print(
        f"{facts['cores']} cores, Asterisk {facts['asterisk']}, kernel {facts['kernel']}, load average "
        f"{facts['load_before']:.1f} before, {told(spread(one.load_average for one in results.stretches))} meanwhile; "
        f"the bench itself was late by {told(late, 2)} s at worst; {results.seconds:.0f} s"
    )
    if results.quick:
        console.print("a quick bench: it shows that everything works, its figures mean nothing")
    for fault in results.faults:
        console.print(f"[bold red]{fault}[/bold red]")


def _show_delays(results: WallResults, console: Console) -> None:
    plan = results.plan
    title = (
        f"s until {plan.pages} supervisors' pages show it: {plan.agents} agents, {plan.callers} waiting; "
        "median (least-most) over the rounds"
    )
    table = Table("what", "changes", "median", "p95", "p99", "most", f"p99 ≤ {GOAL_S:g} s", title=title)
    for what, several in results.by_change.items():
        figures = [spread(values) for values in _columns(several)]
        p99 = figures[2]
        kept = "" if p99 is None or what == _ANSWER else "yes" if p99.most <= GOAL_S else "NO"
        changes = told(spread(one.changes for one in several), 0)
        table.add_row(what, changes, *(told(figure, 2) for figure in figures), kept)
    console.print(table)


def _columns(several: Sequence[Delays]) -> list[list[float | None]]:
    return [[getattr(one, name) for one in several] for name in ("p50", "p95", "p99", "most")]


def _show_cost(results: WallResults, console: Console) -> None:
    table = Table("% of one core", "pages open", "closed", "open - closed", "memory (MiB), open")
    for program in results.stretches[0].cpu_percent if results.stretches else ():
        opened, closed, more = cost(results, program)
        memory = spread(one.rss_kb[program] / 1024 for one in results.opened)
        table.add_row(program, told(opened), told(closed), told(more), told(memory, 0))
    machine = [spread(one.machine_percent for one in results.stretches if one.open is how) for how in (True, False)]
    table.add_row("the whole machine", *(told(each) for each in machine), "", "")
    console.print(table)


def cost(results: WallResults, program: str) -> tuple[Spread | None, Spread | None, Spread | None]:
    """A program's CPU with the pages open, closed, and the difference round by round."""
    by_round: dict[bool, dict[int, float]] = {True: {}, False: {}}
    for one in results.stretches:
        by_round[one.open][one.round] = one.cpu_percent[program]
    both = sorted(by_round[True].keys() & by_round[False].keys())
    more = [by_round[True][number] - by_round[False][number] for number in both]
    return spread(by_round[True].values()), spread(by_round[False].values()), spread(more)


def as_json(results: WallResults) -> bytes:
    """The same, with every stretch."""
    content = {
        **asdict(results),
        "goal_s": GOAL_S,
        "faults": results.faults,
        "console_percent": dict(zip(("open", "closed", "more"), cost(results, "console"), strict=True)),
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1)
