"""The way to Redis: one alone, or the one that its Sentinels call the master now; and what it is when none answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis import exceptions
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from storage.floor_records import FloorAway
from storage.redis_address import Sentinels, sentinels_in

LIMIT_S = 1.0
"""Redis answers one command within this many seconds or counts as away."""
SENTINEL_LIMIT_S = 0.3
"""A Sentinel that is silent for longer is passed over: all of them must be asked within the limit of one command."""

_AWAY = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
    OSError,
)
_NO_REPLICAS = "NOREPLICAS"
"""A master that has lost its replicas (`min-replicas-to-write`) refuses: it may no longer be the master."""


def open_redis(url: str, *, limit_s: float = LIMIT_S, connections: int = 50, repeats: int = 1) -> Redis:
    """A client for an address of `redis_address.FORMS`. It connects with its first command.

    One repeat on a broken connection, since a pool holds dead ones after Redis was restarted (every script may run
    twice without harm); none after a time-out.
    """
    manners: dict[str, Any] = {
        "max_connections": connections,
        "timeout": limit_s,
        "socket_timeout": limit_s,
        "socket_connect_timeout": limit_s,
        "retry": Retry(NoBackoff(), repeats, supported_errors=(exceptions.ConnectionError,)),
        "driver_info": None,  # else each connection reads the package's files anew to tell Redis its version
    }
    sentinels = sentinels_in(url)
    if sentinels is not None:
        return Redis.from_pool(_of_master(sentinels, manners))
    return Redis.from_pool(BlockingConnectionPool.from_url(url, **manners))


_CLOSED = "the handler is closed"
"""What uvloop says, as a RuntimeError, to who writes on a connection that ended in this very moment."""


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
    except exceptions.ResponseError as error:
        if _NO_REPLICAS not in str(error):
            raise
        away = error
    except RuntimeError as error:
        if _CLOSED not in str(error):
            raise
        away = error
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
    if away is not None:
        why = "it has lost its replicas" if _NO_REPLICAS in str(away) else type(away).__name__
        raise FloorAway(f"the live floor (Redis) is away: {why}") from away


class _MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Waits for a free connection as the pool of one Redis does; closing it closes those to the Sentinels as well."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def _of_master(sentinels: Sentinels, manners: dict[str, Any]) -> _MasterPool:
    impatience = {"socket_timeout": SENTINEL_LIMIT_S, "socket_connect_timeout": SENTINEL_LIMIT_S}
    asked = {**impatience, "retry": Retry(NoBackoff(), 1)}
    known = Sentinel(sentinels.hosts, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]  # redis-py's gap
    account = {"db": sentinels.database, "username": sentinels.user, "password": sentinels.password}
    return _MasterPool(sentinels.service, known, **account, **manners)  # type: ignore[no-untyped-call]  # the same
