"""A small town for the books, and dockets and decisions to try on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from complaints.records import (
    Attempt,
    Category,
    Company,
    Consumer,
    Decision,
    Docket,
    Officer,
    Settlement,
    State,
    TimelineRow,
    Unit,
    Verdict,
)
from storage.books import Books
from storage.seeding import Feeder, Transformer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


async def found_town(books: Books) -> None:
    seed = books.seeding
    await seed.add_companies(
        [Company("PV", "Purvi Vidyut"), Company("PROBE", "Probe", hours=("00:00", "24:00"), verify_delay_min=0)]
    )
    await seed.add_categories([Category("SUP-FUSE", {"hi": "बिजली नहीं", "en": "No supply"}, 4, 8, 2, 20, 100)])
    await seed.add_units(
        [
            Unit("SD-01", "PV", "subdivision", "Chowk", "DV-01"),
            Unit("SD-02", "PV", "subdivision", "Sarai", "DV-01", Settlement.RURAL),
            Unit("DV-01", "PV", "division", "Kotwali", "PV-0"),
            Unit("PV-0", "PV", "company", "Purvi Vidyut", None),
        ]
    )
    await seed.add_officers(
        [
            Officer("J09", "PV", 1, "SD-01", "+915000000009"),
            Officer("J01", "PV", 1, "SD-02"),
            Officer("S01", "PV", 2, "SD-01"),
            Officer("X01", "PV", 3, "DV-01", "+915000000301"),
            Officer("M01", "PV", 6, "PV-0"),
        ]
    )
    await seed.add_feeders([Feeder("F-01", "PV", "Chowk", Settlement.URBAN)])
    await seed.add_transformers([Transformer("DT-0001", "F-01", "SD-01")])
    await seed.add_consumers(
        [
            consumer(1, "1000000018", "+915000012345"),
            consumer(2, "1000000026", "+915000012345"),
            consumer(3, "1000000034", None),
        ]
    )


def consumer(number: int, ivrs: str, phone: str | None) -> Consumer:
    return Consumer(number, "PV", ivrs, "SD-01", "DT-0001", Settlement.URBAN, "hi", phone, ("hospital",))


def docket(number: str = "10000010", **fields: object) -> Docket:
    plain: dict[str, object] = {
        "company": "PV",
        "category": "SUP-FUSE",
        "state": State.ASSIGNED,
        "level": 1,
        "settlement": Settlement.URBAN,
        "language": "hi",
        "registered_at": NOW,
        "due_at": NOW + timedelta(hours=4),
        "consumer_id": 1,
        "unit": "SD-01",
        "owner": "J09",
        "phone": "+915000012345",
    }
    return Docket(number=number, **(plain | fields))


def registration(new: Docket, **parts: object) -> Decision:
    """A decision that registers `new`."""
    row = TimelineRow(new.number, NOW, "consumer", "register", None, new.state)
    plain: dict[str, object] = {"cause": f"register:{new.number}", "expected_version": None, "timeline": (row,)}
    return Decision(docket=new, **(plain | parts))


def step(before: Docket, after: Docket, **parts: object) -> Decision:
    """A decision that leads from one state to another."""
    row = TimelineRow(after.number, NOW, "line", "move", before.state, after.state)
    cause = f"move:{after.number}:{before.version}"
    plain: dict[str, object] = {"cause": cause, "expected_version": before.version, "timeline": (row,)}
    return Decision(docket=after, **(plain | parts))


def attempt(number: str, claim: int, nth: int, verdict: Verdict, **fields: object) -> Attempt:
    plain: dict[str, object] = {"dialled": "+915000012345", "at": NOW, "recording": f"n1-{claim}.{nth}"}
    return Attempt(number, claim, nth, f"n1-{claim}.{nth}", verdict=verdict, **(plain | fields))
