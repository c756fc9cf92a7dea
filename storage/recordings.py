"""Recordings of calls: where they are, how long they are, and the janitor who packs, checks and removes (design 3.7).

Asterisk writes `<root>/<yyyy>/<mm>/<dd>/<call_ref>.raw`: 16-bit signed little-endian samples, 8 kHz, left the caller,
right what he hears. The day (UTC) is that of the seconds in the call_ref, `<node>-<seconds>.<n>`. The janitor packs a
finished one into `<call_ref>.flac` beside it, without loss. What callers said into a question (`spoken.py`) is filed
beside them as it is.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from complaints.ledger import Call
from complaints.lifecycle import END_STATES
from storage.books import Books
from storage.clock import Clock
from storage.errors import StorageError

RATE_HZ = 8000
BYTES_OF_A_FRAME = 4
"""Two channels of 16 bits."""
PACK_LIMIT_S = 120.0

QUIET_S = 30.0
"""Asterisk writes what it has heard every few seconds; a file at rest for so long is looked at."""
ABANDONED_S = 6 * 3600.0
"""A recording whose call has no end in the books is packed when nothing was added for so long."""
PACK_BATCH = 20
PACK_AGAIN_S = 600.0
LOOK_BACK_EVERY_S = 3600.0
SHORT_BY_S, SHORT_BY_SHARE = 2.0, 0.05
"""A recording is short when it lacks more than this of the talk: seconds, or a share of it if that is more."""
SILENT_CALL_S = 5.0
FREE_BYTES_WANTED = 1 << 30
REMOVE_BATCH = 500
DAY_AGAIN_S = 24 * 3600.0

_CALL_REF = re.compile(r"[A-Za-z0-9]+-(\d{9,10})\.[A-Za-z0-9._-]+")
_DAY = re.compile(r"(\d{4})/(\d{2})/(\d{2})")
_RAW, _FLAC = ".raw", ".flac"
_SPOKEN = re.compile(r"-[a-z_]{1,16}\.wav$")
_PART = ".part"
_STREAMINFO_END = 42
"""Bytes of a FLAC file up to the end of its first block: "fLaC", a header of 4 bytes, 34 bytes of facts."""

_SHORT = Counter("sunwai_recordings_short", "Recordings shorter than their talk")
_UNPACKED = Gauge("sunwai_recordings_unpacked", "Finished recordings that could not be packed yet")
_FREE = Gauge("sunwai_recordings_free_bytes", "Room left for recordings")

_log = structlog.get_logger(__name__)


class RecordingError(StorageError):
    """A recording cannot be read, packed or removed; the text names neither caller nor docket."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A file below the root and the call it belongs to; `changed_at` is seconds since the epoch, by the machine."""

    call_ref: str
    path: Path
    changed_at: float


class Recordings:
    """The recordings below `root`. Files are handled in threads; sox runs beside us at the lowest priority."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def raw_path(self, call_ref: str) -> Path:
        """Where Asterisk records this call. RecordingError for what is no call_ref: it could name any file."""
        return self._of(call_ref, _RAW)

    def packed_path(self, call_ref: str) -> Path:
        """Where the packed recording is."""
        return self._of(call_ref, _FLAC)

    def spoken_path(self, call_ref: str, what: str) -> Path:
        """Where what he said into a question is filed."""
        return self._of(call_ref, f"-{what}.wav")

    def path_of(self, call_ref: str) -> Path | None:
        """The recording of this call as it is now, packed or raw; None when there is none."""
        return next((path for path in (self.packed_path(call_ref), self.raw_path(call_ref)) if path.is_file()), None)

    async def seconds(self, call_ref: str) -> float | None:
        """How long the recording is; None when there is none. Time in which neither side sent sound is not in it."""
        return await asyncio.to_thread(self._seconds, call_ref)

    async def unpacked(self, since: date | None, quiet_s: float) -> list[RecordingFile]:
        """Raw files of days from `since` on (None: all) to which nothing was added for `quiet_s` seconds, by age."""
        return await asyncio.to_thread(lambda: list(self._unpacked(since, quiet_s)))

    async def pack(self, call_ref: str) -> float:
        """Turns the raw file into FLAC and removes it once the packed one is whole; returns its length in seconds.

        RecordingError when sox is missing, fails or takes more than two minutes; the raw file is then still there.
        """
        raw, packed = self.raw_path(call_ref), self.packed_path(call_ref)
        part = packed.with_suffix(_FLAC + _PART)
        try:
            await _sox(raw, part)
            return await asyncio.to_thread(_exchange, raw, part, packed)
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    async def days_before(self, day: date) -> list[date]:
        """Days before `day` of which there are recordings, oldest first."""
        return await asyncio.to_thread(lambda: sorted(found for found, _ in self._days() if found < day))

    async def of_day(self, day: date) -> list[RecordingFile]:
        """All files of one day: recordings in any form, and messages."""
        return await asyncio.to_thread(lambda: sorted(self._files(day), key=lambda file: file.path.name))

    async def remove(self, file: RecordingFile) -> None:
        """Deletes one file, and the day's folder with its last. RecordingError when it cannot be deleted."""
        await asyncio.to_thread(_remove, file.path)

    async def free_bytes(self) -> int:
        """Room left on the disk: a full one cuts recordings without a word (design 3.7)."""
        there = next(folder for folder in (self._root, *self._root.absolute().parents) if folder.is_dir())
        try:
            return (await asyncio.to_thread(shutil.disk_usage, there)).free
        except OSError as error:
            raise RecordingError(f"the folder of recordings cannot be looked at: {error.strerror}") from error

    def _of(self, call_ref: str, ending: str) -> Path:
        found = _CALL_REF.fullmatch(call_ref)
        if not found:
            raise RecordingError("this is not the reference of a call")
        day = datetime.fromtimestamp(int(found[1]), UTC)
        return self._root / f"{day:%Y/%m/%d}" / f"{call_ref}{ending}"

    def _seconds(self, call_ref: str) -> float | None:
        path = self.path_of(call_ref)
        if path is None:
            return None
        return _seconds_of_flac(path) if path.suffix == _FLAC else path.stat().st_size / BYTES_OF_A_FRAME / RATE_HZ

    def _days(self) -> Iterator[tuple[date, Path]]:
        for folder in self._root.glob("[0-9]*/[0-9]*/[0-9]*"):
            found = _DAY.fullmatch(folder.relative_to(self._root).as_posix())
            if found and folder.is_dir():
                with suppress(ValueError):  # 2026/13/40 is somebody else's folder
                    yield date(int(found[1]), int(found[2]), int(found[3])), folder

    def _files(self, day: date) -> Iterator[RecordingFile]:
        folder = self._root / f"{day:%Y/%m/%d}"
        for entry in os.scandir(folder) if folder.is_dir() else ():
            call_ref = _SPOKEN.sub("", entry.name.removesuffix(_PART))
            for ending in (_RAW, _FLAC):
                call_ref = call_ref.removesuffix(ending)
            if call_ref != entry.name and _CALL_REF.fullmatch(call_ref):
                yield RecordingFile(call_ref, Path(entry.path), _changed(entry))

    def _unpacked(self, since: date | None, quiet_s: float) -> Iterator[RecordingFile]:
        before = time.time() - quiet_s
        for day in sorted(found for found, _ in self._days() if since is None or found >= since):
            raws = [file for file in self._files(day) if file.path.suffix == _RAW and file.changed_at <= before]
            yield from sorted(raws, key=lambda file: file.changed_at)


def _changed(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat().st_mtime
    except FileNotFoundError:  # packed or removed while we looked
        return float("inf")


class Janitor:
    """Packs finished recordings, looks whether they are whole, deletes what has been kept long enough.

    Recordings are dated by the machine's clock, as Asterisk names them; `clock` dates what is noted in the audit.
    """

    def __init__(self, books: Books, clock: Clock, recordings: Recordings, days: int | None) -> None:
        self._books = books
        self._clock = clock
        self._recordings = recordings
        self._days = days
        self._looked_back = float("-inf")
        self._failed: dict[str, float] = {}
        self._examined: dict[date, float] = {}

    async def pack(self) -> int:
        """Packs at most a batch of finished recordings; returns how many."""
        await self._look_at_room()
        self._failed = {ref: until for ref, until in self._failed.items() if until > time.monotonic()}
        packed = 0
        for file in await self._recordings.unpacked(self._since(), QUIET_S):
            if file.call_ref in self._failed:
                continue
            call = await self._books.calls.get(file.call_ref)
            if not _finished(file, call):
                continue
            packed += await self._pack_one(file.call_ref, call)
            if packed >= PACK_BATCH:
                break
        _UNPACKED.set(len(self._failed))
        return packed

    async def retain(self) -> int:
        """Deletes recordings of ordinary calls that are older than the plan says; returns how many."""
        if self._days is None:
            return 0
        removed = 0
        last = (datetime.now(UTC) - timedelta(days=self._days)).date()
        for day in await self._recordings.days_before(last):
            if self._examined.get(day, 0.0) > time.monotonic():
                continue
            removed += await self._retain_day(day, REMOVE_BATCH - removed)
            if removed >= REMOVE_BATCH:
                break
            self._examined[day] = time.monotonic() + DAY_AGAIN_S
        return removed

    def _since(self) -> date | None:
        """Usually this day and the one before; all days at the start and once an hour."""
        if time.monotonic() - self._looked_back >= LOOK_BACK_EVERY_S:
            self._looked_back = time.monotonic()
            return None
        return (datetime.now(UTC) - timedelta(days=1)).date()

    async def _look_at_room(self) -> None:
        free = await self._recordings.free_bytes()
        _FREE.set(free)
        if free < FREE_BYTES_WANTED:
            _log.error("little_room_for_recordings", free_mb=free >> 20)

    async def _pack_one(self, call_ref: str, call: Call | None) -> int:
        """1 when it was packed. One that cannot be packed is tried again later and does not hold up the others."""
        try:
            await self._compare(call_ref, call)
            await self._recordings.pack(call_ref)
        except RecordingError as error:
            self._failed[call_ref] = time.monotonic() + PACK_AGAIN_S
            _log.error("recording_not_packed", call=call_ref, reason=str(error))
            return 0
        return 1

    async def _compare(self, call_ref: str, call: Call | None) -> None:
        """Notes an incident when the recording lacks part of the talk; once, before the raw file goes."""
        seconds = await self._recordings.seconds(call_ref) or 0.0
        wanted = missing_from(call, seconds) if call else None
        if wanted is None:
            return
        subject, deed = f"recording:{call_ref}", "incident:recording_short"
        if any(row.deed == deed for row in await self._books.people.audit_rows(subject)):
            return
        detail = {"recorded_s": round(seconds), "talk_s": round(wanted)}
        await self._books.people.audit("line", deed, subject, self._clock.wall_now(), detail)
        _SHORT.inc()
        _log.error("recording_short", call=call_ref, **detail)

    async def _retain_day(self, day: date, limit: int) -> int:
        removed = 0
        for file in await self._recordings.of_day(day):
            if removed >= limit:
                break
            if await self._must_stay(file):
                continue
            await self._recordings.remove(file)
            removed += 1
        if removed:
            subject = f"recordings:{day.isoformat()}"
            await self._books.people.audit("line", "retention", subject, self._clock.wall_now(), {"removed": removed})
        return removed

    async def _must_stay(self, file: RecordingFile) -> bool:
        """What the satisfaction register names, what belongs to an open docket, and a message nobody settled yet."""
        call = await self._books.calls.get(file.call_ref)
        if call and call.kind == "satisfaction":
            return True
        if call and call.docket:
            docket = await self._books.dockets.get(call.docket)
            if docket and docket.state not in END_STATES:
                return True
        message = await self._books.inbox.get(file.call_ref)
        return message is not None and message.settled_at is None


def missing_from(call: Call, seconds: float) -> float | None:
    """How long the recording should be, in seconds, when `seconds` is too short; None when it will do. Pure.

    Compared is the talk with an agent: before it, time in which neither side sends is not recorded (design 3.7). An
    answered call with nothing in its file at all is short as well.
    """
    if call.ended_at is None:
        return None
    if call.talked_at:
        talk = (call.ended_at - call.talked_at).total_seconds()
        return talk if seconds + max(SHORT_BY_S, talk * SHORT_BY_SHARE) < talk else None
    answered = (call.ended_at - call.answered_at).total_seconds() if call.answered_at else 0.0
    return answered if answered > SILENT_CALL_S and seconds == 0.0 else None


def _finished(file: RecordingFile, call: Call | None) -> bool:
    if call and call.ended_at:
        return True
    return time.time() - file.changed_at > ABANDONED_S


async def _sox(raw: Path, part: Path) -> None:
    form = ("-t", "raw", "-r", str(RATE_HZ), "-e", "signed-integer", "-b", "16", "-L", "-c", "2")
    # -D: no dither, so that the packed samples are those that were recorded.
    command = ("nice", "-n", "19", "sox", "-D", *form, str(raw), "-t", "flac", str(part))
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise RecordingError(f"sox cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(PACK_LIMIT_S):
            await process.communicate()
    except TimeoutError:
        raise RecordingError("sox took too long to pack a recording") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise RecordingError(f"sox could not pack a recording (status {process.returncode})")


def _exchange(raw: Path, part: Path, packed: Path) -> float:
    """The packed file takes the place of the raw one, unless a sample is missing."""
    try:
        frames = raw.stat().st_size // BYTES_OF_A_FRAME
        seconds = _seconds_of_flac(part)
        if round(seconds * RATE_HZ) != frames:
            raise RecordingError("the packed recording is not as long as the raw one")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(packed)
        raw.unlink()
    except OSError as error:
        raise RecordingError(f"a packed recording cannot be put in place: {error.strerror}") from error
    return seconds


def _seconds_of_flac(path: Path) -> float:
    """Length from the file's own head; RecordingError when it is no FLAC file."""
    with path.open("rb") as file:
        head = file.read(_STREAMINFO_END)
    if len(head) < _STREAMINFO_END or head[:4] != b"fLaC":
        raise RecordingError("a packed recording cannot be read")
    # 20 bits of rate, 3 of channels, 5 of bits a sample, then 36 bits: the number of samples.
    facts = int.from_bytes(head[18:26], "big")
    rate = facts >> 44
    if not rate:
        raise RecordingError("a packed recording cannot be read")
    return (facts & 0xFFFFFFFFF) / rate


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RecordingError(f"a recording cannot be removed: {error.strerror}") from error
    for folder in list(path.parents)[:3]:
        with suppress(OSError):  # not empty: other recordings are there
            folder.rmdir()
