"""Reading Asterisk's event log piece by piece, across rotations. Only files here: no books, no meaning.

A file is known by its inode and the digest of its first line, since inodes are used again. Rotated files keep the
name with something behind it (sunwai.csv.1); compressed ones are past reading.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

PIECE = 1 << 20
ASIDE_EVERY_S = 3600.0
KEPT_S = 600.0
"""A file that was set aside and read stays for this long, should a reader begin anew."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log was read: bytes of one file."""

    file: str
    head: str
    offset: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Complete lines and the place behind them; `gap` when the file read before is gone, perhaps with unread lines."""

    text: str
    place: Place
    gap: bool = False


def next_piece(path: Path, place: Place | None) -> Piece | None:
    """The next complete lines after `place` (None: from the beginning of `path`), at most a megabyte; None: no more.

    A file that is set aside between our listing it and reading it is found under its new name the next time.
    """
    try:
        return _next_piece(path, place)
    except FileNotFoundError:
        return None


def _next_piece(path: Path, place: Place | None) -> Piece | None:
    files = _files(path)
    if place is None:
        return _first_piece(files[-1:], gap=False)
    here = next((file for file in files if _is_same(file, place)), None)
    if here is None:
        # What is read twice changes nothing; what is skipped would be a lost call. So begin with the oldest.
        return _first_piece(files, gap=True)
    offset = place.offset if here.stat().st_size >= place.offset else 0
    piece = _piece(here, Place(place.file, place.head, offset))
    return piece or _first_piece(files[files.index(here) + 1 :], gap=False)


def _files(path: Path) -> list[Path]:
    """The log and its rotated predecessors, oldest first."""
    found = [file for file in path.parent.glob(f"{path.name}*") if file.is_file() and file.suffix != ".gz"]
    return sorted(found, key=lambda file: (file.name == path.name, file.stat().st_mtime_ns))


def _first_piece(files: list[Path], *, gap: bool) -> Piece | None:
    for file in files:
        place = _beginning(file)
        piece = _piece(file, place) if place else None
        if piece:
            return Piece(piece.text, piece.place, gap)
    return None


def _beginning(file: Path) -> Place | None:
    """The place before the first line; None while there is no complete line."""
    with file.open("rb") as log:
        first = log.readline(PIECE)
    if not first.endswith(b"\n"):
        return None
    return Place(str(file.stat().st_ino), hashlib.sha256(first).hexdigest(), 0)


def _is_same(file: Path, place: Place) -> bool:
    beginning = _beginning(file)
    return beginning is not None and (beginning.file, beginning.head) == (place.file, place.head)


def _piece(file: Path, place: Place) -> Piece | None:
    with file.open("rb") as log:
        log.seek(place.offset)
        data = log.read(PIECE)
    end = data.rfind(b"\n") + 1
    if end == 0 and len(data) == PIECE:
        end = PIECE  # a megabyte without a line's end is no log; it must not block what follows
    if end == 0:
        return None
    return Piece(data[:end].decode(errors="replace"), Place(place.file, place.head, place.offset + end))


def tidy(path: Path, place: Place | None, now: float) -> int:
    """Set the log aside once an hour and delete what has been read; how many files were deleted.

    Caller numbers stand in it: it must not outlive its reconciling (design 3.2). Asterisk opens the file anew for each
    event, so that a renamed one simply ends (measured). `now`: epoch seconds. A file the reader has not passed stays.
    """
    files = _files(path)
    here = next((number for number, file in enumerate(files) if place and _is_same(file, place)), 0)
    passed = [file for file in files[:here] if file != path and now - file.stat().st_mtime > KEPT_S]
    for file in passed:
        file.unlink()
    aside = [int(file.name.rpartition(".")[2]) for file in files if file.name.rpartition(".")[2].isdigit()]
    if path.exists() and path.stat().st_size > 0 and now - max(aside, default=0) > ASIDE_EVERY_S:
        path.rename(path.with_name(f"{path.name}.{int(now)}"))
    return len(passed)
