"""Recordings of calls: where they are, how long they are, and how they are packed (design 3.7).

Asterisk writes `<root>/<yyyy>/<mm>/<dd>/<call_ref>.raw`: 16-bit signed little-endian samples, 8 kHz, left the caller,
right what he hears. The day (UTC) is that of the seconds in the call_ref, `<node>-<seconds>.<n>`. The janitor packs a
finished one into `<call_ref>.flac` beside it, without loss. Messages (`<call_ref>-message.wav`) stay as they are.
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

from storage.errors import StorageError

RATE_HZ = 8000
BYTES_OF_A_FRAME = 4
"""Two channels of 16 bits."""
PACK_LIMIT_S = 120.0
_CALL_REF = re.compile(r"[A-Za-z0-9]+-(\d{9,10})\.[A-Za-z0-9._-]+")
_DAY = re.compile(r"(\d{4})/(\d{2})/(\d{2})")
_RAW, _FLAC, _MESSAGE = ".raw", ".flac", "-message.wav"
_PART = ".part"
_STREAMINFO_END = 42
"""Bytes of a FLAC file up to the end of its first block: "fLaC", a header of 4 bytes, 34 bytes of facts."""


class RecordingError(StorageError):
    """A recording cannot be read, packed or removed; the text names neither caller nor docket."""


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A file below the root and the call it belongs to."""

    call_ref: str
    path: Path


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
        """Room left on the disk: a full one cuts recordings without a word (design 3.7). RecordingError: no folder."""
        try:
            return (await asyncio.to_thread(shutil.disk_usage, self._root)).free
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
            call_ref = entry.name.removesuffix(_PART)
            for ending in (_MESSAGE, _RAW, _FLAC):
                call_ref = call_ref.removesuffix(ending)
            if call_ref != entry.name and _CALL_REF.fullmatch(call_ref):
                yield RecordingFile(call_ref, Path(entry.path))

    def _unpacked(self, since: date | None, quiet_s: float) -> Iterator[RecordingFile]:
        before = time.time() - quiet_s
        for day in sorted(found for found, _ in self._days() if since is None or found >= since):
            raws = [(_changed(file.path), file) for file in self._files(day) if file.path.suffix == _RAW]
            yield from (file for changed, file in sorted(raws, key=lambda each: each[0]) if changed <= before)


def day_before(now: datetime) -> date:
    """The day (UTC) before: a call that began before midnight is still among these."""
    return (now.astimezone(UTC) - timedelta(days=1)).date()


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


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
    return (facts & 0xFFFFFFFFF) / (facts >> 44)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise RecordingError(f"a recording cannot be removed: {error.strerror}") from error
    for folder in list(path.parents)[:3]:
        with suppress(OSError):  # not empty: other recordings are there
            folder.rmdir()
