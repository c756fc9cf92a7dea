"""The one WebSocket of a page: a snapshot, then numbered changes; the page's heartbeat keeps its agent available.

    server -> page  {"type": "snapshot", "n": 0, "now", "agent", "pop", "waiting", "oldest", "wrapup_s", "wall"}
                    {"type": "agent", "n", "agent"}   {"type": "pop", "n", "pop"}
                    {"type": "queue", "n", "waiting", "oldest"}   {"type": "stale", "n", "since"}
                    {"type": "wall", "n", "wall"}    supervisors only (`wall.py`)
                    {"type": "ask", "n"}   {"type": "end", "n", "reason"}
    page -> server  {"type": "beat"}   each 3 seconds, and when it is asked

`now`, `oldest` and `since` are epoch seconds of the server; a page counts waiting seconds itself. After "stale" the
next message that is not "stale" is a whole snapshot.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from aiohttp import WSMsgType, web

from agent_console import feed, signing_in
from agent_console.door import RIGHTS, Deed
from agent_console.errors import NotLoggedIn, TooOften
from agent_console.feed import Seat
from agent_console.plan import Console
from agent_console.route import Nothing, Visit
from agent_console.wall import Wall
from storage.errors import BooksAway
from storage.floor_records import AgentState, FloorAway
from storage.people import Login

SILENT_S = 20.0
"""A page that says nothing for so long is closed; its agent's lease has then run out already or soon will."""

ASKED_EVERY_S = 5.0
PAGES_OF_ONE = 8
CHECKED_EVERY_S = 30.0
"""A session that was revoked elsewhere loses its page after at most this long."""
SESSION_ENDS = "session_ends"
"""Why an agent is on a break: no caller is to be offered to him in the last moment of his session."""

LAST_MOMENTS = timedelta(seconds=2.5 * CHECKED_EVERY_S)
"""Of a session: looked at with each heartbeat from then on, and nobody is offered a call in it."""
PROLONGED = timedelta(minutes=10)
"""So far beyond the last look that found a call in it: time to wrap it up."""
IN_A_CALL = frozenset({AgentState.OFFERED, AgentState.TALKING})

_MESSAGE_LIMIT = 4096
SESSION_OVER, SILENT, NOT_UNDERSTOOD = 4401, 4408, 4400
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)


class Beat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: Literal["beat"]


class Socket:
    """One page: its seat, its numbering, what its agent was last seen doing."""

    def __init__(self, visit: Visit, ws: web.WebSocketResponse, seat: Seat) -> None:
        self._visit = visit
        self._ws = ws
        self._seat = seat
        self._n = 0
        self._stale = False
        self._known_state: signing_in.FirstState = AgentState.BREAK
        self._login = visit.visitor.login
        self._checked_at = float("-inf")
        self._ends_at: datetime | None = None
        self._prolonged = False

    @property
    def _console(self) -> Console:
        return self._visit.console

    # --- to the page -------------------------------------------------------------------------------------------------

    async def tell(self) -> None:
        """Until the page or its session ends: whatever may have changed."""
        news = {feed.EVERYTHING}
        try:
            while feed.END not in news:
                await self._tell_what(news)
                news = await self._next_news()
            await self._send({"type": "end", "reason": "session"})
            await self._ws.close(code=SESSION_OVER)
        except ConnectionResetError:
            return  # the page is gone; its reading side ends as well

    async def _next_news(self) -> set[str]:
        """A page that has heard nothing for a while is asked: browsers slow its own timers down when it is hidden."""
        while True:
            try:
                async with asyncio.timeout(ASKED_EVERY_S):
                    return await self._seat.news()
            except TimeoutError:
                await self._send({"type": "ask"})

    async def _tell_what(self, news: set[str]) -> None:
        since = self._console.feed.stale_since
        if since is not None:
            await self._tell_stale(since)
            return
        try:
            if feed.EVERYTHING in news or self._stale:
                await self._send(await self._snapshot())
                self._stale = False
                return
            if feed.AGENT in news:
                await self._send({"type": "agent", "agent": await self._agent()})
            if news & {feed.AGENT, feed.POP} and self._seat.agent is not None:
                await self._send({"type": "pop", "pop": await self._pop()})
            if feed.QUEUE in news:
                await self._send({"type": "queue", **self._figures()})
            if feed.WALL in news:
                await self._send({"type": "wall", "wall": self._wall()})
        except FloorAway:
            await self._tell_stale(self._console.epoch)

    async def _tell_stale(self, since: float) -> None:
        if not self._stale:
            self._stale = True
            await self._send({"type": "stale", "since": since})

    async def _snapshot(self) -> dict[str, object]:
        return {
            "type": "snapshot",
            "now": self._console.epoch,
            "agent": await self._agent(),
            "pop": await self._pop(),
            "wrapup_s": self._console.plan.wrapup_s,
            "wall": self._wall(),
            **self._figures(),
        }

    def _wall(self) -> Wall | None:
        if not self._seat.wall:
            return None
        return self._console.wallboard.seen_by(self._visit.visitor.login.company)

    def _figures(self) -> dict[str, object]:
        figures = self._console.feed.figures
        return {"waiting": figures.waiting, "oldest": figures.oldest}

    async def _agent(self) -> signing_in.AgentView | None:
        if self._seat.agent is None:
            return None
        agent = await self._console.floor.agent(self._seat.agent)
        if agent is None:
            return None
        self._known_state = AgentState.READY if agent.state is AgentState.READY else AgentState.BREAK
        return await signing_in.view(self._console, agent)

    async def _pop(self) -> msgspec.Raw | None:
        """The screen pop as the controller made it, relayed untouched."""
        pop = await self._console.floor.pop(self._seat.agent) if self._seat.agent is not None else None
        return msgspec.Raw(pop) if pop is not None else None

    async def _send(self, message: dict[str, Any]) -> None:
        numbered = {**message, "n": self._n}
        self._n += 1
        await self._ws.send_str(msgspec.json.encode(numbered).decode())

    # --- from the page -----------------------------------------------------------------------------------------------

    async def hear(self) -> None:
        """Heartbeats until the page goes, falls silent, or says what nobody understands."""
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    message = await self._ws.receive()
            except TimeoutError:
                await self._ws.close(code=SILENT)
                return
            if message.type is not WSMsgType.TEXT:
                return
            try:
                msgspec.json.decode(message.data, type=Beat)
            except msgspec.MsgspecError:
                await self._ws.close(code=NOT_UNDERSTOOD, message=b"only heartbeats are understood here")
                return
            await self._beat()

    async def _beat(self) -> None:
        if not await self._session_lives():
            self._seat.wake(feed.END)
            return
        code = self._seat.agent
        if code is None:
            return
        try:
            if await signing_in.beat(self._console, code):
                return
            # Nobody signs in again by a page whose session another console has just ended.
            if await self._session_lives(now=True):
                await signing_in.sign_in(self._console, self._login, code, self._known_state)
            else:
                self._seat.wake(feed.END)
        except FloorAway:
            return  # the feed tells the page; the next heartbeat tries again

    async def _session_lives(self, *, now: bool = False) -> bool:
        """Asked of the books at first, now and then, with each heartbeat when it ends, or `now`."""
        moment = asyncio.get_running_loop().time()
        if not now and not self._is_ending() and moment - self._checked_at < CHECKED_EVERY_S:
            return True
        self._checked_at = moment
        try:
            found = await self._console.books.people.session(self._seat.session, self._console.clock.wall_now())
        except BooksAway:
            return True  # nobody is thrown out because the books are away
        if found is not None:
            await self._learn(found.login)
            self._ends_at = found.expires_at
            await self._see_to_its_end(found.expires_at)
        return found is not None

    def _is_ending(self) -> bool:
        """Its time is over, but for a call that goes on in it, or will be in a moment."""
        if self._ends_at is None:
            return False
        return self._prolonged or self._ends_at - self._console.clock.wall_now() <= LAST_MOMENTS

    async def _see_to_its_end(self, ends_at: datetime) -> None:
        """A session that ends does not end a call: it lasts until that is wrapped up, and no other begins in it.

        An agent who has logged in anew elsewhere has his call there: this session ends as it should.
        """
        code, now = self._seat.agent, self._console.clock.wall_now()
        if code is None or not self._is_ending() or self._console.feed.has_page(code, besides=self._seat.session):
            return
        try:
            agent = await self._console.floor.agent(code)
            if agent is None:
                return
            if agent.state in IN_A_CALL and ends_at - now <= LAST_MOMENTS:
                await self._console.books.people.prolong(self._seat.session, now + PROLONGED)
                self._prolonged = True
            elif agent.state is AgentState.READY:
                await signing_in.stop_offers(self._console, code, SESSION_ENDS)
        except (FloorAway, BooksAway):
            return  # the next heartbeat looks again

    async def _learn(self, login: Login) -> None:
        """Skills that were changed while the floor was away reach it here; the next sign-in knows them as well."""
        before, self._login = self._login, login
        if self._seat.agent is None or (before.languages, before.categories) == (login.languages, login.categories):
            return
        try:
            await signing_in.renew_skills(self._console, login, self._seat.agent)
        except FloorAway:
            self._login = before  # the next look tries again


async def watch(visit: Visit, _: Nothing) -> web.StreamResponse:
    """The WebSocket of a page. An agent's page signs him in, on a break, when the floor does not know him."""
    console, login = visit.console, visit.visitor.login
    if console.feed.pages_of(login.name) >= PAGES_OF_ONE:
        raise TooOften("This log-in has too many pages open: close some.")
    seat = Seat(login.name, login.agent, visit.visitor.session, wall=bool(login.roles & RIGHTS[Deed.SEE_WALL]))
    if login.agent is not None:
        await _sign_in_if_possible(visit, login.agent)
    if visit.request.transport is None:
        raise NotLoggedIn("The page has gone.")
    ws = web.WebSocketResponse(heartbeat=SILENT_S, max_msg_size=_MESSAGE_LIMIT)
    await ws.prepare(visit.request)
    sockets = visit.request.app[SOCKETS]
    sockets.add(ws)
    console.feed.join(seat)
    try:
        await _both_ways(Socket(visit, ws, seat), seat)
    finally:
        console.feed.leave(seat)
        sockets.discard(ws)
    return ws


async def _sign_in_if_possible(visit: Visit, code: str) -> None:
    try:
        await signing_in.sign_in(visit.console, visit.visitor.login, code)
    except FloorAway:
        return  # the page opens and says so; its heartbeat signs him in when the floor is back


async def _both_ways(socket: Socket, seat: Seat) -> None:
    """Until the page goes. The telling side ends at its next word: a cancellation can be swallowed (`Feed.end`)."""
    async with asyncio.TaskGroup() as group:
        group.create_task(socket.tell())
        try:
            await socket.hear()
        finally:
            seat.wake(feed.END)


async def close_all(app: web.Application) -> None:
    """At the end of the service: pages are told to come again elsewhere or later."""
    sockets = app[SOCKETS]
    for ws in sockets.copy():
        await ws.close(code=1001, message=b"the console is restarting")
