"""A real node behind Kamailio: a call of the network comes in by it, and a call of ours goes out by it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from broken_line import a_folder, gone, prepared
from kamailio_process import BACK, DISPATCHER, FIRST, NETWORK, SILENT, dispatching, free_port, until_said
from node_pair import started
from phone_line import House, settings_text, until_ready
from sip_nodes import Node
from test_broken_worlds import PROBE, at_the_main_menu, registers, says_yes, the_call_of
from test_satisfaction import asked, claim

from complaints.ledger import Outcome
from ivr.exchange import Exchange
from sunwai import wiring
from sunwai.asterisk_conf import EXCHANGE_USER, exchange_url
from sunwai.bench.houses import kept
from sunwai.bench.lines import as_toml
from sunwai.children import exchange_child
from sunwai.reference import places
from sunwai.rescue import AsteriskWatch
from sunwai.settings import Settings, read_settings

__all__ = ["prepared"]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def common(port: int) -> Settings:
    settings = msgspec.toml.decode(settings_text().encode(), type=Settings)
    telephony = msgspec.structs.replace(settings.telephony, trunk_port=port, trunk_peer_port=port)
    return msgspec.structs.replace(settings, telephony=telephony)


@pytest.fixture
async def kamailio(port: int, tmp_path: Path):
    """Its log. The node is in its list, and is called when it answers."""
    network, log = Node(NETWORK, port), tmp_path / "kamailio.log"
    await network.rise()
    async with dispatching(f"1 sip:{FIRST}:{port} 8 0\n2 sip:{NETWORK}:{port} 0 10\n", port, log):
        async with asyncio.timeout(15):
            while network.replies.empty():
                network.ask("OPTIONS", (DISPATCHER, port))
                await asyncio.sleep(0.05)
        await network.die()
        await until_said(log, SILENT)  # the node is not there yet: that it has come is told only after that
        yield log


@pytest.fixture
def house(prepared: Path, common: Settings, kamailio: Path):
    """A node as docs/dispatcher.md has it: its peer is Kamailio, and nobody else can reach it."""
    telephony = msgspec.structs.replace(common.telephony, trunk_address=FIRST, trunk_peer=DISPATCHER)
    settings = msgspec.structs.replace(common, telephony=telephony)
    with a_folder(prepared) as folder, started(folder, settings, exchange=False) as house:
        until_ready(house.parent, folder / "parent.log")
        yield house


@pytest.fixture
async def exchange(common: Settings, house: House, kamailio: Path, tmp_path: Path):
    """The network: it knows Kamailio's address and no node's."""
    telephony = msgspec.structs.replace(common.telephony, trunk_address=DISPATCHER, trunk_peer=NETWORK)
    file = tmp_path / "network.toml"
    file.write_text(as_toml(msgspec.structs.replace(common, telephony=telephony)), encoding="utf-8")
    line = read_settings(file)
    url, secret = exchange_url(line), line.secret("ari_exchange")
    async with AsteriskWatch(url, EXCHANGE_USER, secret) as watch, kept(exchange_child(line, watch.alive)):
        await until_said(kamailio, BACK)
        async with Exchange(url, EXCHANGE_USER, secret, wiring.wording().marker(places())) as made:
            yield made


async def test_a_caller_registers_and_says_yes_and_kamailio_is_the_only_way_in_and_out(house, exchange, books):
    caller = await at_the_main_menu(exchange)
    number = await registers(caller)
    await gone(caller)
    assert (await the_call_of(books, PROBE)).outcome is Outcome.DOCKET_REGISTERED
    await claim(house, number)
    await says_yes(await asked(exchange, number), books, number)
