"""Log-ins as administrators ask for them and see them; a password is in no answer but the one that made it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agent_console.choices import FAMILIES, Family, Language
from storage.people import Login, Role, Shift

Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Letters, digits, dots, dashes")]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{1,32}$", description="Letters, digits, dashes")]
Words = Annotated[str, Meta(max_length=64)]
Clock = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="HH:MM, local time")]
Day = Annotated[int, Meta(ge=1, le=7, description="1 is Monday")]


class ShiftShape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Over midnight when it ends earlier than it starts."""

    starts: Clock
    ends: Clock
    days: tuple[Day, ...]


class PeopleAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    role: Role | None = None
    vendor: Words | None = None
    active: bool | None = None


class AddPerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Without `password` the server makes one and tells it once; without `company` it is the administrator's."""

    name: Name
    roles: tuple[Role, ...]
    agent: Code | None = None
    officer: Code | None = None
    company: Words | None = None
    unit: Words | None = None
    languages: tuple[Language, ...] = ()
    categories: tuple[Family, ...] = ()
    vendor: Words | None = None
    shift: ShiftShape | None = None
    password: str | None = None


class ChangePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Only what is named is changed; null takes away."""

    roles: tuple[Role, ...] | UnsetType = UNSET
    agent: Code | UnsetType | None = UNSET
    officer: Code | UnsetType | None = UNSET
    company: Words | UnsetType | None = UNSET
    unit: Words | UnsetType | None = UNSET
    languages: tuple[Language, ...] | UnsetType = UNSET
    categories: tuple[Family, ...] | UnsetType = UNSET
    vendor: Words | UnsetType | None = UNSET
    shift: ShiftShape | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET


class SetPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Without `password` the server makes one and tells it once."""

    password: str | None = None


class PasswordMade(msgspec.Struct, frozen=True, kw_only=True):
    """`password` is null when it was given: who typed it knows it."""

    password: str | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A log-in. No `categories` means every kind; no `company` means all of the line."""

    name: str
    roles: tuple[str, ...]
    agent: str | None
    officer: str | None
    company: str | None
    unit: str | None
    languages: tuple[str, ...]
    categories: tuple[str, ...]
    vendor: str | None
    shift: ShiftShape | None
    active: bool


class PersonAdded(msgspec.Struct, frozen=True, kw_only=True):
    person: Person
    password: str | None


class PeopleFound(msgspec.Struct, frozen=True, kw_only=True):
    """`found` by name. The rest is what a form offers; `vendors` are those there are already."""

    found: tuple[Person, ...]
    vendors: tuple[str, ...]
    companies: tuple[str, ...]
    roles: tuple[str, ...] = tuple(Role)
    languages: tuple[str, ...] = ("hi", "ur", "en")
    categories: tuple[str, ...] = FAMILIES


def person_of(login: Login) -> Person:
    shift = login.shift
    return Person(
        name=login.name,
        roles=tuple(sorted(login.roles)),
        agent=login.agent,
        officer=login.officer,
        company=login.company,
        unit=login.unit,
        languages=login.languages,
        categories=login.categories,
        vendor=login.vendor,
        shift=ShiftShape(starts=shift.starts, ends=shift.ends, days=shift.days) if shift else None,
        active=login.active,
    )


def fields_of(asked: AddPerson | ChangePerson) -> dict[str, object]:
    """What was named, as the fields of a log-in: blank words are none, lists have each thing once."""
    named = {field: getattr(asked, field) for field in asked.__struct_fields__}
    return {field: _plain(value) for field, value in named.items() if value is not UNSET and field != "password"} | (
        {} if isinstance(named["roles"], UnsetType) else {"roles": frozenset(named["roles"])}
    )


def _plain(value: object) -> object:
    match value:
        case ShiftShape(starts=starts, ends=ends, days=days):
            return Shift(starts, ends, tuple(sorted(set(days))))
        case str():
            return value.strip() or None
        case tuple():
            return tuple(dict.fromkeys(value))
        case _:
            return value
