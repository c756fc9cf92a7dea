"""`sunwai chaos`: start a line of its own, load it, break it, let it settle, judge it."""

from __future__ import annotations

import asyncio
import secrets
import signal
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from ivr.exchange import Exchange
from storage.books import Books
from storage.calls import LedgerSum
from sunwai import wiring
from sunwai.asterisk_conf import EXCHANGE_USER, exchange_url
from sunwai.chaos import report
from sunwai.chaos.agents import CODES, Agent
from sunwai.chaos.around import agents_away, all_settled, connected, quiet, recorded, until_at_work
from sunwai.chaos.callers import Load, keep_calling
from sunwai.chaos.consumers import Consumers, claim_dockets
from sunwai.chaos.faults import Breaker
from sunwai.chaos.plan import EVERYWHERE, Fault, schedule
from sunwai.chaos.postgres import Postgres, private_server, why_not
from sunwai.chaos.report import Run
from sunwai.chaos.verdict import Facts, judge
from sunwai.chaos.world import World, a_world, forget_recordings
from sunwai.errors import StartError, one_sentence
from sunwai.parent import raise_file_limit, ready
from sunwai.reference import places
from sunwai.settings import Line

RATE = 0.8
"""Calls a second: two cores play the line, its exchange and everybody on the phone."""
SETTLE_LIMIT_S = 90.0
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for. `books`: sqlite, postgresql, or auto: PostgreSQL when it can be had."""

    minutes: float
    seed: int | None
    rate: float
    books: str
    as_json: bool


def run_chaos(line: Line, asked: Asked, console: Console) -> int:
    """0 when every law held, 1 when one did not. SunwaiError when it could not run."""
    raise_file_limit()
    if asked.as_json:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
    seed = asked.seed if asked.seed is not None else secrets.randbelow(1_000_000)
    folder = line.var / "chaos" / f"{datetime.now(UTC):%m%d-%H%M%S}"
    console.print(f"chaos: seed {seed}, {asked.minutes:g} min at {asked.rate:g} calls/s, in {folder}")
    with ExitStack() as stack, one_sentence():
        server, left_out = _books_server(asked.books, stack)
        run, facts = asyncio.run(_Chaos(line, folder, asked, seed, server, left_out, console).run())
    verdict = judge(facts)
    (folder / "verdict.json").write_bytes(report.as_json(run, facts, verdict))
    (folder / "evidence.json").write_bytes(report.evidence_as_json(facts))
    if asked.as_json:
        report.print_json(run, facts, verdict)
    else:
        report.show(run, facts, verdict, console)
    console.print(
        "[bold green]every law held[/bold green]" if verdict.holds else "[bold red]it does NOT hold[/bold red]"
    )
    return 0 if verdict.holds else 1


def _books_server(books: str, stack: ExitStack) -> tuple[Postgres | None, list[str]]:
    reason = why_not()
    if books == "postgresql" or (books == "auto" and reason is None):
        return stack.enter_context(private_server()), []
    return None, [f"{Fault.BOOKS_KILLED}: {reason or 'the books are a file (--books sqlite)'}"]


class _Chaos:
    """One run; holds what its parts share."""

    def __init__(
        self,
        line: Line,
        folder: Path,
        asked: Asked,
        seed: int,
        server: Postgres | None,
        left_out: list[str],
        console: Console,
    ) -> None:
        self._line = line
        self._folder = folder
        self._asked = asked
        self._seed = seed
        self._server = server
        self._left_out = left_out
        self._console = console
        self._load = Load()

    async def run(self) -> tuple[Run, Facts]:
        if (myself := asyncio.current_task()) is not None:  # SIGTERM ends it as Ctrl-C does: in order
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, myself.cancel)
        self._say("starting the line")
        async with a_world(self._line, self._folder, self._server.url if self._server else "") as world:
            books = wiring.make_books(world.line)
            try:
                facts, troubles = await self._under_chaos(world, books)
            finally:
                await books.close()
        forget_recordings(world)
        run = Run(
            self._seed,
            self._asked.minutes,
            self._asked.rate,
            "PostgreSQL" if self._server else "SQLite",
            str(self._folder),
            tuple(self._left_out),
            self._load.held_back,
            dict(troubles),
        )
        return run, facts

    async def _under_chaos(self, world: World, books: Books) -> tuple[Facts, Counter[str]]:
        begin, tones = datetime.now(UTC), wiring.wording().marker(places())
        async with Exchange(
            exchange_url(world.line), EXCHANGE_USER, world.line.secret("ari_exchange"), tones
        ) as exchange:
            agents = [Agent(code, world.person, exchange, self._seed) for code in CODES]
            consumers = Consumers(exchange, self._seed)
            breaker = Breaker(world, agents, self._server, self._say)
            async with asyncio.TaskGroup() as tasks:
                people = [tasks.create_task(agent.work()) for agent in agents]
                people.append(tasks.create_task(consumers.answer_calls()))
                officer = tasks.create_task(claim_dockets(world.person, books, self._load, self._seed))
                await until_at_work(agents)
                await self._load_and_break(exchange, breaker)
                officer.cancel()
                ledger, whole = await self._settle(world, books, begin)
                silent = await quiet(world)
                found = await all_settled(books, begin)
                away = await agents_away(agents)
                for task in people:
                    task.cancel()
        troubles = sum((agent.troubles for agent in agents), self._load.troubles + consumers.troubles)
        refs = [call.call_ref for call in found.calls if call.kind == "inbound"]
        facts = Facts(
            self._load.made,
            breaker.injected,
            consumers.rung,
            ledger,
            found,
            await recorded(world, refs),
            await asyncio.to_thread(connected, world.line.var / "log" / "controller.log"),
            datetime.now(UTC),
            whole,
            not silent,
            away,
        )
        return facts, troubles

    async def _load_and_break(self, exchange: Exchange, breaker: Breaker) -> None:
        seconds, began = self._asked.minutes * 60.0, time.monotonic()
        faults = (*EVERYWHERE, *((Fault.BOOKS_KILLED,) if self._server else ()))
        planned = schedule(self._seed, seconds, faults)
        self._say(f"the load begins; {len(planned)} faults to come")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(breaker.run(planned, began))
            tasks.create_task(keep_calling(exchange, self._load, self._seed, self._asked.rate, began + seconds))
        self._say(f"the load has ended: {len(self._load.made)} calls; the line settles")

    async def _settle(self, world: World, books: Books, begin: datetime) -> tuple[LedgerSum, bool]:
        """Until the line is ready and no call to it is going, at most SETTLE_LIMIT_S: the ledger then, and if ready."""
        end = time.monotonic() + SETTLE_LIMIT_S
        whole = True
        try:
            await ready(world.line, SETTLE_LIMIT_S / 2)
        except StartError as error:
            self._say(str(error))
            whole = False
        while True:
            world.check()
            now = datetime.now(UTC)
            ledger = await books.calls.ledger(begin, now, now=now)
            if (ledger.going == 0 and not ledger.without_outcome) or time.monotonic() > end:
                return ledger, whole
            await asyncio.sleep(_LOOK_EVERY_S)

    def _say(self, text: str) -> None:
        self._console.print(f"[dim]{datetime.now(UTC):%H:%M:%S}[/dim] {text}")
