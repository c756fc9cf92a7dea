"""Rules of the console that need neither books nor floor: locks, masks, tokens, errors, skills."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from agent_console import sessions
from agent_console.built import SOURCES
from agent_console.choices import CAUSE_CODES, DISPOSITIONS
from agent_console.door import actor_of
from agent_console.errors import Away, BadInput, NotPossible, in_plain_words
from agent_console.limiter import LOCK_MAX, FailureLimit, locked_until
from agent_console.passwords import hashed
from agent_console.scope import shown_phone
from agent_console.signing_in import skills_of_login
from complaints.ledger import Outcome
from complaints.lifecycle import IllegalMove
from complaints.records import State
from storage.commands import NoAnswer
from storage.errors import BooksAway, NotInBooks, Refused, StaleDocket
from storage.floor_records import AgentRefused, AgentState, FloorAway
from storage.people import Login, Role
from sunwai import wiring

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
PHONE = "+915000012345"


def login(*roles, **more):
    return Login("someone", "", frozenset(roles), **more)


@pytest.mark.parametrize(("failures", "minutes"), [(0, None), (4, None), (5, 1), (6, 2), (8, 8), (9, 15), (1000, 15)])
def test_a_lock_grows_with_the_failures_and_never_beyond_a_quarter_of_an_hour(failures, minutes):
    until = locked_until(login(failures=failures, failed_at=NOW))
    assert until == (None if minutes is None else NOW + timedelta(minutes=minutes))
    assert timedelta(minutes=15) == LOCK_MAX


def test_an_address_may_try_again_when_its_oldest_failure_is_old_enough():
    limit = FailureLimit(allowed=2, window_s=10)
    limit.note("a", 100.0)
    assert limit.wait_s("a", 101.0) == 0
    limit.note("a", 103.0)
    assert limit.wait_s("a", 104.0) == pytest.approx(6.0)
    assert limit.wait_s("b", 104.0) == 0
    assert limit.wait_s("a", 110.5) == 0


@pytest.mark.parametrize(
    ("role", "plain", "sealed"),
    [
        (Role.AGENT, "…2345", None),
        (Role.OFFICER, "…2345", None),
        (Role.AUDITOR, "…2345", None),
        (Role.ADMINISTRATOR, "…2345", None),
        (Role.SUPERVISOR, PHONE, None),
        (Role.INSPECTOR, PHONE, None),
        (Role.VIGILANCE, PHONE, PHONE),
    ],
)
def test_who_sees_how_much_of_a_number(role, plain, sealed):
    assert shown_phone(PHONE, login(role), sealed=False) == plain
    assert shown_phone(PHONE, login(role), sealed=True) == sealed
    assert shown_phone(None, login(role), sealed=False) is None


def test_the_words_sent_with_changes_belong_to_one_token():
    token, other = sessions.new_token(), sessions.new_token()
    assert token != other
    assert sessions.csrf_fits(token, sessions.csrf_of(token))
    assert not sessions.csrf_fits(token, sessions.csrf_of(other))
    assert not sessions.csrf_fits(token, "हाँ")
    assert sessions.csrf_of(token) != sessions.digest(token)


def test_passwords_are_kept_as_argon2id():
    assert hashed("a long enough password").startswith("$argon2id$")


def test_people_are_named_in_timelines_by_their_code():
    assert actor_of(login(Role.AGENT, agent="A17")) == "agent:A17"
    assert actor_of(login(Role.OFFICER, officer="J09")) == "officer:J09"
    assert actor_of(login(Role.SUPERVISOR)) == "supervisor:someone"
    assert actor_of(login(Role.AGENT, Role.SUPERVISOR)) == "supervisor:someone"


def test_an_agent_without_named_categories_has_them_all():
    skills = skills_of_login(login(Role.AGENT, languages=("hi",)), "PV")
    assert {one for one in skills if one.startswith("cat:")} == {
        f"cat:{one}" for one in ("SAF", "SUP", "BILL", "METER", "NEWCON", "THEFT", "STAFF", "OTHER")
    }
    assert skills_of_login(login(languages=("ur",), categories=("BILL",)), "PV") == {"co:PV", "lang:ur", "cat:BILL"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StaleDocket(""), NotPossible),
        (IllegalMove("no"), NotPossible),
        (Refused("no"), NotPossible),
        (AgentRefused("A17", AgentState.TALKING, AgentState.READY), NotPossible),
        (NotInBooks("FOREIGN KEY"), BadInput),
        (NoAnswer(""), Away),
        (FloorAway(""), Away),
        (BooksAway(""), Away),
    ],
)
def test_what_the_rooms_below_raise_becomes_a_sentence_and_a_status(error, kind):
    said = in_plain_words(error)
    assert type(said) is kind
    assert said.sentence.endswith(".")
    assert "FOREIGN" not in said.sentence


def test_what_nobody_foresaw_is_not_dressed_up():
    assert in_plain_words(KeyError("x")) is None


def test_every_word_people_choose_has_its_name_in_three_languages():
    for language in ("hi", "ur", "en"):
        text = (SOURCES / f"words.{language}.json").read_text(encoding="utf-8")
        for key in [f"disposition.{word}" for word in DISPOSITIONS] + [f"cause.{word}" for word in CAUSE_CODES]:
            assert f'"{key}"' in text


def test_every_step_of_a_call_that_pages_name_is_one_of_a_flow():
    """A node that is renamed in a flow must be renamed on the page, or agents lose sight of it."""
    nodes = {name for flow in wiring.release().flows.values() for name in flow.nodes}
    words = json.loads((SOURCES / "words.en.json").read_text(encoding="utf-8"))
    named = {key.removeprefix("step.") for key in words if key.startswith("step.")}
    assert named
    assert named <= nodes


def test_every_word_the_page_asks_for_is_there():
    """A key without words would be shown as itself."""
    words = json.loads((SOURCES / "words.en.json").read_text(encoding="utf-8"))
    asked = {
        key
        for source in SOURCES.glob("src/**/*.ts*")
        for key in re.findall(r'\bword\("([^"]+)"', source.read_text(encoding="utf-8"))
    }
    assert len(asked) > 50
    assert asked <= set(words)
    assert {f"outcome.{outcome}" for outcome in Outcome} <= set(words)
    assert {f"state.{state}" for state in AgentState} <= set(words)
    assert {f"docket.{state}" for state in State} <= set(words)
