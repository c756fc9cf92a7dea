"""The demo's network and consumers: made by rule and a seeded generator, the same every time. Pure.

Sizes and shares: domain.md part 4. Every number has ten digits beginning with 50000 (design 3.17).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from complaints.digits import CONSUMER_DIGITS, with_check_digit
from complaints.flags import FLAGS, PRIORITY
from complaints.records import Consumer, Officer, Settlement, Unit
from storage.seeding import Feeder, Transformer
from sunwai.demo_people import MAIN, PROBE, SECOND
from sunwai.reference import Organisation

SEED = 1912
URBAN_FEEDERS, RURAL_FEEDERS = 30, 18
URBAN_SUBSTATIONS, RURAL_SUBSTATIONS = 8, 4
TRANSFORMERS_OF_FEEDERS = (8, 12, 6, 14, 10, 9, 13, 8)
"""In turn: 480 on 48 feeders, and F-07 is long enough for the much-burnt DT-0713."""

CONSUMERS = 12_000
LEAST_ON_A_TRANSFORMER = 5
WITH_MOBILE, SHARING, WRONG, FLAGGED = 0.78, 0.06, 0.03, 0.04
"""Shares of all consumers. Sharing: in pairs, and the rest in threes. Wrong: an officer's number, or nobody's."""
IN_THREES = 60
WRONG_STAFF = 60
PRIORITY_FLAGS = tuple(flag for flag, meaning in FLAGS.items() if meaning == PRIORITY)
SHARE_OF_LANGUAGE = (("hi", 0.82), ("ur", 0.11), ("en", 0.07))

FIRST_PHONE, FIRST_NOBODYS_PHONE = 100, 80_000
PROBE_PHONE, PROBE_FLAGGED_PHONE, PROBE_SHARED_PHONE = "+915000000001", "+915000000002", "+915000000003"
"""The probe's callers: one connection; one connection with a flag; three connections on one phone."""
SECOND_PHONES = 50
UV_CONSUMERS = 20

_SERIALS_OF_A_UNIT = 10_000_000
_SECOND_UNIT, _PROBE_UNIT = 90, 99
"""The first two digits of a consumer number say the sub-division; these stand for the other two companies'."""


@dataclass(frozen=True, slots=True)
class Network:
    """Feeders and the transformers on them."""

    feeders: tuple[Feeder, ...]
    transformers: tuple[Transformer, ...]


def phone(number: int) -> str:
    """+91 50000 nnnnn."""
    return f"+9150000{number:05d}"


def network(organisation: Organisation) -> Network:
    """48 feeders from 12 sub-stations, each feeder in one sub-division with its transformers; and one small one each
    for the two other companies."""
    places = organisation.of(MAIN, "subdivision")
    urban = [unit for unit in places if unit.settlement is Settlement.URBAN]
    rural = [unit for unit in places if unit.settlement is not Settlement.URBAN]
    homes = [*_spread(urban, URBAN_FEEDERS), *_spread(rural, RURAL_FEEDERS)]
    names = [*_names(homes[:URBAN_FEEDERS], URBAN_SUBSTATIONS), *_names(homes[URBAN_FEEDERS:], RURAL_SUBSTATIONS)]
    feeders = [Feeder(f"F-{n:02d}", MAIN, names[n - 1], home.settlement) for n, home in enumerate(homes, 1)]
    transformers = [
        Transformer(f"DT-{n:02d}{k:02d}", f"F-{n:02d}", home.id)
        for n, home in enumerate(homes, 1)
        for k in range(1, TRANSFORMERS_OF_FEEDERS[(n - 1) % len(TRANSFORMERS_OF_FEEDERS)] + 1)
    ]
    others = [Feeder(f"F-{company}", company, company, Settlement.URBAN) for company in (SECOND, PROBE)]
    ends = [Transformer(f"DT-{company}", f"F-{company}", f"{company}-SD-1") for company in (SECOND, PROBE)]
    return Network((*feeders, *others), (*transformers, *ends))


def consumers(organisation: Organisation, net: Network, staff: Sequence[Officer]) -> list[Consumer]:
    """12,000 connections of the demo company, then the few of the two others."""
    rng = Random(SEED)  # noqa: S311 - figures that must be the same every time, no secret
    units = {unit.id: unit for unit in organisation.units}
    prefixes = {unit.id: n for n, unit in enumerate(organisation.of(MAIN, "subdivision"), 10)}
    homes = _homes(rng, [each for each in net.transformers if each.unit in prefixes])
    languages = _shares(rng, SHARE_OF_LANGUAGE)
    phones = _phones(rng, [officer.phone for officer in staff if officer.phone and officer.company == MAIN])
    flagged = set(rng.sample(range(CONSUMERS), round(CONSUMERS * FLAGGED)))
    serials = {unit: count(1) for unit in prefixes}
    found = [
        Consumer(
            n + 1,
            MAIN,
            _number(prefixes[home.unit], next(serials[home.unit])),
            home.unit,
            home.id,
            units[home.unit].settlement,
            languages[n],
            phones[n],
            (rng.choice(PRIORITY_FLAGS),) if n in flagged else (),
        )
        for n, home in enumerate(homes)
    ]
    return [*found, *_of_the_others()]


def _spread(units: Sequence[Unit], feeders: int) -> list[Unit]:
    """A home for each feeder: neighbours together, the first sub-divisions with one more when it does not divide."""
    each, more = divmod(feeders, len(units))
    return [unit for place, unit in enumerate(units) for _ in range(each + (place < more))]


def _names(homes: Sequence[Unit], substations: int) -> Iterator[str]:
    """What the feeders of one kind are called: by their sub-station, which has its name from its first sub-division."""
    each, more = divmod(len(homes), substations)
    start = 0
    for place in range(substations):
        size = each + (place < more)
        for n in range(1, size + 1):
            yield f"{homes[start].name} sub-station, feeder {n}"
        start += size


def _number(prefix: int, serial: int) -> str:
    return with_check_digit(prefix * _SERIALS_OF_A_UNIT + serial, CONSUMER_DIGITS)


def _homes(rng: Random, transformers: Sequence[Transformer]) -> list[Transformer]:
    """A transformer for each consumer: none is without, and some feed many."""
    sure = list(transformers) * LEAST_ON_A_TRANSFORMER
    weights = [rng.randint(1, 5) for _ in transformers]
    return sorted(
        sure + rng.choices(transformers, weights, k=CONSUMERS - len(sure)), key=lambda transformer: transformer.id
    )


def _shares(rng: Random, shares: Sequence[tuple[str, float]]) -> list[str]:
    values = [value for value, share in shares for _ in range(round(CONSUMERS * share))]
    rng.shuffle(values)
    return values


def _phones(rng: Random, staff: Sequence[str]) -> list[str | None]:
    """The mobile on record of each consumer: his own, one shared with another connection, a wrong one, or none."""
    with_mobile = rng.sample(range(CONSUMERS), round(CONSUMERS * WITH_MOBILE))
    sharing, wrong = round(CONSUMERS * SHARING), round(CONSUMERS * WRONG)
    numbers: list[str | None] = [None] * CONSUMERS
    own = map(phone, count(FIRST_PHONE))
    threes, pairs = with_mobile[:IN_THREES], with_mobile[IN_THREES:sharing]
    for group, size in ((threes, 3), (pairs, 2)):
        for start in range(0, len(group), size):
            number = next(own)
            for place in group[start : start + size]:
                numbers[place] = number
    nobodys = map(phone, count(FIRST_NOBODYS_PHONE))
    for n, place in enumerate(with_mobile[sharing : sharing + wrong]):
        numbers[place] = rng.choice(staff) if n < WRONG_STAFF else next(nobodys)
    for place in with_mobile[sharing + wrong :]:
        numbers[place] = next(own)
    return numbers


def _of_the_others() -> Iterator[Consumer]:
    """The second company's consumers, then the probe's."""
    for n in range(1, UV_CONSUMERS + 1):
        number = _number(_SECOND_UNIT, n)
        yield _urban(CONSUMERS + n, SECOND, number, "hi", phone(SECOND_PHONES + n))
    probes = ((PROBE_PHONE, ()), (PROBE_FLAGGED_PHONE, ("senior",)), *(((PROBE_SHARED_PHONE, ()),) * 3))
    for n, (number, flags) in enumerate(probes, 1):
        place = CONSUMERS + UV_CONSUMERS + n
        yield _urban(place, PROBE, _number(_PROBE_UNIT, n), "marker", number, flags)


def _urban(place: int, company: str, number: str, language: str, mobile: str, flags: tuple[str, ...] = ()) -> Consumer:
    unit, transformer = f"{company}-SD-1", f"DT-{company}"
    return Consumer(place, company, number, unit, transformer, Settlement.URBAN, language, mobile, flags)
