"""Which registered template goes to whom: written messages as data, one function a template, never free text.

The texts stand with their registration in `notifications/templates`; here only ids and variables (domain.md 2.5).
Every `cause` is unique, so a message of the same event is never written twice.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from complaints.records import Category, Company, Docket, DueWork, Message, Officer


def _to_consumer(docket: Docket, template: str, **variables: str) -> Message:
    return Message(
        cause=f"{template}:{docket.number}:{docket.claims}:{docket.reopened}",
        template=template,
        language=docket.language,
        to=docket.phone or "",
        variables={"docket": docket.number, **variables},
        docket=docket.number,
    )


def registered(docket: Docket, category: Category, company: Company) -> Message:
    """Number, kind and promised time, in the caller's script."""
    name = category.names.get(docket.language, category.names["en"])
    return _to_consumer(docket, "docket_registered", category=name, due=local_text(docket.due_at, company.timezone))


def reopened(docket: Docket) -> Message:
    return _to_consumer(docket, "docket_reopened", level=f"L{docket.level}")


def closed(docket: Docket) -> Message:
    return _to_consumer(docket, "docket_closed")


def not_reached(docket: Docket) -> Message:
    """After the last try of the line's own: how to tell us, since silence is never taken for satisfaction."""
    return _to_consumer(docket, "satisfaction_missed")


def callback_missed(work: DueWork) -> Message:
    """After the last try of a callback we owe: it stays with us, on the supervisors' list (domain.md 3.1, row 10)."""
    return Message(
        cause=f"callback_missed:{work.cause.partition('#')[0]}",
        template="callback_missed",
        language=str(work.payload["language"]),
        to=str(work.payload["phone"]),
        variables={},
    )


def _to_officer(docket: Docket, template: str, code: str) -> Message:
    return Message(
        cause=f"{template}:{docket.number}:{docket.reopened}:{docket.level}:{code}",
        template=template,
        language="en",
        to=f"officer:{code}",
        variables={"docket": docket.number, "category": docket.category, "level": f"L{docket.level}"},
        docket=docket.number,
    )


def assigned(docket: Docket, officer: Officer) -> Message:
    return _to_officer(docket, "officer_assigned", officer.code)


def not_satisfied(docket: Docket, officer_code: str) -> Message:
    """To the officer whose claim the consumer denied."""
    return _to_officer(docket, "officer_not_satisfied", officer_code)


def local_text(moment: datetime, timezone: str) -> str:
    """A moment as people write it there: 23-11-2026 18:40, local time."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%d-%m-%Y %H:%M")
