"""The whole house without a telephone: real flows, prompts, deeds and books, and callers by script.

The floor is away (a state a line must bear, design 3.8), so whoever wants a person finds nobody; of Asterisk only the
holding bridge is there. Anything else of either that a talk touches is an AttributeError.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from rooms.books_town import found_town
from scripted_line import Act, ScriptedLine

from complaints import desk
from complaints.digits import CONSUMER_DIGITS, with_check_digit
from complaints.ledger import Call
from complaints.records import Category, Consumer, Docket, Settlement
from dialplan.edition import shipped
from ivr import inbound, satisfaction
from ivr.ari.bridge_verbs import HOLDING_ROLE
from ivr.editions import Editions
from ivr.hearing import Hearing
from ivr.house import House
from ivr.plan import Plan
from ivr.speech.recognisers import Recognisers
from ivr.surge import SurgeWatch
from ivr.talk import Talk
from ivr.voice import Voice
from storage.books import Books
from storage.clock import Clock
from storage.floor_records import FloorAway
from storage.journal import Journal
from storage.ledger_notes import LedgerNotes

ROOM = Path(__file__).parents[2] / "dialplan"
RELEASE = shipped(ROOM)
MORNING = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
"""10:30 in Kolkata, when every scene begins."""

ONE_HOUSE, THREE_HOUSES, STRANGER = "+915000011111", "+915000022222", "+915000033333"


def number_of(serial: int) -> str:
    return with_check_digit(serial, CONSUMER_DIGITS)


def _house(identity: int, unit: str, phone: str | None) -> Consumer:
    settlement = Settlement.RURAL if unit == "SD-02" else Settlement.URBAN
    return Consumer(identity, "PV", number_of(300_000_000 + identity), unit, "DT-0001", settlement, "hi", phone)


HOUSES = [
    _house(11, "SD-01", ONE_HOUSE),
    _house(21, "SD-01", THREE_HOUSES),
    _house(22, "SD-02", THREE_HOUSES),
    _house(23, "SD-01", THREE_HOUSES),
    _house(31, "SD-02", None),
    _house(32, "SD-01", None),
]
KINDS = [
    Category("SAF", {"hi": "खतरा", "en": "Danger"}, 1, 2, 0, 15),
    Category("BILL", {"hi": "बिल", "en": "Bill"}, 120, 240, 3, 240),
    Category("THEFT", {"hi": "चोरी", "en": "Theft"}, 72, 72, 3, None),
    Category("NEWCON", {"hi": "नया कनेक्शन", "en": "New connection"}, 168, 360, 4, 1440),
    Category("OTHER", {"hi": "अन्य", "en": "Other"}, 168, 168, 4, 1440),
]


class HoldingOnly:
    """Of Asterisk the holding bridge alone; `entered` are the callers who were put into it."""

    def __init__(self) -> None:
        self.entered: list[str] = []

    async def add_to_bridge(self, bridge: str, channels: list[str], *, call: str, role: str) -> None:
        assert (bridge, role) == ("holding", HOLDING_ROLE)
        self.entered += channels

    async def remove_from_bridge(self, bridge: str, channel: str, *, call: str) -> None:
        assert (bridge, channel) == ("holding", call)


class AwayFloor:
    """A floor that keeps walks, as Redis would after its return, and matches nobody."""

    def __init__(self) -> None:
        self.walks: dict[str, bytes] = {}

    async def keep_walk(self, call_ref: str, walk: bytes, kept_s: int) -> None:
        self.walks[call_ref] = walk

    async def walk(self, call_ref: str) -> bytes | None:
        return self.walks.get(call_ref)

    async def forget_walk(self, call_ref: str) -> None:
        """Kept all the same: a scripted call that ends stands for one that its controller lost in the middle."""

    async def enqueue(self, waiting: object, node: str) -> None:
        raise FloorAway("the floor is away")

    async def leave(self, call_ref: str) -> None:
        raise FloorAway("the floor is away")


def plan() -> Plan:
    seconds = {name: 10.0 for name in Plan.__dataclass_fields__ if name.endswith("_s")}
    words = {"app": "sunwai", "node": "n1", "number": "1912", "country": "IN", "company": "PV", "control_room": ""}
    rest = {
        "languages": ("hi", "ur", "en"),
        "default_language": "hi",
        "number_format": "national",
        "callbacks_at_once": 1,
        "callback_agent_first": True,
        "surge_automatic": False,
        "agent_domain": "127.0.0.1:5080",
        "agent_key": "not used",
        "peers": frozenset(),
        "prompt_styles": ("keys",),
    }
    return Plan(**{**seconds, **words, **rest})


class Scene:
    """One line with its town. `rings_in` is a caller of the line, `is_asked` a consumer who is rung."""

    def __init__(self, books: Books, file: Path, journal: Journal) -> None:
        self.books = books
        self.books_file = file
        self.clock = Clock()
        self.clock.jump((MORNING - self.clock.wall_now()).total_seconds())
        self.ari = HoldingOnly()
        self.floor = AwayFloor()
        self.surge = SurgeWatch(books, None, self.clock, plan())
        voice_of = partial(Voice, clock=self.clock, zone=ZoneInfo("Asia/Kolkata"))
        self.editions = Editions(RELEASE, books, "n1", Path("/prompts"), voice_of)
        self.house = House(
            ari=self.ari,
            dispatch=None,
            books=books,
            notes=LedgerNotes(books.calls),
            journal=journal,
            floor=self.floor,
            staff=None,
            editions=self.editions,
            clock=self.clock,
            plan=plan(),
            surge=self.surge,
            hearing=Hearing(None, None, "", Recognisers([]), {}),
        )
        self._calls = 0

    async def found(self) -> None:
        await found_town(self.books)
        await self.books.seeding.add_categories(KINDS)
        await self.books.seeding.add_consumers(HOUSES)

    def line(self, *script: tuple[str, str | Act], call_ref: str | None = None) -> ScriptedLine:
        self._calls += 1
        return ScriptedLine(
            self.clock, *script, edition=self.editions.current, call_ref=call_ref or f"n1-{self._calls}"
        )

    async def rings_in(
        self, phone: str | None, *script: tuple[str, str | Act], call_ref: str | None = None, returned: bool = False
    ) -> ScriptedLine:
        """A call to the line from its first ring to its outcome."""
        line = self.line(*script, call_ref=call_ref)
        caller = SimpleNamespace(number=phone or "")
        channel = SimpleNamespace(state="Up", caller=caller)
        start = SimpleNamespace(channel=channel, args=["returned"] if returned else ["1912"])
        await inbound.take_call(self.house, line, start, None)
        return line

    async def is_asked(
        self, docket: Docket, *script: tuple[str, str | Act], by_agent: bool = False
    ) -> tuple[ScriptedLine, object, Docket]:
        """A satisfaction callback that was picked up: the line, the verdict, the docket after it."""
        line = self.line(*script)
        company = await self.books.consumers.company(docket.company)
        now = self.clock.wall_now()
        talk = Talk(self.house, line, "satisfaction", company, docket.language, docket.phone, now, docket=docket)
        return line, *(await satisfaction.ask(talk, docket, now, by_agent=by_agent))

    async def claimed(self, docket: Docket) -> Docket:
        """The engineer says that it is done; the consumer is to be rung in twenty minutes."""
        books, now = self.books, self.clock.wall_now()
        category = await books.consumers.category(docket.category)
        company = await books.consumers.company(docket.company)
        return await books.dockets.apply(desk.claim(docket, "officer:J09", "C12", "", now, category, company))

    async def about_to_ring(self, docket: Docket) -> Docket:
        """The twenty minutes are over: the due callback is claimed, as the controller does before it dials."""
        self.clock.jump(1200)
        now = self.clock.wall_now()
        (work,) = await self.books.due.claim(["ring_satisfaction"], now, 60.0, 10, "test")
        assert work.work.payload["docket"] == docket.number
        docket = await self.books.dockets.apply(desk.begin_verifying(docket, now))
        await self.books.due.done(work.work.cause, "test", "rung", now)
        return docket

    async def dockets(self) -> list[Docket]:
        return await self.books.dockets.search(with_sealed=True)

    async def call(self, line: ScriptedLine) -> Call:
        found = await self.books.calls.get(line.call_ref)
        assert found is not None
        return found

    async def messages(self) -> list[tuple[str, str]]:
        """Template and address of everything written so far."""
        now = self.clock.wall_now()
        claimed = await self.books.outbox.claim(now, 1.0, 100, "test")
        self.clock.jump(2.0)
        return [(each.message.template, each.message.to) for each in claimed]
