"""Two nodes of one line: an agent of either is rung by either, and what a dead one has left is settled by the other.

What is asserted is what caller and agent heard, and what stands in the books that both share.
"""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from broken_line import CONTROLLER, hurt, replaced
from callers import answers, asks_for_a_person, calls_of, ended, hears, national, shown
from node_pair import DOORS, FAR, NEAR, far, house, kill_whole, nodes, trunk_of
from phone_line import agent_at_work, own_consumer, until
from test_queue import both_recorded

from complaints.ledger import EndedBy, Outcome
from ivr.ari.door import Door
from sunwai.asterisk_conf import ARI_USER

__all__ = ["far", "house", "nodes"]

pytestmark = pytest.mark.timeout(180)

STRANGER = "5000077702"
CALLER_SAYS, AGENT_SAYS = "goodbye", "agent_coming"
TAKEN_OVER_LIMIT_S = 100.0
"""Twenty seconds after its last beat a node counts as dead: fivefold."""


async def test_a_caller_at_one_node_reaches_the_agent_of_the_other_both_hear_each_other_and_are_recorded(
    house, far, exchange, call, books
):
    number = national(await own_consumer(books, 61))
    async with agent_at_work(far, exchange, "A01") as agent:
        caller = await call(number)
        await asks_for_a_person(caller)
        ringing = await exchange.rung("agent-A01")
        assert (await shown(agent, number))["docket"] is not None
        await answers(ringing, agent)
        for _ in range(6):
            await hears(caller, ringing, exchange, AGENT_SAYS)
            await hears(ringing, caller, exchange, CALLER_SAYS)

        before = hurt(house, CONTROLLER)  # the next one finds his leg in the trunk and knows whose it is
        await replaced(house, CONTROLLER, before)
        another = await call(STRANGER)  # it is at work when it greets somebody else
        await another.hear("greet", limit_s=60)
        await another.hang_up()
        await hears(ringing, caller, exchange, CALLER_SAYS)
        await asyncio.gather(ringing.hang_up(), caller.until_ended())
        await agent.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        row = await ended(books, number)
    assert (row.outcome, row.ended_by, row.agent, row.node) == (Outcome.TALKED, EndedBy.AGENT, "A01", NEAR)
    await until(lambda: both_recorded(house, exchange, row.call_ref))


async def test_an_agent_of_the_other_node_who_does_not_answer_or_whose_phone_dies_is_passed_over(
    house, far, exchange, call, books
):
    number = national(await own_consumer(books, 62))
    async with (
        agent_at_work(far, exchange, "A01") as silent,
        agent_at_work(far, exchange, "A02") as lost,
        agent_at_work(house, exchange, "A03", state="break") as near,
    ):
        caller = await call(number)
        await asks_for_a_person(caller)
        unanswered = await exchange.rung("agent-A01")
        ringing = await exchange.rung("agent-A02")
        await silent.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        await unanswered.until_ended()
        await answers(ringing, lost)
        ringing.media.close()
        await caller.hear("agent_lost", limit_s=25)
        await near.post("/api/agent/state", {"state": "ready"})
        await lost.until(lambda page: page["agent"]["state"] == "not_answering", 15)
        again = await exchange.rung("agent-A03")
        await answers(again, near)
        await hears(caller, again, exchange, AGENT_SAYS)
        await caller.hang_up()
        await near.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        row = await ended(books, number)
    assert (row.outcome, row.agent, row.flags["talk"]) == (Outcome.TALKED, "A03", "over")


@pytest.mark.parametrize(
    ("address", "user", "status"),
    [
        (DOORS[FAR], "agent-A01", 100),  # rung, or said to be away: he is dialled
        (DOORS[FAR], "1912", 404),
        (DOORS[FAR], "5000012345", 404),
        (DOORS[FAR], "s", 404),
        (DOORS[FAR], "trunk", 404),
        ("127.0.0.9", "agent-A01", 401),
        ("127.0.0.3", "agent-A01", 404),  # the network
    ],
)
async def test_the_trunk_between_nodes_lets_nodes_ring_agents_and_nobody_reach_anything_else(
    house, address, user, status
):
    telephony = house.line.settings.telephony
    door = (telephony.node_address, telephony.node_port)
    assert await asyncio.to_thread(invited, address, door, user) == status


async def test_each_node_sees_that_the_asterisk_of_the_other_lives_whatever_became_of_its_controller(house, far):
    """The second sign of life: without it a controller that is away for long would cost callers who are on the line."""
    for one, other in ((house, FAR), (far, NEAR)):
        async with Door(one.line.ari_url, ARI_USER, one.line.secret("ari")) as door:

            async def seen(door=door, other=other):
                found = await door.request("GET", f"endpoints/PJSIP/node-{other}", None, 5.0)
                return json.loads(found)["state"] == "online"

            await until(seen)


def invited(address: str, door: tuple[str, int], user: str) -> int:
    """Say INVITE from this address at this door, under the name of the other node; the first status."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind((address, 0))
        wire.settimeout(20)
        here, call_id = f"{address}:{wire.getsockname()[1]}", uuid4().hex
        sound = f"v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"
        lines = [
            f"INVITE sip:{user}@{door[0]}:{door[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{call_id}",
            "Max-Forwards: 70",
            f"From: <sip:node-{FAR}@{address}>;tag=1",
            f"To: <sip:{user}@{door[0]}>",
            f"Call-ID: {call_id}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{here}>",
            "Content-Type: application/sdp",
            f"Content-Length: {len(sound)}",
        ]
        wire.sendto("\r\n".join([*lines, "", sound]).encode(), door)
        return int(wire.recv(4096).split()[1])


async def test_when_a_node_dies_the_other_takes_new_calls_at_once_and_rings_back_those_whom_it_cut(
    house, far, exchange, call, books
):
    """Last in this module: the far node does not come back."""
    talker, rung, waiter, other = [national(await own_consumer(books, place)) for place in (63, 64, 65, 66)]
    async with (
        agent_at_work(house, exchange, "A01") as first,
        agent_at_work(house, exchange, "A02", state="break") as second,
        agent_at_work(house, exchange, "A03", state="break") as third,
    ):
        talking = await at_the_far_node(exchange, far, talker)
        first_phone = await exchange.rung("agent-A01")
        await answers(first_phone, first)
        await hears(talking, first_phone, exchange, AGENT_SAYS)
        for number in (rung, waiter):
            await (await at_the_far_node(exchange, far, number)).hear("wait_unknown", "wait_one", limit_s=20)
        await second.post("/api/agent/state", {"state": "ready"})
        second_phone = await exchange.rung("agent-A02")
        kill_whole(far)

        caller = await call(other)
        await asks_for_a_person(caller)
        await third.post("/api/agent/state", {"state": "ready"})
        third_phone = await exchange.rung("agent-A03")  # not held by the dead caller, who came before him
        assert [call.outcome for call in await calls_of(books, waiter)] == [None]
        await answers(third_phone, third)

        await asyncio.gather(*(phone.until_ended(TAKEN_OVER_LIMIT_S) for phone in (first_phone, second_phone)))
        await first.until(lambda page: page["agent"]["state"] == "wrap_up", 15)
        await asyncio.gather(*(is_rung_back(exchange, number) for number in (talker, rung, waiter)))
        await hears(caller, third_phone, exchange, AGENT_SAYS)
        await caller.hang_up()
        await third.until(lambda page: page["agent"]["state"] == "wrap_up", 15)

    cut = [await ended(books, number, "inbound") for number in (talker, rung, waiter)]
    assert [(row.node, row.ended_by) for row in cut] == [(FAR, EndedBy.NETWORK)] * 3
    assert [row.outcome for row in cut] == [Outcome.TALKED, *[Outcome.DOCKET_REGISTERED] * 2]
    assert (await ended(books, other)).node == NEAR
    await until(lambda: balanced(books))


async def at_the_far_node(exchange, far, number: str):
    caller = await exchange.call(number, node=trunk_of(far))
    await asks_for_a_person(caller)
    return caller


async def is_rung_back(exchange, number: str) -> None:
    consumer = await exchange.rung(number, limit_s=60)
    await consumer.answer()
    await consumer.hear("cut_greet", limit_s=20)
    await consumer.hang_up()
    await consumer.until_ended()


async def balanced(books) -> bool:
    now = datetime.now(UTC)
    ledger = await books.calls.ledger(now - timedelta(hours=1), now, now=now)
    assert ledger.balanced
    return ledger.going == 0
