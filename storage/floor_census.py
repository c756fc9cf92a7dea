"""What the floor holds, counted by kind of key: for those who want to know whether anything was left in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from storage.redis_door import open_redis, reached

_LIMIT_S = 10.0
_AT_ONCE = 1000


async def census(url: str, prefix: str) -> Mapping[str, int]:
    """Keys of one line by their kind ("walk", "call", "agent" ...), and the members of its lists of callers and offers.

    Reads every key: not for a line in service. FloorAway when Redis is away.
    """
    redis, root = open_redis(url), f"{{{prefix}}}"
    try:
        async with reached(_LIMIT_S):
            found = Counter([key.decode().split(":")[1] async for key in redis.scan_iter(f"{root}:*", count=_AT_ONCE)])
            for name in ("waiting", "entered", "offers"):
                found[f"{name}, members"] = int(await redis.zcard(f"{root}:{name}"))
            return dict(found)
    finally:
        await redis.aclose()
