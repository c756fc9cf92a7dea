"""What can happen on a telephone; each error one fact."""

from __future__ import annotations


class TelephoneError(Exception):
    """Base of this room's errors."""


class HungUp(TelephoneError):
    """The other side is gone; it ends the talk.

    `cause` is the Q.850 cause when Asterisk told one; `recording` names what he had begun to say into a recording.
    `cut`: he did not go, the call went: nobody told of a hang-up. `moved`: nor did the call, for all we know; it has
    left our application and may stand in the dialplan.
    """

    def __init__(
        self, cause: int | None = None, recording: str | None = None, *, cut: bool = False, moved: bool = False
    ) -> None:
        super().__init__("the other side hung up")
        self.cause = cause
        self.recording = recording
        self.cut = cut
        self.moved = moved


class LineTrouble(TelephoneError):
    """Asterisk could not do what a call needs, and the caller is still there."""
