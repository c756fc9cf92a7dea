"""Who is calling and who answers for the place: consumers, their phones, the organisation and kinds of complaints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, literal, or_, select, update

from complaints import flags
from complaints.records import Category, Company, Consumer, Officer, Settlement, Unit
from storage.columns import insert_if_new
from storage.errors import NotInBooks
from storage.people import write_audit
from storage.tables import categories, companies, consumers, known_phones, officers, units
from storage.transactions import Transactions

# Statements of the call path are built once: building costs more than running them.
_BY_PHONES = (
    select(consumers).where(consumers.c.phone.in_(bindparam("phones", expanding=True))).order_by(consumers.c.number)
)
_BY_NUMBER = select(consumers).where(consumers.c.number == bindparam("number"))
_BY_ID = select(consumers).where(consumers.c.id == bindparam("id"))
_LANGUAGES = select(known_phones).where(known_phones.c.phone.in_(bindparam("phones", expanding=True)))
_CATEGORY = select(categories).where(categories.c.code == bindparam("code"))
_COMPANY = select(companies).where(companies.c.code == bindparam("code"))


class Consumers:
    """Questions about callers and the organisation; nothing here says which rules follow."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def by_phone(self, company: str | None, phone: str) -> list[Consumer]:
        """All connections with this number on record, of one company or of all, by consumer number."""
        found = await self._books.read(lambda c: of_phones(c, [phone]))
        return [consumer for consumer in found[phone] if company in (None, consumer.company)]

    async def by_number(self, number: str) -> Consumer | None:
        """The connection with this ten-digit consumer number."""
        row = await self._first(_BY_NUMBER, number=number)
        return _consumer(row) if row else None

    async def get(self, consumer_id: int) -> Consumer | None:
        """The connection a docket names."""
        row = await self._first(_BY_ID, id=consumer_id)
        return _consumer(row) if row else None

    async def change_flags(
        self, number: str, add: Sequence[str], remove: Sequence[str], reason: str, actor: str, at: datetime
    ) -> Consumer:
        """Sets and takes away flags, with the audit row in the same transaction; the connection as it is afterwards.

        A change that changes nothing writes nothing. NotInBooks when there is no such connection.
        """
        return await self._books.write(lambda c: _change_flags(c, number, add, remove, reason, actor, at))

    async def remember_language(self, phone: str, language: str) -> None:
        """Keeps a clear choice of language, for known and unknown numbers alike."""
        await self._books.write(lambda c: _remember_language(c, phone, language))

    async def language_of(self, phone: str) -> str | None:
        """The language last chosen from this number."""
        return await self._books.read(lambda c: languages_chosen(c, [phone]).get(phone))

    async def categories(self, company: str) -> list[Category]:
        """The kinds of complaints a company has: those of all companies and its own, by code."""
        theirs = or_(categories.c.company.is_(None), categories.c.company == company)
        query = select(categories).where(theirs).order_by(categories.c.code)
        return await self._books.read(lambda c: [_category(row) for row in c.execute(query).mappings()])

    async def category(self, code: str) -> Category | None:
        """One kind of complaint."""
        row = await self._first(_CATEGORY, code=code)
        return _category(row) if row else None

    async def units(self, company: str) -> list[Unit]:
        """The organisation of a company, by id."""
        query = select(units).where(units.c.company == company).order_by(units.c.id)
        return await self._books.read(lambda c: [_unit(row) for row in c.execute(query).mappings()])

    async def unit(self, unit_id: str) -> Unit | None:
        """One node of the organisation."""
        row = await self._first(select(units).where(units.c.id == unit_id))
        return _unit(row) if row else None

    async def officers_for(self, unit: str) -> dict[int, Officer]:
        """Who answers for a place, by level: of each level the officer nearest above it, the first by code."""
        return await self._books.read(lambda c: _officers_for(c, unit))

    async def officer(self, code: str) -> Officer | None:
        """One officer."""
        row = await self._first(select(officers).where(officers.c.code == code))
        return Officer(**row) if row else None

    async def staff_phones(self) -> frozenset[str]:
        """Numbers of our own people: none of them can speak for a consumer (domain.md part 4)."""
        query = select(officers.c.phone).where(officers.c.phone.is_not(None))
        return await self._books.read(lambda c: frozenset(c.execute(query).scalars()))

    async def companies(self) -> list[Company]:
        """All companies of this line, by code."""
        query = select(companies).order_by(companies.c.code)
        return await self._books.read(lambda c: [_company(row) for row in c.execute(query).mappings()])

    async def company(self, code: str) -> Company | None:
        """One company."""
        row = await self._first(_COMPANY, code=code)
        return _company(row) if row else None

    async def _first(self, query: Select[Any], **values: object) -> RowMapping | None:
        return await self._books.read(lambda c: c.execute(query, values).mappings().first())


def of_phones(connection: Connection, phones: Sequence[str]) -> dict[str, list[Consumer]]:
    """Part of a transaction: for each of these numbers all connections that have it on record, by consumer number."""
    found: dict[str, list[Consumer]] = {phone: [] for phone in phones}
    for row in connection.execute(_BY_PHONES, {"phones": phones}).mappings():
        found[row["phone"]].append(_consumer(row))
    return found


def languages_chosen(connection: Connection, phones: Sequence[str]) -> dict[str, str]:
    """Part of a transaction: the language last chosen from each of these numbers, where one was."""
    return {row.phone: row.language for row in connection.execute(_LANGUAGES, {"phones": phones})}


def _change_flags(
    connection: Connection,
    number: str,
    add: Sequence[str],
    remove: Sequence[str],
    reason: str,
    actor: str,
    at: datetime,
) -> Consumer:
    query = select(consumers).where(consumers.c.number == number).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotInBooks("there is no such consumer")
    before = _consumer(row)
    after = flags.changed(before.flags, add, remove)
    if set(after) != set(before.flags):
        connection.execute(update(consumers).where(consumers.c.number == number).values(flags=list(after)))
        detail = {"before": " ".join(before.flags), "after": " ".join(after), "reason": reason}
        write_audit(connection, actor, "change_flags", f"consumer:{number}", at, detail)
    return replace(before, flags=after)


def _remember_language(connection: Connection, phone: str, language: str) -> None:
    if not insert_if_new(connection, known_phones, {"phone": phone, "language": language}):
        connection.execute(update(known_phones).where(known_phones.c.phone == phone).values(language=language))


def _nearest_officers() -> Select[Any]:
    """Walks up the organisation in one query; `steps` is how far above the place an officer's unit stands."""
    start = select(units.c.id, units.c.parent, literal(0).label("steps")).where(units.c.id == bindparam("unit"))
    above = start.cte("above", recursive=True)
    above = above.union_all(select(units.c.id, units.c.parent, above.c.steps + 1).where(units.c.id == above.c.parent))
    joined = select(officers).join(above, above.c.id == officers.c.unit)
    return joined.order_by(officers.c.level, above.c.steps, officers.c.code)


_OFFICERS = _nearest_officers()


def _officers_for(connection: Connection, unit: str) -> dict[int, Officer]:
    found: dict[int, Officer] = {}
    for row in connection.execute(_OFFICERS, {"unit": unit}).mappings():
        found.setdefault(row["level"], Officer(**row))
    return found


def _consumer(row: RowMapping) -> Consumer:
    fields: dict[str, Any] = dict(row)
    return Consumer(**fields | {"settlement": Settlement(row["settlement"]), "flags": tuple(row["flags"])})


def _category(row: RowMapping) -> Category:
    fields: dict[str, Any] = {name: value for name, value in row.items() if name != "company"}
    return Category(**fields)


def _unit(row: RowMapping) -> Unit:
    fields: dict[str, Any] = dict(row)
    return Unit(**fields | {"settlement": Settlement(row["settlement"])})


def _company(row: RowMapping) -> Company:
    fields: dict[str, Any] = dict(row)
    opens, closes = row["hours"]
    return Company(**fields | {"languages": tuple(row["languages"]), "hours": (opens, closes)})
