"""What those who oversee the line see: its ledger, its agents, and whether the satisfaction register is whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from agent_console.errors import NotThere, OutOfSight
from agent_console.plan import Console
from agent_console.route import Nothing, Visit
from agent_console.signing_in import AgentView, view
from agent_console.wall import Wall
from complaints.ledger import Outcome
from storage.calls import LedgerSum
from storage.register_chain import Head, verify_rows
from storage.reports import Callback, day_bounds, promises_kept


class LedgerAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A day of the line's own time zone; today when left out."""

    date: date | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """The law of the line: offered = sum of outcomes + going (design 3.1). Lists hold references of calls."""

    date: str
    timezone: str
    offered: int
    outcomes: Mapping[str, int]
    going: int
    without_outcome: tuple[str, ...]
    lost: tuple[str, ...]
    balanced: bool


class Agents(msgspec.Struct, frozen=True, kw_only=True):
    agents: tuple[AgentView, ...]


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """One promised callback that is open or was never reached; no number (the console rings through the controller)."""

    cause: str
    purpose: str
    call_ref: str
    promised_at: datetime
    due_at: datetime
    tries: int
    reached: bool


class Callbacks(msgspec.Struct, frozen=True, kw_only=True):
    """made = kept + not_reached + withdrawn + open. `share` (0..1) is kept of kept and not reached, or null."""

    date: str
    timezone: str
    made: int
    kept: int
    kept_in_time: int
    not_reached: int
    withdrawn: int
    open: int
    share: float | None
    to_see: tuple[CallbackView, ...]


class RegisterReport(msgspec.Struct, frozen=True, kw_only=True):
    """`first_bad` names the first row that does not fit, `reason` says why."""

    company: str
    ok: bool
    rows: int
    erased: int
    first_bad: str | None
    reason: str | None


async def ledger_of(console: Console, day: date | None, now: datetime) -> tuple[date, LedgerSum]:
    """The ledger of a local day (None: today)."""
    zone = ZoneInfo(console.plan.timezone)
    chosen = day or now.astimezone(zone).date()
    start = datetime.combine(chosen, datetime.min.time(), zone)
    end = datetime.combine(chosen + timedelta(days=1), datetime.min.time(), zone)
    return chosen, await console.books.calls.ledger(start, end, now=now)


async def ledger(visit: Visit, asked: LedgerAsked) -> Ledger:
    day, found = await ledger_of(visit.console, asked.date, visit.now)
    return Ledger(
        date=day.isoformat(),
        timezone=visit.console.plan.timezone,
        offered=found.offered,
        outcomes={outcome.value: found.outcomes.get(outcome, 0) for outcome in Outcome},
        going=found.going,
        without_outcome=found.without_outcome,
        lost=found.lost,
        balanced=found.balanced,
    )


async def callbacks(visit: Visit, asked: LedgerAsked) -> Callbacks:
    """The callbacks promised on a day, and the supervisors' list: those still open, and those nobody reached."""
    zone = visit.console.plan.timezone
    day = asked.date or visit.now.astimezone(ZoneInfo(zone)).date()
    found = await promises_kept(visit.console.books, *day_bounds(day, zone), visit.visitor.login.company)
    return Callbacks(
        date=day.isoformat(),
        timezone=zone,
        made=found.made,
        kept=found.kept,
        kept_in_time=found.kept_in_time,
        not_reached=found.not_reached,
        withdrawn=found.withdrawn,
        open=found.open,
        share=found.share,
        to_see=tuple(_callback_view(one) for one in found.to_see),
    )


def _callback_view(one: Callback) -> CallbackView:
    return CallbackView(
        cause=one.cause,
        purpose=one.purpose,
        call_ref=one.call_ref,
        promised_at=one.promised_at,
        due_at=one.due_at,
        tries=one.tries,
        reached=one.kept,
    )


async def agents(visit: Visit, _: Nothing) -> Agents:
    """Everybody signed in, of the company of the log-in or of all."""
    company = visit.visitor.login.company
    found = await visit.console.floor.agents()
    mine = [agent for agent in found if company is None or agent.company in ("", company)]
    return Agents(agents=tuple([await view(visit.console, agent) for agent in mine]))


async def wall(visit: Visit, _: Nothing) -> Wall:
    """The wallboard once; a page has it by its WebSocket."""
    board = visit.console.wallboard
    await board.read_now()
    return board.seen_by(visit.visitor.login.company)


async def verify_register(visit: Visit, _: Nothing) -> RegisterReport:
    """Every row of a company's chain is hashed again; the whole register is read."""
    company, books = visit.part("company"), visit.console.books
    if visit.visitor.login.company not in (None, company):
        raise OutOfSight("There is no such company, or it is not yours to see.")
    if await books.consumers.company(company) is None:
        raise NotThere("There is no such company, or it is not yours to see.")
    # The end first: rows written meanwhile would otherwise look like an end that is missing.
    head = await books.register.head(company)
    rows = [row async for row in books.register.export(company)]
    report = verify_rows(rows[: head.n] if head else [], _ends(head))
    return RegisterReport(
        company=company,
        ok=report.ok,
        rows=report.rows,
        erased=report.erased,
        first_bad=report.first_bad,
        reason=report.reason,
    )


def _ends(head: Head | None) -> tuple[Head, ...]:
    return (head,) if head else ()
