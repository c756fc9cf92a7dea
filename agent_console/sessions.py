"""Session tokens: the browser has the token in a cookie no script can read, the books have only its digest."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from aiohttp import web

from agent_console.plan import ConsolePlan

CSRF_HEADER = "X-Sunwai-CSRF"
_BYTES = 32
_LONGEST_CALL_S = 4 * 3600
"""A session lasts as long as the call it ends in (`live.Socket`); the server says when it is over, not the cookie."""


def new_token() -> str:
    return secrets.token_urlsafe(_BYTES)


def digest(token: str) -> str:
    """What the books keep of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_of(token: str) -> str:
    """The word a page must send with every change: made from the token, which no other site's page can read."""
    return hashlib.sha256(b"csrf:" + token.encode()).hexdigest()


def csrf_fits(token: str, said: str) -> bool:
    return hmac.compare_digest(csrf_of(token).encode(), said.encode())


def sign(token: str, what: str) -> str:
    """A word that proves to us that this session was given `what`; nobody can make it without the token."""
    return hmac.digest(token.encode(), what.encode(), "sha256").hex()


def token_of(request: web.Request, plan: ConsolePlan) -> str | None:
    return request.cookies.get(_cookie_name(plan))


def give(response: web.Response, token: str, plan: ConsolePlan) -> None:
    """Put the token into the browser, for as long as the session can last."""
    response.set_cookie(
        _cookie_name(plan),
        token,
        max_age=int(plan.session_hours * 3600) + _LONGEST_CALL_S,
        httponly=True,
        samesite="Strict",
        secure=plan.behind_tls,
        path="/",
    )


def take(response: web.Response, plan: ConsolePlan) -> None:
    response.del_cookie(_cookie_name(plan), path="/", httponly=True, samesite="Strict", secure=plan.behind_tls)


def _cookie_name(plan: ConsolePlan) -> str:
    """Cookies do not know ports: two lines on one machine would log each other out under one name."""
    return f"sunwai_{plan.port}"
