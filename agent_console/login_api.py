"""Log-in and log-out: argon2id, a revocable session, and wrong passwords slowed down."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from agent_console import limiter, sessions
from agent_console.door import actor_of
from agent_console.errors import Away, NotLoggedIn, TooOften
from agent_console.plan import Console
from agent_console.route import Nothing, Visit
from agent_console.signing_in import sign_out
from storage.people import Login

_WRONG = "Name or password is wrong."


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in. `csrf` must be sent as X-Sunwai-CSRF with every change; `wrapup_s` is seconds."""

    name: str
    roles: tuple[str, ...]
    agent: str | None
    officer: str | None
    company: str
    unit: str | None
    languages: tuple[str, ...]
    categories: tuple[str, ...]
    csrf: str
    wrapup_s: float


def me_of(console: Console, login: Login, token: str) -> Me:
    return Me(
        name=login.name,
        roles=tuple(sorted(login.roles)),
        agent=login.agent,
        officer=login.officer,
        company=login.company or console.plan.company,
        unit=login.unit,
        languages=login.languages,
        categories=login.categories,
        csrf=sessions.csrf_of(token),
        wrapup_s=console.plan.wrapup_s,
    )


async def log_in(console: Console, request: web.Request, asked: LogIn) -> web.Response:
    """A session for the right password. TooOften while the address or the log-in is slowed down, without trying."""
    address = _address(console, request)
    wait_s = console.failures.wait_s(address, time.monotonic())
    if wait_s > 0:
        raise TooOften("Too many wrong log-ins from here: try again later.", retry_after_s=round(wait_s) + 1)
    login = await console.books.people.login(asked.name)
    if login is None or not login.active:
        await _fits(console, None, asked.password)
        console.failures.note(address, time.monotonic())
        raise NotLoggedIn(_WRONG)
    now = console.clock.wall_now()
    _refuse_while_locked(login, now)
    if not await _fits(console, login.password_hash, asked.password):
        console.failures.note(address, time.monotonic())
        await console.books.people.note_failure(login.name, now)
        await console.books.people.audit(actor_of(login), "wrong_password", f"login:{login.name}", now)
        raise NotLoggedIn(_WRONG)
    return await _session_for(console, login, now)


async def _session_for(console: Console, login: Login, now: datetime) -> web.Response:
    token = sessions.new_token()
    if login.failures:
        await console.books.people.note_success(login.name)
    expires = now + timedelta(hours=console.plan.session_hours)
    await console.books.people.create_session(login.name, sessions.digest(token), expires)
    await console.books.people.audit(actor_of(login), "log_in", f"login:{login.name}", now)
    response = web.Response(
        body=msgspec.json.encode(me_of(console, login, token)),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    sessions.give(response, token, console.plan)
    return response


def _refuse_while_locked(login: Login, now: datetime) -> None:
    until = limiter.locked_until(login)
    if until is not None and until > now:
        wait_s = round((until - now).total_seconds()) + 1
        raise TooOften("This log-in is locked for a while after wrong passwords.", retry_after_s=wait_s)


async def _fits(console: Console, password_hash: str | None, password: str) -> bool:
    try:
        return await console.passwords.fits(password_hash, password)
    except TimeoutError:
        raise Away("Too many people log in at this moment: try again.") from None


def _address(console: Console, request: web.Request) -> str:
    """Behind a proxy of ours everybody has its address; what it has seen itself stands last in the header."""
    forwarded = request.headers.get("X-Forwarded-For", "") if console.plan.behind_tls else ""
    return forwarded.rpartition(",")[2].strip() or request.remote or "unknown"


async def log_out(visit: Visit, _: Nothing) -> web.Response:
    """Ends the session and its pages; an agent leaves the floor unless a call, or a missing disposition, keeps him."""
    console, visitor = visit.console, visit.visitor
    await console.books.people.revoke(visitor.session)
    console.feed.end_session(visitor.session)
    await console.books.people.audit(visitor.actor, "log_out", f"login:{visitor.login.name}", visit.now)
    agent = visitor.login.agent
    if (
        agent is not None
        and not console.feed.has_page(agent, besides=visitor.session)
        and await sign_out(console, agent)
    ):
        await console.telephone.forget(agent, visitor.actor)
    response = web.Response(body=b'{"ok":true}', content_type="application/json", headers={"Cache-Control": "no-store"})
    sessions.take(response, console.plan)
    return response


async def me(visit: Visit, _: Nothing) -> Me:
    return me_of(visit.console, visit.visitor.login, visit.visitor.token)
