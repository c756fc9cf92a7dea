"""The default gateway: letters go into a file, one JSON object a line, and nowhere else.

It holds numbers and texts: only its owner may read it (0600).
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from notifications.errors import Away
from notifications.letter import Letter, Receipt


class FileGateway:
    """Appends to `path` and delivers at once. Several processes may share the file: it is locked for each letter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_up_to = 0
        self._keys: set[str] = set()
        self._receipts: list[Receipt] = []

    async def send(self, letter: Letter) -> str:
        """The reference is made from the key. Away when the file cannot be written (a disk is full)."""
        try:
            await asyncio.to_thread(self._append, letter)
        except OSError as error:
            raise Away(f"the file of messages cannot be written: {error.strerror}") from error
        ref = _reference(letter.key)
        self._receipts.append(Receipt(ref))
        return ref

    async def receipts(self) -> Sequence[Receipt]:
        found, self._receipts = self._receipts, []
        return found

    def _append(self, letter: Letter) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self._path, "a+b", opener=_owner_only) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            ended = self._learn_keys(file)
            if letter.key in self._keys:
                return
            line = msgspec.json.encode({"ref": _reference(letter.key), **msgspec.to_builtins(letter)}) + b"\n"
            # A line that a crash cut short is ended here, so that it spoils no other.
            file.write(line if ended else b"\n" + line)
            file.flush()
            os.fsync(file.fileno())

    def _learn_keys(self, file: BinaryIO) -> bool:
        """Reads what was added since the last look, by whomever; False when the last line is not complete."""
        if file.seek(0, os.SEEK_END) < self._read_up_to:  # another file, or an emptied one
            self._read_up_to = 0
            self._keys.clear()
        file.seek(self._read_up_to)
        line = b"\n"
        for line in file:
            if not line.endswith(b"\n"):
                break
            self._read_up_to += len(line)
            with suppress(msgspec.DecodeError):
                self._keys.add(msgspec.json.decode(line, type=_Written).key)
        return line.endswith(b"\n")


class _Written(msgspec.Struct, frozen=True):
    key: str


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _reference(key: str) -> str:
    return f"file-{hashlib.sha256(key.encode()).hexdigest()[:20]}"
