"""The bench's browser telephone at an exchange that speaks the wire (RFC 7118): it registers, rings, and lets ring."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sunwai.bench.browser_phone import BrowserPhone
from sunwai.bench.sip_words import SipWord, answer_to, read, written
from sunwai.errors import SunwaiError

LIMIT_S = 10
ACCOUNT = {"address": "127.0.0.1", "port": 5060, "user": "agent-B001", "password": "a secret"}
CHALLENGE = ("WWW-Authenticate", 'Digest realm="asterisk",nonce="abc",algorithm=MD5,qop="auth"')


class Exchange:
    """One way to it. `heard` is what the telephone said."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[SipWord] = asyncio.Queue()
        self.ways: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()

    async def take(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=("sip",))
        await ws.prepare(request)
        self.ways.put_nowait(ws)
        async for message in ws:
            self.heard.put_nowait(read(message.data))
        return ws

    async def hears(self) -> SipWord:
        async with asyncio.timeout(LIMIT_S):
            return await self.heard.get()


@pytest.fixture
async def exchange():
    found = Exchange()
    app = web.Application()
    app.router.add_get("/ws", found.take)
    server = TestServer(app)
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        found.url, found.http = str(server.make_url("/ws")), http
        yield found
    await server.close()


@pytest.fixture
async def phone(exchange):
    """A telephone at work, its task, and the exchange's side of its way."""
    async with exchange.http.ws_connect(exchange.url, protocols=("sip",)) as way:
        phone = BrowserPhone(ACCOUNT, rings_s=0.05)
        working = asyncio.create_task(phone.work(way))
        yield phone, working, await exchange.ways.get()
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def registered(exchange, phone, ws) -> SipWord:
    """The REGISTER that the exchange took."""
    await ws.send_str(answer_to(await exchange.hears(), "401 Unauthorized", "x", CHALLENGE))
    proven = await exchange.hears()
    await ws.send_str(answer_to(proven, "200 OK", "x"))
    async with asyncio.timeout(LIMIT_S):
        await phone.registered.wait()
    return proven


def request(method: str, number: int = 1, call: str = "c1") -> str:
    headers = [("Via", "SIP/2.0/WS 127.0.0.1;branch=z9"), ("From", "<sip:1912@127.0.0.1>;tag=f")]
    headers += [("To", "<sip:agent-B001@x.invalid>"), ("Call-ID", call), ("CSeq", f"{number} {method}")]
    return written(f"{method} sip:agent-B001@x.invalid SIP/2.0", headers)


async def test_it_registers_with_its_password_and_answers_when_it_is_looked_for(exchange, phone):
    one, _, ws = phone
    proven = await registered(exchange, one, ws)
    assert 'username="agent-B001"' in proven.get("authorization")
    assert ";transport=ws" in proven.get("contact")
    await ws.send_str(request("OPTIONS"))
    answer = await exchange.hears()
    assert (answer.status, answer.method) == (200, "OPTIONS")


async def test_it_rings_and_then_declines(exchange, phone):
    one, _, ws = phone
    await registered(exchange, one, ws)
    await ws.send_str(request("INVITE"))
    assert [(await exchange.hears()).status for _ in range(2)] == [180, 486]
    assert one.rung == 1


async def test_it_stops_ringing_when_the_exchange_gives_up(exchange, phone):
    one, _, ws = phone
    one._rings_s = 0.3
    await registered(exchange, one, ws)
    await ws.send_str(request("INVITE"))
    assert (await exchange.hears()).status == 180
    await ws.send_str(request("CANCEL"))
    answers = [await exchange.hears() for _ in range(2)]
    assert [(each.status, each.method) for each in answers] == [(200, "CANCEL"), (487, "INVITE")]
    one._rings_s = 1.0  # so that the first would end before it
    await ws.send_str(request("INVITE", 1, "c2"))
    told = [await exchange.hears() for _ in range(2)]
    assert [(each.status, each.get("call-id")) for each in told] == [(180, "c2"), (486, "c2")], "no more of the first"


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden"])
async def test_a_refused_account_ends_it_with_a_sentence(exchange, phone, status):
    _, working, ws = phone
    await ws.send_str(answer_to(await exchange.hears(), "401 Unauthorized", "x", CHALLENGE))
    await ws.send_str(answer_to(await exchange.hears(), status, "x", CHALLENGE))
    with pytest.raises(ExceptionGroup) as several:
        async with asyncio.timeout(LIMIT_S):
            await working
    assert several.group_contains(SunwaiError, match="agent-B001")


async def test_a_way_that_is_closed_ends_it_with_a_sentence(exchange, phone):
    one, working, ws = phone
    await registered(exchange, one, ws)
    await ws.close(code=4503)
    with pytest.raises(ExceptionGroup) as several:
        async with asyncio.timeout(LIMIT_S):
            await working
    assert several.group_contains(SunwaiError, match="4503")
