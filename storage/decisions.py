"""Writing a decision of the desk: the one way by which dockets change (I2, I3, I5).

A decision is checked against the stored docket and the table of legal moves, then written in one transaction with its
timeline, messages, due work, withdrawals and register rows. Its cause makes a repetition harmless.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from complaints.lifecycle import is_legal
from complaints.records import Decision, Docket, Origin, Settlement, State, TimelineRow, Verdict
from storage import due, outbox, register
from storage.columns import insert_if_new
from storage.errors import Refused, StaleDocket
from storage.tables import decisions, dockets, timeline

# Statements of the call path are built once: building costs more than running them.
_BY_CAUSE = (
    select(dockets)
    .join(decisions, decisions.c.docket == dockets.c.number)
    .where(decisions.c.cause == bindparam("cause"))
)
_BY_NUMBER = select(dockets).where(dockets.c.number == bindparam("number")).with_for_update()
_CHANGE = update(dockets).where(dockets.c.number == bindparam("held"), dockets.c.version == bindparam("seen"))
_TELL = insert(timeline)
_FIELDS = tuple(field.name for field in fields(Docket))
_NEVER_CHANGE = ("company", "registered_at", "origin")


def apply(connection: Connection, decision: Decision) -> Docket:
    """The docket as it stands after `decision`; with a cause already known, as it stands now, nothing written."""
    number = decision.docket.number
    if not insert_if_new(connection, decisions, {"cause": decision.cause, "docket": number}):
        return _known(connection, decision.cause)
    row = connection.execute(_BY_NUMBER, {"number": number}).mappings().first()
    stored = docket_of(row) if row else None
    refuse_unless_lawful(decision, stored)
    written = replace(decision.docket, version=(stored.version if stored else 0) + 1)
    _write_docket(connection, written, stored)
    _write_company(connection, decision, written)
    return written


def refuse_unless_lawful(decision: Decision, stored: Docket | None) -> None:
    """Raises StaleDocket when the desk saw another version, Refused when no lawful deed leads there. Pure."""
    found = stored.version if stored else None
    if found != decision.expected_version:
        raise StaleDocket("the docket changed since it was read, or its number is taken")
    if any(attempt.docket != decision.docket.number for attempt in decision.attempts):
        raise Refused("a satisfaction attempt belongs to another docket")
    if stored:
        changed = [name for name in _NEVER_CHANGE if getattr(stored, name) != getattr(decision.docket, name)]
        if changed:
            raise Refused(f"what a docket was registered with never changes: {', '.join(changed)}")
    path = _path(decision, stored.state if stored else None)
    for before, after in pairwise(path):
        if after is None or not is_legal(before, after):
            raise Refused(f"no deed leads from {before or 'nothing'} to {after}")
    if State.CLOSED_SATISFIED in path[1:]:
        _refuse_unless_confirmed(decision)


def _path(decision: Decision, stored: State | None) -> list[State | None]:
    """The states gone through, as the timeline tells them; it must begin at the stored and end at the new state."""
    path: list[State | None] = [stored]
    for row in decision.timeline:
        if row.docket != decision.docket.number or row.before != path[-1]:
            raise Refused("the timeline does not tell how the docket came to its new state")
        path.append(row.after)
    if len(path) == 1 or path[-1] != decision.docket.state:
        raise Refused("the timeline does not tell how the docket came to its new state")
    return path


def _refuse_unless_confirmed(decision: Decision) -> None:
    """Invariant I2: closed only with the consumer's own word on the last claim."""
    claims = decision.docket.claims
    confirmed = any(
        each.verdict is Verdict.SATISFIED and each.claim == claims and each.recording for each in decision.attempts
    )
    if not confirmed or claims == 0:
        raise Refused("a docket is closed only by the consumer's recorded confirmation after the last claim")


def _known(connection: Connection, cause: str) -> Docket:
    row = connection.execute(_BY_CAUSE, {"cause": cause}).mappings().one()
    return docket_of(row)


def _write_docket(connection: Connection, docket: Docket, stored: Docket | None) -> None:
    if stored is None:
        if not insert_if_new(connection, dockets, _values(docket)):  # two new dockets, one number, at the same time
            raise StaleDocket("the docket's number is taken")
        return
    seen = {"held": docket.number, "seen": stored.version}
    if connection.execute(_CHANGE, seen | _values(docket)).rowcount != 1:
        raise StaleDocket("the docket changed while it was written")


def _write_company(connection: Connection, decision: Decision, docket: Docket) -> None:
    """Everything that must be written together with the docket."""
    if decision.timeline:
        connection.execute(_TELL, [_timeline_values(row) for row in decision.timeline])
    decided_at = _decided_at(decision.timeline, docket)
    outbox.put_all(connection, decision.messages, decided_at)
    for cause in decision.withdraw:
        due.take_back(connection, cause)
    due.put_all(connection, decision.due)
    if decision.attempts:
        register.append(connection, docket, decision.attempts)


def _decided_at(rows: Iterable[TimelineRow], docket: Docket) -> datetime:
    return max((row.at for row in rows), default=docket.registered_at)


def _values(docket: Docket) -> dict[str, object]:
    return {name: getattr(docket, name) for name in _FIELDS}


def _timeline_values(row: TimelineRow) -> dict[str, object]:
    return {
        "docket": row.docket,
        "at": row.at,
        "actor": row.actor,
        "deed": row.deed,
        "before": row.before,
        "after": row.after,
        "note": row.note,
        "detail": dict(row.detail),
    }


def docket_of(row: RowMapping) -> Docket:
    """The record kept in a row of `dockets`."""
    values: dict[str, Any] = dict(row)
    values |= {
        "state": State(row["state"]),
        "settlement": Settlement(row["settlement"]),
        "origin": Origin(row["origin"]),
    }
    return Docket(**values)


def timeline_row_of(row: RowMapping) -> TimelineRow:
    """The record kept in a row of `timeline`."""
    before = State(row["before"]) if row["before"] else None
    return TimelineRow(
        row["docket"], row["at"], row["actor"], row["deed"], before, State(row["after"]), row["note"], row["detail"]
    )
