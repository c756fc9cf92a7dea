"""The page's way to the exchange: who may have it, that nothing is changed on it, and how it ends.

The exchange here is a WebSocket that speaks the wire (RFC 7118); the browser lane has real Asterisk behind it.
"""

from __future__ import annotations

import asyncio
import dataclasses

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent_console.plan import CONSOLE
from agent_console.relays import EXCHANGE_AWAY, SESSION_OVER, TAKEN_OVER

pytest_plugins = ("redis_fixture", "test_console_house")

LIMIT_S = 10


class FakeExchange:
    """Says back what it is told, after its own "hello"; remembers how many ways are open."""

    def __init__(self) -> None:
        self.open: set[web.WebSocketResponse] = set()
        self.protocols: list[str | None] = []

    async def answer(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=("sip",))
        await ws.prepare(request)
        self.protocols.append(ws.ws_protocol)
        self.open.add(ws)
        async for message in ws:
            await ws.send_str(f"back: {message.data}")
        self.open.discard(ws)
        return ws


@pytest.fixture
async def sip(house):
    """A fake exchange to which the house's console relays."""
    found = FakeExchange()
    app = web.Application()
    app.router.add_get("/ws", found.answer)
    server = TestServer(app)
    await server.start_server()
    console = house.server.app[CONSOLE]
    plan = dataclasses.replace(console.plan, sip_socket=str(server.make_url("/ws")))
    house.server.app._state[CONSOLE] = dataclasses.replace(console, plan=plan)
    yield found
    for ws in found.open.copy():
        await ws.close()
    await server.close()


async def way(page, **given):
    return await page.http.ws_connect(page.root + "/sip", protocols=("sip",), **given)


async def closed_with(ws) -> int:
    async with asyncio.timeout(LIMIT_S):
        while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is aiohttp.WSMsgType.CLOSE
    return int(message.data)


async def test_an_agents_page_speaks_with_the_exchange_word_for_word(house, sip):
    ws = await way(await house.enter("a17"))
    await ws.send_str("REGISTER sip:127.0.0.1 SIP/2.0\r\n\r\n")
    assert await ws.receive_str(timeout=LIMIT_S) == "back: REGISTER sip:127.0.0.1 SIP/2.0\r\n\r\n"
    assert sip.protocols == ["sip"]
    await ws.close()


async def test_who_neither_talks_nor_listens_has_no_telephone(house, sip):
    for page, status in ((house.page(), 401), (await house.enter("j09"), 403), (await house.enter("auditor"), 403)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await way(page)
        assert refused.value.status == status
    assert not sip.open


async def test_a_page_of_another_site_has_no_telephone(house, sip):
    page = await house.enter("a17")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await way(page, headers={"Origin": "http://evil.example"})
    assert refused.value.status == 403


async def test_the_newest_page_has_the_telephone_and_the_one_before_is_told(house, sip):
    page = await house.enter("a17")
    first, second = await way(page), await way(page)
    assert await closed_with(first) == TAKEN_OVER
    await second.send_str("OPTIONS")
    assert await second.receive_str(timeout=LIMIT_S) == "back: OPTIONS"
    assert len(sip.open) == 1, "Asterisk keeps a contact for each way that is open"
    await second.close()


async def test_another_agents_telephone_is_left_alone(house, sip):
    first, second = await way(await house.enter("a17")), await way(await house.enter("a18"))
    await first.send_str("OPTIONS")
    assert await first.receive_str(timeout=LIMIT_S) == "back: OPTIONS"
    await first.close()
    await second.close()


async def test_logging_out_takes_the_telephone(house, sip):
    page = await house.enter("a17")
    ws = await way(page)
    await ws.send_str("OPTIONS")
    await ws.receive_str(timeout=LIMIT_S)
    await page.post("/api/logout")
    assert await closed_with(ws) == SESSION_OVER


async def test_an_exchange_that_goes_away_closes_the_page_at_once(house, sip):
    ws = await way(await house.enter("a17"))
    await ws.send_str("OPTIONS")
    await ws.receive_str(timeout=LIMIT_S)
    for each in sip.open.copy():
        await each.close()
    assert await closed_with(ws) == EXCHANGE_AWAY


async def test_an_exchange_that_cannot_be_reached_is_told_as_such(house):
    ws = await way(await house.enter("a17"))  # nobody listens at the house's own address for it
    assert await closed_with(ws) == EXCHANGE_AWAY


@pytest.mark.parametrize("deed", ["hold", "unhold", "rejoin", "complete", "take_back", "hang_up"])
async def test_nothing_is_done_in_a_call_that_is_not_ones_own(house, deed):
    page = await house.enter("a17")
    status, said = await page.post(f"/api/calls/n1-1.2/{deed}")
    assert status == 403
    assert said["error"] == "You are not in this call."


async def test_a_caller_is_handed_on_only_to_a_name_that_can_be_one(house):
    page = await house.enter("a17")
    status, said = await page.post("/api/calls/n1-1.2/hand_on", {"to": "A18&exten=x", "how": "warm"})
    assert status == 400
    assert "to" in said["error"]


async def test_colleagues_are_those_who_could_take_him_now(house):
    page, other = await house.enter("a17"), await house.enter("a18")
    await other.get("/api/agent")
    assert (await page.get("/api/colleagues"))[1] == {"colleagues": []}
    await house.floor.contact("A18", ok=True, node="n1")
    await other.post("/api/agent/state", {"state": "ready"})
    [one] = (await page.get("/api/colleagues"))[1]["colleagues"]
    assert one["agent"] == "A18"
    assert one["languages"]
    assert (await other.get("/api/colleagues"))[1] == {"colleagues": []}
