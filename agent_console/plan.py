"""What the console needs of the house, put together once in `app.make_app` and reached by every request."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from agent_console.feed import Feed
from agent_console.limiter import FailureLimit
from agent_console.meters import Meters
from agent_console.passwords import Passwords
from agent_console.relays import Relays
from agent_console.telephone import Telephone
from agent_console.wall import Wallboard
from dialplan.edition import Edition
from storage.books import Books
from storage.clock import Clock
from storage.commands import Commands
from storage.floor import Floor
from storage.recordings import Recordings
from storage.spoken import Spoken


@dataclass(frozen=True, slots=True)
class ConsolePlan:
    """The settings of this room. `node` names the controller that is asked for what is not about a running call.

    `sip_address`:`sip_port` is where an agent's SIP telephone registers, `sip_socket` the URL where his browser's does,
    by way of the console (`sip_relay.py`). `recordings` and `spool` are the folders of `storage.recordings` and
    `storage.spoken`. `release` is what this release says, `nodes` are all of the line. `behind_tls` says that a proxy
    on this machine speaks https for us: cookies are then marked secure, and the caller's address is the proxy's last
    X-Forwarded-For.
    """

    address: str
    port: int
    session_hours: float
    lease_s: float
    node: str
    sip_address: str
    sip_port: int
    sip_socket: str
    company: str
    wrapup_s: float
    timezone: str
    lines: int
    recordings: Path
    spool: Path
    release: Edition
    nodes: tuple[str, ...]
    country: str = "IN"
    behind_tls: bool = False


@dataclass(frozen=True, slots=True)
class Console:
    """One per application."""

    books: Books
    floor: Floor
    commands: Commands
    clock: Clock
    plan: ConsolePlan
    passwords: Passwords
    failures: FailureLimit
    feed: Feed
    meters: Meters
    telephone: Telephone
    relays: Relays
    wallboard: Wallboard
    recordings: Recordings
    spoken: Spoken

    @property
    def epoch(self) -> float:
        """The wall clock as the floor wants it: seconds since 1970."""
        return self.clock.wall_now().timestamp()


CONSOLE = web.AppKey("console", Console)
