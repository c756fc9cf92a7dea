"""The second factor of one's own log-in: begun, confirmed, removed; an administrator takes another's away.

Who is at a page left open could lock its person out or let himself in: beginning asks for the password as well,
removing for password and code. What is wrong here counts like a wrong log-in.
"""

from __future__ import annotations

import msgspec

from agent_console import proving, second_factor
from agent_console.bodies import Reason
from agent_console.errors import BadInput, NotPossible, NotThere, OutOfSight
from agent_console.login_api import Code, Password
from agent_console.route import Done, Nothing, Visit
from agent_console.sending_off import end_pages
from agent_console.signing_in import sign_out
from storage.people import Login


class SecondFactorView(msgspec.Struct, frozen=True, kw_only=True):
    on: bool
    recovery_codes_left: int


class BeginSecondFactor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    password: Password


class SecondFactorBegun(msgspec.Struct, frozen=True, kw_only=True):
    """`secret` is base32; `uri` the same for an authenticator app. Neither is told again."""

    secret: str
    uri: str


class ConfirmSecondFactor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    code: Code


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Each stands once for a code. They are not told again."""

    recovery_codes: tuple[str, ...]


class RemoveSecondFactor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    password: Password
    code: Code


class TakeSecondFactorAway(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    reason: Reason


async def state(visit: Visit, _: Nothing) -> SecondFactorView:
    found = await visit.console.books.second_factors.of(visit.visitor.login.name)
    on = found is not None and found.confirmed
    return SecondFactorView(on=on, recovery_codes_left=found.recovery_codes_left if found else 0)


async def begin(visit: Visit, asked: BeginSecondFactor) -> SecondFactorBegun:
    """A new secret, which changes nothing until a code of it has come back."""
    name = visit.visitor.login.name
    await proving.prove_password(visit, asked.password)
    secret = second_factor.new_secret()
    if not await visit.console.books.second_factors.begin(name, secret):
        raise NotPossible("Your second factor is on already: remove it before you begin with another.")
    return SecondFactorBegun(secret=secret, uri=second_factor.uri_of(name, secret))


async def confirm(visit: Visit, asked: ConfirmSecondFactor) -> RecoveryCodes:
    """On from now: the person has shown that his app makes the codes. Other sessions of the log-in end."""
    console, visitor = visit.console, visit.visitor
    found = await console.books.second_factors.of(visitor.login.name)
    if found is None or found.confirmed:
        raise NotPossible("There is no second factor to be confirmed: begin first.")
    typed = second_factor.as_typed(asked.code)
    step = second_factor.fitting_step(found.secret, typed, console.clock.true_now(), found.last_step)
    if step is None:
        raise BadInput("The code does not fit: look whether the telephone's time is right, and try the next.", "code")
    codes = second_factor.new_recovery_codes()
    digests = [second_factor.digest(code) for code in codes]
    if not await console.books.second_factors.confirm(
        visitor.login.name, found.secret, step, digests, session=visitor.session, by=visitor.actor, at=visit.now
    ):
        raise NotPossible("It was begun anew elsewhere: begin again.")
    await end_pages(visit, visitor.login, besides=visitor.session)
    return RecoveryCodes(recovery_codes=codes)


async def remove(visit: Visit, asked: RemoveSecondFactor) -> Done:
    """Off again, by password and code."""
    console, login = visit.console, visit.visitor.login
    found = await console.books.second_factors.of(login.name)
    if found is None or not found.confirmed:
        raise NotPossible("Your second factor is not on.")
    await proving.prove_password(visit, asked.password)
    if await proving.code_fits(console, login, found, asked.code, visit.now) is None:
        await proving.note_failure(console, visit.request, login, proving.WRONG_CODE, visit.now)
        raise BadInput("The code is wrong or was used already: try the next.", "code")
    await console.books.second_factors.switch_off(login.name, by=visit.visitor.actor, at=visit.now)
    return Done()


async def take_away(visit: Visit, asked: TakeSecondFactorAway) -> Done:
    """For somebody who has lost his telephone and his recovery codes; all his sessions end."""
    console, login = visit.console, await _other_login(visit)
    taken = await console.books.second_factors.take_away(
        login.name, by=visit.visitor.actor, at=visit.now, reason=asked.reason
    )
    if not taken:
        raise NotPossible("This log-in has no second factor.")
    await end_pages(visit, login)
    if login.agent is not None and await sign_out(console, login.agent):
        await console.telephone.forget(login.agent, visit.visitor.actor)
    return Done()


async def _other_login(visit: Visit) -> Login:
    """The log-in in the path, if it is this administrator's to see and not his own."""
    own = visit.visitor.login
    login = await visit.console.books.people.login(visit.part("login"))
    if login is None:
        raise NotThere("There is no such log-in.")
    if own.company not in (None, login.company):
        raise OutOfSight("There is no such log-in.")
    if login.name == own.name:
        raise NotPossible("Your own second factor is removed with your password and a code.")
    return login
