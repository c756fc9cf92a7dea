"""Everything the line wants to know of a caller at the first ring, read in one go."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from complaints.records import Company, Consumer, Docket
from storage import consumers, dockets
from storage.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Caller:
    """`language` is the one last chosen from this number; `dockets` are open, oldest promise first, sealed ones too."""

    consumers: tuple[Consumer, ...]
    language: str | None
    dockets: tuple[Docket, ...]
    company: Company | None


class Callers:
    """Who may be calling."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def by_phone(self, phone: str, usual_company: str) -> Caller:
        """One transaction. The company is that of the first connection, else `usual_company`."""
        return await self._books.read(lambda c: _by_phone(c, phone, usual_company))


def _by_phone(connection: Connection, phone: str, usual_company: str) -> Caller:
    found = consumers.of_phone(connection, phone)
    company = found[0].company if found else usual_company
    return Caller(
        consumers=tuple(found),
        language=consumers.language_chosen(connection, phone),
        dockets=tuple(dockets.open_of_phone(connection, phone)),
        company=consumers.company_of(connection, company),
    )
