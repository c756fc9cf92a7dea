"""Addresses of Redis as the settings write them. Pure: nothing is connected to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

FORMS = "unix:///path, redis://host:port/db, rediss://host:port/db or sentinel://host:port,host:port/service/db"
_SENTINEL = "sentinel"
_ALONE = frozenset({"unix", "redis", "rediss"})
_SENTINEL_PORT = 26379


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who is asked which Redis of `service` is the master now. User and password are those of Redis itself."""

    hosts: tuple[tuple[str, int], ...]
    service: str
    database: int = 0
    user: str | None = None
    password: str | None = None


def checked(url: str) -> str:
    """The address itself. ValueError in one sentence when it has no form that we know; it never holds the password."""
    scheme, _, rest = url.partition("://")
    if scheme == _SENTINEL:
        sentinels_in(url)
    elif scheme not in _ALONE or not rest:
        raise ValueError(f"an address of Redis is {FORMS}")
    return url


def sentinels_in(url: str) -> Sentinels | None:
    """None for an address of one Redis. ValueError when hosts or service are missing."""
    parts = urlsplit(url)
    if parts.scheme != _SENTINEL:
        return None
    account, _, hosts = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    found = tuple(_host(one) for one in hosts.split(",") if one)
    if not found or not service or "/" in database or (database and not database.isdigit()):
        raise ValueError("an address with Sentinels is sentinel://host:port,host:port/service/db: hosts and service")
    return Sentinels(found, service, int(database or 0), unquote(user) or None, unquote(password) or None)


def _host(text: str) -> tuple[str, int]:
    """ "host", "host:port", "[address]:port". ValueError when the port is no port."""
    name, _, port = text.rpartition(":") if ":" in text.rpartition("]")[2] else (text, "", f"{_SENTINEL_PORT}")
    if not port.isdigit() or not 0 < int(port) < 65536 or not name.strip("[]"):
        raise ValueError("a Sentinel's address is host:port")
    return name.strip("[]"), int(port)
