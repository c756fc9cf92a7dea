"""Notes of the ledger written together: what calls tell of themselves is gathered and written in shared transactions.

A note is no promise: the first record of a call is Asterisk's own (design 3.2), and the next note tells it again. The
end of a call is waited for, and shares its transaction with whatever else has been noted meanwhile (group commit), so
that a busy line does not pay a disk write for every call's every step.
"""

from __future__ import annotations

import asyncio

import structlog

from complaints.ledger import Call
from complaints.records import DueWork
from storage.call_rows import merged
from storage.calls import Calls
from storage.errors import StorageError

log = structlog.get_logger(__name__)

EVERY_S = 0.5
MOST_KEPT = 100_000
"""Calls whose notes are kept while the books are away; beyond it the oldest are dropped, loudly."""


class LedgerNotes:
    """One per controller; `run` writes what nobody waits for."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._notes: dict[str, Call] = {}
        self._owed: list[DueWork] = []
        self._noted = 0
        self._written = 0
        self._writing = asyncio.Lock()

    def note(self, call: Call) -> None:
        """Remember what is known of a call; written within half a second."""
        kept = self._notes.pop(call.call_ref, None)
        self._notes[call.call_ref] = merged(kept, call) if kept else call
        self._noted += 1
        if len(self._notes) > MOST_KEPT:
            log.error("ledger_note_dropped", call=next(iter(self._notes)))
            del self._notes[next(iter(self._notes))]

    async def settle(self, call: Call, owed: DueWork | None) -> None:
        """The end of a call and the callback its caller is owed; returns when both are on disk.

        When the books are away they stay here and are written later by `run`.
        """
        self.note(call)
        if owed is not None:
            self._owed.append(owed)
        mine = self._noted
        async with self._writing:
            if self._written < mine:  # otherwise whoever wrote before us has taken ours along
                await self._write()

    async def run(self) -> None:
        """Until cancelled; whoever ends the controller calls `flush` afterwards."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write what there is to write now."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        if not self._notes:
            return
        notes, owed, upto = self._notes, self._owed, self._noted
        self._notes, self._owed = {}, []
        try:
            await self._calls.note_all(list(notes.values()), owed)
        except StorageError as error:
            log.error("ledger_not_written", calls=len(notes), error=type(error).__name__)
            newer, self._notes = self._notes, notes
            self._owed = [*owed, *self._owed]
            for call in newer.values():
                self.note(call)
            return
        self._written = upto
