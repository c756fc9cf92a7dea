"""`sunwai doctor`: what is there, what is missing, what to type.

Each check is a record; `missing` alone makes the exit status 1. Nothing is changed: the doctor only looks.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.metadata
import json
import os
import re
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from agent_console import built
from ivr.speech.models import ModelRefused, whole
from sunwai.asterisk_program import LEAST_VERSION, find_asterisk, of_system
from sunwai.children import fitting_socket
from sunwai.distribution import find_program
from sunwai.errors import SetupError
from sunwai.setup import FOR_THE_LINE

if TYPE_CHECKING:
    from sunwai.settings import Line

LEAST_PYTHON = (3, 11)
LEAST_SPACE_BYTES = 2_000_000_000
"""A recorded call takes 32 kB a second: this is about 17 hours of talk."""

AskBooks = Callable[[], Awaitable[None]]
"""Opens the books and closes them; raises an error whose text says what is wrong (unreachable, not migrated)."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `found` says what is there; `remedy` is what to type or to do, empty when all is well."""

    name: str
    state: Literal["ok", "missing"]
    found: str
    remedy: str = ""


async def examine(line: Line, ask_books: AskBooks) -> list[Check]:
    """Look at everything the line needs, in the order in which it would be missed."""
    return [
        python(sys.version_info[:3]),
        packages(_requirements()),
        asterisk(line),
        *programs(line),
        page(),
        prompts(line),
        *speech_models(line),
        await books(ask_books),
        *ports(line),
        socket_paths(line),
        disk_space(line),
    ]


def exit_status(checks: Sequence[Check]) -> int:
    """0 when nothing is missing, else 1."""
    return int(any(check.state == "missing" for check in checks))


def as_json(checks: Sequence[Check]) -> str:
    """`{"ok": bool, "checks": [{name, state, found, remedy}]}`, for machines."""
    return json.dumps({"ok": exit_status(checks) == 0, "checks": [asdict(check) for check in checks]}, indent=2)


def python(version: tuple[int, ...]) -> Check:
    text = ".".join(map(str, version))
    if version[:2] >= LEAST_PYTHON:
        return Check("python", "ok", text)
    return Check("python", "missing", text, "install Python 3.11 or newer, then `make clean run`")


def packages(requirements: Sequence[str]) -> Check:
    """`requirements` as the distribution's metadata lists them; extras (development) are not looked at."""
    names = [re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0] for one in requirements if "extra ==" not in one]
    absent = [name for name in names if not _installed(name)]
    if absent or not names:
        return Check("python packages", "missing", f"absent: {', '.join(absent) or 'sunwai itself'}", "make run")
    return Check("python packages", "ok", f"{len(names)} present")


def asterisk(line: Line) -> Check:
    program = find_asterisk(line)
    if program is not None:
        where = f"in {program.root}" if program.root else "of the system"
        return Check("asterisk", "ok", f"{program.version_text}, {where}")
    old = of_system()
    least = ".".join(map(str, LEAST_VERSION))
    found = f"the system's {old.version_text} is older than {least}" if old else f"none of {least} or newer"
    return Check("asterisk", "missing", found, "sunwai setup")


def page() -> Check:
    if built.bundle().exists():
        return Check("page", "ok", f"built in {built.bundle().parent}")
    return Check("page", "missing", "not built from these sources", "sunwai setup")


def programs(line: Line) -> Iterator[Check]:
    for program in FOR_THE_LINE:
        path = find_program(program.name)
        if program.name == "redis-server" and line.settings.storage.floor:
            yield Check("redis-server", "ok", "not needed: storage.floor names another Redis")
        elif path is None:
            yield Check(program.name, "missing", f"not installed (for {program.use})", "sunwai setup")
        else:
            yield Check(program.name, "ok", str(path))


def prompts(line: Line) -> Check:
    """Whether every language of the line has been rendered, by the prompt the dialplan itself plays, and the music."""
    languages = ("marker",) if line.settings.line.marker_prompts else line.settings.line.languages
    wanted = [line.prompts / language / "controller_away.0.ulaw" for language in languages]
    absent = [path for path in (*wanted, line.prompts / "moh" / "holding.ulaw") if not path.exists()]
    if absent:
        return Check("prompts", "missing", f"not rendered: {', '.join(str(path) for path in absent)}", "sunwai setup")
    return Check("prompts", "ok", f"{', '.join(languages)} in {line.prompts}")


def speech_models(line: Line) -> Iterator[Check]:
    """Whether the folders that are set hold models; whether they know the line's words says `sunwai speech check`."""
    for language, folder in line.speech_models.items():
        try:
            whole(folder)
        except ModelRefused as refused:
            remedy = f"until then callers are asked by keys; then: sunwai speech check {folder}"
            yield Check(f"speech model {language}", "missing", str(refused), remedy)
        else:
            yield Check(f"speech model {language}", "ok", str(folder))


async def books(ask_books: AskBooks) -> Check:
    try:
        await ask_books()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the books is the finding
        return Check("books", "missing", str(error) or type(error).__name__, "sunwai setup")
    return Check("books", "ok", "reachable and up to date")


def ports(line: Line) -> Iterator[Check]:
    telephony, console = line.settings.telephony, line.settings.console
    ours = runs(line)
    trunk = (telephony.trunk_address, telephony.trunk_port)
    sip = f"sip:{line.settings.line.number}@{trunk[0]}:{trunk[1]}"
    yield _port(f"trunk ({sip})", socket.SOCK_DGRAM, trunk, ours, "telephony.trunk_address or trunk_port")
    agents = (telephony.agent_address, telephony.agent_port)
    yield _port("agents' SIP door", socket.SOCK_DGRAM, agents, ours, "telephony.agent_address or agent_port")
    if telephony.nodes:
        nodes = (telephony.node_address, telephony.node_port)
        yield _port("inter-node trunk", socket.SOCK_DGRAM, nodes, ours, "telephony.node_address or node_port")
    http = ("127.0.0.1", telephony.http_port)
    yield _port("Asterisk's ARI", socket.SOCK_STREAM, http, ours, "telephony.http_port")
    yield _port("console", socket.SOCK_STREAM, (console.address, console.port), ours, "console.address or port")


def socket_paths(line: Line) -> Check:
    try:
        fitting_socket(line.var / "asterisk" / "run" / "asterisk.ctl")
    except SetupError as error:
        return Check("unix sockets", "missing", str(error), "change storage.var")
    return Check("unix sockets", "ok", f"below {line.var}")


def disk_space(line: Line) -> Check:
    """A full disk cuts recordings silently (design 3.7)."""
    place = next(path for path in (line.recordings.resolve(), *line.recordings.resolve().parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 1e9:.1f} GB free for recordings"
    if free >= LEAST_SPACE_BYTES:
        return Check("disk space", "ok", text)
    return Check("disk space", "missing", text, f"make room in {place}: at least {LEAST_SPACE_BYTES / 1e9:.0f} GB")


def runs(line: Line) -> bool:
    """True when a parent of this line holds its lock."""
    try:
        with (line.var / "run" / "parent.lock").open("r", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _port(name: str, kind: socket.SocketKind, address: tuple[str, int], ours: bool, setting: str) -> Check:
    where = f"{address[0]}:{address[1]}"
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, kind) as door:
        if kind is socket.SOCK_STREAM:
            # As the servers do: what a closed connection left behind is no hindrance.
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE and ours:
                return Check(name, "ok", f"{where}, this line runs")
            taken = "is taken by another program" if error.errno == errno.EADDRINUSE else os.strerror(error.errno or 0)
            return Check(name, "missing", f"{where}: {taken}", f"change {setting} in the settings")
    return Check(name, "ok", f"{where} is free")


def _requirements() -> list[str]:
    try:
        return importlib.metadata.requires("sunwai") or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True
