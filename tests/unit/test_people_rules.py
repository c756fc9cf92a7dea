"""What a log-in must be to make sense, and what an administrator may do to one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent_console import people_rules as rules
from agent_console.errors import BadInput, NotPossible, OutOfSight
from agent_console.people_shapes import AddPerson, ChangePerson, ShiftShape, fields_of, person_of
from storage.people import Login, Role, Shift

AGENT = Login("a17", "x", frozenset({Role.AGENT}), agent="A17", company="PV", languages=("hi",))
OFFICER = Login("j09", "x", frozenset({Role.OFFICER}), officer="J09", company="PV", unit="SD-01")
CHIEF = Login("z01", "x", frozenset({Role.ADMINISTRATOR}))
OF_PV = replace(CHIEF, name="z02", company="PV")
NIGHT = Shift("22:00", "06:00", (1,))


@pytest.mark.parametrize("login", [AGENT, OFFICER, CHIEF, OF_PV, replace(AGENT, shift=NIGHT, active=False)])
def test_what_makes_sense_is_let_through(login):
    rules.check(login)


@pytest.mark.parametrize(
    ("login", "field"),
    [
        (replace(AGENT, roles=frozenset()), "roles"),
        (replace(AGENT, agent=None), "agent"),
        (replace(CHIEF, agent="A17"), "agent"),
        (replace(AGENT, languages=()), "languages"),
        (replace(OFFICER, officer=None), "officer"),
        (replace(CHIEF, officer="J09"), "officer"),
        (replace(OFFICER, company=None), "unit"),
        (replace(AGENT, shift=replace(NIGHT, ends="22:00")), "shift"),
        (replace(AGENT, shift=replace(NIGHT, days=())), "shift"),
    ],
)
def test_what_makes_none_is_told_with_its_field(login, field):
    with pytest.raises(BadInput) as refused:
        rules.check(login)
    assert refused.value.field == field


def test_an_administrator_of_the_line_keeps_everybody_and_one_of_a_company_its_own():
    abroad = replace(AGENT, company="UV")
    for before, after in ((None, AGENT), (AGENT, abroad), (AGENT, replace(AGENT, company=None))):
        rules.check_keeper(CHIEF, before, after)
    rules.check_keeper(OF_PV, AGENT, replace(AGENT, vendor="B"))
    with pytest.raises(OutOfSight):
        rules.check_keeper(OF_PV, abroad, AGENT)
    for after in (abroad, replace(AGENT, company=None)):
        with pytest.raises(BadInput):
            rules.check_keeper(OF_PV, AGENT, after)


@pytest.mark.parametrize("after", [replace(CHIEF, roles=frozenset({Role.AUDITOR})), replace(CHIEF, active=False)])
def test_nobody_takes_his_own_way_back(after):
    with pytest.raises(NotPossible):
        rules.check_keeper(CHIEF, CHIEF, after)
    rules.check_keeper(CHIEF, replace(CHIEF, name="z03"), replace(after, name="z03"))


@pytest.mark.parametrize(("password", "good"), [("ten letter", True), ("nine char", False), ("x" * 257, False)])
def test_a_password_has_its_length(password, good):
    if good:
        rules.check_password(password, "a17")
        return
    with pytest.raises(BadInput):
        rules.check_password(password, "a17")


def test_a_password_is_not_the_name():
    with pytest.raises(BadInput):
        rules.check_password("Long-Enough", "long-enough")


def test_a_change_holds_only_what_was_named_and_blank_words_are_none():
    asked = ChangePerson(vendor="  ", languages=("hi", "ur", "hi"), roles=(Role.AGENT, Role.AGENT), shift=None)
    assert fields_of(asked) == {
        "vendor": None,
        "languages": ("hi", "ur"),
        "roles": frozenset({Role.AGENT}),
        "shift": None,
    }
    assert fields_of(ChangePerson()) == {}


def test_a_new_login_has_every_field_but_its_password():
    shift = ShiftShape(starts="09:00", ends="17:00", days=(5, 1, 5))
    fields = fields_of(AddPerson(name="a30", roles=(Role.AGENT,), vendor=" A ", shift=shift, password="secret enough"))
    assert (fields["name"], fields["vendor"], fields["agent"]) == ("a30", "A", None)
    assert fields["shift"] == Shift("09:00", "17:00", (1, 5))
    assert "password" not in fields


def test_what_is_shown_of_a_login_holds_no_password():
    shown = person_of(replace(AGENT, password_hash="$argon2id$SECRET"))
    assert "SECRET" not in repr(shown)
