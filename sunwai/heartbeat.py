"""The heartbeat between a child and the parent (design 3.5): one line a second through a pipe.

The parent gives the pipe's end in SUNWAI_HEARTBEAT_FD. `ready` says alive and registered with Asterisk, `away` says
alive only. A child that falls silent is killed; one that stays away has its callers sent to the fallback. Without the
variable (the role runs alone, under systemd) nothing is written.

A spare is given SUNWAI_SPARE_FD as well: it says `loaded` when it could begin, and begins when the parent says `go`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

HEARTBEAT_VARIABLE = "SUNWAI_HEARTBEAT_FD"
BEAT_EVERY_S = 1.0
SPARE_VARIABLE = "SUNWAI_SPARE_FD"
READY = b"ready\n"
AWAY = b"away\n"
LOADED = b"loaded\n"
GO = b"go\n"


Word = Callable[[], Awaitable[None]]


async def beat(is_ready: Callable[[], bool]) -> None:
    """Write a line each second until cancelled. Belongs on the loop that serves the calls: it stops when that hangs."""
    given = os.environ.get(HEARTBEAT_VARIABLE)
    if not given:
        return
    pipe = int(given)
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, READY if is_ready() else AWAY)
        except BlockingIOError:
            # The parent reads nothing: it is stopped, and a full pipe holds enough news for when it is back.
            pass
        except BrokenPipeError:
            return
        await asyncio.sleep(BEAT_EVERY_S)


async def wait_for_the_word() -> None:
    """Returns at once unless this process is a spare; then when it is told to begin. EOFError: the parent is gone."""
    given = os.environ.get(SPARE_VARIABLE)
    if not given:
        return
    word, loop, told = int(given), asyncio.get_running_loop(), asyncio.Event()
    os.write(int(os.environ[HEARTBEAT_VARIABLE]), LOADED)
    loop.add_reader(word, told.set)
    try:
        await told.wait()
    finally:
        loop.remove_reader(word)
    heard = os.read(word, 64)
    os.close(word)
    if not heard:
        raise EOFError("the parent has gone without a word")
