"""`sunwai run`: start the line, show what happens, prove it if asked, stay until Ctrl-C."""

from __future__ import annotations

import asyncio
from datetime import datetime

from rich.console import Console

from agent_console import built
from notifications.templates import load_templates
from storage.errors import BooksAway
from storage.floor import Floor
from storage.floor_records import FloorAway
from sunwai import wiring
from sunwai.doctor import ports
from sunwai.errors import StartError, SunwaiError
from sunwai.parent import ready, run_line
from sunwai.processes import Say
from sunwai.proof import prove
from sunwai.settings import Line


def unwrapped(error: BaseException) -> BaseException:
    """The one error inside a task group's wrapping: people need its sentence."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def preflight(line: Line) -> list[str]:
    """What would make a role die at once is said before anything starts; the error's text says what to do.

    Returned is what is only out of reach, a sentence each: the line starts and keeps trying, and answers meanwhile.
    """
    wiring.release()
    load_templates()
    if not line.prompts.exists():
        raise StartError("the prompts have not been rendered: type `sunwai setup`")
    if not built.bundle().exists():
        raise StartError("the console's page is not built, or its sources have changed since: type `sunwai setup`")
    out_of_reach = [await _books_out_of_reach(line), await _floor_out_of_reach(line)]
    for check in ports(line):
        if check.state != "ok":
            raise StartError(f"{check.name}: {check.found}. {check.remedy}")
    return [sentence for sentence in out_of_reach if sentence]


async def _books_out_of_reach(line: Line) -> str | None:
    """StartError when the books are a file that cannot be read: nobody but `sunwai setup` will bring it back."""
    books = wiring.make_books(line)
    try:
        await books.open()
    except BooksAway as error:
        if not line.settings.storage.books:
            raise StartError(f"{error}: type `sunwai setup`, or look at storage.books") from error
        return (
            f"the books at {_place(line.books_url)} cannot be reached: look at storage.books and whether the database "
            "runs there. It is tried again and again; callers meanwhile hear the fallback, key 1 is a callback."
        )
    finally:
        await books.close()
    return None


async def _floor_out_of_reach(line: Line) -> str | None:
    """A Redis of our own is not running yet."""
    if not line.settings.storage.floor:
        return None
    floor = Floor(line.floor_url, wiring.prefix_of(line))
    try:
        await floor.ping()
    except FloorAway:
        return (
            f"Redis at {_place(line.floor_url)} cannot be reached: look at storage.floor and whether Redis runs there. "
            "It is tried again and again; complaints are registered meanwhile, but nobody is brought to an agent."
        )
    finally:
        await floor.close()
    return None


def _place(url: str) -> str:
    """Where that is, without user and password."""
    return url.partition("://")[2].rpartition("@")[2]


async def run_line_shown(line: Line, console: Console, *, exchange: bool = False) -> int:
    """Run until told to stop; a line on the screen for each thing the parent does."""
    for sentence in await preflight(line):
        console.print(f"[yellow]out of reach:[/yellow] {sentence}")
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_announce(line, console, stop))
        await run_line(line, say=_shower(console), exchange=exchange, stop=stop)
        stop.set()
    return 0


async def run_and_prove(line: Line, console: Console, *, once: bool) -> int:
    """Start, prove, print the addresses, stay (or end, with the proof's status)."""
    for sentence in await preflight(line):
        console.print(f"[yellow]out of reach:[/yellow] {sentence}")
    stop, status = asyncio.Event(), [1]

    async def proving() -> None:
        try:
            await ready(line)
            status[0] = 0 if await prove(line, console) else 1
        except SunwaiError as error:
            console.print(f"[bold red]FAIL[/bold red] {error}")
            stop.set()
            return
        if once:
            stop.set()
        else:
            show_addresses(line, console)

    async with asyncio.TaskGroup() as tasks:
        proof = tasks.create_task(proving())
        await run_line(line, say=_shower(console), exchange=True, stop=stop)
        proof.cancel()
    return status[0]


async def _announce(line: Line, console: Console, stop: asyncio.Event) -> None:
    """Print the addresses once the line answers; nothing if it was stopped before."""
    waiting = asyncio.ensure_future(ready(line))
    stopped = asyncio.ensure_future(stop.wait())
    done, left = await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
    if waiting in done:
        try:
            waiting.result()
        except SunwaiError as error:  # a line that answers callers is not taken down for a page
            console.print(f"[yellow]not yet:[/yellow] {error}")
        show_addresses(line, console)


def show_addresses(line: Line, console: Console) -> None:
    """Where to dial, where to look, and on a demo line how to log in."""
    telephony, of_line = line.settings.telephony, line.settings.line
    web = line.settings.console
    console.print(f"phone    sip:{of_line.number}@{telephony.trunk_address}:{telephony.trunk_port} (from the trunk)")
    console.print(f"console  http://{web.address}:{web.port}/")
    if of_line.kind == "demo":
        console.print(
            f"log-ins  A01 (agent), J01 (officer), S01 (supervisor); password of all: {line.secret('demo_password')}"
        )
    console.print("Ctrl-C ends the line.")


def _shower(console: Console) -> Say:
    def show(who: str, what: str) -> None:
        console.print(f"[dim]{datetime.now().astimezone():%H:%M:%S} {who}[/dim] {what}")

    return show
