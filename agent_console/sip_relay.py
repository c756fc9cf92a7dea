"""The page's way to its telephone exchange: SIP over a WebSocket of the console's own origin (RFC 7118), as it is.

One origin, one certificate, one log-in: Asterisk's own HTTP server stays on loopback, and whoever is logged out has no
telephone any more. An agent has one such way: the newest page takes it over and the page before is told so, because
Asterisk would leave it believing that it can still be rung.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog
from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMessage,
    WSMsgType,
    web,
)

from agent_console.errors import Away
from agent_console.relays import EXCHANGE_AWAY, SESSION_OVER, Relay
from agent_console.route import Nothing, Visit
from storage.errors import BooksAway

log = structlog.get_logger(__name__)

PROTOCOL = "sip"
MESSAGE_LIMIT = 65_536
"""Bytes; an INVITE with all candidates of a browser has about six thousand."""

CHECKED_EVERY_S = 30.0
"""A session that was revoked elsewhere loses its telephone after at most this long."""
_CONNECT_LIMIT_S = 2.0
_CLOSE_LIMIT_S = 2.0
_PING_S = 20.0


async def relay_sip(visit: Visit, _: Nothing) -> web.StreamResponse:
    """Until either side closes, the session ends, or another page of the same agent takes over."""
    agent, plan = visit.visitor.telephone(), visit.console.plan
    if PROTOCOL not in visit.request.headers.get("Sec-WebSocket-Protocol", ""):
        raise Away("This is the way of a telephone: it speaks SIP only.")
    page = web.WebSocketResponse(protocols=(PROTOCOL,), heartbeat=_PING_S, max_msg_size=MESSAGE_LIMIT)
    await page.prepare(visit.request)
    relay = Relay(visit.visitor.session, page)
    relays = visit.console.relays
    await relays.take_over(agent, relay)
    try:
        async with ClientSession() as client, asyncio.timeout(None) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + _CONNECT_LIMIT_S)
            exchange = await client.ws_connect(
                plan.sip_socket,
                protocols=(PROTOCOL,),
                max_msg_size=MESSAGE_LIMIT,
                heartbeat=_PING_S,
                timeout=ClientWSTimeout(ws_close=_CLOSE_LIMIT_S),
            )
            limit.reschedule(None)
            await _both_ways(visit, page, exchange)
    except (ClientError, TimeoutError, OSError):
        log.warning("exchange_not_reached", agent=agent)
        await page.close(code=EXCHANGE_AWAY)
    finally:
        relays.leave(agent, relay)
    return page


async def _both_ways(visit: Visit, page: web.WebSocketResponse, exchange: ClientWebSocketResponse) -> None:
    """Whichever side ends, the other is closed: a page must know at once that it cannot be rung."""
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_end_with_the_session(visit, page))
        from_page = group.create_task(_pump(page, exchange))
        from_exchange = group.create_task(_pump(exchange, page))
        try:
            await asyncio.wait((from_page, from_exchange), return_when=asyncio.FIRST_COMPLETED)
        finally:
            watching.cancel()
            await exchange.close()
            await page.close(code=EXCHANGE_AWAY)  # does nothing to one that is closed already


async def _pump(
    source: web.WebSocketResponse | ClientWebSocketResponse, sink: web.WebSocketResponse | ClientWebSocketResponse
) -> None:
    with suppress(ConnectionError):  # the other side has just gone: its own pump ends as well
        async for message in source:
            await _hand_over(message, sink)


async def _hand_over(message: WSMessage, sink: web.WebSocketResponse | ClientWebSocketResponse) -> None:
    if message.type is WSMsgType.TEXT:
        await sink.send_str(message.data)
    elif message.type is WSMsgType.BINARY:
        await sink.send_bytes(message.data)


async def _end_with_the_session(visit: Visit, page: web.WebSocketResponse) -> None:
    while True:
        await asyncio.sleep(CHECKED_EVERY_S)
        try:
            session = await visit.console.books.people.session(visit.visitor.session, visit.console.clock.wall_now())
        except BooksAway:
            continue  # nobody is thrown out because the books are away
        if session is None:
            await page.close(code=SESSION_OVER)
            return
