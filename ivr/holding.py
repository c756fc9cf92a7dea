"""Holding: a caller who wants a person waits here with music, hears his place, and leaves only to an agent who is up.

Invariant I4. The live queue is the floor's; who is next is decided in `dialplan/routing.py`; here one caller waits.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass, replace

from complaints.ledger import TALK, TALK_LOST, TALK_ON, TALK_OVER, EndedBy
from dialplan.routing import Waiting, expected_wait_s, routing_key
from dialplan.steps import Connect, Done, Say
from ivr import control_room, deeds, offers
from ivr.ari.bridge_verbs import HOLDING_ROLE
from ivr.ari.errors import Answered
from ivr.errors import HungUp
from ivr.house import HOLDING_BRIDGE, House
from ivr.line import KeyHeard, Offered
from ivr.meters import OFFERS, WAITED_S
from ivr.offers import Leg
from ivr.talk import Talk
from ivr.talking import talk_out
from storage.floor_records import Agent, AgentState, FloorAway, Reservation

AT_WORK = frozenset({AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP})
CALLBACK_ABOVE_S = 90.0
"""Above this expected wait the caller is offered to be rung back (domain.md 3.1, row 9)."""
TICK_S = 1.0
FLOOR_PATIENCE_S = 15.0
"""So long a floor that is away costs nobody his place: Redis is started again, or another made the master, in less."""
DANGER_PRIORITY, CUT_PRIORITY, USUAL_PRIORITY = 0, 1, 3


@dataclass(slots=True)
class Wait:
    """One caller's waiting: moments are of the monotonic clock, in seconds.

    `floor_seen` is when the floor last answered. `control_room_at` is when the control room is rung for him, unless an
    agent is up by then; None: not for him.
    """

    talk: Talk
    waiting: Waiting
    began: float
    next_told: float
    somebody_seen: float
    floor_seen: float
    offers: int = 0
    callback_offered: bool = False
    control_room_at: float | None = None
    control_room_rung: int = 0


async def prepare(house: House) -> None:
    """Make the one holding bridge; it is there already after a restart of the controller."""
    try:
        await house.ari.create_bridge(HOLDING_BRIDGE, call="", kind="holding", name="holding")
    except Answered:
        return


async def connect(talk: Talk, step: Connect) -> Done:
    """Bring the caller to a person. Results: talked, nobody, callback. HungUp when he leaves."""
    if talk.flags.get(TALK) == TALK_OVER and talk.returned:  # he was about to hear what follows the talk
        return Done("talked")
    if step.skill == "danger":  # also when the books could not take the docket
        talk.priority = DANGER_PRIORITY
        talk.subject = "SAF"
    wait = _begin(talk, skills_wanted(talk, danger=step.skill == "danger"))
    await _enter_holding(talk)
    try:
        await _stand_in_line(wait)
        reserved, talk.reserved = talk.reserved, None  # before he was rung
        done = await _offered(wait, reserved) if reserved else None
        return done or await _wait(wait)
    except FloorAway:
        return await _back(talk, "nobody")  # nobody can be matched: a message is honest, endless music is not
    except (
        Exception
    ):  # whatever it is: not a ghost in the queue. A cancelled one keeps the place for the next controller
        await _leave(talk)
        raise


def _begin(talk: Talk, skills: frozenset[str]) -> Wait:
    """His place: of the moment when he first asked for a person in this call, whoever died since (design 3.10)."""
    talk.house.surge.asked_for_a_person()
    talk.queued_at = talk.queued_at or talk.now()
    talk.note(queued_at=talk.queued_at)
    now = asyncio.get_running_loop().time()
    entered = talk.queued_at.timestamp()
    waiting = Waiting(talk.call_ref, routing_key(entered, talk.priority), skills, entered, talk.priority)
    wait = Wait(talk, waiting, now, now, now, now)
    if talk.line.undisturbed:  # he knows his place; the next word of it comes as usual, not to all at once
        wait.next_told = now + random.uniform(0.0, talk.house.plan.announce_every_s)  # noqa: S311 - guards no secret
        wait.callback_offered = talk.phone is not None  # perhaps he was, and presses the key now
        talk.line.undisturbed = False
    if talk.priority == DANGER_PRIORITY and talk.house.plan.control_room:
        wait.control_room_at = now + talk.house.plan.control_room_after_s
    return wait


async def _stand_in_line(wait: Wait) -> None:
    """Into the queue; who lost his agent hears that he is first in line (domain.md 3.1, row 11)."""
    talk = wait.talk
    if talk.flags.get(TALK) == TALK_LOST:
        talk.priority = min(talk.priority, CUT_PRIORITY)
        key = routing_key(wait.waiting.entered_at, talk.priority)
        wait.waiting = replace(wait.waiting, key=key, priority=talk.priority)
        wait.next_told = asyncio.get_running_loop().time() + talk.house.plan.announce_every_s
        await talk.line.say(talk.edition.voice.clips([Say(talk.language, "agent_lost")]))
    talk.line.waiting = wait.waiting
    try:
        await talk.house.floor.enqueue(wait.waiting, talk.house.plan.node)
    except FloorAway as error:
        _bear(wait, error)  # he is entered with all others when it is back (reconciling)


def skills_wanted(talk: Talk, *, danger: bool = False) -> frozenset[str]:
    """What an agent must have to be offered this call: company, language, kind of complaint."""
    category = talk.docket.category if talk.docket and not danger else talk.subject
    return frozenset({f"co:{talk.company.code}", f"lang:{talk.language}", f"cat:{category.partition('-')[0]}"})


async def _enter_holding(talk: Talk) -> None:
    """Into the holding bridge, where his role brings music, which returns after each prompt and ends with nobody."""
    ari, call, line = talk.house.ari, talk.call_ref, talk.line
    await line.hush()
    if line.in_holding:  # a controller before us brought him there; moving many anew takes Asterisk a second
        line.in_holding = False
        return
    try:
        await ari.add_to_bridge(HOLDING_BRIDGE, [line.channel], call=call, role=HOLDING_ROLE)
    except Answered as error:
        if error.status == 404:
            await prepare(talk.house)
            await ari.add_to_bridge(HOLDING_BRIDGE, [line.channel], call=call, role=HOLDING_ROLE)
        else:
            raise await line.why(error) from error


async def _leave(talk: Talk) -> None:
    """Out of the queue; an agent offered in that very moment is free again at once."""
    floor = talk.house.floor
    talk.line.waiting = None
    with suppress(FloorAway):
        await floor.leave(talk.call_ref)
        for offered in talk.line.offers_unheard():
            await floor.refused(offered.reservation, AgentState.READY, now=talk.now().timestamp(), apart_s=0.0)


async def _wait(wait: Wait) -> Done:
    talk, plan, loop = wait.talk, wait.talk.house.plan, asyncio.get_running_loop()
    while True:
        if loop.time() >= wait.next_told:
            wait.next_told = loop.time() + plan.announce_every_s
            await _tell_place(wait)
        match await talk.line.hear(TICK_S):
            case Offered(reservation=reservation):
                done = await _offered(wait, reservation)
                if done is not None:
                    return done
            case KeyHeard(key="1") if wait.callback_offered:
                return await _back(talk, "callback")
            case KeyHeard(key="*"):
                wait.next_told = loop.time()
            case _:
                pass
        nobody = await _nobody(wait)
        if _control_room_is_due(wait, nobody=nobody):
            done = await _control_room(wait)
            if done is not None:
                return done
        elif nobody or loop.time() - wait.began > plan.max_wait_s:
            return await _back(talk, "nobody")


def _control_room_is_due(wait: Wait, *, nobody: bool) -> bool:
    """At its time; at once when there is no agent to wait for, or one let him ring. Once only, if nobody is there."""
    if wait.control_room_at is None:
        return False
    if not wait.control_room_rung:
        return nobody or wait.offers > 0 or asyncio.get_running_loop().time() >= wait.control_room_at
    return not nobody and asyncio.get_running_loop().time() >= wait.control_room_at


async def _control_room(wait: Wait) -> Done | None:
    """Ring the control room. None: nobody answered there, the caller waits on in his place."""
    talk = wait.talk
    wait.control_room_rung += 1
    reached = await control_room.reach(talk, wait.control_room_rung)
    wait.control_room_at = asyncio.get_running_loop().time() + control_room.RING_AGAIN_S
    if isinstance(reached, Offered):
        return await _offered(wait, reached.reservation)
    if reached is None:
        return None
    await _leave(talk)
    talk.line.agent_leg = reached.channel
    if await offers.join(talk, reached):
        return await _talk_out(wait, reached)
    await _stand_in_line(wait)
    return None


async def _offered(wait: Wait, reservation: Reservation) -> Done | None:
    """Ring that agent. None: he did not answer, the caller waits on in his place."""
    talk = wait.talk
    wait.offers += 1
    waited_s = talk.now().timestamp() - wait.waiting.entered_at  # since he first asked, whoever died meanwhile
    leg = await offers.offer(talk, reservation, wait.offers, waited_s)
    OFFERS.labels("answered" if leg else "not_answered").inc()
    if leg is None:
        await talk.house.floor.enqueue(wait.waiting, talk.house.plan.node)  # changes nothing unless the floor lost him
        return None
    talk.line.waiting = None
    return await _talk_out(wait, leg)


async def _talk_out(wait: Wait, leg: Leg) -> Done | None:
    """Both are together. None: the agent's phone died, the caller waits again."""
    talk = wait.talk
    WAITED_S.observe(asyncio.get_running_loop().time() - wait.began)
    talk.agent = leg.agent
    talk.note_talk(TALK_ON)
    left = await talk_out(talk, leg)
    if left == "agent_lost":
        talk.note_talk(TALK_LOST)
        await _wait_again(wait)
        return None
    if left == "to_danger":
        await _wait_for_danger(wait)
        return None
    talk.note_talk(TALK_OVER)
    talk.queued_at = None
    talk.ended_by = EndedBy.CALLER if left == "caller" else EndedBy.AGENT
    if left == "caller":
        raise talk.line.gone or HungUp()
    return Done("talked")


async def _wait_again(wait: Wait) -> None:
    """His agent was lost in the talk: music, a word of comfort, and the head of the queue with all that is known."""
    wait.began = wait.somebody_seen = asyncio.get_running_loop().time()
    await _enter_holding(wait.talk)
    await _stand_in_line(wait)


async def _wait_for_danger(wait: Wait) -> None:
    """His agent sent him to the danger desk: before everybody else, and to the control room in time."""
    talk, now = wait.talk, asyncio.get_running_loop().time()
    await send_to_danger(talk)
    wait.offers = 0
    wait.began = wait.somebody_seen = wait.next_told = now
    if talk.house.plan.control_room:
        wait.control_room_at = now + talk.house.plan.control_room_after_s
    key, skills = routing_key(wait.waiting.entered_at, talk.priority), skills_wanted(talk, danger=True)
    wait.waiting = replace(wait.waiting, key=key, priority=talk.priority, skills=skills)
    await _enter_holding(talk)
    talk.line.waiting = wait.waiting
    try:
        await talk.house.floor.enqueue(wait.waiting, talk.house.plan.node)
    except FloorAway as error:
        _bear(wait, error)


async def send_to_danger(talk: Talk) -> None:
    """From now on it is a call of danger, with its docket, as if he had pressed 9 (I3).

    Whoever hangs up before he is answered there is owed a callback.
    """
    talk.priority, talk.subject, talk.agent = DANGER_PRIORITY, "SAF", None
    talk.docket = await deeds.registered(talk, "SAF", sealed=False) or talk.docket
    talk.note_talk(TALK_LOST)


async def _tell_place(wait: Wait) -> None:
    """Position and an honest range of minutes, for this caller alone; music comes back by itself (asterisk.md 0.9)."""
    talk = wait.talk
    try:
        place = await talk.house.floor.position(talk.call_ref)
        if place is None:  # the floor was emptied: back to where he stood
            await talk.house.floor.enqueue(wait.waiting, talk.house.plan.node)
            return
        agents = [agent for agent in await talk.house.staff.agents() if _serves(agent, wait)]
    except FloorAway as error:
        _bear(wait, error)
        await talk.line.say(talk.edition.voice.clips([Say(talk.language, "wait_unknown")]))
        return
    ahead = place - 1
    expected = expected_wait_s(ahead, len(agents), talk.house.plan.handle_time_s)
    free = any(agent.state is AgentState.READY for agent in agents)
    said: list[Say] = []
    if ahead == 0:
        said.append(Say(talk.language, "wait_first" if free or expected is None else "wait_unknown"))
    elif expected is None:
        said.append(Say(talk.language, "wait_unknown"))
    else:
        low, high = (max(1, round(seconds / 60)) for seconds in expected)
        key = "wait_one" if ahead == 1 else "wait_position"
        said.append(Say(talk.language, key, {"n": ahead, "m": low, "m_high": max(low, high)}))
    if expected is not None and expected[1] > CALLBACK_ABOVE_S and not free and talk.phone:
        said.append(Say(talk.language, "wait_callback_offer"))
        wait.callback_offered = True
    await talk.line.say(talk.edition.voice.clips(said))


def _serves(agent: Agent, wait: Wait) -> bool:
    return agent.state in AT_WORK and wait.waiting.skills <= agent.skills


def _bear(wait: Wait, error: FloorAway) -> None:
    """Wait on without the floor for a while; after that nobody can be matched, and he shall know it."""
    now = asyncio.get_running_loop().time()
    if now - wait.floor_seen > FLOOR_PATIENCE_S:
        raise error
    wait.somebody_seen = now  # who is at work is not known now, and signs in again when it is back


async def _nobody(wait: Wait) -> bool:
    """Nobody with this skill is at work for some seconds: never endless holding (design 3.19)."""
    now = wait.talk.now().timestamp()
    loop = asyncio.get_running_loop()
    try:
        agents = await wait.talk.house.staff.agents()
    except FloorAway as error:
        _bear(wait, error)
        return False
    wait.floor_seen = loop.time()
    for agent in agents:
        if _serves(agent, wait) and agent.lease_until > now and agent.contact_ok:
            wait.somebody_seen = loop.time()
            return False
    return loop.time() - wait.somebody_seen > wait.talk.house.plan.nobody_after_s


async def _back(talk: Talk, result: str) -> Done:
    """Out of holding, back to the flow: out of the queue first, or an agent is offered a caller who has gone on."""
    await _leave(talk)
    await talk.line.hush()
    try:
        await talk.house.ari.remove_from_bridge(HOLDING_BRIDGE, talk.line.channel, call=talk.call_ref)
    except Answered as error:
        raise await talk.line.why(error) from error
    return Done(result)
