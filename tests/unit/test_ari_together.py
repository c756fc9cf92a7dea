"""What runs together in the ARI client ends when it is told to, also in the moment in which one of it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from ivr.ari.client import _together
from ivr.ari.errors import AriUnavailable


async def begun(*deeds: Coroutine[object, object, None]) -> asyncio.Future[None]:
    """They run together, and each has come to where it waits."""
    running = asyncio.ensure_future(_together(*deeds))
    for _ in range(4):
        await asyncio.sleep(0)
    return running


@pytest.mark.parametrize("turns", range(4))
async def test_to_be_told_to_end_in_the_moment_of_a_failure_is_not_overheard(turns: int):
    failing = asyncio.Event()

    async def fails() -> None:
        await failing.wait()
        raise AriUnavailable("Asterisk's WebSocket cannot be opened.")

    running = await begun(fails(), asyncio.sleep(60))
    failing.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_failure_while_it_is_ending_does_not_keep_it_going():
    async def fails_at_its_end() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise AriUnavailable("The connection broke.")

    running = await begun(fails_at_its_end())
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_failure_comes_out_as_itself():
    async def fails() -> None:
        raise AriUnavailable("Asterisk's WebSocket cannot be opened.")

    with pytest.raises(AriUnavailable):
        await _together(fails(), asyncio.sleep(60))
