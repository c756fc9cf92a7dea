"""Prompts, books and demo data: the part of the set-up that is not programs. Idempotent; fast when all is there."""

from __future__ import annotations

from collections.abc import Callable

from argon2 import PasswordHasher

from storage.migrations import migrate
from storage.recordings import Recordings
from sunwai import wiring
from sunwai.demo import demo_town, seed
from sunwai.demo_stories import plant
from sunwai.errors import SetupError
from sunwai.reference import places
from sunwai.render import RenderError, render
from sunwai.settings import Line

Tell = Callable[[str], None]


def prepare_prompts(line: Line, tell: Tell) -> None:
    """Render what is missing or has changed; human recordings below var/recordings-of-prompts win."""
    try:
        report = render(wiring.wording(), places(), line.prompts, line.var / "voices", wiring.spoken_languages(line))
    except RenderError as error:
        raise SetupError(str(error)) from error
    if report.rendered:
        tell(f"prompts: {report.rendered} rendered in {report.seconds:.0f} s, {report.human} by human voices")


async def prepare_books(line: Line, tell: Tell) -> None:
    """Bring the books to this program's schema; fill a new demo line with demo data."""
    (line.var / "books").mkdir(parents=True, exist_ok=True)
    migrate(line.books_url)
    books = wiring.make_books(line)
    await books.open()
    try:
        kind = await books.line_kind()
        if kind is None:
            await books.set_line_kind(line.settings.line.kind)
        elif kind != line.settings.line.kind:
            raise SetupError(
                f"the books say that this is a {kind} line, the settings say {line.settings.line.kind}: "
                "use other books or correct line.kind"
            )
        if line.settings.line.kind == "demo" and not await books.consumers.companies():
            tell("demo data: organisation, network, 12,000 consumers, people")
            await seed(books, wiring.make_clock(line).wall_now(), PasswordHasher().hash(line.secret("demo_password")))
    finally:
        await books.close()


async def prepare_stories(line: Line, tell: Tell) -> None:
    """Give a demo line a past worth looking at; a live line has its own."""
    if line.settings.line.kind != "demo":
        return
    books = wiring.make_books(line)
    await books.open()
    try:
        await plant(books, Recordings(line.recordings), demo_town, wiring.make_clock(line).wall_now(), tell)
    finally:
        await books.close()
