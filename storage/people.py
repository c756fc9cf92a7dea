"""Who may log in, their sessions, and the audit of what people did. Passwords and tokens arrive here only hashed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from storage.errors import NotInBooks
from storage.tables import audit as audit_table
from storage.tables import logins, sessions
from storage.transactions import Transactions


class Role(StrEnum):
    """What a log-in may be."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    INSPECTOR = "inspector"
    OFFICER = "officer"
    VIGILANCE = "vigilance"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Shift:
    """When somebody works: local times "HH:MM", over midnight when it ends before it starts; days 1 (Monday) to 7."""

    starts: str
    ends: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in. `password_hash` is argon2id, made by the caller. `agent` is the agent's code (A17), `officer` the
    officer's (J09). `languages` and `categories` are an agent's skills; no categories means every kind.
    `failures` counts wrong passwords and codes since the last log-in, `failed_at` is the latest of them. `vendor`
    employs him; his `shift` is for people to read, nothing is decided by it."""

    name: str
    password_hash: str
    roles: frozenset[Role]
    agent: str | None = None
    officer: str | None = None
    company: str | None = None
    unit: str | None = None
    languages: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    active: bool = True
    failures: int = 0
    failed_at: datetime | None = None
    vendor: str | None = None
    shift: Shift | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is valid, with its log-in."""

    login: Login
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One deed of a person. `actor` as in timelines; `subject` is "docket:<number>", "recording:<call_ref>" ..."""

    id: int
    at: datetime
    actor: str
    deed: str
    subject: str
    detail: Mapping[str, str | int]


class People:
    """Log-ins, sessions and audit."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def add(self, login: Login) -> None:
        """A new log-in of set-up; NotInBooks when its name or a code is taken. `Staffing.add` keeps who did it."""
        await self._books.write(lambda c: c.execute(insert(logins), row_of(login)) and None)

    async def login(self, name: str) -> Login | None:
        """The log-in of this name, active or not."""
        query = select(logins).where(logins.c.name == name)
        row = await self._books.read(lambda c: c.execute(query).mappings().first())
        return login_from(row) if row else None

    async def login_of_agent(self, agent: str) -> Login | None:
        """The log-in of the agent with this code, active or not."""
        query = select(logins).where(logins.c.agent == agent)
        row = await self._books.read(lambda c: c.execute(query).mappings().first())
        return login_from(row) if row else None

    async def logins(self) -> list[Login]:
        """All log-ins by name."""
        query = select(logins).order_by(logins.c.name)
        return await self._books.read(lambda c: [login_from(row) for row in c.execute(query).mappings()])

    async def vendors(self) -> dict[str, str]:
        """Agent's code → who employs him, where that is known."""
        query = select(logins.c.agent, logins.c.vendor).where(logins.c.agent.is_not(None), logins.c.vendor.is_not(None))
        return await self._books.read(lambda c: {row.agent: row.vendor for row in c.execute(query)})

    async def set_password(self, name: str, password_hash: str) -> None:
        """A new password; every session of the log-in ends."""
        await self._books.write(lambda c: change_login(c, name, {"password_hash": password_hash, "failures": 0}))

    async def set_active(self, name: str, *, active: bool) -> None:
        """Switches a log-in on or off; every session of the log-in ends."""
        await self._books.write(lambda c: change_login(c, name, {"active": active}))

    async def note_failure(self, name: str, at: datetime) -> int:
        """Counts a wrong password or code; the count since the last log-in (0 for an unknown name)."""
        statement = (
            update(logins)
            .where(logins.c.name == name)
            .values(failures=logins.c.failures + 1, failed_at=at)
            .returning(logins.c.failures)
        )
        return await self._books.write(lambda c: c.execute(statement).scalar_one_or_none() or 0)

    async def note_success(self, name: str) -> None:
        """A log-in ends the count."""
        statement = update(logins).where(logins.c.name == name).values(failures=0, failed_at=None)
        await self._books.write(lambda c: c.execute(statement) and None)

    async def create_session(self, login: str, token_digest: str, expires: datetime) -> None:
        """A session known by the digest of its token; the token itself stays with the browser."""
        row = {"token_digest": token_digest, "login": login, "expires_at": expires, "revoked": False}
        await self._books.write(lambda c: c.execute(insert(sessions), row) and None)

    async def session(self, token_digest: str, now: datetime) -> Session | None:
        """The session of this token while it is neither expired nor revoked and its log-in is active."""
        query = (
            select(logins, sessions.c.expires_at)
            .join(sessions, sessions.c.login == logins.c.name)
            .where(
                sessions.c.token_digest == token_digest,
                sessions.c.revoked.is_(False),
                sessions.c.expires_at > now,
                logins.c.active.is_(True),
            )
        )
        row = await self._books.read(lambda c: c.execute(query).mappings().first())
        return Session(login_from(row), row["expires_at"]) if row else None

    async def prolong(self, token_digest: str, until: datetime) -> None:
        """A session that is neither revoked nor longer than that already lasts until then."""
        statement = update(sessions).where(
            sessions.c.token_digest == token_digest, sessions.c.revoked.is_(False), sessions.c.expires_at < until
        )
        await self._books.write(lambda c: c.execute(statement.values(expires_at=until)) and None)

    async def revoke(self, token_digest: str) -> None:
        """Ends one session."""
        statement = update(sessions).where(sessions.c.token_digest == token_digest).values(revoked=True)
        await self._books.write(lambda c: c.execute(statement) and None)

    async def audit(
        self, actor: str, deed: str, subject: str, at: datetime, detail: Mapping[str, str | int] | None = None
    ) -> None:
        """Keeps what somebody did, for good."""
        await self._books.write(lambda c: write_audit(c, actor, deed, subject, at, detail or {}))

    async def audit_rows(self, subject: str | None = None, limit: int = 100) -> list[AuditRow]:
        """The latest rows first, of one subject or of all."""
        query = select(audit_table).order_by(audit_table.c.id.desc()).limit(limit)
        if subject is not None:
            query = query.where(audit_table.c.subject == subject)
        return await self._books.read(lambda c: [AuditRow(**_plain(row)) for row in c.execute(query).mappings()])


def write_audit(
    connection: Connection, actor: str, deed: str, subject: str, at: datetime, detail: Mapping[str, str | int]
) -> None:
    """Part of a transaction: one row of the audit."""
    row = {"at": at, "actor": actor, "deed": deed, "subject": subject, "detail": dict(detail)}
    connection.execute(insert(audit_table), row)


def change_login(connection: Connection, name: str, values: Mapping[str, object]) -> None:
    """Part of a transaction: a log-in changes and its sessions end; NotInBooks when there is none."""
    if connection.execute(update(logins).where(logins.c.name == name).values(dict(values))).rowcount != 1:
        raise NotInBooks("there is no such log-in")
    end_sessions(connection, name)


def end_sessions(connection: Connection, name: str, *, besides: str | None = None) -> None:
    """Part of a transaction: every session of the log-in ends but the one whose token has the digest `besides`."""
    statement = update(sessions).where(sessions.c.login == name)
    if besides is not None:
        statement = statement.where(sessions.c.token_digest != besides)
    connection.execute(statement.values(revoked=True))


def _plain(row: RowMapping) -> dict[str, Any]:
    return dict(row)


def row_of(login: Login) -> dict[str, Any]:
    """A log-in as the books keep it."""
    fields: dict[str, Any] = asdict(login)
    lists = {"roles": sorted(login.roles), "languages": list(login.languages), "categories": list(login.categories)}
    return {**fields, **lists}


def login_from(row: RowMapping) -> Login:
    """A log-in from its row."""
    shift = row["shift"]
    return Login(
        name=row["name"],
        password_hash=row["password_hash"],
        roles=frozenset(Role(role) for role in row["roles"]),
        agent=row["agent"],
        officer=row["officer"],
        company=row["company"],
        unit=row["unit"],
        languages=tuple(row["languages"]),
        categories=tuple(row["categories"]),
        active=row["active"],
        failures=row["failures"],
        failed_at=row["failed_at"],
        vendor=row["vendor"],
        shift=Shift(shift["starts"], shift["ends"], tuple(shift["days"])) if shift else None,
    )
