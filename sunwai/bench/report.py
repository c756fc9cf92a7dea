"""Many runs become few lines: medians with their spread, ratios round by round, a table and a JSON file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import msgspec
from rich.console import Console
from rich.table import Table

from sunwai.bench import burst, burst_table
from sunwai.bench.adopting import Takeover
from sunwai.bench.facts import Facts
from sunwai.bench.load import Carried
from sunwai.bench.matching import Cost, growth
from sunwai.bench.measure import Spread, ratios, spread
from sunwai.bench.runs import Figures, Who


@dataclass(frozen=True, slots=True)
class Knee:
    """The highest rate one side carried without a failed call (0: not even the first step), and where the steps ended.

    `clean` is the highest rate at which nothing had to be sent twice either: before a side fails, it falls behind.
    `limit` is the rate that failed; None when the highest step was still carried.
    """

    flow: str
    who: Who
    rate: float = 0.0
    clean: float = 0.0
    limit: float | None = None

    def after(self, asked: float, carried: Carried) -> Knee:
        """What is known when `asked` calls per second have been tried as well."""
        if not carried.held(asked):
            return replace(self, limit=asked)
        return replace(self, rate=asked, clean=self.clean if carried.retransmissions else asked)


@dataclass(frozen=True, slots=True)
class Results:
    """Everything measured. `seconds` is how long the bench took."""

    begun: str
    seconds: float
    quick: bool
    machine: Facts
    figures: Sequence[Figures]
    knees: Sequence[Knee]
    matching: Sequence[Cost] = ()
    burst: Sequence[burst.Row] = ()
    takeovers: Sequence[Takeover] = ()

    @property
    def failed(self) -> int:
        """Failed calls in the runs at fixed rates; the search for the knee fails on purpose."""
        return sum(figure.failed for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours by native."""

    flow: str
    what: str
    native: Spread | None
    ours: Spread | None
    ratio: Spread | None


_MATCHING = "one matching decision (µs): the rule alone, and reading, deciding, reserving through Redis"

_MEASURES: Sequence[tuple[str, Callable[[Figures], float | None]]] = (
    ("CPU per call, all (ms)", lambda figures: figures.total_ms),
    ("CPU per call, Asterisk (ms)", lambda figures: figures.asterisk_ms),
    ("CPU per call, controller (ms)", lambda figures: figures.controller_ms or None),
    ("CPU per call, Redis (ms)", lambda figures: figures.redis_ms or None),
    ("INVITE to 200 (ms)", lambda figures: figures.answered_ms),
    ("INVITE to first sound (ms)", lambda figures: figures.sound_ms),
    ("call to agent up (ms)", lambda figures: figures.agent_up_ms),
)


def rows(results: Results) -> list[Row]:
    """The table: each flow, each measure, then the knees."""
    flows = list(dict.fromkeys(figures.flow for figures in results.figures))
    return [row for flow in flows for row in _of_flow(results, flow)]


def _of_flow(results: Results, flow: str) -> Iterator[Row]:
    for what, value in _MEASURES:
        by_side: dict[Who, dict[int, float]] = {"native": {}, "ours": {}}
        for figures in results.figures:
            if figures.flow == flow and (found := value(figures)) is not None:
                by_side[figures.who][figures.round] = found
        native, ours = by_side["native"], by_side["ours"]
        if native or ours:
            named = "queue entered to agent up (ms)" if what.startswith("call to") and flow == "whole" else what
            yield Row(flow, named, spread(native.values()), spread(ours.values()), spread(ratios(native, ours)))
    knees = {knee.who: knee for knee in results.knees if knee.flow == flow}
    if knees:
        native_knee, our_knee = knees["native"], knees["ours"]
        yield _of_rates(flow, "calls/s, none failed", native_knee.rate, our_knee.rate)
        yield _of_rates(flow, "calls/s, nothing sent twice", native_knee.clean, our_knee.clean)


def _of_rates(flow: str, what: str, native: float, ours: float) -> Row:
    return Row(flow, what, spread([native]), spread([ours]), spread([ours / native if native else None]))


def added(results: Results) -> list[tuple[str, Spread]]:
    """What the whole line adds to the bare flow, in ms CPU per call: median, least and most over the rounds.

    The bare flow's controller is subtracted by its median: the two were not measured in one round.
    """
    whole = [figures for figures in results.figures if figures.flow == "whole" and figures.who == "ours"]
    bare = spread(
        figures.controller_ms for figures in results.figures if figures.flow == "queue" and figures.who == "ours"
    )
    if bare is None or not whole:
        return []
    parts = (
        ("controller of the whole line above the bare one", [run.controller_ms - bare.median for run in whole]),
        ("of it: threads that keep the books", [run.books_ms for run in whole]),
        (
            "of it: conversation, flow, floor, waiting for the books",
            [run.controller_ms - run.books_ms - bare.median for run in whole],
        ),
        ("Redis, beside it", [run.redis_ms for run in whole]),
    )
    return [(what, found) for what, values in parts if (found := spread(values)) is not None]


def show(results: Results, console: Console) -> None:
    """Print the tables."""
    if results.figures:
        _show_flows(results, console)
    if results.matching:
        _show_matching(results.matching, console)
    if results.takeovers:
        _show_takeovers(results.takeovers, console)
    if results.burst:
        burst_table.show(results.burst, console)
    for knee in results.knees:
        if knee.limit is None:
            console.print(f"{knee.flow}, {knee.who}: {knee.rate:.0f}/s was the highest step; its limit was not found")
    facts = results.machine
    console.print(
        f"{facts['cores']} cores, Asterisk {facts['asterisk']}, kernel {facts['kernel']}, load average "
        f"{facts['load_before']:.1f} before, {facts['load_after']:.1f} after; {results.seconds:.0f} s"
    )
    if results.quick:
        console.print("a quick bench: it shows that everything works, its figures mean nothing")
    if results.failed:
        console.print(f"[bold red]{results.failed} calls failed in the runs at fixed rates[/bold red]")


def _show_flows(results: Results, console: Console) -> None:
    table = Table("flow", "what", "native", "ours", "ours / native", title="median (least-most) over the rounds")
    for row in rows(results):
        table.add_row(row.flow, row.what, told(row.native), told(row.ours), told(row.ratio, 2))
    console.print(table)
    more = Table("CPU per call (ms), goal of books and floor: 1.0", "median (least-most)")
    for what, found in added(results):
        more.add_row(what, told(found, 2))
    console.print(more)


def _show_takeovers(takeovers: Sequence[Takeover], console: Console) -> None:
    table = Table(
        "next controller", "live calls", "taken up", "s (least-most)", title="kill -9 until all are spoken to again"
    )
    for spare, name in ((True, "a spare stood by"), (False, "started anew")):
        ones = [one for one in takeovers if one.spare is spare]
        live, taken_up = (spread(values) for values in ([one.live for one in ones], [one.taken_up for one in ones]))
        table.add_row(name, told(live, 0), told(taken_up, 0), told(spread(one.seconds for one in ones), 2))
    console.print(table)


def _show_matching(costs: Sequence[Cost], console: Console) -> None:
    table = Table("waiting", "agents", "ready", "pairs", "rule p50", "p99", "whole p50", "p99", title=_MATCHING)
    for cost in costs:
        case = cost.case
        counts = (case.waiting, case.agents, case.ready, cost.pairs_made)
        figures = (cost.rule_p50_us, cost.rule_p99_us, cost.whole_p50_us, cost.whole_p99_us)
        table.add_row(*(f"{count}" for count in counts), *(f"{figure:.0f}" for figure in figures))
    console.print(table)
    for agents, ready, times, allowed in growth(costs):
        console.print(
            f"matching, {ready} of {agents} ready: the longest queue costs {times:.1f} times the shortest "
            f"(log n would be {allowed:.1f})"
        )


def as_json(results: Results) -> bytes:
    """The same, with every run."""
    content = {
        **asdict(results),
        "rows": [asdict(row) for row in rows(results)],
        "added_ms_per_call": {what: asdict(found) for what, found in added(results)},
        "burst_assumed": burst.assumptions(burst.Assumed()) if results.burst else [],
    }
    return msgspec.json.format(msgspec.json.encode(content), indent=1)


def told(found: Spread | None, digits: int = 1) -> str:
    if found is None:
        return ""
    if len(found.values) == 1:
        return f"{found.median:.{digits}f}"
    return f"{found.median:.{digits}f} ({found.least:.{digits}f}-{found.most:.{digits}f})"
