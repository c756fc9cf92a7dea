"""Every way of Redis being away is one error, whichever layer below says it."""

from __future__ import annotations

import pytest

from storage.floor_records import FloorAway
from storage.redis_door import reached


async def test_a_connection_that_ended_as_it_was_written_to_is_a_floor_that_is_away():
    with pytest.raises(FloorAway):
        async with reached():
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")


async def test_a_mistake_of_ours_is_not_taken_for_an_absence():
    with pytest.raises(RuntimeError, match="no such thing"):
        async with reached():
            raise RuntimeError("no such thing")
