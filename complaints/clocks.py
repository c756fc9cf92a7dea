"""The docket's clocks: promised times, calling hours and the rungs of escalation. Pure; times are UTC in and out.

A clock never pauses for anyone's absence and is always computed from the time of registration (I7).
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from complaints.records import Category, Company, Settlement

REMOTE_FACTOR = 2.0
"""Remote places without a motor road get twice the rural hours until a table of their own says otherwise (demo)."""

ESCALATION_AT = {2: 1.0, 3: 1.5, 4: 2.0, 5: 3.0, 6: 4.0}
"""Rung of the ladder -> multiple of the promised hours at which it is reached (`reference.json`)."""


def promised_hours(category: Category, settlement: Settlement) -> float:
    """Promised hours from registration for this kind of complaint in this class of place."""
    if settlement is Settlement.URBAN:
        return category.urban_h
    return category.rural_h * (REMOTE_FACTOR if settlement is Settlement.REMOTE else 1.0)


def due_at(registered_at: datetime, category: Category, settlement: Settlement) -> datetime:
    """The promised moment."""
    return registered_at + timedelta(hours=promised_hours(category, settlement))


def escalation_due(registered_at: datetime, promised: datetime, level: int) -> datetime:
    """When the docket reaches rung `level` (2..6) if nobody has satisfied the consumer."""
    return registered_at + (promised - registered_at) * ESCALATION_AT[level]


def _clock(text: str) -> time:
    hours, _, minutes = text.partition(":")
    return time.max if hours == "24" else time(int(hours), int(minutes))


def always_open(company: Company) -> bool:
    return company.hours == ("00:00", "24:00")


def in_calling_hours(company: Company, moment: datetime) -> bool:
    """True when a service call may ring at `moment` (design 3.15: 09:00-20:30 local unless the company says else)."""
    if always_open(company):
        return True
    local = moment.astimezone(ZoneInfo(company.timezone)).time()
    return _clock(company.hours[0]) <= local < _clock(company.hours[1])


def next_calling_time(company: Company, moment: datetime) -> datetime:
    """`moment` itself when within calling hours, else the next opening, in UTC."""
    if in_calling_hours(company, moment):
        return moment
    zone = ZoneInfo(company.timezone)
    local = moment.astimezone(zone)
    opening = local.replace(
        hour=_clock(company.hours[0]).hour, minute=_clock(company.hours[0]).minute, second=0, microsecond=0
    )
    if local >= opening:
        opening += timedelta(days=1)
    return opening.astimezone(moment.tzinfo)
