"""One's own password: changed by whoever knows the one until now, which a page left open does not."""

from __future__ import annotations

import msgspec

from agent_console import people_rules, proving
from agent_console.errors import BadInput, NotPossible
from agent_console.login_api import Password
from agent_console.route import Done, Visit
from agent_console.sending_off import end_pages


class ChangePassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    password: Password
    new_password: Password


async def change(visit: Visit, asked: ChangePassword) -> Done:
    """This session goes on; every other one of the log-in ends."""
    console, visitor = visit.console, visit.visitor
    await proving.prove_password(visit, asked.password)
    people_rules.check_password(asked.new_password, visitor.login.name, "new_password")
    if asked.new_password == asked.password:
        raise BadInput("This is the password you have.", "new_password")
    password_hash = await proving.new_hash(console, asked.new_password)
    changed = await console.books.staffing.change_own_password(
        visitor.login.name,
        visitor.login.password_hash,
        password_hash,
        visitor.actor,
        visit.now,
        session=visitor.session,
    )
    if not changed:
        raise NotPossible("Your log-in was changed meanwhile: log in again.")
    await end_pages(visit, visitor.login, besides=visitor.session)
    return Done()
