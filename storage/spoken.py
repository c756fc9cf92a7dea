"""What callers said into a question of the flow: `<call_ref>-<what>.wav`, a message or the reason of a "no".

Asterisk keeps it in its spool, flat, under the name its controller gave (`ivr/messages.py`). Once nobody waits for it
any more it is filed beside the day's recordings, where the janitor keeps it as long as the plan says.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from storage.recordings import RecordingError, Recordings

QUIET_S = 3600.0
"""A controller that died is back by then and has asked Asterisk for what was said (`ivr/reconciling.py`)."""
FILE_BATCH = 200

_log = structlog.get_logger(__name__)
_NAME = re.compile(r"(?P<ref>[A-Za-z0-9]+-\d{9,10}\.[A-Za-z0-9._]+)-(?P<what>[a-z_]{1,16})\.wav")


class Spoken:
    """The words in `spool`, and those filed with `recordings`."""

    def __init__(self, spool: Path, recordings: Recordings) -> None:
        self._spool = spool
        self._recordings = recordings

    def path_of(self, call_ref: str, what: str) -> Path | None:
        """Where it is now; None when nothing was said. RecordingError for what is no call_ref."""
        filed = self._recordings.spoken_path(call_ref, what)
        places = (filed, self._spool / filed.name)
        return next((path for path in places if path.is_file()), None)

    async def file(self) -> int:
        """Files what has been at rest for an hour; returns how many."""
        return await asyncio.to_thread(self._file)

    def _file(self) -> int:
        filed = 0
        for path, call_ref, what in self._at_rest():
            target = self._recordings.spoken_path(call_ref, what)
            try:
                _move(path, target)
            except FileNotFoundError:  # taken away meanwhile
                continue
            except OSError as error:
                _log.error("spoken_word_not_filed", call=call_ref, reason=error.strerror)
                continue
            filed += 1
            if filed >= FILE_BATCH:
                break
        return filed

    def _at_rest(self) -> Iterator[tuple[Path, str, str]]:
        before = time.time() - QUIET_S
        try:
            entries = sorted(self._spool.iterdir()) if self._spool.is_dir() else []
        except OSError as error:
            raise RecordingError(f"what callers said cannot be looked at: {error.strerror}") from error
        for path in entries:
            found = _NAME.fullmatch(path.name)
            with suppress(OSError):  # gone meanwhile
                if found and path.stat().st_mtime <= before:
                    yield path, found["ref"], found["what"]


def _move(path: Path, target: Path) -> None:
    """Recordings may be on a disk of their own: then it is copied whole before the first is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_suffix(target.suffix + ".part")
        shutil.copy2(path, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(target)
        path.unlink()
