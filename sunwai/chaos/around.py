"""Before and after the load: agents at work, Asterisk quiet, calls settled; recordings and log as they then are."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path

from storage.books import Books
from storage.evidence import Evidence, evidence
from storage.recordings import RecordingError, Recordings
from sunwai.bench.door import door_of
from sunwai.chaos.agents import AT_WORK, Agent
from sunwai.chaos.world import World
from sunwai.errors import StartError

AGENTS_LIMIT_S = 40.0
_LOOK_EVERY_S = 1.0
QUIET_TRIES = 4
"""Each of 15 s: the line may still ring consumers and talk to them."""


async def quiet(world: World) -> bool:
    """True when Asterisk has no channel any more: also the calls the line still makes have had time to end."""
    async with door_of(world.line) as door:
        for _ in range(QUIET_TRIES):
            if await door.quiet():
                return True
    return False


async def all_settled(books: Books, begin: datetime) -> Evidence:
    """The books' rows, once every call of every kind has its outcome; as they are after AGENTS_LIMIT_S otherwise."""
    end = time.monotonic() + AGENTS_LIMIT_S
    while True:
        found = await evidence(books, begin, datetime.now(UTC))
        if all(call.outcome for call in found.calls) or time.monotonic() > end:
            return found
        await asyncio.sleep(_LOOK_EVERY_S)


async def until_at_work(agents: list[Agent]) -> None:
    try:
        async with asyncio.timeout(AGENTS_LIMIT_S):
            while any(agent.state not in AT_WORK for agent in agents):  # noqa: ASYNC110 - their pages tell it
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        raise StartError("the agents could not begin to work: see the logs of console and controller") from None


async def agents_away(agents: list[Agent]) -> tuple[str, ...]:
    """Who is not ready when nobody calls any more, or still talks; they have a while to finish."""
    try:
        async with asyncio.timeout(AGENTS_LIMIT_S):
            while any(agent.state != "ready" for agent in agents):  # noqa: ASYNC110 - their pages tell it
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        pass
    return tuple(f"{agent.code}: {agent.state}" for agent in agents if agent.state not in AT_WORK)


async def recorded(world: World, call_refs: list[str]) -> dict[str, float | None]:
    recordings = Recordings(world.line.recordings)
    found: dict[str, float | None] = {}
    for call_ref in call_refs:
        try:
            found[call_ref] = await recordings.seconds(call_ref)
        except (RecordingError, OSError):
            found[call_ref] = None
    return found


def connected(log: Path) -> list[datetime]:
    """When a controller had taken up what it found, by its own log (JSON, one event a line)."""
    moments = []
    for text in log.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            event = json.loads(text)
        except ValueError:
            continue  # not an event: what a dying interpreter wrote
        if isinstance(event, dict) and event.get("event") == "connected":
            moments.append(datetime.fromisoformat(event["timestamp"]))
    return moments
