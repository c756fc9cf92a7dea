"""Kamailio before several nodes, with the configuration of docs/kamailio: in turn, and on to the next."""

from __future__ import annotations

import asyncio
import os
import random
import re
import signal
import socket
import tempfile
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from sip_nodes import Node

from sunwai.setup_kamailio import Kamailio, find_kamailio

ROOT = Path(__file__).resolve().parents[2]
CONF = ROOT / "docs" / "kamailio"
DISPATCHER, FIRST, SECOND, NETWORK, STRANGER = (f"127.0.0.{last}" for last in (20, 21, 22, 23, 24))
SILENT, BACK = "no longer answers", "answers again"
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


def free_port() -> int:
    """Free at all the addresses, and not one that the system gives to somebody else while it is free for a moment."""
    for port in random.sample(range(11_000, 20_000), 50):
        with ExitStack() as doors, suppress(OSError):
            for address in (DISPATCHER, FIRST, SECOND, NETWORK, STRANGER):
                doors.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)).bind((address, port))
            return port
    raise AssertionError("no free port was found on loopback")


def kamailio() -> Kamailio:
    found = find_kamailio(ROOT / "var")
    if found is None:
        pytest.fail("kamailio is missing: type `sunwai setup --for-tests`", pytrace=False)
    return found


def command(listen: str, nodes: Path, folder: Path) -> list[str]:
    """The configuration as it is in docs, for a place of ours; quick to ask, little memory, for a few calls."""
    found = kamailio()
    definitions = {
        "LISTEN": f"udp:{listen}", "LIST": f'"{nodes}"', "MODULES": f'"{found.modules}/"', "ASK_EVERY_S": "1",
        "NODE_SILENT_MS": "800",
    }  # fmt: skip
    given = [word for name, value in definitions.items() for word in ("-A", f"{name}={value}")]
    return [str(found.program), "-f", str(CONF / "kamailio.cfg"), *given, "-m", "16", "-M", "4", "-Y", str(folder)]


def environment() -> dict[str, str]:
    return {**os.environ, **kamailio().environment}


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
        """Until Kamailio has noticed so often, by its log. It asks each second."""
        async with asyncio.timeout(15):
            while self.log.read_text().count(what) < times:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)


@pytest.fixture
async def dispatcher(tmp_path):
    port = free_port()
    house = Dispatcher(port, tmp_path)
    async with running(house, port):
        yield house


@asynccontextmanager
async def running(house: Dispatcher, port: int):
    everybody = (*house.nodes, house.network)
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        nodes = Path(folder) / "dispatcher.list"
        nodes.write_text(
            f"1 sip:{FIRST}:{port} 8 0\n1 sip:{SECOND}:{port} 8 0\n2 sip:{NETWORK}:{port} 0 10\n", encoding="ascii"
        )
        for one in everybody:
            await one.rise()
        words = [*command(f"{DISPATCHER}:{port}", nodes, Path(folder)), "-DD", "-E"]
        with house.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *words, stdout=log, stderr=log, env=environment(), start_new_session=True
            )
        try:
            await house.until_up()
            yield
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(10):
                    await process.wait()
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
