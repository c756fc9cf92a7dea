"""When a promised callback has become needless: its consumer has had since what it is for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from complaints.ledger import TALK, TALK_LOST, Call, Outcome
from complaints.records import Company, DueWork, Origin
from ivr.promises import CUT, Promise, served_since

NOON = datetime(2026, 6, 1, 6, 30, tzinfo=UTC)


def promise(purpose: str) -> Promise:
    work = DueWork("promise:n1-1.0", "ring_promise", NOON, "PV", {"purpose": purpose})
    return Promise(work, Company("PV", "PV"), None, None, None)


def since(kind: str, outcome: Outcome, flags: dict[str, str] | None = None) -> list[Call]:
    return [Call("n1-2.0", kind, Origin.LINE, NOON, outcome=outcome, flags=flags or {})]


@pytest.mark.parametrize("purpose", ["asked", CUT])
@pytest.mark.parametrize("kind", ["inbound", "callback"])
def test_who_has_talked_since_is_not_rung_about_it_whoever_had_dialled(purpose, kind):
    assert served_since(promise(purpose), since(kind, Outcome.TALKED))


@pytest.mark.parametrize("kind", ["inbound", "callback"])
def test_a_talk_in_which_the_agent_was_lost_is_none(kind):
    assert not served_since(promise("asked"), since(kind, Outcome.TALKED, {TALK: TALK_LOST}))


def test_being_asked_about_another_docket_is_not_what_was_promised():
    assert not served_since(promise("asked"), since("satisfaction", Outcome.TALKED))


def test_who_was_cut_and_registered_by_himself_needs_no_callback_but_who_asked_for_one_does():
    registered = since("inbound", Outcome.DOCKET_REGISTERED)
    assert served_since(promise(CUT), registered)
    assert not served_since(promise("asked"), registered)
