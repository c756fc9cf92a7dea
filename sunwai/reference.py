"""The demo's reference data, from `sunwai/reference/*.toml`: categories, organisation, dispositions, cause codes.

Values are a demo's (design 3.17), within the range of published standards; a live line brings its own.
A wrong entry is refused with file, line and reason.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from complaints.records import Category, Company, Settlement, Unit
from sunwai.errors import SettingsError

FOLDER = Path(__file__).with_name("reference")
LANGUAGES = ("hi", "ur", "en")
UNIT_KINDS = ("company", "zone", "circle", "division", "subdivision")
"""From the top down; a unit's parent is of a kind further up."""

_UNIT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every entry has: its name in the three languages of the line."""

    hi: str
    ur: str
    en: str

    @property
    def names(self) -> dict[str, str]:
        return {language: getattr(self, language) for language in LANGUAGES}


class _NamedEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: str


class _CategoryEntry(_NamedEntry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    urban_h: float
    rural_h: float
    priority: int
    verify_after_min: int | None = None
    compensation_per_day: int = 0


class _CompanyEntry(_NamedEntry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    languages: tuple[str, ...] = LANGUAGES
    hours: tuple[str, str] = ("09:00", "20:30")
    verify_delay_min: int | None = None


class _UnitEntry(_Entry, frozen=True, forbid_unknown_fields=True, kw_only=True):
    id: str
    kind: str
    parent: str
    settlement: Settlement | None = None


E = TypeVar("E", bound=_Entry)


@dataclass(frozen=True, slots=True)
class Named:
    """A code and what it is called, by language."""

    code: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Organisation:
    """Companies and units as the books take them, and the names of the sub-divisions: unit id -> language -> name."""

    companies: tuple[Company, ...]
    units: tuple[Unit, ...]
    places: Mapping[str, Mapping[str, str]]

    def of(self, company: str, kind: str) -> list[Unit]:
        """The units of one kind of one company, in the order of the file."""
        return [unit for unit in self.units if unit.company == company and unit.kind == kind]


def places(folder: Path = FOLDER) -> Mapping[str, Mapping[str, str]]:
    """Unit id -> language -> name, for each sub-division: what the prompts call `place/<id>`."""
    return organisation(folder).places


def dispositions(folder: Path = FOLDER) -> tuple[Named, ...]:
    """What an agent may say a call was."""
    return _named(folder / "dispositions.toml", "disposition")


def causes(folder: Path = FOLDER) -> tuple[Named, ...]:
    """What the field may say it found."""
    return _named(folder / "causes.toml", "cause")


def categories(folder: Path = FOLDER) -> tuple[Category, ...]:
    """The kinds of complaints, in the order of the file."""
    source = _Source(folder / "categories.toml", ("category",))
    entries = source.entries("category", _CategoryEntry)
    source.refuse_twice("category", [entry.code for entry in entries])
    for place, entry in enumerate(entries):
        if entry.urban_h <= 0 or entry.rural_h < entry.urban_h:
            source.refuse("category", place, "urban_h must be above 0 and rural_h not below it")
        if not 0 <= entry.priority <= 9:
            source.refuse("category", place, "priority must be 0 to 9")
        if (entry.verify_after_min or 0) < 0 or entry.compensation_per_day < 0:
            source.refuse("category", place, "minutes and rupees cannot be below 0")
    return tuple(
        Category(
            entry.code,
            entry.names,
            entry.urban_h,
            entry.rural_h,
            entry.priority,
            entry.verify_after_min,
            entry.compensation_per_day,
        )
        for entry in entries
    )


def organisation(folder: Path = FOLDER) -> Organisation:
    """Companies and units. Each company has a top unit of its own code."""
    source = _Source(folder / "organisation.toml", ("company", "unit"))
    companies = source.entries("company", _CompanyEntry)
    entries = source.entries("unit", _UnitEntry)
    source.refuse_twice("company", [entry.code for entry in companies])
    source.refuse_twice("unit", [entry.id for entry in entries])
    for place, company in enumerate(companies):
        if not all(_CLOCK.fullmatch(clock) for clock in company.hours):
            source.refuse("company", place, "hours are two times such as 09:00 and 20:30")
    known = {each.code: Unit(each.code, each.code, "company", each.en, None) for each in companies}
    for place, entry in enumerate(entries):
        known[entry.id] = _unit(source, place, entry, known)
    return Organisation(
        companies=tuple(
            Company(
                each.code,
                each.en,
                languages=each.languages,
                hours=each.hours,
                verify_delay_min=each.verify_delay_min,
            )
            for each in companies
        ),
        units=tuple(known.values()),
        places={entry.id: entry.names for entry in entries if entry.kind == "subdivision"},
    )


def _unit(source: _Source, place: int, entry: _UnitEntry, known: Mapping[str, Unit]) -> Unit:
    """One unit below one that stands further up in the file, whose company and class of place it has."""
    if not _UNIT_ID.fullmatch(entry.id) or entry.id in known:
        source.refuse("unit", place, "the id names a sound file: letters, digits, - and _; no company has it")
    parent = known.get(entry.parent)
    if parent is None:
        source.refuse("unit", place, f"there is no unit {entry.parent} above it")
    if entry.kind not in UNIT_KINDS or UNIT_KINDS.index(entry.kind) <= UNIT_KINDS.index(parent.kind):
        source.refuse("unit", place, f"a {parent.kind} cannot have a {entry.kind} below it")
    settlement = entry.settlement or parent.settlement
    return Unit(entry.id, parent.company, entry.kind, entry.en, entry.parent, settlement)


def _named(path: Path, table: str) -> tuple[Named, ...]:
    source = _Source(path, (table,))
    entries = source.entries(table, _NamedEntry)
    source.refuse_twice(table, [entry.code for entry in entries])
    return tuple(Named(entry.code, entry.names) for entry in entries)


class _Source:
    """A file of arrays of tables, and where in it each entry begins."""

    def __init__(self, path: Path, tables: Sequence[str]) -> None:
        self._path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            self._data = tomllib.loads(self._text)
        except FileNotFoundError as error:
            raise SettingsError(f"{path}: there is no such file") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: {error}") from error
        for name in self._data.keys() - set(tables):
            raise SettingsError(f"{path}:1: there is no use for {name} here")
        for name in tables:
            if not isinstance(self._data.get(name), list):
                raise SettingsError(f"{path}:1: there is no [[{name}]]")

    def entries(self, table: str, kind: type[E]) -> list[E]:
        """The entries of `[[table]]`, each checked."""
        return [self._entry(table, place, kind, raw) for place, raw in enumerate(self._data[table])]

    def _entry(self, table: str, place: int, kind: type[E], raw: object) -> E:
        try:
            entry = msgspec.convert(raw, kind)
        except msgspec.ValidationError as error:
            self.refuse(table, place, str(error))
        if not all(name.strip() for name in entry.names.values()):
            self.refuse(table, place, "a name is empty")
        return entry

    def refuse_twice(self, table: str, codes: Sequence[str]) -> None:
        """Refuses a code that stands there a second time."""
        for place, code in enumerate(codes):
            if code in codes[:place]:
                self.refuse(table, place, f"{code} stands here a second time")

    def refuse(self, table: str, place: int, reason: str) -> NoReturn:
        """SettingsError naming the file, the line of the entry and the reason."""
        heads = [
            number
            for number, line in enumerate(self._text.splitlines(), 1)
            if line.split("#")[0].strip() == f"[[{table}]]"
        ]
        line = heads[place] if place < len(heads) else 1
        raise SettingsError(f"{self._path}:{line}: {reason}")
