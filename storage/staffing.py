"""Log-ins as administrators keep them: each change and its audit row are one transaction, with the values before and
after. Nothing is deleted, since history names codes; who has left is inactive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from storage.errors import LastAdministrator, NotInBooks, Taken
from storage.people import Login, Role, Shift, change_login, end_sessions, login_from, row_of, write_audit
from storage.tables import logins, sessions
from storage.transactions import Transactions

RIGHTS_FIELDS = frozenset({"roles", "agent", "officer", "company", "unit", "active"})
"""What a log-in may do, as whom and where: a change of one of these ends its sessions; skills and the rest do not."""
KEPT_FIELDS = (*sorted(RIGHTS_FIELDS), "languages", "categories", "vendor", "shift")
"""What may be changed, and is told in the audit; the password is neither."""

_TAKEN = {
    "name": ("pk_logins", "logins.name"),
    "agent": ("uq_logins_agent", "logins.agent"),
    "officer": ("uq_logins_officer", "logins.officer"),
}
"""What must be unique, and how PostgreSQL and SQLite name it when it is not."""

Allowed = Callable[[Login, Login], None]
"""Raises when a log-in may not become what was asked; given the log-in before and after, as they are in the books."""


@dataclass(frozen=True, slots=True)
class Changed:
    """`ended`: its sessions are over, because what it may do has changed."""

    before: Login
    after: Login
    ended: bool


class Staffing:
    """Every method names the `actor` for the audit. NotInBooks: there is no such log-in."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def add(self, login: Login, actor: str, at: datetime) -> None:
        """A new log-in. Taken when its name or a code is another's."""
        await self._books.write(lambda c: _add(c, login, actor, at))

    async def change(
        self, name: str, changes: Mapping[str, Any], actor: str, at: datetime, allowed: Allowed
    ) -> Changed:
        """Some of `KEPT_FIELDS` become what `changes` says. Taken, LastAdministrator, or what `allowed` raises."""
        return await self._books.write(lambda c: _change(c, name, changes, actor, at, allowed))

    async def set_password(self, name: str, password_hash: str, actor: str, at: datetime) -> None:
        """A new password; every session of the log-in ends, and wrong tries are forgotten."""
        await self._books.write(lambda c: _set_password(c, name, password_hash, actor, at))

    async def change_own_password(
        self, name: str, before: str, after: str, actor: str, at: datetime, *, session: str
    ) -> bool:
        """A new password's hash in place of `before`; every session of the log-in but `session` ends.

        False, and nothing done, when an administrator was quicker: another hash stands, the log-in is inactive, or the
        session is over.
        """
        return await self._books.write(lambda c: _change_own_password(c, name, before, after, actor, at, session))


def _add(connection: Connection, login: Login, actor: str, at: datetime) -> None:
    try:
        connection.execute(insert(logins), row_of(login))
    except IntegrityError as error:
        raise _plainly(error) from None
    detail = {field: _word(getattr(login, field)) for field in KEPT_FIELDS}
    write_audit(connection, actor, "add_person", f"login:{login.name}", at, detail)


def _change(
    connection: Connection, name: str, changes: Mapping[str, Any], actor: str, at: datetime, allowed: Allowed
) -> Changed:
    if not changes.keys().isdisjoint({"roles", "active"}):
        # Two administrators who take the role from each other at once: the second waits here and sees what is left.
        # All rows in one order, before the one in question, so that they never wait for each other.
        connection.execute(select(logins.c.name).order_by(logins.c.name).with_for_update())
    row = connection.execute(select(logins).where(logins.c.name == name).with_for_update()).mappings().first()
    if row is None:
        raise NotInBooks("there is no such log-in")
    before = login_from(row)
    after = replace(before, **changes)
    allowed(before, after)
    differing = [field for field in KEPT_FIELDS if getattr(before, field) != getattr(after, field)]
    if not differing:
        return Changed(before, after, ended=False)
    if _administers(before) and not _administers(after) and not _others_administer(connection, name):
        raise LastAdministrator("the last administrator's log-in stays what it is")
    ended = not RIGHTS_FIELDS.isdisjoint(differing)
    _write(connection, after, differing, ended=ended)
    detail = {f"{field}_before": _word(getattr(before, field)) for field in differing}
    detail |= {f"{field}_after": _word(getattr(after, field)) for field in differing}
    write_audit(connection, actor, "change_person", f"login:{name}", at, detail)
    return Changed(before, after, ended=ended)


def _write(connection: Connection, after: Login, differing: list[str], *, ended: bool) -> None:
    row = row_of(after)
    values = {field: row[field] for field in differing}
    try:
        if ended:
            change_login(connection, after.name, values)
        else:
            connection.execute(update(logins).where(logins.c.name == after.name).values(values))
    except IntegrityError as error:
        raise _plainly(error) from None


def _set_password(connection: Connection, name: str, password_hash: str, actor: str, at: datetime) -> None:
    change_login(connection, name, {"password_hash": password_hash, "failures": 0, "failed_at": None})
    write_audit(connection, actor, "set_password", f"login:{name}", at, {})


def _change_own_password(
    connection: Connection, name: str, before: str, after: str, actor: str, at: datetime, session: str
) -> bool:
    stands = select(logins.c.name).where(
        logins.c.name == name, logins.c.password_hash == before, logins.c.active.is_(True)
    )
    goes_on = select(sessions.c.login).where(sessions.c.token_digest == session, sessions.c.revoked.is_(False))
    if connection.execute(stands.with_for_update()).first() is None or connection.execute(goes_on).first() is None:
        return False
    connection.execute(update(logins).where(logins.c.name == name).values(password_hash=after))
    end_sessions(connection, name, besides=session)
    write_audit(connection, actor, "change_own_password", f"login:{name}", at, {})
    return True


def _administers(login: Login) -> bool:
    return login.active and Role.ADMINISTRATOR in login.roles


def _others_administer(connection: Connection, name: str) -> bool:
    others = select(logins).where(logins.c.name != name, logins.c.active.is_(True))
    return any(_administers(login_from(row)) for row in connection.execute(others).mappings())


def _plainly(error: IntegrityError) -> Exception:
    """Which of the unique fields it was; the error itself when it is about something else."""
    told = str(error.orig)
    return next((Taken(what) for what, names in _TAKEN.items() if any(name in told for name in names)), error)


def _word(value: object) -> str:
    """A value as the audit tells it."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Shift(starts, ends, days):
            return f"{starts}-{ends} {' '.join(map(str, days))}"
        case tuple() | frozenset():
            return " ".join(sorted(map(str, value)))
        case _:
            return str(value)
