"""The command `sunwai`. Exit status: 0 done, 1 found wanting, 2 wrong use or settings."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from dialplan.loading import FlowError
from dialplan.wording import WordingError
from dialplan.words import WordsError
from notifications.errors import TemplateError
from storage.errors import StorageError
from sunwai import commands
from sunwai.chaos.command import RATE
from sunwai.errors import SunwaiError
from sunwai.logs import start_logs
from sunwai.roles import ROLES
from sunwai.running import unwrapped
from sunwai.settings import Line, LogSettings, read_settings

QUIET = LogSettings(format="console", level="warning")
"""Logs of commands for people; the roles log as the settings say (`role_process.py`)."""

Verb = Callable[[Line, argparse.Namespace, Console], int]


def main(words: Sequence[str] | None = None) -> int:
    """Parse, read the settings, do; every expected fault is one sentence on stderr and exit status 2."""
    given = _parser().parse_args(words)
    console = Console(highlight=False, soft_wrap=True)
    try:
        line = read_settings(given.settings)
        start_logs(QUIET)
        verb: Verb = given.verb
        return verb(line, given, console)
    except (SunwaiError, FlowError, WordingError, WordsError, StorageError, TemplateError, ExceptionGroup) as error:
        found = unwrapped(error)
        if isinstance(found, ExceptionGroup):
            raise
        sys.stderr.write(f"sunwai: {found}\n")
        return 2
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sunwai", description=__doc__)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--settings", type=Path, help="the settings file (default: ./sunwai.toml, else the defaults)")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb, text: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text, parents=[shared])
        sub.set_defaults(verb=verb)
        return sub

    run = add("run", commands.run, "Start the line and keep it running until Ctrl-C.")
    run.add_argument("--prove", action="store_true", help="a synthetic caller goes the whole way first (demo lines)")
    run.add_argument("--exchange", action="store_true", help="also the practice exchange: network and phones (demo)")
    run.add_argument("--once", action="store_true", help="with --prove: stop after the proof, with its status")
    add("renew", commands.renew, "After an update: the running line's roles make room for new ones; no call is lost.")
    setup = add("setup", commands.setup, "Set up what is missing: programs, Asterisk, prompts, books, demo data.")
    setup.add_argument("--for-tests", action="store_true", help="also what the tests need (sipp, PostgreSQL, Kamailio)")
    add("init", commands.init, "Begin a live line: asks what it must know, writes sunwai.toml; no demo data.")
    doctor = add("doctor", commands.doctor, "Say what is there, what is missing and what to type.")
    doctor.add_argument("--json", action="store_true")
    bench = add("bench", commands.bench, "Our line beside a native dialplan of the same flow, under sipp: ratios.")
    _ask_of_bench(bench)
    chaos = add("chaos", commands.chaos, "A line of its own under load while its processes are killed and stopped.")
    _ask_of_chaos(chaos)
    soak = add("soak", commands.soak, "A line of its own under a steady load: its memory stays flat, nothing is left.")
    soak.add_argument("--minutes", type=float, default=10.0, help="how long the load lasts (default 10)")
    soak.add_argument("--rate", type=float, help="calls a second (default: half of what the machine carries, measured)")
    soak.add_argument("--json", action="store_true")
    ledger = add("ledger", commands.ledger, "`sunwai ledger check`: offered = sum of outcomes, from the books alone.")
    ledger.add_argument("deed", choices=["check"])
    ledger.add_argument("--date", help="the local day, YYYY-MM-DD (default: today)")
    ledger.add_argument("--json", action="store_true")
    flow = add("flow", commands.flow, "`sunwai flow show NAME`: draw a flow.")
    flow.add_argument("deed", choices=["show"])
    flow.add_argument("name")
    text = "`speech check MODEL`: will this Vosk model hear the menus? `speech report`: keys and words on own calls."
    speech = add("speech", commands.speech, text)
    _ask_of_speech(speech)
    prompts = add("prompts", commands.prompts, "`sunwai prompts missing`: what has no human recording yet.")
    prompts.add_argument("deed", choices=["missing"])
    prompts.add_argument("--json", action="store_true")
    verify = add("verify-register", commands.verify_register, "Check the hash chain of the satisfaction register.")
    verify.add_argument("--export", type=Path, help="check this JSON-lines export in place of the books")
    verify.add_argument("--company", help="only this company (default: all)")
    verify.add_argument("--json", action="store_true")
    export = add("export-register", commands.export_register, "Write a company's register as JSON lines, for auditors.")
    export.add_argument("--company", required=True)
    export.add_argument("--to", type=Path, required=True, help="the file; it holds personal data and is made 0600")
    for name in ROLES:
        add(name, commands.role, f"Run the role {name} alone (under systemd, say).").set_defaults(role=name)
    return parser


def _ask_of_chaos(chaos: argparse.ArgumentParser) -> None:
    chaos.add_argument("--minutes", type=float, default=5.0, help="how long the load lasts (default 5)")
    chaos.add_argument("--seed", type=int, help="callers and faults of an earlier run again (default: a new one)")
    chaos.add_argument("--rate", type=float, default=RATE, help=f"calls a second (default {RATE:g})")
    chaos.add_argument(
        "--books",
        choices=["auto", "sqlite", "postgresql"],
        default="auto",
        help="what the line's books are kept in (default: PostgreSQL when it is installed)",
    )
    chaos.add_argument("--json", action="store_true")


def _ask_of_speech(speech: argparse.ArgumentParser) -> None:
    speech.add_argument("deed", choices=["check", "report"])
    speech.add_argument("model", type=Path, nargs="?", help="with check: the unpacked model's folder")
    language = "with check: the engine's language, such as hi (default: those it knows words of)"
    speech.add_argument("--language", help=language)
    speech.add_argument("--days", type=int, default=7, help="with report: so many days back (default 7)")
    speech.add_argument("--json", action="store_true")


def _ask_of_bench(bench: argparse.ArgumentParser) -> None:
    bench.add_argument("--rounds", type=int, default=3, help="interleaved rounds of each measurement (default 3)")
    bench.add_argument("--quick", action="store_true", help="a short run that only shows that it runs")
    part = bench.add_mutually_exclusive_group()
    burst = "only the replay of a burst of callers: seconds, no telephone"
    part.add_argument("--burst", dest="part", action="store_const", const="burst", help=burst)
    wall = (
        "only the wallboard: 60 agents' browsers, 200 waiting, how soon supervisors' pages show a change, and its cost"
    )
    part.add_argument("--wall", dest="part", action="store_const", const="wall", help=wall)
    heard = (
        "only the hearing: accuracy, time to act, callers a core hears beside a plain loop, memory (synthetic voices)"
    )
    part.add_argument("--speech", dest="part", action="store_const", const="speech", help=heard)
    bench.add_argument("--json", action="store_true", help="the JSON on standard output as well")
    bench.add_argument("--out", type=Path, help="the folder of the JSON (default: var/bench)")
