"""Kamailio before several nodes, with the configuration of docs/kamailio: in turn, and on to the next."""

from __future__ import annotations

import asyncio
import re
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from kamailio_process import (
    BACK,
    CONF,
    DISPATCHER,
    FIRST,
    NETWORK,
    SECOND,
    SILENT,
    STRANGER,
    command,
    dispatching,
    environment,
    free_port,
    until_said,
)
from sip_nodes import Node

CALLER = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="a call with a key, ended by the caller">
  <send retrans="500"><![CDATA[
    INVITE sip:1912@[remote_ip]:[remote_port] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:5000000100@[local_ip]>;tag=[call_number]
    To: <sip:1912@[remote_ip]>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:5000000100@[local_ip]:[local_port]>
    Content-Length: 0
  ]]></send>
  <recv response="100" optional="true" timeout="6000"/>
  <recv response="200" rrs="true" timeout="6000"/>
  <send><![CDATA[
    ACK [next_url] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:5000000100@[local_ip]>;tag=[call_number]
    To: <sip:1912@[remote_ip]>[peer_tag_param]
    [routes]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Content-Length: 0
  ]]></send>
  METHODS
</scenario>
"""
WITHIN = """<send retrans="500"><![CDATA[
    NAME [next_url] SIP/2.0
    Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:5000000100@[local_ip]>;tag=[call_number]
    To: <sip:1912@[remote_ip]>[peer_tag_param]
    [routes]
    Call-ID: [call_id]
    CSeq: NUMBER NAME
    Content-Length: 0
  ]]></send>
  <recv response="200" timeout="4000"/>
"""


class Dispatcher:
    """A running Kamailio on a port of its own, and the nodes and the network around it, on the same port."""

    def __init__(self, port: int, folder: Path) -> None:
        self.log = folder / "log"
        self.address = (DISPATCHER, port)
        self.nodes = (Node(FIRST, port), Node(SECOND, port))
        self.network = Node(NETWORK, port)

    async def calls(self, number: int) -> None:
        """So many calls of the network by sipp, ten a second; each must be answered and ended."""
        with tempfile.TemporaryDirectory(prefix="sipp-") as folder:
            within = "".join(
                WITHIN.replace("NAME", name).replace("NUMBER", f"{n}") for n, name in ((2, "INFO"), (3, "BYE"))
            )
            (Path(folder) / "caller.xml").write_text(CALLER.replace("METHODS", within))
            await self.network.die()  # its port is the callers' now
            process = await asyncio.create_subprocess_exec(
                "sipp", f"{DISPATCHER}:{self.address[1]}", "-sf", "caller.xml", "-nostdin", "-timer_resol", "5",
                "-i", NETWORK, "-p", f"{self.address[1]}", "-m", f"{number}", "-r", "10", "-l", f"{number}",
                cwd=folder, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
            try:
                async with asyncio.timeout(20):
                    told, _ = await process.communicate()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
            await self.network.rise()
        assert process.returncode == 0, told.decode(errors="replace")[-1500:]

    async def until_up(self) -> None:
        """Until it answers the network."""
        async with asyncio.timeout(15):
            while self.network.replies.empty():
                self.network.ask("OPTIONS", self.address)
                await asyncio.sleep(0.05)

    async def until_said(self, what: str, times: int = 1) -> None:
        await until_said(self.log, what, times)


@pytest.fixture
async def dispatcher(tmp_path):
    port = free_port()
    house = Dispatcher(port, tmp_path)
    async with running(house, port):
        yield house


@asynccontextmanager
async def running(house: Dispatcher, port: int):
    everybody = (*house.nodes, house.network)
    listed = f"1 sip:{FIRST}:{port} 8 0\n1 sip:{SECOND}:{port} 8 0\n2 sip:{NETWORK}:{port} 0 10\n"
    for one in everybody:
        await one.rise()
    try:
        async with dispatching(listed, port, house.log):
            await house.until_up()
            yield
    finally:
        for one in everybody:
            await one.die()


async def test_kamailio_accepts_the_configuration_and_the_list_as_they_are_delivered(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *command(f"{DISPATCHER}:{free_port()}", CONF / "dispatcher.list", tmp_path), "-c",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env=environment(),
    )  # fmt: skip
    async with asyncio.timeout(20):
        told, _ = await process.communicate()
    assert process.returncode == 0, told.decode(errors="replace")
    assert not re.search(rb"ERROR|CRITICAL", told), told.decode(errors="replace")


async def test_calls_go_to_the_nodes_in_turn_and_each_call_stays_with_its_node(dispatcher):
    await dispatcher.calls(10)
    assert [node.count("INVITE") for node in dispatcher.nodes] == [5, 5]
    for node in dispatcher.nodes:
        assert [node.count(method) for method in ("ACK", "INFO", "BYE")] == [5, 5, 5]
    assert dispatcher.network.count("OPTIONS") == 0, "the network is not asked whether it is there"


async def test_when_a_node_dies_no_call_fails_and_when_it_is_back_it_has_calls_again(dispatcher):
    first, second = dispatcher.nodes
    await first.die()
    await dispatcher.calls(6)  # some of them meet the dead node first
    assert second.count("INVITE") == 6
    await first.rise()
    first.heard.clear()
    await dispatcher.until_said(BACK)
    await dispatcher.calls(6)
    assert first.count("INVITE") == 3


async def test_a_node_that_hangs_is_left_out_until_it_answers_again(dispatcher):
    first, second = dispatcher.nodes
    first.manner = "silent"
    await dispatcher.until_said(SILENT)
    first.heard.clear()
    await dispatcher.calls(6)
    assert (first.count("INVITE"), second.count("INVITE")) == (0, 6)


async def test_a_full_node_passes_its_call_on_and_is_asked_again_for_the_next(dispatcher):
    first, second = dispatcher.nodes
    first.manner = "full"
    await dispatcher.calls(6)
    assert second.count("BYE") == 6
    assert first.count("INVITE") == 3
    second.manner = "full"
    refused = await dispatcher.network.reply(dispatcher.network.ask("INVITE", dispatcher.address))
    assert (refused.status, refused.values("retry-after")) == (503, ["10"])


async def test_with_all_nodes_away_the_network_is_told_when_to_come_again(dispatcher):
    for node in dispatcher.nodes:
        node.manner = "silent"
    await dispatcher.until_said(SILENT, times=2)
    for method in ("INVITE", "OPTIONS"):
        refused = await dispatcher.network.reply(dispatcher.network.ask(method, dispatcher.address))
        assert (refused.status, refused.values("retry-after")) == (503, ["10"])


async def test_a_call_of_a_node_goes_out_to_the_network(dispatcher):
    node = dispatcher.nodes[0]
    assert (await node.reply(node.ask("INVITE", dispatcher.address))).status == 200
    (out,) = [message for message in dispatcher.network.heard if message.method == "INVITE"]
    assert out.first == f"INVITE sip:1912@{NETWORK}:{dispatcher.address[1]} SIP/2.0"
    assert dispatcher.nodes[1].count("INVITE") == 0


async def test_a_stranger_is_not_answered_and_nobody_registers(dispatcher):
    stranger = Node(STRANGER, dispatcher.address[1])
    await stranger.rise()
    try:
        for method in ("INVITE", "OPTIONS", "REGISTER"):
            stranger.ask(method, dispatcher.address)
        for method in ("REGISTER", "MESSAGE", "SUBSCRIBE", "REFER"):
            asked = dispatcher.network.ask(method, dispatcher.address)
            assert (await dispatcher.network.reply(asked)).status == 405
        # Kamailio has had time for the stranger: it has answered four who came after him.
        assert stranger.replies.empty()
        assert [node.count("INVITE") for node in dispatcher.nodes] == [0, 0]
    finally:
        await stranger.die()
