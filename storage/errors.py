"""Errors of the books: each is one fact in one sentence; none carries a number, a name or what was written."""

from __future__ import annotations


class StorageError(Exception):
    """Base of the errors of what is kept."""


class BooksAway(StorageError):
    """The books cannot be reached, or did not answer within their limit. What was asked may still have been written:
    repeat it with the same cause (design 3.9)."""


class WrongSchema(StorageError):
    """The books are older or newer than this program; nothing was read."""


class StaleDocket(StorageError):
    """The docket changed since it was read, or its number is taken: read it again and decide again."""


class Refused(StorageError):
    """The table of legal moves, or invariant I2, does not allow this; nothing was written (HTTP 409)."""


class NotInBooks(StorageError):
    """The row names something the books do not know, or repeats what must be unique."""


class Taken(StorageError):
    """Another log-in has this already; `what` is "name", "agent" (his code) or "officer" (his code)."""

    def __init__(self, what: str) -> None:
        super().__init__(f"another log-in has this {what}")
        self.what = what


class LastAdministrator(StorageError):
    """Nobody could keep the line's people any more: the last administrator's log-in stays what it is."""


class LiveLine(StorageError):
    """Demo data were to be written into the books of a live line (design 3.17)."""
