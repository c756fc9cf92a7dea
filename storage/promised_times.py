"""The table of promised times as an administrator keeps it: promised hours that are changed count for the next docket,
never for one that is registered; the delay of verifying counts for claims from then on. What stood before stays in the
audit, word for word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from complaints.records import Category
from storage.errors import NotInBooks, Refused
from storage.people import write_audit
from storage.tables import audit, categories
from storage.transactions import Transactions

CHANGED = "change_promised_time"
KEPT_FIELDS = ("urban_h", "rural_h", "verify_after_min")
"""What may be changed: promised hours in town and country, and after how many minutes a claim is verified."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the past; `before` and `after` are the values of KEPT_FIELDS as text ("none": never verified)."""

    at: datetime
    actor: str
    reason: str
    before: Mapping[str, str]
    after: Mapping[str, str]


class PromisedTimes:
    """Reading the table's past, and changing its present."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def change(self, wanted: Category, reason: str, actor: str, at: datetime, company: str | None = None) -> bool:
        """The times of `wanted` from now on, with the audit row in the same transaction; False: they stood so already.

        `company`: the only one whose own table may be changed. NotInBooks when there is no such kind of complaint,
        Refused when it is shared with other companies.
        """
        return await self._books.write(lambda c: _change(c, wanted, reason, actor, at, company))

    async def history(self, code: str, limit: int = 20) -> list[Change]:
        """What was changed, latest first."""
        mine = select(audit).where(audit.c.subject == _subject(code), audit.c.deed == CHANGED)
        query = mine.order_by(audit.c.id.desc()).limit(limit)
        rows = await self._books.read(lambda c: c.execute(query).mappings().all())
        return [
            Change(row["at"], row["actor"], str(row["detail"].get("reason", "")), *_told(row["detail"])) for row in rows
        ]


def _change(
    connection: Connection, wanted: Category, reason: str, actor: str, at: datetime, company: str | None
) -> bool:
    row = (
        connection.execute(select(categories).where(categories.c.code == wanted.code).with_for_update())
        .mappings()
        .first()
    )
    if row is None:
        raise NotInBooks("there is no such kind of complaint")
    if company is not None and row["company"] != company:
        raise Refused("all companies of the line share this table, an administrator of the whole line changes it")
    before = replace(wanted, **{field: row[field] for field in KEPT_FIELDS})
    if before == wanted:
        return False
    values = {field: getattr(wanted, field) for field in KEPT_FIELDS}
    connection.execute(update(categories).where(categories.c.code == wanted.code).values(values))
    detail = {f"{field}_before": _word(getattr(before, field)) for field in KEPT_FIELDS}
    detail |= {f"{field}_after": _word(getattr(wanted, field)) for field in KEPT_FIELDS}
    write_audit(connection, actor, CHANGED, _subject(wanted.code), at, {**detail, "reason": reason})
    return True


def _subject(code: str) -> str:
    return f"category:{code}"


def _word(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"


def _told(detail: Mapping[str, str | int]) -> tuple[dict[str, str], dict[str, str]]:
    before = {field: str(detail.get(f"{field}_before", "")) for field in KEPT_FIELDS}
    return before, {field: str(detail.get(f"{field}_after", "")) for field in KEPT_FIELDS}
