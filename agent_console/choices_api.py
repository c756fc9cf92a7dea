"""What a form offers: kinds of complaints, places, dispositions, causes, reasons."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agent_console.choices import BREAK_REASONS, CAUSE_CODES, DISPOSITIONS
from agent_console.route import Nothing, Visit
from agent_console.scope import company_of


class CategoryChoice(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    names: Mapping[str, str]


class UnitChoice(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    kind: str
    name: str
    parent: str | None


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Words of `dispositions`, `cause_codes` and `break_reasons` are sent back as they are."""

    categories: tuple[CategoryChoice, ...]
    units: tuple[UnitChoice, ...]
    dispositions: tuple[str, ...]
    cause_codes: tuple[str, ...]
    break_reasons: tuple[str, ...]


async def choices(visit: Visit, _: Nothing) -> Choices:
    """Of the company the person works for."""
    books, company = visit.console.books.consumers, company_of(visit)
    categories = await books.categories(company)
    units = await books.units(company)
    return Choices(
        categories=tuple(CategoryChoice(code=each.code, names=each.names) for each in categories),
        units=tuple(UnitChoice(id=each.id, kind=each.kind, name=each.name, parent=each.parent) for each in units),
        dispositions=DISPOSITIONS,
        cause_codes=CAUSE_CODES,
        break_reasons=BREAK_REASONS,
    )
