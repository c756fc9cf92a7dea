"""What a log-in must be to make sense, and what an administrator may do to one. Pure; each rule is one sentence."""

from __future__ import annotations

from collections.abc import Callable

from agent_console.errors import BadInput, NotPossible, OutOfSight
from agent_console.passwords import LONGEST, SHORTEST
from storage.people import Login, Role

_RULES: tuple[tuple[str, Callable[[Login], bool], str], ...] = (
    ("roles", lambda one: not one.roles, "Choose at least one role."),
    (
        "agent",
        lambda one: Role.AGENT in one.roles and one.agent is None,
        "An agent needs his code, such as A17.",
    ),
    (
        "agent",
        lambda one: Role.AGENT not in one.roles and one.agent is not None,
        "An agent's code is for the role agent: choose the role, or leave the code out.",
    ),
    (
        "languages",
        lambda one: Role.AGENT in one.roles and not one.languages,
        "Choose at least one language: an agent without one is offered no call.",
    ),
    (
        "officer",
        lambda one: Role.OFFICER in one.roles and one.officer is None,
        "An officer needs his code, such as J09.",
    ),
    (
        "officer",
        lambda one: Role.OFFICER not in one.roles and one.officer is not None,
        "An officer's code is for the role officer: choose the role, or leave the code out.",
    ),
    ("unit", lambda one: one.unit is not None and one.company is None, "A unit needs its company beside it."),
    (
        "shift",
        lambda one: one.shift is not None and one.shift.starts == one.shift.ends,
        "A shift cannot end when it starts; one over midnight ends earlier than it starts.",
    ),
    (
        "shift",
        lambda one: one.shift is not None and not one.shift.days,
        "Choose at least one day of the shift.",
    ),
)
"""Field, what would be wrong with it, and the sentence that says so."""


def check(login: Login) -> None:
    """BadInput for the first rule this log-in does not keep."""
    for field, is_wrong, sentence in _RULES:
        if is_wrong(login):
            raise BadInput(sentence, field)


def check_keeper(keeper: Login, before: Login | None, after: Login) -> None:
    """Whether `keeper`, an administrator, may make `after` of `before` (None: of nobody).

    OutOfSight for a log-in of another company, BadInput for giving one to it, NotPossible for his own way out.
    """
    if keeper.company is not None and before is not None and before.company != keeper.company:
        raise OutOfSight(NO_SUCH_LOGIN)
    if keeper.company is not None and after.company != keeper.company:
        raise BadInput("You keep the people of {company} alone.", "company", company=keeper.company)
    if before is None or before.name != keeper.name:
        return
    if Role.ADMINISTRATOR not in after.roles:
        raise NotPossible("You cannot take the administrator's role from yourself: another one must do it.", "roles")
    if not after.active:
        raise NotPossible("You cannot switch your own log-in off: another administrator must do it.", "active")


NO_SUCH_LOGIN = "There is no such log-in, or it is not yours to keep."


def check_password(password: str, name: str, field: str = "password") -> None:
    """BadInput for one that is too short, too long, or the log-in's own name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput("A password has {shortest} to {longest} characters.", field, shortest=SHORTEST, longest=LONGEST)
    if password.casefold() == name.casefold():
        raise BadInput("The password must not be the name itself.", field)
