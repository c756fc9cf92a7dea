"""An administrator keeps the line's people: adds them, changes them, gives a first password. Nobody is deleted, since
history names codes: who has left is made inactive. What somebody may no longer do ends at once (`sending_off.py`)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from agent_console import people_rules as rules
from agent_console import proving
from agent_console.errors import BadInput, NotThere, OutOfSight
from agent_console.passwords import made_up
from agent_console.people_shapes import (
    AddPerson,
    ChangePerson,
    PasswordMade,
    PeopleAsked,
    PeopleFound,
    Person,
    PersonAdded,
    SetPassword,
    fields_of,
    person_of,
)
from agent_console.route import Visit
from agent_console.sending_off import send_off
from agent_console.signing_in import renew_skills
from storage.floor_records import FloorAway
from storage.people import Login, Role


async def people(visit: Visit, asked: PeopleAsked) -> PeopleFound:
    """The log-ins of the administrator's company, or of the line, by name."""
    books, company = visit.console.books, visit.visitor.login.company
    mine = [one for one in await books.people.logins() if company in (None, one.company)]
    companies = [company] if company else [one.code for one in await books.consumers.companies()]
    return PeopleFound(
        found=tuple(person_of(one) for one in mine if _fits(one, asked)),
        vendors=tuple(sorted({one.vendor for one in mine if one.vendor})),
        companies=tuple(companies),
    )


def _fits(login: Login, asked: PeopleAsked) -> bool:
    return (
        (asked.role is None or asked.role in login.roles)
        and (asked.vendor is None or asked.vendor == (login.vendor or ""))
        and (asked.active is None or asked.active is login.active)
    )


async def add(visit: Visit, asked: AddPerson) -> PersonAdded:
    """He can log in at once."""
    fields = fields_of(asked)
    fields["company"] = fields["company"] or visit.visitor.login.company
    login = Login(password_hash="", **fields)  # type: ignore[arg-type]  # its fields by their names
    rules.check_keeper(visit.visitor.login, None, login)
    await _check(visit, login)
    made, password_hash = await _password(visit, asked.password, login.name)
    await visit.console.books.staffing.add(replace(login, password_hash=password_hash), visit.visitor.actor, visit.now)
    return PersonAdded(person=person_of(login), password=made)


async def change(visit: Visit, asked: ChangePerson) -> Person:
    """What he may do ends his sessions when it changes; skills reach the floor for the next match."""
    changes, keeper = fields_of(asked), visit.visitor.login
    before = await _login(visit)
    await _check(visit, replace(before, **changes))  # type: ignore[arg-type]  # its fields by their names

    def allowed(before: Login, after: Login) -> None:
        """Again for what is in the books by then: two administrators may change one log-in at once."""
        rules.check_keeper(keeper, before, after)
        rules.check(after)

    done = await visit.console.books.staffing.change(before.name, changes, visit.visitor.actor, visit.now, allowed)
    if done.ended:
        await send_off(visit, done.before)
    elif done.after.agent is not None:
        with suppress(FloorAway):  # his page tells the floor when it is back (`live.py`)
            await renew_skills(visit.console, done.after, done.after.agent)
    return person_of(done.after)


async def set_password(visit: Visit, asked: SetPassword) -> PasswordMade:
    """Whoever is logged in with the old one is out."""
    login = await _login(visit)
    made, password_hash = await _password(visit, asked.password, login.name)
    await visit.console.books.staffing.set_password(login.name, password_hash, visit.visitor.actor, visit.now)
    await send_off(visit, login)
    return PasswordMade(password=made)


async def _login(visit: Visit) -> Login:
    """The log-in in the path, if it is this administrator's to keep."""
    login, company = await visit.console.books.people.login(visit.part("login")), visit.visitor.login.company
    if login is None:
        raise NotThere(rules.NO_SUCH_LOGIN)
    if company not in (None, login.company):
        raise OutOfSight(rules.NO_SUCH_LOGIN)
    return login


async def _check(visit: Visit, login: Login) -> None:
    """The rules, and that company, unit and officer are in the books. BadInput otherwise."""
    rules.check(login)
    books = visit.console.books.consumers
    if login.company is not None and await books.company(login.company) is None:
        raise BadInput("There is no such company.", "company")
    if login.unit is not None:
        unit = await books.unit(login.unit)
        if unit is None or unit.company != login.company:
            raise BadInput("There is no such unit in this company.", "unit")
    if Role.OFFICER in login.roles and login.unit is None and await books.officer(login.officer or "") is None:
        raise BadInput("The books know no officer with this code: name his unit as well.", "unit")


async def _password(visit: Visit, given: str | None, name: str) -> tuple[str | None, str]:
    """The password to be told (None when it was given), and its hash."""
    password = made_up() if given is None else given
    rules.check_password(password, name)
    return (password if given is None else None), await proving.new_hash(visit.console, password)
