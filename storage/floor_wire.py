"""The way to Redis: a client whose every wait has a limit, and one word for every way of its being away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from storage.floor_records import FloorAway

LIMIT_S = 1.0
"""Redis answers one command within this many seconds or counts as away."""

_AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    OSError,
)


def open_redis(url: str, *, limit_s: float = LIMIT_S, connections: int = 50, repeats: int = 1) -> Redis:
    """A client for "unix:///path" or "redis://host:port/db". It connects with its first command.

    One repeat on a broken connection, since a pool holds dead ones after Redis was restarted (every script may run
    twice without harm); none after a time-out.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=limit_s,
        socket_timeout=limit_s,
        socket_connect_timeout=limit_s,
        retry=Retry(NoBackoff(), repeats, supported_errors=(exceptions.ConnectionError,)),
    )
    return Redis.from_pool(pool)


@asynccontextmanager
async def reached(limit_s: float = 2 * LIMIT_S) -> AsyncIterator[None]:
    """Turn every way of Redis being away into FloorAway, at the latest after `limit_s` seconds in all.

    Until Python 3.12 `asyncio.wait_for`, which the Redis client sends with, may swallow a cancellation (one in seven,
    measured): it is raised here. May go with 3.12 as the oldest Python.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    away: Exception | None = None
    try:
        async with asyncio.timeout(limit_s):
            yield
    except _AWAY as error:
        away = error
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    if away is not None:
        raise FloorAway(f"the live floor (Redis) is away: {type(away).__name__}") from away
