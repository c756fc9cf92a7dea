"""Who somebody is, proved by password and code; what is wrong is counted, audited, and slowed down (`limiter.py`)."""

from __future__ import annotations

import time
from datetime import datetime

from aiohttp import web

from agent_console import limiter, second_factor
from agent_console.door import actor_of
from agent_console.errors import Away, BadInput, TooOften
from agent_console.plan import Console
from agent_console.route import Visit
from storage.people import Login
from storage.second_factors import SecondFactor

WRONG_PASSWORD, WRONG_CODE = "wrong_password", "wrong_code"
"""Deeds of the audit."""

_TOO_MANY = "Too many people log in at this moment: try again."

BY_CODE, BY_RECOVERY_CODE = "code", "recovery_code"


def refuse_guessing(console: Console, request: web.Request) -> None:
    """TooOften while the address is slowed down."""
    wait_s = console.failures.wait_s(_address(console, request), time.monotonic())
    if wait_s > 0:
        raise TooOften("Too many wrong log-ins from here: try again later.", retry_after_s=round(wait_s) + 1)


def refuse_while_locked(login: Login, now: datetime) -> None:
    """TooOften while the log-in is slowed down."""
    until = limiter.locked_until(login)
    if until is not None and until > now:
        wait_s = round((until - now).total_seconds()) + 1
        raise TooOften("This log-in is locked for a while after wrong passwords or codes.", retry_after_s=wait_s)


async def password_fits(console: Console, login: Login | None, password: str) -> bool:
    """False after the same effort for a log-in that is not there. Away when too many ask."""
    try:
        return await console.passwords.fits(login.password_hash if login else None, password)
    except TimeoutError:
        raise Away(_TOO_MANY) from None


async def new_hash(console: Console, password: str) -> str:
    """The hash of a password that is given now. Away when too many ask."""
    try:
        return await console.passwords.hashed(password)
    except TimeoutError:
        raise Away(_TOO_MANY) from None


async def prove_password(visit: Visit, password: str) -> None:
    """BadInput, which keeps the session, unless it is the visitor's; TooOften after too many wrong ones."""
    console, login = visit.console, visit.visitor.login
    refuse_guessing(console, visit.request)
    refuse_while_locked(login, visit.now)
    if not await password_fits(console, login, password):
        await note_failure(console, visit.request, login, WRONG_PASSWORD, visit.now)
        raise BadInput("The password is wrong.", "password")


async def code_fits(console: Console, login: Login, factor: SecondFactor, code: str, now: datetime) -> str | None:
    """BY_CODE or BY_RECOVERY_CODE, and it is used up; None for a wrong one or one that was used. May be TooOften."""
    # Passwords take tenths of a second: what failed meanwhile, side by side with this attempt, counts as well.
    refuse_while_locked(await console.books.people.login(login.name) or login, now)
    shelf, typed = console.books.second_factors, second_factor.as_typed(code)
    if not second_factor.is_code(typed):
        taken = await shelf.take_recovery_code(login.name, second_factor.digest(typed), now)
        return BY_RECOVERY_CODE if taken else None
    step = second_factor.fitting_step(factor.secret, typed, console.clock.true_now(), factor.last_step)
    return BY_CODE if step is not None and await shelf.take_step(login.name, step) else None


def note_guess(console: Console, request: web.Request) -> None:
    """One more failure of this address."""
    console.failures.note(_address(console, request), time.monotonic())


async def note_failure(console: Console, request: web.Request, login: Login, deed: str, now: datetime) -> None:
    """One more failure of this address and this log-in; `deed` is what the audit calls it."""
    note_guess(console, request)
    await console.books.people.note_failure(login.name, now)
    await console.books.people.audit(actor_of(login), deed, f"login:{login.name}", now)


def _address(console: Console, request: web.Request) -> str:
    """Behind a proxy of ours everybody has its address; what it has seen itself stands last in the header."""
    forwarded = request.headers.get("X-Forwarded-For", "") if console.plan.behind_tls else ""
    return forwarded.rpartition(",")[2].strip() or request.remote or "unknown"
