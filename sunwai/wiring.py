"""Puts things together, in one place: from the settings to the objects each role runs with."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from agent_console.plan import ConsolePlan
from dialplan.clips import MARKER
from dialplan.loading import load_flows
from dialplan.wording import Wording, load
from ivr import assembly
from ivr.controller import Controller
from ivr.house import House, Plan
from ivr.voice import Voice
from storage.books import Books
from storage.clock import Clock
from storage.commands import Commands
from storage.floor import Floor
from sunwai.asterisk_conf import ARI_USER, cel_file
from sunwai.settings import Line
from sunwai.worker import WorkerPlan

ROOMS = Path(__file__).parent.parent
APP = "sunwai"
CALLBACKS_AT_ONCE = 20
TIMEZONES = {"IN": "Asia/Kolkata", "PK": "Asia/Karachi"}


def zone_of(line: Line) -> ZoneInfo:
    return ZoneInfo(TIMEZONES.get(line.settings.line.country, "UTC"))


def wording() -> Wording:
    """The prompts' texts; WordingError names file, line and reason."""
    return load(ROOMS / "dialplan" / "prompts")


def prefix_of(line: Line) -> str:
    """What keeps this line's live state apart from others in one Redis."""
    return f"sunwai-{line.settings.line.company}-{line.settings.line.number}"


def make_books(line: Line) -> Books:
    return Books(line.books_url)


def make_clock(line: Line) -> Clock:
    return Clock(line.settings.line.clock_offset_s)


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
        max_wait_s=queue.max_wait_s,
        announce_every_s=queue.announce_every_s,
        nobody_after_s=queue.nobody_after_s,
        handle_time_s=queue.handle_time_s,
        dial_timeout_s=telephony.dial_timeout_s,
        callbacks_at_once=CALLBACKS_AT_ONCE,
        agent_domain=f"{telephony.agent_address}:{telephony.agent_port}",
        agent_key=line.secret("agents"),
    )


def make_controller(line: Line) -> tuple[Controller, House]:
    """The controller with all it needs; nothing is connected yet."""
    spoken, clock = wording(), make_clock(line)
    return assembly.make_controller(
        line.ari_url,
        ARI_USER,
        line.secret("ari"),
        books=make_books(line),
        floor=Floor(line.floor_url, prefix_of(line)),
        commands=Commands(line.floor_url, prefix_of(line)),
        flows=load_flows(ROOMS / "dialplan" / "flows", spoken.catalogue),
        voice=Voice(spoken, line.prompts, clock, zone_of(line), marker=line.settings.line.marker_prompts),
        clock=clock,
        plan=make_plan(line),
    )


def make_console_plan(line: Line) -> ConsolePlan:
    console, telephony = line.settings.console, line.settings.telephony
    return ConsolePlan(
        address=console.address,
        port=console.port,
        session_hours=console.session_hours,
        lease_s=console.lease_s,
        node=line.settings.line.node,
        sip_address=telephony.agent_address,
        sip_port=telephony.agent_port,
        company=line.settings.line.company,
        wrapup_s=line.settings.queue.wrapup_s,
        timezone=str(zone_of(line)),
        country=line.settings.line.country,
    )


def make_worker_plan(line: Line) -> WorkerPlan:
    return WorkerPlan(
        node=line.settings.line.node,
        company=line.settings.line.company,
        country=line.settings.line.country,
        cel_file=cel_file(line),
        recordings=line.recordings,
        recording_days=line.settings.storage.recording_days or None,
    )


def spoken_languages(line: Line) -> tuple[str, ...]:
    """Languages to be rendered; a demo line has the tones of the self-proof as well."""
    return (*line.settings.line.languages, *((MARKER,) if line.settings.line.kind == "demo" else ()))
