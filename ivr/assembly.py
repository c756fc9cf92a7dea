"""Makes a controller of its parts; the ARI client is known in this room only."""

from __future__ import annotations

from collections.abc import Mapping

from dialplan.words import Words
from ivr.agent_phones import AgentPhones
from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch
from ivr.ari.events import StasisStart
from ivr.controller import EVENTS, PRESENCE_EVENTS, Controller
from ivr.editions import Editions
from ivr.hearing import Hearing
from ivr.house import House
from ivr.plan import Plan
from ivr.speech.recognisers import Recognisers
from ivr.staff import Staff
from ivr.surge import SurgeWatch
from storage.books import Books
from storage.clock import Clock
from storage.commands import Commands
from storage.floor import Floor
from storage.journal import Journal
from storage.ledger_notes import LedgerNotes

PRESENCE_APP = "sunwai-presence"
"""Presence has an application of its own: subscribing the one with the calls doubles agents' events (design 3.13)."""


def make_controller(
    url: str,
    user: str,
    password: str,
    *,
    books: Books,
    floor: Floor,
    journal: Journal,
    commands: Commands,
    editions: Editions,
    clock: Clock,
    plan: Plan,
    recognisers: Recognisers,
    words: Mapping[tuple[str, str], Words],
) -> tuple[Controller, House]:
    """A controller of the Asterisk at `url`; nothing is connected yet."""
    ari = Ari(url, user, password, plan.app, events_allowed=EVENTS)
    presence = Ari(url, user, password, PRESENCE_APP, rest_sockets=0, events_allowed=PRESENCE_EVENTS)
    made: list[Controller] = []

    def new_call(event: StasisStart) -> None:
        made[0].on_new_call(event)

    staff, dispatch = Staff(floor), Dispatch(new_call)
    house = House(
        ari=ari,
        dispatch=dispatch,
        books=books,
        notes=LedgerNotes(books.calls),
        journal=journal,
        floor=floor,
        staff=staff,
        editions=editions,
        clock=clock,
        plan=plan,
        surge=SurgeWatch(books, staff, clock, plan),
        hearing=Hearing(ari, dispatch, plan.app, recognisers, words),
    )
    phones = AgentPhones(ari, presence, floor, plan.agent_key, plan.node)
    made.append(Controller(house, presence, phones, commands))
    return made[0], house
