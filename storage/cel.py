"""The reader of Asterisk's event log: enters calls that the controller did not see, and their ends (I1, design 3.2).

One reader per node, run by the worker. It may read anything twice: notes are upserts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection, select, update

from complaints.ledger import Call, EndedBy, outcome_of
from complaints.records import DueWork
from storage import calls, due, inbox
from storage.books import Books
from storage.call_rows import UNHEARD_STAGE
from storage.cel_file import Piece, Place, next_piece, tidy
from storage.cel_rows import Note, ended_by, notes_of, rows_of
from storage.columns import insert_if_new
from storage.tables import cel_places as table

GRACE_S = 5.0
"""So long after the end of a call its controller may still write the outcome."""

NumberOf = Callable[[str], str | None]
"""The E.164 number of a caller as the trunk gave it; None when it was withheld."""

FollowUp = Callable[[Call, datetime], tuple[Call, DueWork | None]]
"""Says what is owed to the caller of a settled call, at that moment: the call with `callback_cause` or `no_callback`
set, and the work to be done. Pure; its promise is written in the same transaction as the outcome (I5)."""

_log = structlog.get_logger(__name__)


class CelReader:
    """Reads the log at `path`, written by the Asterisk of `node`."""

    def __init__(self, path: Path, books: Books, node: str, *, number_of: NumberOf, follow_up: FollowUp) -> None:
        self._path = path
        self._books = books.transactions
        self._node = node
        self._number_of = number_of
        self._follow_up = follow_up

    async def poll(self, now: datetime) -> int:
        """Reads all there is to read, then settles calls that ended more than five seconds ago without an outcome.

        Returns how many calls were settled. To be called about once a second; raises BooksAway.
        """
        place = await self._books.read(self._place)
        while piece := await asyncio.to_thread(next_piece, self._path, place):
            await self._enter_piece(piece)
            place = piece.place
        return await self._settle(now)

    async def tidy(self, now: datetime) -> int:
        """Set the log aside once an hour, delete what was read; how many files were deleted."""
        place = await self._books.read(self._place)
        return await asyncio.to_thread(tidy, self._path, place, now.timestamp())

    async def _enter_piece(self, piece: Piece) -> None:
        rows, broken = rows_of(piece.text)
        if broken or piece.gap:
            _log.warning("event log not read without loss", broken_lines=broken, file_gone=piece.gap, node=self._node)
        notes = notes_of(rows, self._node)
        await self._books.write(lambda c: self._enter(c, notes, piece.place))

    def _place(self, connection: Connection) -> Place | None:
        row = connection.execute(select(table).where(table.c.node == self._node)).first()
        return Place(row.file, row.head, row.offset) if row else None

    def _enter(self, connection: Connection, notes: Sequence[Note], place: Place) -> None:
        """Notes and place in one transaction: nothing is skipped when we die in between."""
        for note in notes:
            if note.begins or calls.is_known(connection, note.call.call_ref):
                self._enter_one(connection, note)
        values = {"file": place.file, "head": place.head, "offset": place.offset}
        if not insert_if_new(connection, table, {"node": self._node, **values}):
            connection.execute(update(table).where(table.c.node == self._node).values(values))

    def _enter_one(self, connection: Connection, note: Note) -> None:
        call = replace(note.call, phone=self._number_of(note.number))
        kept = calls.put(connection, call)
        if note.message:
            message = inbox.RecordedMessage(
                kept.call_ref, note.message, max(kept.offered_at, call.offered_at), kept.phone, kept.company
            )
            inbox.put(connection, message)

    async def _settle(self, now: datetime) -> int:
        before = now - timedelta(seconds=GRACE_S)
        # Looking first keeps an idle reader from taking the write lock every second.
        if not await self._books.read(lambda c: calls.unsettled(c, self._node, before)):
            return 0
        return await self._books.write(lambda c: self._settle_all(c, before, now))

    def _settle_all(self, connection: Connection, before: datetime, now: datetime) -> int:
        found = calls.unsettled(connection, self._node, before)
        for call in found:
            settled, work = self._follow_up(_settled(call), now)
            calls.put(connection, settled)
            if work:
                due.put(connection, work)
        return len(found)


def _settled(call: Call) -> Call:
    """The call with the outcome that its flags and its end say."""
    end = ended_by(call)
    talk_s = (call.ended_at - call.answered_at).total_seconds() if call.answered_at and call.ended_at else 0.0
    outcome = outcome_of(call.flags, talk_s=talk_s, ended_by=end, cut=end is EndedBy.NETWORK)
    return replace(call, outcome=outcome, ended_by=end, stage=UNHEARD_STAGE)
