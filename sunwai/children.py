"""The programs of a line, as the parent starts them: Redis, Asterisk, the demo's exchange, and the line's own roles."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from sunwai.asterisk_conf import etc_folder, exchange_etc_folder, write_asterisk_conf, write_exchange_conf
from sunwai.asterisk_program import find_asterisk
from sunwai.errors import SetupError
from sunwai.processes import Child, Probe

if TYPE_CHECKING:
    from pathlib import Path

    from sunwai.settings import Line

CONTROLLER = "controller"
NUMBER_VARIABLE = "SUNWAI_NUMBER"
"""Which of several recognisers a process is."""
_UNIX_PATH_LIMIT = 107


def redis_child(line: Line) -> Child | None:
    """A Redis of our own on a unix socket, without persistence; None when the settings name another floor."""
    if line.settings.storage.floor:
        return None
    run = line.var / "run"
    run.mkdir(parents=True, exist_ok=True)
    socket = fitting_socket(run / "redis.sock")
    command = ("redis-server", "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(run))
    rest = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--maxmemory-policy", "noeviction")
    return Child("redis", command + rest, line.var / "log" / "redis.log", run, probe=_redis_probe(socket))


def asterisk_child(line: Line, probe: Probe) -> Child:
    """Our Asterisk, with its configuration written anew. SetupError when there is none."""
    etc = etc_folder(line)
    write_asterisk_conf(line, etc)
    return _asterisk(line, "asterisk", etc, probe)


def exchange_child(line: Line, probe: Probe) -> Child:
    """The Asterisk that plays the public network and the agents' phones (demo and tests)."""
    etc = exchange_etc_folder(line)
    write_exchange_conf(line, etc)
    return _asterisk(line, "exchange", etc, probe)


_FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""Each thread of the books' pool would get a memory arena of its own, and the process grow by it for hours (glibc)."""


def role_child(line: Line, role: str) -> Child:
    """One of our own programs, `python -m sunwai ROLE --settings FILE`. The controller has a heartbeat and a spare."""
    file = ("--settings", str(line.file.resolve())) if line.file else ()
    command = (sys.executable, "-m", "sunwai", role, *file)
    return Child(
        role,
        command,
        line.var / "log" / f"{role}.log",
        line.folder,
        environment=_FEW_ARENAS,
        heartbeat=role == CONTROLLER,
        spare=role == CONTROLLER,
    )


def recogniser_children(line: Line) -> list[Child]:
    """As many as are set, when there is a model to hear with; one that hangs is killed after its silence."""
    if not line.settings.speech.models:
        return []
    return [
        replace(
            role_child(line, "recogniser"),
            name=f"recogniser{number}",
            log=line.var / "log" / f"recogniser{number}.log",
            environment=_FEW_ARENAS | {NUMBER_VARIABLE: str(number)},
            heartbeat=True,
        )
        for number in range(1, line.settings.speech.processes + 1)
    ]


def fitting_socket(path: Path) -> Path:
    """The kernel takes unix socket paths of at most 107 bytes. SetupError says so before a program fails obscurely."""
    if len(os.fsencode(path)) > _UNIX_PATH_LIMIT:
        raise SetupError(f"{path} is too long for a unix socket: put storage.var into a folder with a shorter path")
    return path


def _asterisk(line: Line, name: str, etc: Path, probe: Probe) -> Child:
    program = find_asterisk(line)
    if program is None:
        raise SetupError("there is no Asterisk 22.10 or newer: type `sunwai setup`")
    fitting_socket(etc.parent / "run" / "asterisk.ctl")
    log = line.var / "log" / f"{name}.log"
    return Child(name, tuple(program.command(etc)), log, etc.parent, probe=probe)


def _redis_probe(socket: Path) -> Probe:
    async def answers() -> bool:
        try:
            async with asyncio.timeout(1.0):
                reader, writer = await asyncio.open_unix_connection(str(socket))
                try:
                    writer.write(b"PING\r\n")
                    return (await reader.readline()).startswith(b"+PONG")
                finally:
                    writer.close()
                    await writer.wait_closed()
        except (OSError, TimeoutError):
            return False

    return answers
