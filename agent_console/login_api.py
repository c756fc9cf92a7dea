"""Log-in and log-out: the password, the code of a second factor, and a revocable session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from aiohttp import web

from agent_console import proving, sessions
from agent_console.door import RIGHTS, actor_of
from agent_console.errors import NotLoggedIn
from agent_console.plan import Console
from agent_console.route import Nothing, Visit
from agent_console.signing_in import sign_out
from storage.people import Login, Role

_WRONG = "Name or password is wrong."

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Code = Annotated[str, msgspec.Meta(max_length=64, description="Of the app, or a recovery code")]


class LogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Password
    code: Code | None = None


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who is logged in. `csrf` must be sent as X-Sunwai-CSRF with every change; `wrapup_s` is seconds.

    `deeds` is what the log-in may ask for at all: a page shows that and no more.
    """

    name: str
    roles: tuple[str, ...]
    deeds: tuple[str, ...]
    agent: str | None
    officer: str | None
    company: str
    unit: str | None
    languages: tuple[str, ...]
    categories: tuple[str, ...]
    csrf: str
    timezone: str
    wrapup_s: float


def me_of(console: Console, login: Login, token: str) -> Me:
    return Me(
        name=login.name,
        roles=tuple(sorted(login.roles)),
        deeds=tuple(sorted(deed for deed, roles in RIGHTS.items() if login.roles & roles)),
        agent=login.agent,
        officer=login.officer,
        company=login.company or console.plan.company,
        unit=login.unit,
        languages=login.languages,
        categories=login.categories,
        csrf=sessions.csrf_of(token),
        timezone=console.plan.timezone,
        wrapup_s=console.plan.wrapup_s,
    )


async def log_in(console: Console, request: web.Request, asked: LogIn) -> web.Response:
    """A session for the right password, and the right code of a log-in that has a second factor.

    TooOften while the address or the log-in is slowed down, without trying.
    """
    proving.refuse_guessing(console, request)
    login = await console.books.people.login(asked.name)
    if login is None or not login.active:
        await proving.password_fits(console, None, asked.password)
        proving.note_guess(console, request)
        raise NotLoggedIn(_WRONG)
    now = console.clock.wall_now()
    proving.refuse_while_locked(login, now)
    if not await proving.password_fits(console, login, asked.password):
        await proving.note_failure(console, request, login, proving.WRONG_PASSWORD, now)
        raise NotLoggedIn(_WRONG)
    return await _session_for(console, login, now, await _second_factor(console, request, login, asked.code, now))


async def _second_factor(
    console: Console, request: web.Request, login: Login, code: str | None, now: datetime
) -> str | None:
    """By what it was proved; None for a log-in without one. A refusal names the field `code`: pages ask for it then."""
    factor = await console.books.second_factors.of(login.name)
    if factor is None or not factor.confirmed:
        return None
    if not code:
        raise NotLoggedIn("This log-in has a second factor: give its code as well, or a recovery code.", "code")
    proof = await proving.code_fits(console, login, factor, code, now)
    if proof is None:
        await proving.note_failure(console, request, login, proving.WRONG_CODE, now)
        raise NotLoggedIn("The code is wrong or was used already: try the next.", "code")
    return proof


async def _session_for(console: Console, login: Login, now: datetime, proof: str | None) -> web.Response:
    token = sessions.new_token()
    if login.failures:
        await console.books.people.note_success(login.name)
    expires = now + timedelta(hours=console.plan.session_hours)
    await console.books.people.create_session(login.name, sessions.digest(token), expires)
    detail = {} if proof is None else {"second_factor": proof}
    await console.books.people.audit(actor_of(login), "log_in", f"login:{login.name}", now, detail)
    response = web.Response(
        body=msgspec.json.encode(me_of(console, login, token)),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
    sessions.give(response, token, console.plan)
    return response


async def log_out(visit: Visit, _: Nothing) -> web.Response:
    """Ends the session and its pages; an agent leaves the floor unless a call, or a missing disposition, keeps him."""
    console, visitor = visit.console, visit.visitor
    await console.books.people.revoke(visitor.session)
    console.feed.end_session(visitor.session)
    await console.relays.end_session(visitor.session)
    await console.books.people.audit(visitor.actor, "log_out", f"login:{visitor.login.name}", visit.now)
    agent = visitor.login.agent
    if (
        agent is not None
        and not console.feed.has_page(agent, besides=visitor.session)
        and await sign_out(console, agent)
    ):
        await console.telephone.forget(agent, visitor.actor)
    elif (
        agent is None
        and Role.SUPERVISOR in visitor.login.roles
        and not console.relays.has(visitor.telephone(), besides=visitor.session)
    ):
        await console.telephone.forget(visitor.telephone(), visitor.actor)
    response = web.Response(body=b'{"ok":true}', content_type="application/json", headers={"Cache-Control": "no-store"})
    sessions.take(response, console.plan)
    return response


async def me(visit: Visit, _: Nothing) -> Me:
    return me_of(visit.console, visit.visitor.login, visit.visitor.token)
