"""What a route is, and what its handler is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from agent_console.door import Deed, Visitor
from agent_console.plan import Console


@dataclass(frozen=True, slots=True)
class Visit:
    """One admitted request."""

    console: Console
    request: web.Request
    visitor: Visitor
    now: datetime

    def part(self, name: str) -> str:
        """A part of the path, such as the docket's number; its form is checked by the route's pattern."""
        return self.request.match_info[name]


# Handlers take the body, or for GET the query, as the type their route names: only the route knows which.
Handler = Callable[[Visit, Any], Awaitable[msgspec.Struct | web.StreamResponse]]
OpenHandler = Callable[[Console, web.Request, Any], Awaitable[msgspec.Struct | web.StreamResponse]]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that holds nothing: an empty body or {}."""


class Anything(msgspec.Struct, frozen=True):
    """A question whose body is not even read, since the answer is the same."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """It is done, and there is nothing more to say."""

    ok: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table. `asks` is the shape of the body (of the query for GET), `answers` of the answer.

    `opened` handles deeds that need no session, `handler` all others. `media` is the answer's type.
    """

    method: str
    path: str
    deed: Deed
    summary: str
    handler: Handler | None = None
    opened: OpenHandler | None = None
    asks: type[msgspec.Struct] = Nothing
    answers: type[msgspec.Struct] = Done
    status: int = 200
    media: str = "application/json"
