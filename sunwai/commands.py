"""What each verb of the command line does; parsing is in `cli.py`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from complaints.records import Origin
from dialplan.drawing import draw
from dialplan.flow import MenuNode
from storage.books import Books
from storage.calls import AnsweredCall
from storage.register_chain import ChainReport, verify_rows
from storage.reports import ledger_check
from sunwai import doctor as examination
from sunwai import wiring
from sunwai.bench.command import Asked as BenchAsked
from sunwai.bench.command import run_bench
from sunwai.books_setup import prepare_books, prepare_prompts, prepare_stories
from sunwai.chaos.command import Asked, run_chaos
from sunwai.errors import SunwaiError
from sunwai.initial import ask_settings
from sunwai.logs import start_logs
from sunwai.parent import RENEW, tell_parent
from sunwai.render import missing_recordings
from sunwai.role_process import run_role
from sunwai.running import run_and_prove, run_line_shown
from sunwai.settings import Line
from sunwai.setup import setup as setup_programs
from sunwai.soak.command import Asked as SoakAsked
from sunwai.soak.command import run_soak
from sunwai.speech_check import check as check_speech
from sunwai.speech_check import show as show_speech
from sunwai.speech_report import report_of
from sunwai.speech_report import show as show_report

CHAINED = (Origin.LINE, Origin.PROBE)
"""Satisfaction attempts of these origins each have a chain of their own (design 3.17)."""


def setup(line: Line, given: argparse.Namespace, console: Console) -> int:
    """Everything that is missing; a second time it takes a moment."""

    def tell(text: str) -> None:
        console.print(f"[dim]setup[/dim] {text}")

    setup_programs(line, tell, for_tests=given.for_tests)
    prepare_prompts(line, tell)
    asyncio.run(prepare_books(line, tell))
    asyncio.run(prepare_stories(line, tell))
    return 0


def run(line: Line, given: argparse.Namespace, console: Console) -> int:
    if (given.prove or given.exchange) and line.settings.line.kind != "demo":
        raise SunwaiError("the self-proof and its exchange are for demo lines only (design 3.17)")
    if given.prove:
        return asyncio.run(run_and_prove(line, console, once=given.once))
    return asyncio.run(run_line_shown(line, console, exchange=given.exchange))


def init(line: Line, given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001  # every verb has this shape
    """Ask what a live line must know, write sunwai.toml, set up; refuses to write over a file that is there."""
    file = given.settings or Path("sunwai.toml")
    if file.exists():
        raise SunwaiError(f"{file} is there already: change it, or move it away first")
    file.write_text(ask_settings(sys.stdin.isatty()), encoding="utf-8")
    console.print(f"written: {file}. Next: `sunwai doctor`, then `sunwai setup`, then `sunwai run`.")
    return 0


def renew(line: Line, given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001  # every verb's shape
    pid = tell_parent(line, RENEW)
    console.print(f"process {pid} renews its roles; what it says of them stands where `sunwai run` was typed")
    return 0


def doctor(line: Line, given: argparse.Namespace, console: Console) -> int:
    checks = asyncio.run(examination.examine(line, lambda: _ask_books(line)))
    if given.json:
        sys.stdout.write(examination.as_json(checks) + "\n")
        return examination.exit_status(checks)
    table = Table("", "what", "found", "what to type")
    for check in checks:
        table.add_row(str(check.state), check.name, check.found, check.remedy or "")
    console.print(table)
    return examination.exit_status(checks)


async def _ask_books(line: Line) -> None:
    books = wiring.make_books(line)
    try:
        await books.open()
    finally:
        await books.close()


def bench(line: Line, given: argparse.Namespace, console: Console) -> int:
    """0 when what was measured is what it claims to be, 1 otherwise; speed is no verdict."""
    if given.rounds < 1:
        raise SunwaiError("--rounds must be 1 or more")
    return run_bench(
        line, BenchAsked(given.rounds, given.quick, given.part, given.json), console, given.out or line.var / "bench"
    )


def chaos(line: Line, given: argparse.Namespace, console: Console) -> int:
    """0 when nothing was lost, doubled or left behind, 1 otherwise."""
    if given.minutes <= 0 or given.rate <= 0:
        raise SunwaiError("--minutes and --rate must be more than 0")
    return run_chaos(line, Asked(given.minutes, given.seed, given.rate, given.books, given.json), console)


def soak(line: Line, given: argparse.Namespace, console: Console) -> int:
    """0 when memory stayed flat and nothing was left, 1 otherwise."""
    if given.minutes <= 0 or (given.rate is not None and given.rate <= 0):
        raise SunwaiError("--minutes and --rate must be more than 0")
    return run_soak(line, SoakAsked(given.minutes, given.rate, given.json), console)


def ledger(line: Line, given: argparse.Namespace, console: Console) -> int:
    """0 when it adds up and no call is without an outcome, 1 otherwise."""
    try:
        day = date.fromisoformat(given.date) if given.date else None
    except ValueError as error:
        raise SunwaiError(f"--date {given.date}: a day is written YYYY-MM-DD, as in 2026-11-22") from error
    return asyncio.run(_ledger(line, day, console, as_json=given.json))


async def _ledger(line: Line, day: date | None, console: Console, *, as_json: bool) -> int:
    books = wiring.make_books(line)
    await books.open()
    try:
        zone = wiring.zone_of(line)
        now = wiring.make_clock(line).wall_now()
        today = now.astimezone(zone).date()
        found = await ledger_check(books, day or today, str(zone), now=now)
    finally:
        await books.close()
    if as_json:
        sys.stdout.write(json.dumps(asdict(found), ensure_ascii=False, default=str) + "\n")
        return 0 if found.balanced else 1
    table = Table("outcome", "calls", title=f"ledger of {day or today}")
    for outcome, calls in found.outcomes.items():
        table.add_row(str(outcome), str(calls))
    table.add_row("offered", str(found.offered), style="bold")
    console.print(table)
    for call_ref in found.without_outcome:
        console.print(f"ended without an outcome: {call_ref}")
    console.print("it adds up" if found.balanced else "it does NOT add up")
    return 0 if found.balanced else 1


def flow(line: Line, given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001  # every verb has this shape
    flows = wiring.release().flows
    if given.name not in flows:
        raise SunwaiError(f"there is no flow {given.name}: {', '.join(flows)}")
    sys.stdout.write(draw(flows[given.name]))
    return 0


def speech(line: Line, given: argparse.Namespace, console: Console) -> int:  # every verb has this shape
    """Of a check 1 when the model would leave phrases unheard."""
    if given.deed == "report":
        return _speech_report(line, given, console)
    if given.model is None:
        raise SunwaiError("name the model's folder: sunwai speech check MODEL")
    checked = check_speech(given.model, wiring.release().words, given.language)
    if given.json:
        sys.stdout.write(json.dumps(asdict(checked) | {"serves": checked.serves}, ensure_ascii=False) + "\n")
    else:
        show_speech(checked, console)
    return 0 if checked.serves else 1


def _speech_report(line: Line, given: argparse.Namespace, console: Console) -> int:
    inbound = wiring.release().flows["inbound"]
    menus = {node.name for node in inbound.nodes.values() if isinstance(node, MenuNode) and node.root}
    found = report_of(asyncio.run(_answered(line, given.days)), menus, {*inbound.always.values()})
    if given.json:
        sys.stdout.write(json.dumps(asdict(found), ensure_ascii=False) + "\n")
    else:
        show_report(found, console)
    return 0


async def _answered(line: Line, days: int) -> list[AnsweredCall]:
    now, books = wiring.make_clock(line).wall_now(), wiring.make_books(line)
    await books.open()
    try:
        return await books.calls.answered(now - timedelta(days=days), now, Origin.LINE)
    finally:
        await books.close()


def prompts(line: Line, given: argparse.Namespace, console: Console) -> int:
    """1 while a human recording is missing: honest for scripts that wait for the studio."""
    missing = missing_recordings(wiring.wording(), line.var / "voices")
    if given.json:
        sys.stdout.write(json.dumps([{"language": lang, "prompt": key} for lang, key in missing]) + "\n")
    else:
        for lang, key in missing:
            console.print(f"{lang}/{key}")
    return 1 if missing else 0


def verify_register(line: Line, given: argparse.Namespace, console: Console) -> int:
    """The hash chain of the register, from the books or from an export of it."""
    reports = _of_export(given.export) if given.export else asyncio.run(_of_books(line, given.company))
    for name, report in reports.items():
        if given.json:
            sys.stdout.write(json.dumps({"chain": name, **asdict(report)}, default=str) + "\n")
        elif report.ok:
            console.print(f"{name}: {report.rows} rows, the chain holds")
        else:
            console.print(f"{name}: broken at row {report.first_bad}: {report.reason}")
    return 0 if all(report.ok for report in reports.values()) else 1


def _of_export(file: Path) -> dict[str, ChainReport]:
    if not file.is_file():
        raise SunwaiError(f"{file}: there is no such export; `sunwai export-register` writes one")

    def rows() -> Iterator[dict[str, object]]:
        with file.open(encoding="utf-8") as lines:
            for text in lines:
                yield json.loads(text)

    return {str(file): verify_rows(rows())}


async def _of_books(line: Line, company: str | None) -> dict[str, ChainReport]:
    books = wiring.make_books(line)
    await books.open()
    try:
        known = [one.code for one in await books.consumers.companies()]
        if company is not None and company not in known:
            raise SunwaiError(f"there is no company {company}: {', '.join(known) or 'the books know none'}")
        companies = [company] if company else known
        return {f"{code}/{origin}": await _verified(books, code, origin) for code in companies for origin in CHAINED}
    finally:
        await books.close()


def export_register(line: Line, given: argparse.Namespace, console: Console) -> int:
    """The rows of a company's register; `verify-register --export` checks them without any books."""
    count = asyncio.run(_export(line, given.company, given.to))
    console.print(f"{count} rows written to {given.to}")
    return 0


async def _export(line: Line, company: str, to: Path) -> int:
    books, count = wiring.make_books(line), 0
    await books.open()
    try:
        if await books.consumers.company(company) is None:
            raise SunwaiError(f"there is no company {company}")
        to.touch(mode=0o600)  # noqa: ASYNC240  # a command has nothing else on its loop
        with to.open("w", encoding="utf-8") as out:
            async for row in books.register.export(company):
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
    finally:
        await books.close()
    return count


async def _verified(books: Books, company: str, origin: Origin) -> ChainReport:
    """One chain with its head: rows cut off at the end are missed by the rows alone."""
    head = await books.register.head(company, origin=origin)
    rows = [row async for row in books.register.export(company, origin=origin)]
    return verify_rows(rows, [head] if head else ())


def role(line: Line, given: argparse.Namespace, console: Console) -> int:  # noqa: ARG001  # every verb has this shape
    """One role alone, with the logs its settings ask for."""
    start_logs(line.settings.log)
    return run_role(given.role, line)
