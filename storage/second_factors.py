"""The second factor of a log-in: its secret, the time step of the last code taken, recovery codes by their digests.

A code and a recovery code count once: each is taken by one statement that changes a row, or finds it changed already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.columns import insert_if_new
from storage.people import end_sessions, write_audit
from storage.tables import recovery_codes, second_factors
from storage.transactions import Transactions

SWITCHED_ON, SWITCHED_OFF, TAKEN_AWAY = "second_factor:on", "second_factor:off", "second_factor:taken_away"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """`secret` is base32. Until it is confirmed, a second factor changes nothing for its log-in."""

    secret: str = field(repr=False)
    confirmed: bool
    last_step: int
    recovery_codes_left: int


class SecondFactors:
    """At most one for each log-in."""

    def __init__(self, books: Transactions) -> None:
        self._books = books

    async def of(self, login: str) -> SecondFactor | None:
        """The second factor of a log-in, confirmed or only begun."""
        return await self._books.read(lambda c: _of(c, login))

    async def begin(self, login: str, secret: str) -> bool:
        """A secret to be confirmed, in place of one begun before. False, and nothing done, when one is confirmed."""
        return await self._books.write(lambda c: _begin(c, login, secret))

    async def confirm(
        self, login: str, secret: str, step: int, digests: Sequence[str], *, session: str, by: str, at: datetime
    ) -> bool:
        """Switches on what was begun with `secret`; every session of the log-in but `session` ends, and it is audited.

        `step` is that of the code which confirmed it, `digests` are those of the recovery codes. False, and nothing
        done, when another secret was begun meanwhile, or one is confirmed.
        """

        def deed(connection: Connection) -> bool:
            if not _confirm(connection, login, secret, step, at):
                return False
            connection.execute(insert(recovery_codes), [{"login": login, "digest": digest} for digest in digests])
            end_sessions(connection, login, besides=session)
            write_audit(connection, by, SWITCHED_ON, f"login:{login}", at, {})
            return True

        return await self._books.write(deed)

    async def take_step(self, login: str, step: int) -> bool:
        """True once for each step: its code counts. False for a step that is not after the last one taken."""
        statement = (
            update(second_factors)
            .where(
                second_factors.c.login == login,
                second_factors.c.confirmed_at.is_not(None),
                second_factors.c.last_step < step,
            )
            .values(last_step=step)
        )
        return await self._books.write(lambda c: c.execute(statement).rowcount == 1)

    async def take_recovery_code(self, login: str, digest: str, at: datetime) -> bool:
        """True once for each recovery code of the log-in, by its digest."""
        statement = (
            update(recovery_codes)
            .where(
                recovery_codes.c.login == login, recovery_codes.c.digest == digest, recovery_codes.c.used_at.is_(None)
            )
            .values(used_at=at)
        )
        return await self._books.write(lambda c: c.execute(statement).rowcount == 1)

    async def switch_off(self, login: str, *, by: str, at: datetime) -> bool:
        """By its own person; audited. False when there was none that is confirmed."""

        def deed(connection: Connection) -> bool:
            if not _delete(connection, login):
                return False
            write_audit(connection, by, SWITCHED_OFF, f"login:{login}", at, {})
            return True

        return await self._books.write(deed)

    async def take_away(self, login: str, *, by: str, at: datetime, reason: str) -> bool:
        """By somebody else: audited with the reason, and every session ends. False when there was none confirmed."""

        def deed(connection: Connection) -> bool:
            if not _delete(connection, login):
                return False
            end_sessions(connection, login)
            write_audit(connection, by, TAKEN_AWAY, f"login:{login}", at, {"reason": reason})
            return True

        return await self._books.write(deed)


def _of(connection: Connection, login: str) -> SecondFactor | None:
    row = connection.execute(select(second_factors).where(second_factors.c.login == login)).mappings().first()
    if row is None:
        return None
    left = select(func.count()).where(recovery_codes.c.login == login, recovery_codes.c.used_at.is_(None))
    return SecondFactor(
        secret=row["secret"],
        confirmed=row["confirmed_at"] is not None,
        last_step=row["last_step"],
        recovery_codes_left=connection.execute(left).scalar_one(),
    )


def _begin(connection: Connection, login: str, secret: str) -> bool:
    row = {"login": login, "secret": secret, "confirmed_at": None, "last_step": 0}
    if insert_if_new(connection, second_factors, row):
        return True
    begun = second_factors.c.login == login, second_factors.c.confirmed_at.is_(None)
    return connection.execute(update(second_factors).where(*begun).values(secret=secret)).rowcount == 1


def _confirm(connection: Connection, login: str, secret: str, step: int, at: datetime) -> bool:
    begun = (
        second_factors.c.login == login,
        second_factors.c.secret == secret,
        second_factors.c.confirmed_at.is_(None),
    )
    statement = update(second_factors).where(*begun).values(confirmed_at=at, last_step=step)
    return connection.execute(statement).rowcount == 1


def _delete(connection: Connection, login: str) -> bool:
    """True when a confirmed one was there."""
    confirmed = second_factors.c.login == login, second_factors.c.confirmed_at.is_not(None)
    if connection.execute(select(second_factors.c.login).where(*confirmed).with_for_update()).first() is None:
        return False
    connection.execute(delete(recovery_codes).where(recovery_codes.c.login == login))
    connection.execute(delete(second_factors).where(second_factors.c.login == login))
    return True
