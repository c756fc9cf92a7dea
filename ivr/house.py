"""What every call needs of the house: the wire, the books, the floor, what is said, the clock, the plan."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch
from ivr.editions import Editions
from ivr.hearing import Hearing
from ivr.plan import Plan
from ivr.staff import Staff
from ivr.surge import SurgeWatch
from storage.books import Books
from storage.clock import Clock
from storage.floor import Floor
from storage.journal import Journal
from storage.ledger_notes import LedgerNotes

HOLDING_BRIDGE = "holding"


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
    editions: Editions
    clock: Clock
    plan: Plan
    surge: SurgeWatch
    hearing: Hearing
