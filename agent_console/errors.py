"""Errors of the web: each is one sentence for a person, in his language, and an HTTP status.

All have one shape, `ErrorAnswer`.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from agent_console import sentences
from agent_console.sentences import Value
from complaints.lifecycle import IllegalMove
from storage.commands import NoAnswer
from storage.errors import BooksAway, LastAdministrator, NotInBooks, Refused, StaleDocket, Taken
from storage.floor_records import AgentRefused, AgentState, FloorAway
from storage.recordings import RecordingError


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every answer that is not a success; `field` names what was wrong in the question, if one was."""

    error: str
    field: str | None = None


class ConsoleError(Exception):
    """Base of the errors of the web. `audited`: a person tried what is not allowed, and the audit shall know.

    `sentence` is English with {places} that `values` fill; the place {field} is filled by the field.
    """

    status: ClassVar[int] = 500
    audited: ClassVar[bool] = False

    def __init__(
        self, sentence: str, field: str | None = None, *, retry_after_s: int | None = None, **values: Value
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field
        self.retry_after_s = retry_after_s
        self.values = {"field": field or "", **values}

    def said_in(self, language: str) -> str:
        """The sentence for a person who reads `language`."""
        return sentences.said(self.sentence, self.values, language)


class BadInput(ConsoleError):
    """The question cannot be read, or something in it is not what it must be."""

    status = 400


class NotLoggedIn(ConsoleError):
    """There is no session, or it has ended."""

    status = 401


class NotAllowed(ConsoleError):
    """This log-in may not do this."""

    status = 403
    audited = True


class NotThere(ConsoleError):
    """What was asked for does not exist."""

    status = 404


class OutOfSight(ConsoleError):
    """It exists, but not for this log-in: answered like NotThere, and audited."""

    status = 404
    audited = True


class NotPossible(ConsoleError):
    """The state of things forbids it now; nothing was changed."""

    status = 409
    audited = True


class TooLarge(ConsoleError):
    status = 413


class NotJson(ConsoleError):
    status = 415


class TooOften(ConsoleError):
    status = 429


class Away(ConsoleError):
    """Something we stand on does not answer; the person may try again."""

    status = 503


_WHY_AGENT = {
    AgentState.OFF: "You are not signed in: open the page again.",
    AgentState.OFFERED: "A call is ringing for you: answer it, or let it go, first.",
    AgentState.TALKING: "You are in a call: it ends first.",
}


_TAKEN = {
    "name": "Another log-in has this name: choose another one.",
    "agent": "Another log-in has this agent's code: give another one, or take it from that log-in first.",
    "officer": "Another log-in has this officer's code: give another one, or take it from that log-in first.",
}


def in_plain_words(error: Exception) -> ConsoleError | None:
    """What the rooms below raise, as an answer; None for what nobody foresaw."""
    match error:
        case ConsoleError():
            return error
        case StaleDocket():
            return NotPossible("Somebody was quicker: the docket has changed since you read it.", "version")
        case RecordingError():
            return NotPossible("The recording cannot be heard: {why}.", why=str(error))
        case IllegalMove(state=state) if state is not None:
            return NotPossible("The docket is {state}: this cannot be done with it now.", "state", state=state)
        case IllegalMove() | Refused():
            return NotPossible("This is not possible: {why}.", why=str(error))
        case AgentRefused(state=doing):
            return NotPossible(_WHY_AGENT.get(doing, "Not possible while you are in {state}."), "state", state=doing)
        case Taken(what=what):
            return NotPossible(_TAKEN[what], what)
        case LastAdministrator():
            return NotPossible("This is the last active administrator: make another one first.", "roles")
        case NotInBooks():
            return BadInput("Something named here is not in the books.")
        case NoAnswer():
            return Away(
                "The telephone did not answer in time; it is not known whether it was done. Look, then try again."
            )
        case FloorAway():
            return Away("The live state (Redis) cannot be reached. Calls go on; try again in a moment.")
        case BooksAway():
            return Away("The books cannot be reached. Nothing is lost; try again in a moment.")
    return None
