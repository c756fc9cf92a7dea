"""Puts together what every role and command needs, in one place; each role's own parts are in `sunwai/roles`."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

from dialplan.clips import MARKER
from dialplan.edition import Edition, shipped
from dialplan.wording import Wording, load
from ivr.speech.recognisers import Recognisers
from storage.books import Books
from storage.clock import Clock
from sunwai.settings import Line

ROOMS = Path(__file__).parent.parent
TIMEZONES = {"IN": "Asia/Kolkata", "PK": "Asia/Karachi"}


def zone_of(line: Line) -> ZoneInfo:
    return ZoneInfo(TIMEZONES.get(line.settings.line.country, "UTC"))


def wording() -> Wording:
    """The prompts' texts; WordingError names file, line and reason."""
    return load(ROOMS / "dialplan" / "prompts")


def release() -> Edition:
    """What this release says, asks and hears; FlowError, WordingError or WordsError names file, place and reason."""
    return shipped(ROOMS / "dialplan")


def prefix_of(line: Line) -> str:
    """What keeps this line's live state apart from others in one Redis."""
    return f"sunwai-{line.settings.line.company}-{line.settings.line.number}"


def make_books(line: Line) -> Books:
    return Books(line.books_url)


def make_clock(line: Line) -> Clock:
    return Clock(line.settings.line.clock_offset_s)


def recogniser_socket(line: Line, number: int) -> Path:
    """Where a recogniser is asked; they are counted from 1."""
    return line.var / "run" / f"recogniser{number}.sock"


def make_recognisers(line: Line) -> Recognisers:
    """All of this node's; none when no model is set."""
    numbers = range(1, line.settings.speech.processes + 1) if line.settings.speech.models else ()
    return Recognisers([recogniser_socket(line, number) for number in numbers], line.settings.speech.callers)


def spoken_languages(line: Line) -> tuple[str, ...]:
    """Languages to be rendered; a demo line has the tones of the self-proof as well."""
    return (*line.settings.line.languages, *((MARKER,) if line.settings.line.kind == "demo" else ()))
