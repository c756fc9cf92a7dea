"""Several controllers act on one floor at once: nobody is offered or talks twice, and no caller is lost.

What is asserted between two steps is read in one MULTI, so that no half of a change can be seen by chance.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest
from floor_people import BOTH, HINDI, URDU, T, at_desk, caller, ready_codes

from dialplan.routing import pick
from storage.floor import Floor
from storage.floor_records import AgentRefused, AgentState, Lapse, Reservation, bucket_of

pytest_plugins = ("floor_fixture",)

CLIENTS, STEPS, CALLERS = 5, 90, 60
AGENTS = {"A01": BOTH, "A02": HINDI, "A03": HINDI, "A04": URDU, "A05": BOTH, "A06": URDU}
LEASE_S, RING_S = 1e6, 20.0
REFS = tuple(f"n1-{number:03}" for number in range(CALLERS))


@pytest.fixture
async def controllers(redis_server, prefix):
    floors = [Floor(redis_server.url, prefix) for _ in range(CLIENTS)]
    yield floors
    for floor in floors:
        await floor.close()


# --- what is true at every moment ------------------------------------------------------------------------------------


@dataclass
class Picture:
    """The floor at one moment: callers' and agents' hashes by name, offers by id, the lists as sets."""

    callers: dict[str, dict[str, str]]
    agents: dict[str, dict[str, str]]
    offers: dict[str, dict[str, str]]
    waiting: set[str]
    entered: set[str]
    free: Counter[str]
    idle: Counter[str]

    def check(self):
        """AssertionError when anybody is in two places or in none."""
        known = {ref for ref, fields in self.callers.items() if fields}
        assert known == self.waiting == self.entered
        reserved = {ref: self.callers[ref]["reservation"] for ref in known if "reservation" in self.callers[ref]}
        assert self.free == Counter(known - reserved.keys()), "free to be offered, or in an offer, never both"
        for ref, offer in reserved.items():
            told = self.offers[offer]
            assert told["call_ref"] == ref
            assert self.agents[told["agent"]]["reservation"] == offer
        ringing = {code: one for code, one in self.agents.items() if one["state"] == "offered"}
        assert {one["reservation"]: code for code, one in ringing.items()} == {
            offer: told["agent"] for offer, told in self.offers.items()
        }
        with_call = [one["call_ref"] for one in self.agents.values() if one["state"] in {"offered", "talking"}]
        assert len(with_call) == len(set(with_call)), "one caller rings one agent"
        assert not {one["call_ref"] for one in self.agents.values() if one["state"] == "talking"} & known
        assert self.idle == Counter(code for code, one in self.agents.items() if one["state"] == "ready")


async def look(floor) -> Picture:
    """The names of offers are asked first and once more inside: of an offer that came or went between, look again."""
    buckets = sorted({bucket_of(skills) for skills in (HINDI, URDU, *AGENTS.values())})
    while True:
        ids = await floor._redis.zrange(floor._key("offers"), 0, -1)
        async with floor._redis.pipeline(transaction=True) as batch:
            batch.zrange(floor._key("offers"), 0, -1)
            for kind, names in (("call", REFS), ("agent", AGENTS), ("offer", [name.decode() for name in ids])):
                for name in names:
                    batch.hgetall(floor._key(kind, name))
            for name in ("waiting", "entered"):
                batch.zrange(floor._key(name), 0, -1)
            for kind in ("queue", "idle"):
                for bucket in buckets:
                    batch.zrange(floor._key(kind, bucket), 0, -1)
            same, *found = await batch.execute()
        if set(same) == set(ids):
            break
    rows = iter(found)

    def hashes(names):
        return {name: {k.decode(): v.decode() for k, v in next(rows).items()} for name in names}

    def members(count):
        return Counter(name.decode() for _ in range(count) for name in next(rows))

    return Picture(
        callers=hashes(REFS),
        agents=hashes(AGENTS),
        offers=hashes([name.decode() for name in ids]),
        waiting=set(members(1)),
        entered=set(members(1)),
        free=members(len(buckets)),
        idle=members(len(buckets)),
    )


# --- what controllers do ---------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What the controllers were told, all of them together. `now` is their one clock."""

    dice: random.Random
    now: float = T
    unborn: list[str] = field(default_factory=lambda: list(reversed(REFS)))
    entered: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    talking: dict[str, str] = field(default_factory=dict)
    lapsed: int = 0


class Controller:
    """One controller that does what chance says, also what a well-behaved one would not."""

    def __init__(self, floor: Floor, node: str, told: Told) -> None:
        self._floor, self._node, self._told = floor, node, told
        self._offers: list[Reservation] = []

    async def work(self):
        acts = (
            self.enter,
            self.match,
            self.grab,
            self.settle,
            self.hang_up,
            self.end_a_talk,
            self.sweep,
            self.sit_down,
        )
        weights = (4, 4, 3, 6, 1, 3, 1, 1)
        for _ in range(STEPS):
            self._told.now += self._told.dice.random()
            (act,) = self._told.dice.choices(acts, weights)
            await act()

    async def enter(self):
        told = self._told
        if told.unborn:
            ref, priority = told.unborn.pop(), told.dice.choice((0, 1, 2, 3, 3, 3))
            new = caller(ref, told.now, priority, told.dice.choice((HINDI, URDU)))
            told.entered.append(ref)
            assert await self._floor.enqueue(new, self._node)

    async def match(self):
        now = self._told.now
        chosen = pick(await self._floor.waiting_heads(now), await self._floor.ready_agents(now))
        if chosen is not None:
            await self._reserve(*chosen)

    async def grab(self):
        """Any caller for any agent, whether they are free or not; both together with another controller's wish."""
        if self._told.entered:
            await self._reserve(self._told.dice.choice(self._told.entered), self._told.dice.choice(list(AGENTS)))

    async def _reserve(self, ref, agent):
        now = self._told.now
        offer = await self._floor.reserve(ref, agent, owner=self._node, lease_s=RING_S, now=now)
        if offer is not None:
            self._offers.append(offer)

    async def settle(self):
        """The agent takes it, lets it ring, hung up; or the controller forgets it and the sweep must take it back."""
        if not self._offers:
            return
        told, offer = self._told, self._offers.pop(self._told.dice.randrange(len(self._offers)))
        match told.dice.choice(("accept", "accept", "not answering", "fault", "forget")):
            case "accept":
                if await self._floor.accepted(offer, now=told.now):
                    assert offer.agent not in told.talking, "an agent in two calls"
                    told.talking[offer.agent] = offer.call_ref
                    told.accepted.append(offer.call_ref)
                else:
                    await self._floor.refused(offer, AgentState.READY, now=told.now, apart_s=0.0)
            case "not answering":
                await self._floor.refused(offer, AgentState.NOT_ANSWERING, now=told.now)
            case "fault":
                await self._floor.refused(offer, AgentState.READY, now=told.now, apart_s=0.0)

    async def hang_up(self):
        if self._told.entered:
            ref = self._told.dice.choice(self._told.entered)
            if await self._floor.leave(ref):
                self._told.left.append(ref)

    async def end_a_talk(self):
        told = self._told
        if told.talking:
            agent = told.dice.choice(sorted(told.talking))
            ref = told.talking.pop(agent)
            assert await self._floor.released(agent, ref, wrap_up_s=told.dice.choice((0, 5.0)), now=told.now)

    async def sweep(self):
        swept = await self._floor.sweep(self._told.now)
        self._told.lapsed += sum(one.lapse is Lapse.OFFER for one in swept)

    async def sit_down(self):
        try:
            await self._floor.set_state(self._told.dice.choice(list(AGENTS)), AgentState.READY, now=self._told.now)
        except AgentRefused:
            return  # offered or talking: his call moves him


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_controllers_do_at_once_nobody_is_in_two_calls_and_nobody_is_lost(controllers, seed):
    dice = random.Random(seed)  # noqa: S311 - a model of controllers, no secret
    told, watcher = Told(dice), controllers[0]
    for code, skills in AGENTS.items():
        await at_desk(watcher, code, skills=skills, lease_s=LEASE_S)
    at_work = [Controller(floor, f"n{place}", told) for place, floor in enumerate(controllers)]

    looks = 0
    async with asyncio.TaskGroup() as tasks:
        working = [tasks.create_task(one.work()) for one in at_work]
        while not all(task.done() for task in working):
            (await look(watcher)).check()
            looks += 1
    assert looks > 10

    await all_served_in_the_end(watcher, told)
    assert told.lapsed, "no offer lapsed: this run proves nothing about lapsing"
    assert max(Counter(told.accepted).values()) == 1, "two agents for one caller"
    assert max(Counter(told.left).values()) == 1
    assert sorted(told.accepted + told.left) == sorted(told.entered)


async def all_served_in_the_end(floor, told):
    """Every offer lapses, every agent comes back, whoever still waits is taken: nobody is stuck anywhere."""
    told.now += 1000
    told.lapsed += sum(one.lapse is Lapse.OFFER for one in await floor.sweep(told.now))
    picture = await look(floor)
    picture.check()
    assert not picture.offers
    assert picture.waiting == set(told.entered) - set(told.accepted) - set(told.left)
    for agent, ref in told.talking.items():
        assert await floor.released(agent, ref, wrap_up_s=0, now=told.now)
    for agent in AGENTS:
        await floor.set_state(agent, AgentState.READY, now=told.now)
    for _ in picture.waiting:
        chosen = pick(await floor.waiting_heads(told.now), await floor.ready_agents(told.now))
        assert chosen is not None
        offer = await floor.reserve(*chosen, owner="n1", lease_s=RING_S, now=told.now)
        assert offer is not None
        assert await floor.accepted(offer, now=told.now)
        told.accepted.append(offer.call_ref)
        await floor.released(offer.agent, offer.call_ref, wrap_up_s=0, now=told.now)
    assert await floor.waiting_count() == 0


# --- races with a known loser ----------------------------------------------------------------------------------------


async def rung(floor, count, now=T):
    """`count` offers, all under way."""
    offers = []
    for number in range(count):
        await at_desk(floor, f"A{number:02}", lease_s=LEASE_S)
        await floor.enqueue(caller(f"n1-{number:03}", T + number), "n1")
        offers.append(await floor.reserve(f"n1-{number:03}", f"A{number:02}", owner="n1", lease_s=RING_S, now=now))
    return offers


async def test_an_offer_accepted_while_it_lapses_is_a_talk_or_gives_both_back(controllers):
    offers, late = await rung(controllers[0], 40), T + RING_S + 1
    sweeps = asyncio.gather(*(floor.sweep(late) for floor in controllers for _ in range(4)))
    accepts = asyncio.gather(*(controllers[n % CLIENTS].accepted(offer, now=late) for n, offer in enumerate(offers)))
    swept, accepted = await asyncio.gather(sweeps, accepts)
    given_back = sorted(one.call_ref for found in swept for one in found)
    assert given_back == sorted(o.call_ref for o, talks in zip(offers, accepted, strict=True) if not talks)
    assert sorted(one.call_ref for one in await controllers[0].waiting_heads(late, per_bucket=99)) == given_back
    free = [offer.agent for offer, talks in zip(offers, accepted, strict=True) if not talks]
    assert sorted(one.agent for one in await controllers[0].ready_agents(late, per_bucket=99)) == free


async def test_a_caller_who_hangs_up_while_the_agent_lifts_is_gone_or_talks_never_both(controllers):
    offers = await rung(controllers[0], 40)
    dice = random.Random(7)  # noqa: S311 - an order of requests, no secret
    acts = [floor.accepted(offer, now=T + 1) for floor, offer in zip(controllers * 8, offers, strict=True)]
    acts += [floor.leave(offer.call_ref) for floor, offer in zip(reversed(controllers * 8), offers, strict=True)]
    order = dice.sample(range(80), 80)
    done = dict(zip(order, await asyncio.gather(*(acts[place] for place in order)), strict=True))
    assert all(done[place] != done[place + 40] for place in range(40))
    talking = {one.code for one in await controllers[0].agents() if one.state is AgentState.TALKING}
    assert talking == {offer.agent for place, offer in enumerate(offers) if done[place]}
    assert await controllers[0].waiting_count() == 0


async def test_a_refusal_told_while_the_offer_lapses_gives_both_back_once(controllers):
    offers, late = await rung(controllers[0], 40), T + RING_S + 1
    refusals = (floor.refused(o, AgentState.READY, now=late) for floor, o in zip(controllers * 8, offers, strict=True))
    told, swept = await asyncio.gather(asyncio.gather(*refusals), controllers[0].sweep(late))
    assert sum(told) + len(swept) == 40
    assert len(await controllers[0].waiting_heads(late, per_bucket=99)) == 40
    assert len(await controllers[0].ready_agents(late, per_bucket=99)) == 40


async def test_one_agent_wished_for_by_all_is_rung_for_one_and_after_the_lapse_for_another(controllers):
    floor = controllers[0]
    await at_desk(floor, "A01", lease_s=LEASE_S)
    for number in range(CLIENTS):
        await floor.enqueue(caller(f"n1-{number:03}", T + number), "n1")
    for turn in range(5):
        now = T + turn * (RING_S + 1)
        wishes = (
            one.reserve(f"n1-{number:03}", "A01", owner=f"n{number}", lease_s=RING_S, now=now)
            for number, one in enumerate(controllers)
        )
        assert sum(offer is not None for offer in await asyncio.gather(*wishes)) == 1
        assert await ready_codes(floor, now) == []
        await asyncio.gather(*(one.sweep(now + RING_S + 0.5) for one in controllers))
        assert await ready_codes(floor, now + RING_S + 0.5) == ["A01"]
        assert len(await floor.waiting_heads(now)) == CLIENTS
