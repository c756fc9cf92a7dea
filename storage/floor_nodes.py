"""The leases of the nodes (design 3.22): which controllers live, and who takes over what a dead one has left.

Keys with an expiry, so that the clock of Redis alone measures them: the nodes' own clocks may differ.

    <root>:node:<name>    string  the node's controller lives
    <root>:taken:<name>   string  the node that settles what this one has left
"""

from __future__ import annotations

from collections.abc import Iterable

from redis.asyncio import Redis

from storage.redis_door import reached


class NodeLeases:
    """Part of `Floor`; every method raises FloorAway."""

    def __init__(self, redis: Redis, root: str) -> None:
        self._redis = redis
        self._root = root

    async def beat(self, node: str, lease_s: float) -> None:
        """`node` lives; to be said again within `lease_s` seconds."""
        async with reached():
            await self._redis.set(f"{self._root}:node:{node}", "1", px=round(lease_s * 1000))

    async def living(self, nodes: Iterable[str]) -> frozenset[str]:
        """Those of `nodes` whose lease runs."""
        names = sorted(nodes)
        if not names:
            return frozenset()
        async with reached():
            leases = await self._redis.mget([f"{self._root}:node:{name}" for name in names])
        return frozenset(name for name, lease in zip(names, leases, strict=True) if lease is not None)

    async def claim(self, node: str, by: str, lease_s: float) -> bool:
        """True for the one who may settle what `node` has left; nobody else may within `lease_s` seconds."""
        key = f"{self._root}:taken:{node}"
        async with reached():
            return bool(await self._redis.set(key, by, px=round(lease_s * 1000), nx=True))
