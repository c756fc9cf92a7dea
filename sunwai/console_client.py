"""A person at the console as a program: logs in, acts, keeps the page's heartbeat. For self-proof, bench and tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Self

import aiohttp

from sunwai.errors import SunwaiError

BEAT_S = 3.0
LIMIT = aiohttp.ClientTimeout(total=10)

Json = dict[str, Any]


class ConsoleRefused(SunwaiError):
    """The console said no; `status` is HTTP's, the text is the console's own sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"the console answered {status}: {sentence}")
        self.status = status


class ConsolePerson:
    """`async with ConsolePerson(url, name, password) as agent:`; `page` holds the newest of each kind of news."""

    def __init__(self, url: str, name: str, password: str) -> None:
        self._url = url
        self._name = name
        self._password = password
        self._csrf = ""
        self._news = asyncio.Event()
        self._page_task: asyncio.Task[None] | None = None
        self.page: Json = {}
        self.me: Json = {}

    async def __aenter__(self) -> Self:
        # Cookies of an address, not only of a name: the console of a demo is reached by 127.0.0.1.
        self._session = aiohttp.ClientSession(timeout=LIMIT, cookie_jar=aiohttp.CookieJar(unsafe=True))
        try:
            self.me = await self.post("/api/login", {"name": self._name, "password": self._password})
        except BaseException:
            await self._session.close()
            raise
        self._csrf = str(self.me["csrf"])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close_page()
        await self._session.close()

    async def get(self, path: str) -> Json:
        async with self._session.get(self._url + path) as answer:
            return await self._read(answer)

    async def post(self, path: str, body: Json | None = None) -> Json:
        headers = {"X-Sunwai-CSRF": self._csrf} if self._csrf else {}
        async with self._session.post(self._url + path, json=body, headers=headers) as answer:
            return await self._read(answer)

    async def open_page(self) -> None:
        """Open the page's WebSocket and keep its heartbeat until this person leaves; returns after the snapshot."""
        self._page_task = asyncio.create_task(self._live())
        await self.until(lambda page: "snapshot" in page, 10)

    @property
    def page_open(self) -> bool:
        return self._page_task is not None and not self._page_task.done()

    async def close_page(self) -> None:
        """Close it and forget its news; the session goes on."""
        if self._page_task is not None:
            self._page_task.cancel()
            # How the page ended was told by `until`; left unasked, asyncio would complain of it later.
            await asyncio.gather(self._page_task, return_exceptions=True)
        self._page_task, self.page = None, {}

    def way_to_the_exchange(self) -> AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse]:
        """The page's WebSocket for its telephone's SIP."""
        return self._session.ws_connect(self._url + "/sip", protocols=("sip",))

    async def until(self, fits: Callable[[Json], bool], limit_s: float) -> Json:
        """Wait until the page's news fit. SunwaiError after `limit_s` seconds, or when the page broke."""
        try:
            async with asyncio.timeout(limit_s):
                while not fits(self.page):
                    if self._page_task is not None and self._page_task.done():
                        raise SunwaiError("the page's connection broke")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise SunwaiError(f"the page did not show what was waited for within {limit_s:g} s") from None
        return self.page

    async def _live(self) -> None:
        async with self._session.ws_connect(self._url + "/ws") as page, asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._beat(page))
            async for frame in page:
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    break
                self.hear(frame.json())
                self._news.set()
            beating.cancel()
        self._news.set()

    def hear(self, news: Json) -> None:
        """What the page does with a message of its WebSocket."""
        self.page[news["type"]] = news
        for part in ("agent", "pop"):
            if part in news:
                self.page[part] = news[part]

    async def _beat(self, page: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await page.send_json({"type": "beat"})
            await asyncio.sleep(BEAT_S)

    @staticmethod
    async def _read(answer: aiohttp.ClientResponse) -> Json:
        body: Json = await answer.json()
        if answer.status >= 400:
            raise ConsoleRefused(answer.status, str(body.get("error", "")))
        return body
