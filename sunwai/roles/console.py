"""The console: pages, HTTP and WebSocket API, health and metrics."""

from __future__ import annotations

import asyncio

from agent_console.app import make_app, serve
from agent_console.plan import ConsolePlan
from storage.commands import Commands
from storage.floor import Floor
from sunwai import wiring
from sunwai.asterisk_conf import spool
from sunwai.heartbeat import Word
from sunwai.settings import Line


async def run(line: Line, word: Word) -> None:
    await word()
    books, floor = wiring.make_books(line), Floor(line.floor_url, wiring.prefix_of(line))
    commands = Commands(line.floor_url, wiring.prefix_of(line))
    await books.open()
    try:
        await serve(make_app(books, floor, commands, wiring.make_clock(line), make_plan(line)), asyncio.Event())
    finally:
        await books.close()
        await floor.close()
        await commands.close()


def make_plan(line: Line) -> ConsolePlan:
    console, telephony = line.settings.console, line.settings.telephony
    return ConsolePlan(
        address=console.address,
        port=console.port,
        session_hours=console.session_hours,
        lease_s=console.lease_s,
        node=line.settings.line.node,
        sip_address=telephony.agent_address,
        sip_port=telephony.agent_port,
        sip_socket=f"ws://127.0.0.1:{telephony.http_port}/ws",
        company=line.settings.line.company,
        wrapup_s=line.settings.queue.wrapup_s,
        lines=telephony.soft_limit,
        recordings=line.recordings,
        spool=spool(line),
        release=wiring.release(),
        nodes=(line.settings.line.node, *sorted(telephony.nodes)),
        timezone=str(wiring.zone_of(line)),
        country=line.settings.line.country,
    )
