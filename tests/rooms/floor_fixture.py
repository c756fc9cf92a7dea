"""A floor of its own for each test, on the tests' Redis or on one that may be killed.

A test module that needs it says `pytest_plugins = ("floor_fixture",)`.
"""

from __future__ import annotations

import pytest

from storage.floor import Floor

pytest_plugins = ("redis_fixture",)


@pytest.fixture
async def floor(redis_server, prefix):
    floor = Floor(redis_server.url, prefix)
    yield floor
    await floor.close()


@pytest.fixture
async def breakable(breakable_redis, prefix):
    floor = Floor(breakable_redis.url, prefix)
    yield floor
    await floor.close()
