"""A console on true books and a true Redis, with log-ins of every role, for the modules test_console_*.

Nothing is tested here: a module that needs it says `pytest_plugins = ("redis_fixture", "test_console_house")`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from argon2 import PasswordHasher

from agent_console.app import make_app
from agent_console.plan import ConsolePlan
from complaints import desk
from complaints.digits import CONSUMER_DIGITS, with_check_digit
from complaints.records import Category, Company, Consumer, Docket, Officer, Settlement, Unit
from dialplan.edition import shipped
from dialplan.routing import Waiting, routing_key
from storage.books import Books
from storage.clock import Clock
from storage.commands import Answer, Command, Commands
from storage.floor import Floor
from storage.floor_records import AgentState
from storage.migrations import migrate
from storage.people import Login, Role
from storage.seeding import Feeder, Transformer

RELEASE = shipped(Path(__file__).parents[2] / "dialplan")
PASSWORD = "a long enough password"
_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
CONSUMER = with_check_digit(100_000_001, CONSUMER_DIGITS)
PHONE, OFFICERS_PHONE = "+915000012345", "+915000090009"
LEASE_S, WRAP_UP_S = 15.0, 30.0

LOGINS = (
    Login("a17", _HASH, frozenset({Role.AGENT}), agent="A17", company="PV", languages=("hi", "ur", "marker")),
    Login("a18", _HASH, frozenset({Role.AGENT}), agent="A18", company="PV", languages=("hi",), categories=("BILL",)),
    Login("j09", _HASH, frozenset({Role.OFFICER}), officer="J09", company="PV", unit="chowk"),
    Login("s01", _HASH, frozenset({Role.OFFICER}), officer="S01", company="PV", unit="kotwali"),
    Login("j20", _HASH, frozenset({Role.OFFICER}), officer="J20", company="PV", unit="rampur"),
    Login("boss", _HASH, frozenset({Role.SUPERVISOR}), company="PV"),
    Login("auditor", _HASH, frozenset({Role.AUDITOR}), company="PV"),
    Login("inspector", _HASH, frozenset({Role.INSPECTOR}), company="PV"),
    Login("vigilance", _HASH, frozenset({Role.VIGILANCE}), company="PV"),
    Login("admin", _HASH, frozenset({Role.ADMINISTRATOR})),
    Login("stranger", _HASH, frozenset({Role.SUPERVISOR}), company="OTHER"),
)


@dataclass
class Page:
    """One browser with its cookies. `said` is what the log-in answered."""

    http: aiohttp.ClientSession
    root: str
    said: dict[str, Any] = field(default_factory=dict)

    async def log_in(self, name: str, password: str = PASSWORD) -> tuple[int, dict[str, Any]]:
        status, said = await self.post("/api/login", {"name": name, "password": password})
        if status == 200:
            self.said = said
        return status, said

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.http.get(self.root + path) as answer:
            return answer.status, await answer.json()

    async def post(self, path: str, body: Any = None, csrf: str | None = None) -> tuple[int, Any]:
        headers = {"X-Sunwai-CSRF": csrf if csrf is not None else self.said.get("csrf", "")}
        async with self.http.post(self.root + path, json={} if body is None else body, headers=headers) as answer:
            return answer.status, await answer.json()


@dataclass
class House:
    """The console and everything under it."""

    books: Books
    floor: Floor
    commands: Commands
    clock: Clock
    plan: ConsolePlan
    server: TestServer
    pages: list[Page] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.wall_now()

    @property
    def epoch(self) -> float:
        return self.now.timestamp()

    def page(self) -> Page:
        """A browser nobody has logged in with."""
        http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        page = Page(http, str(self.server.make_url("")).rstrip("/"))
        self.pages.append(page)
        return page

    async def enter(self, name: str) -> Page:
        """A browser in which this person has logged in."""
        page = self.page()
        status, said = await page.log_in(name)
        assert status == 200, said
        return page

    async def docket(self, unit: str = "chowk", category: str = "SUP-FUSE", **more: Any) -> Docket:
        """A docket of a consumer's own call."""
        books = self.books
        company, kind = await books.consumers.company("PV"), await books.consumers.category(category)
        number = await books.dockets.next_number()
        facts = desk.Registration(
            cause=f"register:test-{number}",
            number=number,
            company=company,
            category=kind,
            language="hi",
            unit=unit,
            phone=more.pop("phone", PHONE),
            officers=await books.consumers.officers_for(unit),
            **more,
        )
        return await books.dockets.apply(desk.register(facts, self.now))

    async def audit(self, subject: str | None = None) -> list[tuple[str, str]]:
        """(actor, deed) of the audit, oldest first."""
        return [(row.actor, row.deed) for row in reversed(await self.books.people.audit_rows(subject))]

    async def in_call(self, agent: str, call_ref: str, skills: frozenset[str] = frozenset({"lang:hi"})) -> None:
        """Brings a signed-in agent into a talk, as the controller does."""
        now = self.epoch
        await self.floor.contact(agent, ok=True)
        await self.floor.set_state(agent, AgentState.READY, now=now)
        await self.floor.enqueue(Waiting(call_ref, routing_key(now, 3), skills, now, 3), self.plan.node)
        offer = await self.floor.reserve(call_ref, agent, owner="n1", lease_s=30, now=now)
        assert offer is not None
        assert await self.floor.accepted(offer, now=now)

    async def wrapping_up(self, agent: str, call_ref: str) -> None:
        """Brings a signed-in agent through a talk into its wrap-up."""
        await self.in_call(agent, call_ref)
        assert await self.floor.released(agent, call_ref, wrap_up_s=None, now=self.epoch)


async def _seed(books: Books) -> None:
    seeding = books.seeding
    await seeding.add_companies([Company("PV", "Purvi Vidyut"), Company("OTHER", "Doosri Vidyut")])
    await seeding.add_units(
        [
            Unit("pv", "PV", "company", "Purvi Vidyut", None),
            Unit("kotwali", "PV", "division", "Kotwali", "pv"),
            Unit("chowk", "PV", "subdivision", "Chowk", "kotwali"),
            Unit("rampur", "PV", "subdivision", "Rampur", "pv", Settlement.RURAL),
        ]
    )
    await seeding.add_officers(
        [
            Officer("J09", "PV", 1, "chowk", OFFICERS_PHONE),
            Officer("S01", "PV", 2, "kotwali"),
            Officer("J20", "PV", 1, "rampur"),
        ]
    )
    names = {"en": "a kind", "hi": "प्रकार", "ur": "قسم"}
    await seeding.add_categories(
        [
            Category("SUP-FUSE", names, 4, 8, 2, 20),
            Category("BILL", names, 120, 240, 3, 240),
            Category("THEFT", names, 72, 72, 3, None),
            Category("SAF", names, 1, 2, 0, 15),
        ]
    )
    await seeding.add_feeders([Feeder("F-07", "PV", "F-07", Settlement.URBAN)])
    await seeding.add_transformers([Transformer("DT-0713", "F-07", "chowk")])
    await seeding.add_consumers([Consumer(1, "PV", CONSUMER, "chowk", "DT-0713", Settlement.URBAN, "hi", PHONE)])
    for login in LOGINS:
        await books.people.add(login)


@pytest.fixture(scope="session")
def seeded_books(tmp_path_factory):
    """The file every test begins with a copy of."""
    file = tmp_path_factory.mktemp("console") / "books.db"
    migrate(f"sqlite:///{file}")
    asyncio.run(seed_books_at(f"sqlite:///{file}"))
    return file


async def seed_books_at(url: str) -> None:
    """Books of anywhere that are migrated and empty."""
    books = Books(url)
    await _seed(books)
    await books.close()


@pytest.fixture
async def house(tmp_path, seeded_books, redis_server, prefix):
    async with opened(tmp_path, seeded_books, redis_server, prefix) as house:
        yield house


@pytest.fixture
async def fragile_house(tmp_path, seeded_books, breakable_redis, prefix):
    """A house whose Redis the test may kill and start again (`breakable_redis`)."""
    async with opened(tmp_path, seeded_books, breakable_redis, prefix) as house:
        yield house


@pytest.fixture(params=["sqlite", "postgresql"])
async def any_house(request, tmp_path, seeded_books, redis_server, prefix):
    """A house on either kind of books; the module names `books_fixture` as well."""
    if request.param == "sqlite":
        async with opened(tmp_path, seeded_books, redis_server, prefix) as house:
            yield house
        return
    url = request.getfixturevalue("server_url")
    books = Books(url)
    await _seed(books)
    await books.close()
    async with opened_at(url, tmp_path, redis_server, prefix) as house:
        yield house


@asynccontextmanager
async def opened(tmp_path, seeded_books, redis_server, prefix):
    """A house with a server that answers, on a copy of the seeded file, closed at the end."""
    shutil.copy(seeded_books, tmp_path / "books.db")
    async with opened_at(f"sqlite:///{tmp_path / 'books.db'}", tmp_path, redis_server, prefix) as house:
        yield house


@asynccontextmanager
async def opened_at(url, folder, redis_server, prefix):
    """The same on books of anywhere; recordings are in `folder`."""
    books, floor, commands = Books(url), Floor(redis_server.url, prefix), Commands(redis_server.url, prefix)
    await books.open()
    clock = Clock()
    plan = ConsolePlan(
        sip_socket="ws://127.0.0.1:1/ws",
        address="127.0.0.1",
        port=8912,
        session_hours=12,
        lease_s=LEASE_S,
        node="n1",
        sip_address="127.0.0.1",
        sip_port=5060,
        company="PV",
        wrapup_s=WRAP_UP_S,
        timezone="Asia/Kolkata",
        lines=180,
        recordings=folder / "recordings",
        spool=folder / "spool",
        release=RELEASE,
        nodes=("n1",),
    )
    server = TestServer(make_app(books, floor, commands, clock, plan))
    await server.start_server()
    house = House(books, floor, commands, clock, plan, server)
    yield house
    for page in house.pages:
        await page.http.close()
    await server.close()
    await commands.close()
    await floor.close()
    await books.close()


@pytest.fixture
async def controller(house):
    """Answers commands as `controller.answers[deed]` says, and keeps them in `controller.asked`."""

    @dataclass
    class Controller:
        answers: dict[str, Callable[[Command], Answer]] = field(default_factory=dict)
        asked: list[Command] = field(default_factory=list)

        async def carry_out(self, command: Command) -> Answer:
            self.asked.append(command)
            return self.answers[command.deed](command)

    made, stop = Controller(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(house.commands.serve("n1", made.carry_out, stop))
        yield made
        stop.set()
