"""Browsers as programs, as far as the wire goes: an agent's page with its telephone, a supervisor's wallboard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

from sunwai.bench.arrivals import Change, Shown
from sunwai.bench.browser_phone import BrowserPhone
from sunwai.console_client import ConsolePerson, ConsoleRefused, Json
from sunwai.errors import StartError

REASON = "rest"
AT_ONCE = 4
"""So many log in at a time: each password costs the console a tenth of a second of a core."""
_OF_THE_LINE = frozenset({"offered", "not_answering"})
_REACHABLE_LIMIT_S = 20.0


class AgentsPage(ConsolePerson):
    """Notes the changes that the line makes to its agent."""

    def __init__(self, url: str, name: str, password: str) -> None:
        super().__init__(url, name, password)
        self.moved: list[Change] = []

    def hear(self, news: Json) -> None:
        super().hear(news)
        agent = news.get("agent")
        if agent is None or agent["state"] not in _OF_THE_LINE:
            return
        change = Change(agent["agent"], "line", agent["since"], agent["since"], agent["since"])
        if change not in self.moved[-1:]:
            self.moved.append(change)


class WallPage(ConsolePerson):
    """Notes what the wallboard shows, and when."""

    def __init__(self, url: str, name: str, password: str) -> None:
        super().__init__(url, name, password)
        self.shown = Shown()

    def hear(self, news: Json) -> None:
        arrived = time.time()
        super().hear(news)
        if news.get("wall") is not None:
            self.shown.hear_agents(arrived, {tile["agent"]: tile["since"] for tile in news["wall"]["agents"]})
        if "waiting" in news:
            self.shown.hear_waiting(arrived, news["waiting"])


class Agent:
    """One agent at his page, moving between ready and break. `turned_away` are statuses of requests that failed."""

    def __init__(self, page: AgentsPage, phone: BrowserPhone, every_s: tuple[float, float], seed: str) -> None:
        self.phone = phone
        self.asked: list[Change] = []
        self.turned_away: list[int] = []
        self._page = page
        self._every_s = every_s
        self._draw = Random(seed)  # noqa: S311 - a day to be made again, no secret

    @property
    def changes(self) -> Sequence[Change]:
        """Everything that became of him, by himself and by the line."""
        return [*self.asked, *self._page.moved]

    async def work(self) -> None:
        """Until cancelled. The first move comes any time, so that they do not all move at once."""
        await asyncio.sleep(self._draw.uniform(0.0, self._every_s[1]))
        while True:
            await self._move()
            await asyncio.sleep(self._draw.uniform(*self._every_s))

    async def _move(self) -> None:
        if not self._page.page_open:
            raise StartError("an agent's page broke: see the console's log")
        at_rest = self._page.page["agent"]["state"] == "break"
        wanted = {"state": "ready"} if at_rest else {"state": "break", "reason": REASON}
        began = time.time()
        try:
            view = await self._page.post("/api/agent/state", wanted)
        except ConsoleRefused as refused:
            if refused.status != 409:  # that: a call is just being offered to him, he moves later
                self.turned_away.append(refused.status)
            return
        answered = time.time()
        if view["since"] >= began:
            self.asked.append(Change(view["agent"], "agent", began, answered, view["since"]))

    async def until_reachable(self) -> None:
        """SunwaiError when the line does not see his telephone."""
        await self._page.until(lambda page: bool(page["agent"]["phone_reachable"]), _REACHABLE_LIMIT_S)


@asynccontextmanager
async def agents_at_work(
    url: str, names: Sequence[str], password: str, every_s: tuple[float, float]
) -> AsyncIterator[list[Agent]]:
    """All of them logged in, page open, telephone registered, moving while the block runs."""
    async with AsyncExitStack() as doors, asyncio.TaskGroup() as tasks:
        few, working = asyncio.Semaphore(AT_ONCE), list[asyncio.Task[None]]()

        async def come(name: str) -> Agent:
            async with few:
                page = await doors.enter_async_context(AgentsPage(url, name, password))
                await page.open_page()
                phone = BrowserPhone(await page.post("/api/agent/phone", {"kind": "browser"}))
                way = await doors.enter_async_context(page.way_to_the_exchange())
                working.append(tasks.create_task(phone.work(way)))
            agent = Agent(page, phone, every_s, name)
            await agent.until_reachable()
            return agent

        agents = await asyncio.gather(*[tasks.create_task(come(name)) for name in names])
        working.extend(tasks.create_task(agent.work()) for agent in agents)
        try:
            yield list(agents)
        finally:
            for task in working:
                task.cancel()


@asynccontextmanager
async def supervisors(url: str, names: Sequence[str], password: str) -> AsyncIterator[list[WallPage]]:
    """Logged in; their pages are opened and closed as it is measured."""
    async with AsyncExitStack() as doors:
        yield [await doors.enter_async_context(WallPage(url, name, password)) for name in names]


@asynccontextmanager
async def wall_open(pages: Iterable[WallPage]) -> AsyncIterator[list[Shown]]:
    """The wallboard on every page while the block runs; what each shows. StartError when one of them broke."""
    opened = list(pages)
    for page in opened:
        page.shown = Shown()
        await page.open_page()
    try:
        yield [page.shown for page in opened]
        if not all(page.page_open for page in opened):
            raise StartError("a supervisor's page broke: see the console's log")
    finally:
        for page in opened:
            await page.close_page()
