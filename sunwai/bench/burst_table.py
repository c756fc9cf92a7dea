"""The replayed burst for people: what each policy gives, how everybody ended, and what is assumed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from sunwai.bench.burst import SOURCES, Assumed, End, Row, assumptions


def show(rows: Sequence[Row], console: Console) -> None:
    """Three tables; the sources of what is assumed stand below the last."""
    title = f"one burst replayed: {rows[0].offered:.0f} calls, means of {rows[0].runs} days; the longest of all days"
    judged = Table(
        "policy", "abandoned", "lost", "longest promise", "longest owed", "to a person", "in 20 s", title=title
    )
    ended = Table("policy", *(str(end) for end in End), title="the same: how each call ended")
    for one in rows:
        judged.add_row(
            one.policy,
            f"{one.abandoned_percent:.1f} %",
            f"{one.lost:.0f}",
            f"{one.longest_promise_min:.0f} min",
            f"{one.longest_owed_min:.0f} min",
            f"{one.to_person_s / 60:.1f} min",
            f"{one.soon_percent:.1f} %",
        )
        ended.add_row(one.policy, *(f"{one.ends[str(end)]:.0f}" for end in End))
    console.print(judged)
    console.print(ended)
    _show_assumed(console)


def _show_assumed(console: Console) -> None:
    table = Table("assumed", "value", "from")
    for what, value, source in assumptions(Assumed()):
        table.add_row(what, f"{value:g}", source)
    console.print(table)
    for source, told in SOURCES.items():
        console.print(f"{source}: {told}")
