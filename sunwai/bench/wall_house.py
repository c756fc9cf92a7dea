"""The line of the wallboard's bench: a whole one with console, in whose books are its own people and a day of calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from agent_console import built
from complaints.ledger import Call, EndedBy, Outcome
from complaints.records import Origin
from storage.people import Login, Role
from sunwai import demo_people, wiring
from sunwai.asterisk_conf import ARI_USER
from sunwai.bench import asterisks
from sunwai.bench.door import Door, door_of
from sunwai.bench.houses import kept
from sunwai.bench.lines import as_toml, our_line, prepare_prompts
from sunwai.bench.runs import ASTERISK, CONTROLLER, REDIS
from sunwai.bench.wall_plan import WallPlan
from sunwai.books_setup import prepare_books
from sunwai.children import asterisk_child, redis_child, role_child
from sunwai.errors import SetupError, StartError
from sunwai.parent import ready
from sunwai.processes import Keeper
from sunwai.rescue import AsteriskWatch
from sunwai.settings import Line, read_settings

CONSOLE = "console"
CALLERS_ASK_FOR, OTHERS_SERVE = "BILL", "NEWCON"
_PATIENT_S = 3600.0
_TALK_S, _WAIT_S = 150, 15
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class WallHouse:
    """The running line. `programs` by name: those whose CPU counts."""

    line: Line
    door: Door
    programs: dict[str, Keeper]
    agents: list[str]
    supervisors: list[str]

    @property
    def url(self) -> str:
        web = self.line.settings.console
        return f"http://{web.address}:{web.port}"

    @property
    def password(self) -> str:
        return self.line.secret("demo_password")

    def pids(self) -> dict[str, int]:
        """StartError when a program died: its successor's counters begin anew."""
        for keeper in self.programs.values():
            if keeper.pid is None or keeper.starts != 1:
                raise StartError(f"{keeper.child.name} died during the bench: see {keeper.child.log}")
        return {name: keeper.pid for name, keeper in self.programs.items() if keeper.pid is not None}


@asynccontextmanager
async def a_line_with_console(line: Line, folder: Path, plan: WallPlan) -> AsyncIterator[WallHouse]:
    """Everything in `folder`, made anew; ended with the block. The worker and messages do not run."""
    _page_is_built()
    ours = _patient(our_line(line, folder))
    await asyncio.to_thread(prepare_prompts, ours)
    await prepare_books(ours, lambda _: None)
    names = await _fill_books(ours, plan)
    redis = redis_child(ours)
    if redis is None:
        raise StartError("the bench's line has no Redis of its own")
    async with AsteriskWatch(ours.ari_url, ARI_USER, ours.secret("ari")) as watch:
        children = {
            ASTERISK: asterisk_child(ours, watch.alive),
            REDIS: redis,
            CONTROLLER: replace(role_child(ours, CONTROLLER), spare=False),
            CONSOLE: role_child(ours, CONSOLE),
        }
        async with kept(*children.values()) as keepers, door_of(ours) as door:
            await ready(ours)
            seen = [f"S{number:02d}" for number in range(1, plan.pages + 1)]
            yield WallHouse(ours, door, dict(zip(children, keepers, strict=True)), names, seen)


def _page_is_built() -> None:
    """Said at once: without it the console would not start, and only its log would tell."""
    try:
        built.read()
    except built.PageNotBuilt as error:
        raise SetupError(str(error)) from error


def _patient(line: Line) -> Line:
    """Callers wait as long as it takes, whoever is or is not at work: those of the bench are answered by nobody."""
    settings = msgspec.structs.replace(
        line.settings,
        queue=msgspec.structs.replace(line.settings.queue, nobody_after_s=_PATIENT_S, max_wait_s=_PATIENT_S),
    )
    file = line.folder / "wall.toml"
    file.write_text(as_toml(settings), encoding="utf-8")
    return read_settings(file)


async def _fill_books(line: Line, plan: WallPlan) -> list[str]:
    """The bench's agents beside the demo's people, and the day's calls so far; the agents' names."""
    books = wiring.make_books(line)
    await books.open()
    try:
        demo = await books.people.login("A01")
        if demo is None:
            raise StartError("the bench's books have no people of the demo")
        people = list(agents(plan, demo.password_hash))
        for each in people:
            await books.people.add(each)
        calls = list(day_so_far(plan.day_calls, wiring.make_clock(line).wall_now(), line.settings.line.node))
        for at in range(0, len(calls), _AT_ONCE):
            await books.calls.note_all(calls[at : at + _AT_ONCE])
        return [each.name for each in people]
    finally:
        await books.close()


def agents(plan: WallPlan, password_hash: str) -> Iterator[Login]:
    """B001 …: the first `plan.offered` of them serve what the callers ask for and are rung, the others never are."""
    for number, code in enumerate(asterisks.agent_codes(plan.agents)):
        yield Login(
            code,
            password_hash,
            frozenset({Role.AGENT}),
            agent=code,
            company=demo_people.MAIN,
            languages=("hi", "ur", "en", "marker"),
            categories=(CALLERS_ASK_FOR if number < plan.offered else OTHERS_SERVE,),
        )


def day_so_far(number: int, now: datetime, node: str) -> Iterator[Call]:
    """Ended calls of today, most of them with a talk: the wallboard's reading of the books has a day to sum up."""
    for each in range(number):
        offered = now - timedelta(minutes=5, milliseconds=each)
        queued = offered + timedelta(seconds=30)
        talked = queued + timedelta(seconds=_WAIT_S) if each % 10 else None
        yield Call(
            f"{node}-{each}.9",
            "inbound",
            Origin.LINE,
            offered.astimezone(UTC),
            node=node,
            company=demo_people.MAIN,
            stage="ended",
            answered_at=offered,
            queued_at=queued,
            talked_at=talked,
            ended_at=queued + timedelta(seconds=_TALK_S),
            outcome=Outcome.TALKED if talked else Outcome.SELF_SERVED,
            ended_by=EndedBy.CALLER,
        )
