"""A call comes in: gather the facts, choose the flow's first facts, talk, and note the one outcome."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from contextlib import suppress
from dataclasses import astuple

import structlog

from complaints import flags
from complaints.ledger import TALK, TALK_LOST, TALK_ON, TALK_OVER, Answer, EndedBy
from complaints.records import Company, Consumer, Docket
from dialplan.clips import MARKER
from dialplan.deeds import HEARD_IN, PROMPT_STYLE
from dialplan.steps import Fact
from dialplan.walk import Walk, WalkError, restore
from ivr import deeds, holding, talking
from ivr.ari.errors import AriError
from ivr.ari.events import StasisStart
from ivr.ari_line import AriLine
from ivr.conversation import converse
from ivr.editions import NotSpoken
from ivr.errors import HungUp, TelephoneError
from ivr.house import House
from ivr.meters import FIRST_WORD_S
from ivr.offers import Leg
from ivr.talk import Talk
from storage.errors import StorageError
from storage.floor_records import FloorAway
from storage.phones import e164

log = structlog.get_logger(__name__)

KEYS_ONLY = "keys"
WALK_KEPT_S = 3600
LOOK_UP_LIMIT_S = 1.0
"""Longer than this nobody is kept waiting for the greeting because the books are slow; he is an unknown caller then."""
MOST_OPTIONS = 7
"""Connections offered by key 1..7; key 8 is "another address"."""


async def take_call(house: House, line: AriLine, start: StasisStart, leg: Leg | None) -> None:
    """The whole life of an inbound call. Raises only for faults of ours, with the caller still there.

    `leg`: he is in a talk with this agent, which a controller before us began; the talk is only watched.
    """
    began = time.monotonic()
    returned = bool(start.args) and start.args[0] == "returned"
    if leg is None and start.channel.state != "Up":  # the dialplan answers; a rung consumer has answered himself
        await line.answer()
    talk = await _known(house, line, start)
    if returned:
        await _as_before(talk)
    try:
        if leg is None or await _talk_on(talk, leg):
            if returned and leg is None:
                await line.take_over()
            FIRST_WORD_S.observe(time.monotonic() - began)
            await _talk(talk, returned=returned)
        await talk.note_end(talk.ended_by or EndedBy.US)
    except HungUp as gone:
        if gone.moved and await line.is_moved():
            return  # the parent gave him to the fallback in the moment we came: his call goes on, his walk is kept
        await talk.note_end(EndedBy.NETWORK if gone.cut else talk.ended_by or EndedBy.CALLER, cut=gone.cut)
    await _forget(talk)


async def _known(house: House, line: AriLine, start: StasisStart) -> Talk:
    """Who may be calling: number, consumers, language, company. Books that are away must not keep him waiting."""
    phone = e164(start.channel.caller.number, house.plan.country)
    talk = Talk(
        house=house,
        line=line,
        kind="inbound",
        company=Company(house.plan.company, house.plan.company, languages=house.plan.languages),
        language=house.plan.default_language,
        phone=phone,
        offered_at=house.clock.wall_now(),
    )
    try:
        async with asyncio.timeout(LOOK_UP_LIMIT_S):
            await look_up(talk)
    except (StorageError, TimeoutError) as error:
        log.error("caller_not_looked_up", call=line.call_ref, error=type(error).__name__)
    talk.note(answered_at=talk.offered_at)
    return talk


async def look_up(talk: Talk) -> None:
    """One read of the books; the first record of the call is Asterisk's own (design 3.2)."""
    books, plan = talk.house.books, talk.house.plan
    if not talk.phone:
        talk.company = await books.reference.company(plan.company) or talk.company
        return
    known = await books.callers.by_phone(talk.phone, plan.company, talk.offered_at)
    talk.consumers, talk.dockets, talk.language_known = known.consumers, known.dockets, known.language
    talk.company = await books.reference.company(known.company) or talk.company
    if known.place is not None:  # he was owed a callback and was quicker: his old place is his again
        talk.queued_at = known.place.queued_at
        talk.priority = holding.CUT_PRIORITY if known.place.cut else talk.priority
    if len(talk.consumers) == 1:
        talk.consumer = talk.consumers[0]
        talk.priority = deeds.FLAGGED_PRIORITY if flags.comes_first(talk.consumer.flags) else talk.priority


def _language(talk: Talk) -> str | None:
    """Remembered for the number by a clear choice, else the language of the consumer's record; one that we speak."""
    recorded = next((consumer.language for consumer in talk.consumers if consumer.language), None)
    wanted = talk.language_known or recorded
    return wanted if wanted in (*talk.edition.voice.wording.languages, MARKER) else None


async def _talk(talk: Talk, *, returned: bool) -> None:
    walk = await _walk_again(talk) if returned else None
    if walk is None and returned and talk.flags.get(TALK) == TALK_OVER:
        return  # a talk is the end of every flow: nothing but a goodbye has been lost
    if walk is None:
        language = _language(talk)
        talk.language = language or talk.language
        walk = Walk(talk.edition.flows["inbound"], talk.language, first_facts(talk, known=language is not None))
    await converse(
        talk.line,
        walk,
        talk.edition.voice,
        lambda step: deeds.do(talk, step),
        lambda step: holding.connect(talk, step),
        lambda kept: keep(talk, kept),
        talk,
    )


def first_facts(talk: Talk, *, known: bool) -> dict[str, Fact]:
    """What the flow starts with; plain values only."""
    count = len(talk.consumers)
    return {
        "language_known": known,
        "phone_known": talk.phone is not None,
        "consumers": "none" if count == 0 else "one" if count == 1 else "many",
        "n": count,
        "connections": tuple(_option(consumer) for consumer in talk.consumers[:MOST_OPTIONS]),
        "subject": talk.subject,
        PROMPT_STYLE: _style(talk),
        HEARD_IN: " ".join(one for one in talk.house.plan.languages if talk.house.hearing.words_of(one) is not None),
        "surge": "on" if talk.house.surge.on else "off",
        **deeds.consumer_facts(talk),
    }


def _style(talk: Talk) -> str:
    """How he is told that he may speak: one of the styles that are compared, by lot, where anybody listens."""
    house = talk.house
    if not house.hearing.hears:
        return KEYS_ONLY
    styles = house.plan.prompt_styles
    style = styles[zlib.crc32(talk.call_ref.encode()) % len(styles)]
    talk.flags[PROMPT_STYLE] = style
    return style


def _option(consumer: Consumer) -> dict[str, Fact]:
    return {"area": consumer.unit, "last4": consumer.number[-4:]}


async def _as_before(talk: Talk) -> None:
    """What was noted of this call before another controller, or the fallback, gave it back: nothing counts twice."""
    talk.returned = True
    try:
        noted = await talk.house.books.calls.get(talk.call_ref)
    except StorageError:
        return
    if noted is not None:
        talk.flags = {**noted.flags, **talk.flags}
        talk.kind, talk.phone = noted.kind, noted.phone or talk.phone  # we may have rung him
        talk.offered_at = min(noted.offered_at, talk.offered_at)
        talk.queued_at = noted.queued_at or talk.queued_at
        talk.callback_cause = noted.callback_cause
    if talk.flags.get(TALK) == TALK_ON:  # unless his agent is found with him, who says so then
        talk.flags[TALK] = TALK_LOST


async def _forget(talk: Talk) -> None:
    """The walk holds what was keyed: gone with the call."""
    with suppress(FloorAway):
        await talk.house.floor.forget_walk(talk.call_ref)


async def _talk_on(talk: Talk, leg: Leg) -> bool:
    """Watch a talk that was going on. True: the agent left it; the caller waits for the next, or hears the goodbye."""
    house = talk.house
    house.dispatch.claim(leg.channel, talk.call_ref)
    talk.agent, talk.line.agent_leg = leg.agent, leg.channel
    talk.line.agent = leg.agent if leg.is_agents else None
    talk.note_talk(TALK_ON)
    talk.line.met.set()
    if leg.is_agents:
        with suppress(FloorAway):
            await house.floor.talks(leg.agent, talk.call_ref, owner=house.plan.node, since=talk.now().timestamp())
    await talking.taken_up(talk, leg)
    left = await talking.talk_out(talk, leg)
    if left == "agent_lost":
        talk.note_talk(TALK_LOST)
        return True
    if left == "to_danger":
        await holding.send_to_danger(talk)
        return True
    talk.note_talk(TALK_OVER)
    talk.ended_by = EndedBy.CALLER if left == "caller" else EndedBy.AGENT
    return left == "agent"


async def keep(talk: Talk, walk: Walk) -> bool:
    """A line of JSON with the walk and one with edition and way so far, per reply and per digit (design 3.8); a floor
    that is away must not disturb the talk."""
    answers = [astuple(answer) for answer in talk.answers]
    kept = f"{walk.keep()}\n{json.dumps([talk.edition.number, talk.steps, answers], ensure_ascii=False)}"
    try:
        await talk.house.floor.keep_walk(talk.call_ref, kept.encode(), WALK_KEPT_S)
    except FloorAway:
        return False
    return True


async def _walk_again(talk: Talk) -> Walk | None:
    """The walk of a caller whom another controller, or the fallback, had before; None when nothing was kept.

    What the talk knew comes back from the walk's facts: language, connection, subject, docket.
    """
    try:
        kept = await talk.house.floor.walk(talk.call_ref)
        return await _restored(talk, kept.decode()) if kept is not None else None
    except (FloorAway, StorageError, WalkError, KeyError, TypeError, ValueError) as error:
        log.warning("walk_not_restored", call=talk.call_ref, error=type(error).__name__)
        return None  # the main menu again is better than the same fault again


async def _restored(talk: Talk, kept: str) -> Walk:
    """In the edition the call began with; its way so far is his as well: the ledger and the agent see it whole."""
    state, _, beside = kept.partition("\n")
    number, steps, *rest = json.loads(beside or "[0, []]")  # a controller of a release before kept less
    with suppress(NotSpoken, StorageError, TimeoutError):  # the one in use now will do
        async with asyncio.timeout(LOOK_UP_LIMIT_S):
            talk.line.edition = await talk.house.editions.of(number)
    talk.steps = [(at, place) for at, place in steps]
    talk.answers = [Answer(*answer) for answers in rest for answer in answers]
    walk = restore(talk.edition.flows["inbound"], state)
    talk.language = walk.language
    if (style := walk.facts.get(PROMPT_STYLE)) not in (None, KEYS_ONLY):
        talk.flags[PROMPT_STYLE] = str(style)
    talk.subject = str(walk.facts.get("subject") or talk.subject)
    chosen = walk.facts.get("consumer_id")
    talk.consumer = await _consumer(talk, int(str(chosen))) if chosen is not None else None
    if number := walk.facts.get("docket"):
        talk.docket = await _docket(talk, str(number))
    if talk.consumer is not None and flags.comes_first(talk.consumer.flags):
        talk.priority = min(talk.priority, deeds.FLAGGED_PRIORITY)
    if talk.docket is not None and talk.docket.category == "SAF":
        talk.priority = deeds.DANGER_PRIORITY
    return walk


async def _consumer(talk: Talk, chosen: int) -> Consumer | None:
    """Mostly one of those just found by his number; else he had keyed another's."""
    known = next((consumer for consumer in talk.consumers if consumer.id == chosen), None)
    return known or await talk.house.books.consumers.get(chosen)


async def _docket(talk: Talk, number: str) -> Docket | None:
    """Mostly one of those just found by his number; else one of a number he had keyed."""
    known = next((docket for docket in talk.dockets or () if docket.number == number), None)
    return known or await talk.house.books.dockets.get(number)


async def apologise_to(house: House, line: AriLine) -> None:
    """Our fault: the caller goes to the fallback of the dialplan, which says so and keeps him (design 5.8, 3.3)."""
    with suppress(FloorAway):
        await house.floor.forget_walk(line.call_ref)  # what failed must not be tried again when he comes back
    try:
        await line.hush()
        await house.ari.continue_in_dialplan(line.channel, call=line.call_ref, context="fallback")
    except (AriError, TelephoneError):
        return  # he has left; the CEL reader writes the outcome of a call nobody ended
