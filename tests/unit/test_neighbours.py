"""Several nodes, the pure part: who counts as dead and when, which way an agent is rung, who was not cut after all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from complaints.ledger import TALK, TALK_LOST, TALK_ON, TALK_OVER, Call
from complaints.records import Company, DueWork, Origin
from ivr.neighbours import BEAT_S, GONE_S, LEASE_S, Silence
from ivr.offers import agent_of, leg_arguments, way_to
from ivr.promises import Promise, not_cut_after_all

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)
BOTH, NOBODY = frozenset({"n2", "n3"}), frozenset()


def test_a_node_counts_as_dead_only_after_a_silence_longer_than_any_restart():
    silence = Silence(BOTH)
    assert silence.see(BOTH, 100.0) == {}
    assert silence.see(frozenset({"n3"}), 101.0) == {}
    assert silence.see(frozenset({"n3"}), 101.0 + GONE_S - 0.1) == {}
    assert silence.see(frozenset({"n3"}), 101.0 + GONE_S) == {"n2": GONE_S}


def test_a_node_that_came_back_in_time_was_never_dead():
    silence = Silence(BOTH)
    silence.see(NOBODY, 100.0)
    silence.see(BOTH, 110.0)
    assert silence.see(NOBODY, 116.0) == {}
    assert silence.see(NOBODY, 116.0 + GONE_S).keys() == BOTH


def test_who_could_not_listen_has_heard_nobody_being_silent():
    silence = Silence(BOTH)
    silence.see(NOBODY, 100.0)
    silence.forget()
    assert silence.see(NOBODY, 100.0 + GONE_S) == {}


def test_a_single_lost_beat_costs_no_node_its_callers():
    assert LEASE_S > 3 * BEAT_S


@pytest.mark.parametrize(
    ("node", "way"),
    [("n1", "PJSIP/agent-A17"), ("", "PJSIP/agent-A17"), ("n2", "PJSIP/agent-A17@node-n2")],
)
def test_an_agent_is_rung_himself_or_through_the_trunk_to_his_node(node, way):
    assert way_to("A17", node, here="n1") == way


@pytest.mark.parametrize(
    ("data", "agent"),
    [
        (",".join(["sunwai", *leg_arguments("n1-5.1", "A17")]), "A17"),
        (",".join(["sunwai", *leg_arguments("n1-5.1", "P-L1")]), "P-L1"),
        ("sunwai,inbound", None),
        ("sunwai,answered,promise", None),
        ("sunwai,callback,promise", None),
        ("", None),
    ],
)
def test_whose_leg_it_is_stands_in_its_arguments_whichever_way_it_took(data, agent):
    channel = SimpleNamespace(name="PJSIP/node-n2-00000001", dialplan=SimpleNamespace(app_data=data))
    assert agent_of(channel) == agent


@pytest.mark.parametrize(
    ("purpose", "stands", "after_all"),
    [("cut", TALK_OVER, True), ("asked", TALK_OVER, False), ("cut", TALK_ON, False), ("cut", TALK_LOST, False)],
)
def test_whose_talk_came_to_its_end_out_of_sight_was_not_cut(purpose, stands, after_all):
    before = Call("n2-5.1", "inbound", Origin.LINE, NOON, "n2")
    work = DueWork("lost:a", "ring_promise", NOON, "PV", {"phone": "+915000012345", "purpose": purpose})
    promise = Promise(work, Company("PV", "Purvi"), before, None, None)
    assert not_cut_after_all(promise, [replace(before, flags={TALK: stands})]) is after_all
    assert not not_cut_after_all(promise, [replace(before, call_ref="n2-6.1", flags={TALK: stands})])
