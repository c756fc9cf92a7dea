"""The journal: what callers told us while the books were away, on this machine's disk until they have it (design 3.9).

One file for each piece, written whole and synced before the caller is told that it is noted. Its cause makes entering
it twice harmless, so a file is deleted only after the books have it.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from complaints.records import Attempt, DueWork
from storage.errors import StorageError

log = structlog.get_logger(__name__)


SLOTS, SLOT_BYTES = 250, 4096
"""Room for so many pieces while the disk is full, a megabyte in all."""
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


class JournalFull(StorageError):
    """The piece could not be written to the disk: it is not kept."""


class Complaint(msgspec.Struct, frozen=True, kw_only=True, tag="complaint"):
    """A complaint to be registered. `at` is when the caller told it: promises count from then (I7).

    `looked_up` is False when the books were away at the first ring, so that nobody asked who is calling.
    """

    cause: str
    at: datetime
    call_ref: str
    company: str
    category: str
    language: str
    consumer_id: int | None
    phone: str | None
    sealed: bool
    looked_up: bool


class SpokenMessage(msgspec.Struct, frozen=True, kw_only=True, tag="message"):
    """A recorded message for the inbox; `recording` is its name in Asterisk's store."""

    cause: str
    at: datetime
    call_ref: str
    company: str
    phone: str | None
    recording: str
    docket: str | None


class Promised(msgspec.Struct, frozen=True, kw_only=True, tag="promise"):
    """A callback promised to a caller."""

    work: DueWork

    @property
    def cause(self) -> str:
        return self.work.cause


class AttemptMade(msgspec.Struct, frozen=True, kw_only=True, tag="attempt"):
    """One satisfaction attempt with what the consumer said: a row of the register, whatever became of the books."""

    attempt: Attempt

    @property
    def cause(self) -> str:
        return f"attempt:{self.attempt.call_ref}"


Entry = Complaint | SpokenMessage | Promised | AttemptMade


class Journal:
    """The journal of one node, in a folder of its own, readable by this user alone.

    It holds room in advance (`reserve`): a full disk takes no new file, but a piece still fits into a slot that is
    there. On file systems that never write in place (btrfs, zfs) the reserve is no help.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def add(self, entry: Entry) -> None:
        """On disk when this returns; JournalFull otherwise. The same cause twice is one piece."""
        try:
            await asyncio.to_thread(self._write, entry)
        except OSError as error:
            raise JournalFull(f"the journal cannot be written: {os.strerror(error.errno or 0)}") from error

    async def reserve(self) -> None:
        """Make the slots that are missing; as many as the disk has room for, without a word when it has none."""
        with suppress(OSError):
            await asyncio.to_thread(self._reserve)

    async def entries(self) -> list[Entry]:
        """What waits to be entered, oldest first. A file that cannot be read is set aside, loudly."""
        return await asyncio.to_thread(lambda: list(self._read()))

    async def forget(self, entry: Entry) -> None:
        """The books have it."""
        await asyncio.to_thread(self._place(entry).unlink, missing_ok=True)

    def _place(self, entry: Entry) -> Path:
        return self._folder / f"{hashlib.sha256(entry.cause.encode()).hexdigest()[:32]}.json"

    def _write(self, entry: Entry) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = self._place(entry)
        unfinished = place.with_suffix(".part")
        try:
            _to_disk(unfinished, "wb", msgspec.json.encode(entry))
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._take_slot(unfinished)
            _to_disk(unfinished, "r+b", msgspec.json.encode(entry))
        unfinished.replace(place)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name of the file as well
        finally:
            os.close(folder)

    def _take_slot(self, unfinished: Path) -> None:
        """A slot becomes the piece's file; by its name alone, so that two pieces never have the same one."""
        for slot in self._folder.glob("*.slot"):
            with suppress(FileNotFoundError):
                slot.replace(unfinished)
                return
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _reserve(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(SLOTS):
            slot = self._folder / f"{number:03}.slot"
            if slot.exists():
                continue
            with slot.open("wb") as file:
                try:
                    os.posix_fallocate(file.fileno(), 0, SLOT_BYTES)
                except OSError:
                    slot.unlink()
                    raise

    def _read(self) -> Iterator[Entry]:
        if not self._folder.is_dir():
            return
        for place in sorted(self._folder.glob("*.json"), key=lambda each: each.stat().st_mtime_ns):
            try:
                yield msgspec.json.decode(place.read_bytes(), type=Entry)
            except msgspec.MsgspecError as error:
                log.error("journal_entry_unreadable", file=place.name, error=type(error).__name__)
                place.replace(place.with_suffix(".unreadable"))


def _to_disk(place: Path, mode: Literal["wb", "r+b"], text: bytes) -> None:
    with place.open(mode) as file:
        file.write(text)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
