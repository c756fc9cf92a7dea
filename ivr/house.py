"""What every call needs of the house: the wire, the books, the floor, the flows, the voice, the clock, the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialplan.flow import Flow
from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch
from ivr.staff import Staff
from ivr.voice import Voice
from storage.books import Books
from storage.clock import Clock
from storage.floor import Floor
from storage.journal import Journal
from storage.ledger_notes import LedgerNotes

HOLDING_BRIDGE = "holding"


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings this room needs. Seconds everywhere; `languages` is the order in which they are offered."""

    app: str
    node: str
    number: str
    country: str
    company: str
    languages: tuple[str, ...]
    default_language: str
    number_format: str
    ring_s: float
    danger_ring_s: float
    max_wait_s: float
    announce_every_s: float
    nobody_after_s: float
    handle_time_s: float
    dial_timeout_s: float
    journal_after_s: float
    callbacks_at_once: int
    callback_agent_first: bool
    agent_domain: str
    agent_key: str


@dataclass(frozen=True, slots=True)
class House:
    """One per controller; put together in `sunwai/wiring.py`."""

    ari: Ari
    dispatch: Dispatch
    books: Books
    notes: LedgerNotes
    journal: Journal
    floor: Floor
    staff: Staff
    flows: Mapping[str, Flow]
    voice: Voice
    clock: Clock
    plan: Plan
