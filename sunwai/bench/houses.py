"""The programs of the bench: two Asterisks and a sipp throughout; a bare controller first, then the whole line's."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sunwai.asterisk_conf import ARI_USER
from sunwai.bench import asterisks
from sunwai.bench.desk import Desk
from sunwai.bench.door import door_of
from sunwai.bench.lines import native_line, our_line, prepare_sounds
from sunwai.bench.load import agents_child
from sunwai.bench.plan import BARE_AGENTS, WHOLE_AGENTS
from sunwai.bench.runs import ASTERISK, CONTROLLER, REDIS, Side
from sunwai.books_setup import prepare_books
from sunwai.children import asterisk_child, redis_child, role_child
from sunwai.errors import StartError
from sunwai.parent import silent
from sunwai.processes import Child, Keeper
from sunwai.rescue import AsteriskWatch
from sunwai.settings import Line

_SERVICE_LIMIT_S = 30.0


@asynccontextmanager
async def kept(*children: Child) -> AsyncIterator[list[Keeper]]:
    """Programs in service while the block runs, ended after it."""
    keepers = [Keeper(child, silent) for child in children]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(keeper.run()) for keeper in keepers]
        try:
            for keeper in keepers:
                await keeper.in_service(_SERVICE_LIMIT_S)
            yield keepers
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def telephones(line: Line, work: Path) -> AsyncIterator[tuple[Side, Side]]:
    """Both Asterisks with their agents: (native, ours), no controller yet."""
    ours, native = our_line(line, work), native_line(line, work)
    prepare_sounds(ours, native)
    codes = asterisks.agent_codes(BARE_AGENTS)
    port = asterisks.agents_port(ours)
    async with (
        AsteriskWatch(native.ari_url, ARI_USER, native.secret("ari")) as native_watch,
        AsteriskWatch(ours.ari_url, ARI_USER, ours.secret("ari")) as our_watch,
    ):
        native_child, our_child = asterisk_child(native, native_watch.alive), asterisk_child(ours, our_watch.alive)
        for one in (native, ours):
            asterisks.add_flows(one)
        asterisks.add_agents(native, port, codes, codes[:WHOLE_AGENTS])
        async with (
            kept(native_child, our_child, agents_child(ours, work / "agents")) as (native_keeper, our_keeper, _),
            door_of(native) as native_door,
            door_of(ours) as our_door,
        ):
            await our_door.make_phones(codes, ours.settings.telephony.agent_address, port)
            yield (
                Side("native", native, native_door, {ASTERISK: native_keeper}),
                Side("ours", ours, our_door, {ASTERISK: our_keeper}),
            )


@asynccontextmanager
async def with_bare_controller(ours: Side) -> AsyncIterator[Side]:
    """Ours with the controller that only carries calls."""
    line = ours.line
    command = (sys.executable, "-m", "sunwai.bench.bare", "--settings", str(line.file), "--agents", str(BARE_AGENTS))
    child = Child("bare controller", command, line.var / "log" / "bare.log", line.folder, heartbeat=True)
    async with kept(child) as (controller,):
        yield Side("ours", line, ours.door, {**ours.programs, CONTROLLER: controller})


@asynccontextmanager
async def with_whole_line(ours: Side) -> AsyncIterator[Side]:
    """Ours with the line's own controller, books and floor, and a desk of ready agents."""
    line = ours.line
    await prepare_books(line, lambda _: None)
    redis = redis_child(line)
    if redis is None:
        raise StartError("the bench's line has no Redis of its own")
    async with kept(redis) as (floor,):
        desk = Desk(line, asterisks.agent_codes(WHOLE_AGENTS))
        try:
            await desk.sign_in()
            async with kept(replace(role_child(line, CONTROLLER), spare=False)) as (controller,), _at_work(desk):
                yield Side("ours", line, ours.door, {**ours.programs, CONTROLLER: controller, REDIS: floor})
        finally:
            await desk.close()


@asynccontextmanager
async def with_floor(ours: Side) -> AsyncIterator[str]:
    """A Redis alone, new and empty; its address."""
    redis = redis_child(ours.line)
    if redis is None:
        raise StartError("the bench's line has no Redis of its own")
    async with kept(redis):
        yield ours.line.floor_url


@asynccontextmanager
async def _at_work(desk: Desk) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(desk.work())
        yield
        work.cancel()
