"""FakeAsterisk: a server on a free loopback port that speaks ARI's wire, with the habits of Asterisk 22.10.1.

    async with FakeAsterisk() as asterisk:
        ...                                   # connect a client to asterisk.base_url, asterisk.user, asterisk.password
        caller = asterisk.incoming("5000012345")
        asterisk.press(caller, "1")
        asterisk.hang_up(caller)

It keeps Asterisk's traps: one blocked request holds up its WebSocket, an event filter is lost with its connection and
can filter answers away, the second of two equal names wins, missed events are not told again. Prompts last
`house.usual_prompt_s` (20 ms) unless `house.prompt_s` says otherwise.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from aiohttp import WSMsgType, web
from fakes.asterisk_house import FakeChannel, House, Peer, stamp
from fakes.asterisk_requests import Request, answer

__all__ = ["FakeAsterisk", "FakeChannel", "Peer", "Request"]


@dataclass(slots=True)
class App:
    """A registered application: the WebSocket that owns its name, and the event types let through (None: all)."""

    socket: web.WebSocketResponse
    allowed: set[str] | None = None


class FakeAsterisk:
    """The server and what a test does to it; `house` is the world inside, `log` every request in its order."""

    user = "line"
    password = "loopback-test-only"

    def __init__(self, *, app: str = "line", prompt_s: float = 0.02) -> None:
        self.app = app
        self.log: list[Request] = []
        self.house = House(self._tell, self.is_registered)
        self.house.usual_prompt_s = prompt_s
        self.fallen_back: list[str] = []
        self._apps: dict[str, App] = {}
        self._subscriptions: dict[str, list[str]] = {}
        self._transports: list[asyncio.Transport] = []
        self._outgoing: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        self._serving: set[asyncio.Task[Any]] = set()
        self._awake = asyncio.Event()
        self._awake.set()
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        application = web.Application(middlewares=[self._log_in])
        application.router.add_get("/ari/events", self._serve_socket)
        application.router.add_route("*", "/ari/{uri:.+}", self._serve_http)
        self._runner = web.AppRunner(application, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.house.shut()
        self.thaw()
        self.drop_sockets()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._serving:
            await asyncio.wait(self._serving, timeout=5)

    # -- what a test does -------------------------------------------------------------------------------------------

    def incoming(self, number: str, *, dialled: str = "1912", call_ref: str | None = None, silent: bool = False) -> str:
        """A caller comes from the trunk; the channel's id. With no controller there the dialplan's fallback has it."""
        channel_id = self.house.new_id()
        variables = {"CALL_REF": channel_id if call_ref is None else call_ref}
        channel = FakeChannel(channel_id, "PJSIP/trunk", self.app, "Ring", number, exten=dialled, args=[dialled])
        channel.variables, channel.inbound, channel.silent = variables, True, silent
        self.house.add_channel(channel)
        if not self.house.enter(channel):
            self.fallen_back.append(channel_id)
        return channel_id

    def press(self, channel_id: str, digits: str) -> None:
        """The caller presses keys, one event for each."""
        channel = self.house.channels[channel_id]
        for digit in digits:
            if channel.recording is not None and channel.recording.terminate_on in (digit, "any"):
                self.house.finish_recording(channel.recording)
            self.house.say(channel, "ChannelDtmfReceived", digit=digit, duration_ms=100)

    def hang_up(self, channel_id: str, cause: int = 16) -> None:
        """The person at the far end hangs up."""
        self.house.hang_up(self.house.channels[channel_id], cause)

    def script_peer(self, endpoint: str, does: str = "answer", after_s: float = 0.0) -> None:
        """How phones behave whose endpoint starts like this (`PJSIP/agent-J09`): answer, busy or noanswer."""
        self.house.peers[endpoint] = Peer(does, after_s)

    def heard(self, channel_id: str) -> list[str]:
        """The media that were begun for this channel, in order, also after its end."""
        house = self.house
        return list((house.channels.get(channel_id) or house.gone[channel_id]).heard)

    def freeze(self) -> None:
        """Answer nothing, not even a ping, as a stopped process does."""
        self._awake.clear()

    def thaw(self) -> None:
        self._awake.set()

    def drop_sockets(self) -> None:
        """Break every WebSocket at once, without a word; callers stay."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    def is_registered(self, app: str) -> bool:
        return app in self._apps

    def requests(self, method: str, uri: str) -> list[Request]:
        """What was asked so far with this method and a path that begins so."""
        return [request for request in self.log if request.method == method and request.uri.startswith(uri)]

    # -- the wire ---------------------------------------------------------------------------------------------------

    @web.middleware
    async def _log_in(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        wanted = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            return web.json_response({"error": "Authentication required"}, status=401)
        await self._awake.wait()
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        response: web.StreamResponse = await handler(request)
        return response

    async def _serve_http(self, request: web.Request) -> web.StreamResponse:
        uri = request.raw_path.partition("?")[0].removeprefix("/ari/")
        body = json.loads(await request.text() or "{}")
        status, content = await self._answer(Request(request.method, uri, dict(request.query), body, "http"))
        await self._awake.wait()
        if isinstance(content, bytes):
            return web.Response(body=content, content_type="audio/wav")
        return web.Response(status=status) if content is None else web.json_response(content, status=status)

    async def _answer(self, request: Request) -> tuple[int, Any]:
        self.log.append(request)
        if request.parts[0] == "applications":
            return self._answer_application(request)
        return await answer(self.house, request)

    def _answer_application(self, request: Request) -> tuple[int, Any]:
        name = request.parts[1] if len(request.parts) > 1 else ""
        app = self._apps.get(name)
        if app is None:
            return 404, {"message": "Application not found"}
        if request.parts[-1] == "eventFilter":
            app.allowed = {entry["type"] for entry in request.body["allowed"]} or None
        if request.parts[-1] == "subscription":
            self._subscriptions.setdefault(request.query["eventSource"].partition(":")[2], []).append(name)
        ours = [channel.id for channel in self.house.channels.values() if channel.app == name]
        allowed = [{"type": kind} for kind in sorted(app.allowed or ())]
        told = {"name": name, "channel_ids": ours, "bridge_ids": [], "endpoint_ids": [], "device_names": []}
        return 200, {**told, "events_allowed": allowed, "events_disallowed": []}

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        name = request.query["app"]
        # Pings are answered below, in turn with the requests: one blocked request leaves them waiting, as in Asterisk.
        socket = web.WebSocketResponse(autoping=False, timeout=0.2)
        await socket.prepare(request)
        assert request.transport is not None
        self._transports.append(request.transport)
        self._outgoing[socket] = asyncio.Queue()
        sender = asyncio.create_task(self._send_all(socket))
        self._register(name, socket)
        try:
            await self._read(name, socket)
        finally:
            if name in self._apps and self._apps[name].socket is socket:
                del self._apps[name]
            sender.cancel()
            del self._outgoing[socket]
        return socket

    def _register(self, name: str, socket: web.WebSocketResponse) -> None:
        before = self._apps.get(name)
        if before is None:
            self._apps[name] = App(socket)
        else:
            # The application stays, with its filter; only the owner changes. The old socket is told, and left open.
            self._tell(name, {"type": "ApplicationReplaced"})
            before.socket = socket
        self._tell(name, {"type": "ApplicationRegistered"})

    async def _read(self, name: str, socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            await self._awake.wait()
            if frame.type is WSMsgType.PING:
                await socket.pong(frame.data)
            elif frame.type is WSMsgType.TEXT:
                await self._serve_request(name, socket, json.loads(frame.data))

    async def _serve_request(self, name: str, socket: web.WebSocketResponse, asked: dict[str, Any]) -> None:
        uri, _, query = asked["uri"].partition("?")
        body = json.loads(asked.get("message_body") or "{}")
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        status, content = await self._answer(Request(asked["method"], uri, pairs, body, name))
        told = {"type": "RESTResponse", "request_id": asked["request_id"], "status_code": status, "uri": uri}
        if content is not None:
            told |= {"content_type": "application/json", "message_body": json.dumps(content)}
        if name in self._apps:
            self._send(name, told | {"transaction_id": "", "reason_phrase": ""}, socket)

    def _tell(self, name: str, event: dict[str, Any]) -> None:
        """Give an event to an application and to those which subscribed to its subject; who is not there misses it."""
        subject = (event.get("channel") or event.get("peer") or {}).get("id", "")
        for app in {name, *self._subscriptions.get(subject, ())}:
            if app in self._apps:
                self._send(app, dict(event), self._apps[app].socket)

    def _send(self, name: str, event: dict[str, Any], socket: web.WebSocketResponse) -> None:
        allowed = self._apps[name].allowed
        if (allowed is None or event["type"] in allowed) and socket in self._outgoing:
            event |= {"application": name, "timestamp": stamp(), "asterisk_id": "fake"}
            self._outgoing[socket].put_nowait(json.dumps(event))

    async def _send_all(self, socket: web.WebSocketResponse) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                text = await self._outgoing[socket].get()
                await self._awake.wait()
                await socket.send_str(text)
