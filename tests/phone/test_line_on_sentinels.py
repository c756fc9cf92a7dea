"""A line whose Redis stands behind Sentinels: the master dies, its replica takes over, and nobody loses his place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from broken_line import a_folder, prepared
from callers import talks_again
from node_pair import started
from phone_line import agent_at_work, settings_text, until_ready
from rooms.sentinel_fixture import SentinelHouse, sentinel_house
from test_broken_worlds import PROBE, has_his_turn, one_talks_one_waits, the_call_of

from complaints.ledger import Outcome
from sunwai.settings import Settings

__all__ = ["prepared", "sentinel_house"]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def house(prepared: Path, sentinel_house: SentinelHouse):
    settings = msgspec.toml.decode(settings_text().encode(), type=Settings)
    storage = msgspec.structs.replace(settings.storage, floor=sentinel_house.url)
    settings = msgspec.structs.replace(settings, storage=storage)
    with a_folder(prepared) as folder, started(folder, settings, exchange=True) as house:
        until_ready(house.parent, folder / "parent.log")
        yield house


async def test_who_talks_goes_on_and_who_waits_gets_his_agent_when_the_master_has_died(
    house, exchange, books, sentinel_house
):
    async with agent_at_work(house, exchange, "P01") as agent:
        talking, _, waiting = await one_talks_one_waits(exchange)
        sentinel_house.kill(sentinel_house.master)
        await talks_again(agent)
        await has_his_turn(talking, waiting, exchange, agent)
    assert (await the_call_of(books, PROBE)).outcome is Outcome.TALKED
