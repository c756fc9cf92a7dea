"""`sunwai setup`: what the line needs from outside, found or set up. Safe to run again; does nothing when all is there.

Programs of the distribution come by apt-get; Asterisk is the system's when new enough, else a tree of its own.
The console's page is bundled with Node, which is not needed to run the line.
Services of the system are neither used nor stopped: the line starts its own Redis.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sunwai.distribution import Tell, find_program, install
from sunwai.setup_asterisk import setup_asterisk
from sunwai.setup_kamailio import setup_kamailio
from sunwai.setup_web import setup_web

if TYPE_CHECKING:
    from sunwai.settings import Line


@dataclass(frozen=True, slots=True)
class Program:
    """A program the line starts, the distribution's package that has it, and what it is for."""

    name: str
    package: str
    use: str


FOR_THE_LINE = (
    Program("redis-server", "redis-server", "live state"),
    Program("sox", "sox", "sound files"),
    Program("espeak-ng", "espeak-ng", "prompts that nobody has recorded yet"),
    Program("setpriv", "util-linux", "ending children with their parent"),
)
FOR_TESTS = (
    Program("sipp", "sip-tester", "SIP callers of the tests and of the bench"),
    Program("postgres", "postgresql", "the books' tests"),
    Program("chromium", "chromium", "the agents' browser of the tests"),
)

NASTALIQ = Path("/usr/share/fonts/truetype/noto/NotoNastaliqUrdu-Regular.ttf"), "fonts-noto-core"
"""The script Urdu is read in, for the browser of the tests; agents' machines bring their own."""


def setup(line: Line, tell: Tell, *, for_tests: bool = False) -> None:
    """Find or set up programs and Asterisk. SetupError says in one sentence what could not be had and what to type."""
    wanted = FOR_THE_LINE + (FOR_TESTS if for_tests else ())
    missing = [program.package for program in wanted if find_program(program.name) is None]
    if for_tests and not NASTALIQ[0].exists():
        missing.append(NASTALIQ[1])
    install(missing, line, tell)
    setup_asterisk(line, tell)
    setup_web(line, tell, for_tests=for_tests)
    if for_tests:
        setup_kamailio(line, tell)
