"""The controller: calls, holding, offers, callbacks, agents' phones."""

from __future__ import annotations

import asyncio
from functools import partial

from ivr.assembly import make_controller
from ivr.controller import Controller
from ivr.editions import Editions
from ivr.house import House
from ivr.meters import TASKS
from ivr.plan import Plan
from ivr.voice import Voice
from storage.commands import Commands
from storage.floor import Floor
from storage.journal import Journal
from storage.phones import e164
from sunwai import wiring
from sunwai.asterisk_conf import ARI_USER
from sunwai.heartbeat import Word, beat
from sunwai.settings import Line

APP = "sunwai"
TASKS_COUNTED_EVERY_S = 2.0


async def run(line: Line, word: Word) -> None:
    controller, house = assembled(line)
    await word()
    await house.books.open()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(beat(lambda: house.ari.registered))
            tasks.create_task(controller.run())
            tasks.create_task(_count_tasks())
    finally:
        await house.notes.flush()
        await house.books.close()
        await house.floor.close()


async def _count_tasks() -> None:
    """Until cancelled: how many tasks there are, which must not grow with the calls that have been (docs/soak.md)."""
    while True:
        TASKS.set(len(asyncio.all_tasks()))
        await asyncio.sleep(TASKS_COUNTED_EVERY_S)


def assembled(line: Line) -> tuple[Controller, House]:
    """The controller with all it needs, not yet connected. FlowError, WordingError: what it shall say is broken."""
    books, clock = wiring.make_books(line), wiring.make_clock(line)
    zone, marker = wiring.zone_of(line), line.settings.line.marker_prompts
    voice_of = partial(Voice, clock=clock, zone=zone, marker=marker)
    release = wiring.release()
    editions = Editions(release, books, line.settings.line.node, line.prompts, voice_of)
    return make_controller(
        line.ari_url,
        ARI_USER,
        line.secret("ari"),
        books=books,
        floor=Floor(line.floor_url, wiring.prefix_of(line)),
        journal=Journal(line.var / "journal" / line.settings.line.node),
        commands=Commands(line.floor_url, wiring.prefix_of(line)),
        editions=editions,
        clock=clock,
        plan=make_plan(line),
        recognisers=wiring.make_recognisers(line),
        words=release.words,
    )


def make_plan(line: Line) -> Plan:
    of_line, telephony, queue = line.settings.line, line.settings.telephony, line.settings.queue
    return Plan(
        app=APP,
        node=of_line.node,
        number=of_line.number,
        country=of_line.country,
        company=of_line.company,
        languages=of_line.languages,
        default_language=of_line.languages[0],
        number_format=telephony.trunk_number_format,
        ring_s=queue.ring_s,
        danger_ring_s=queue.danger_ring_s,
        control_room=e164(queue.control_room, of_line.country) or "",
        control_room_after_s=queue.control_room_after_s,
        max_wait_s=queue.max_wait_s,
        announce_every_s=queue.announce_every_s,
        nobody_after_s=queue.nobody_after_s,
        handle_time_s=queue.handle_time_s,
        patience_s=queue.patience_s,
        surge_automatic=queue.surge == "automatic",
        dial_timeout_s=telephony.dial_timeout_s,
        journal_after_s=line.settings.storage.journal_after_s,
        callbacks_at_once=queue.callbacks_at_once,
        callback_agent_first=queue.callback_agent_first,
        agent_domain=f"{telephony.agent_address}:{telephony.agent_port}",
        agent_key=line.secret("agents"),
        peers=frozenset(telephony.nodes),
        prompt_styles=line.settings.speech.styles,
    )
