"""What a line of Asterisk's channel event log means for the ledger. Pure: text in, notes out (design 3.2).

The columns are those of asterisk-conf/cel_custom.conf. Times are seconds since the epoch with six decimals.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from complaints.ledger import HANGUP_CAUSE, Call, EndedBy, Outcome
from complaints.records import Origin

COLUMNS = (
    "EventEnum",
    "EventTime",
    "LinkedID",
    "UniqueID",
    "ChanName",
    "Context",
    "Exten",
    "Num",
    "UserDefType",
    "EventExtra",
    "UserField",
)
TRUNK = "from-trunk"
OUTWARD = "s"
"""A channel that we made stands in the trunk's context too, but dials nothing: Asterisk then says extension "s"."""


_NO_CIRCUIT = 42
"""Asterisk's `maxcalls` turned the call away before it had a channel of its own (design 3.4)."""

_NETWORK_CAUSES = frozenset({27, 34, 38, 41, 44, 47, 102})
"""Q.850 causes of a call that broke: no media, no circuit, network or resource failure, timer expired."""

_USER_EVENTS = {
    "LINES_FULL": Outcome.REJECTED_CAPACITY,
    "FALLBACK_CALLBACK": Outcome.CALLBACK_PROMISED,
    "FALLBACK_MESSAGE": Outcome.MESSAGE_LEFT,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CelRow:
    """One event. `user_event` is the name given to CELGenUserEvent; `extra` what came with it."""

    event: str
    at: datetime
    unique: str
    channel: str
    context: str
    exten: str
    number: str
    user_event: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """What a row tells about a call. `begins`: it is itself proof of a call to us; otherwise the call must be known.

    `number` is the caller's as the trunk gave it; `message` the file of a recorded message, below the recordings.
    """

    call: Call
    begins: bool
    number: str = ""
    message: str | None = None


def rows_of(text: str) -> tuple[list[CelRow], int]:
    """The rows of complete lines, and how many lines could not be read (a disk was full, a hand was at work)."""
    rows: list[CelRow] = []
    broken = 0
    for line in text.split("\n"):
        row = _row(line) if line else None
        if row:
            rows.append(row)
        elif line:
            broken += 1
    return rows, broken


def notes_of(rows: Iterable[CelRow], node: str) -> list[Note]:
    """What the rows tell about calls to us; events of other channels are left out."""
    return [note for row in rows if (note := _note(row, node))]


def ended_by(call: Call) -> EndedBy:
    """Who ended a call that only CEL saw to its end; NETWORK covers every cause that was nobody's choice."""
    if _was_cut(call):
        return EndedBy.NETWORK
    return call.ended_by or EndedBy.US


def _was_cut(call: Call) -> bool:
    return call.flags.get(HANGUP_CAUSE, "") in {str(cause) for cause in _NETWORK_CAUSES}


def _row(line: str) -> CelRow | None:
    try:
        columns = next(csv.reader([line]))
        event, at, _, unique, channel, context, exten, number, user_event, extra, _ = columns
        moment = _moment(at)
    except (csv.Error, ValueError, OverflowError):  # not a row of ours, or a moment beyond all calendars
        return None
    if moment is None or not unique:
        return None
    return CelRow(event, moment, unique, channel, context, exten, number, user_event, _extra(extra))


def _moment(text: str) -> datetime | None:
    """Exact to the microsecond: a float of these seconds is not."""
    seconds, _, fraction = text.partition(".")
    if not (text.isascii() and seconds.isdigit() and (fraction.isdigit() or not fraction)):
        return None
    return _EPOCH + timedelta(seconds=int(seconds), microseconds=int(f"{fraction:0<6}"[:6]))


def _extra(text: str) -> dict[str, str]:
    try:
        extra = json.loads(text) if text else {}
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in extra.items()} if isinstance(extra, dict) else {}


def _note(row: CelRow, node: str) -> Note | None:
    outward = row.context == TRUNK and row.exten == OUTWARD
    if outward or row.event == "BRIDGE_ENTER":
        return None
    call = Call(f"{node}-{row.unique}", "inbound", Origin.LINE, row.at, node)
    began = row.context == TRUNK
    if row.event == "CHAN_START":
        return Note(call, begins=True, number=row.number) if began else None
    if row.event == "ANSWER":
        return Note(_with(call, answered_at=row.at), began, row.number)
    if row.event == "HANGUP":
        return Note(_ended(call, row), began, row.number)
    deed = _USER_EVENTS.get(row.user_event) if row.event == "USER_DEFINED" else None
    if deed is None:
        return None
    message = row.extra.get("extra") if deed is Outcome.MESSAGE_LEFT else None
    return Note(_with(call, flags={deed.value: row.at.isoformat()}), begins=True, number=row.number, message=message)


def _with(call: Call, **changes: object) -> Call:
    return replace(call, **changes)  # type: ignore[arg-type] # each caller above names fields of Call


def _ended(call: Call, row: CelRow) -> Call:
    cause = row.extra.get("hangupcause", "")
    flags = {HANGUP_CAUSE: cause} if cause else {}
    if cause == str(_NO_CIRCUIT):
        flags[Outcome.REJECTED_CAPACITY.value] = row.at.isoformat()
    by_caller = row.extra.get("hangupsource") == row.channel
    return _with(call, ended_at=row.at, ended_by=EndedBy.CALLER if by_caller else None, flags=flags)
