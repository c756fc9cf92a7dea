"""A line whose Redis stands behind Sentinels: the master dies, its replica takes over, and nobody loses his place."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from broken_line import a_folder, gone, prepared
from callers import is_free_again, shown, talks_again
from node_pair import started
from phone_line import agent_at_work, settings_text, until_ready
from rooms.sentinel_fixture import SentinelHouse, sentinel_house
from test_broken_worlds import PROBE, PROBE_SHARED, at_the_main_menu, the_call_of

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
    caller = await at_the_main_menu(exchange)
    async with agent_at_work(house, exchange, "P01") as agent:
        await caller.press("0")
        first = await exchange.rung("agent-P01")
        await first.answer()
        waiting = await at_the_main_menu(exchange, PROBE_SHARED, "which_connection")
        await waiting.press("0")
        await waiting.hear("wait_first", "wait_unknown", limit_s=20)

        sentinel_house.kill(sentinel_house.master)
        await talks_again(agent)
        await is_free_again(caller, agent)
        second = await exchange.rung("agent-P01", limit_s=30)
        await shown(agent, PROBE_SHARED)
        await gone(waiting)
        await second.until_ended()
    assert (await the_call_of(books, PROBE)).outcome is Outcome.TALKED
