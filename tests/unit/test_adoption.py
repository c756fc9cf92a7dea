"""What a controller finds at its start: who is taken up, who talks with whom, and what belongs to nobody."""

from __future__ import annotations

import msgspec
import pytest

from ivr.adoption import look
from ivr.ari.events import Bridge, CallerID, Channel, DialplanCEP
from ivr.house import HOLDING_BRIDGE
from ivr.offers import Leg

NOBODY = CallerID(name="", number="")


def channel(name: str, data: str, *, app: str = "Stasis", context: str = "from-trunk", of: str = "PJSIP/trunk-1"):
    return Channel(
        id=name,
        protocol_id="",
        name=of,
        state="Up",
        caller=NOBODY,
        connected=NOBODY,
        accountcode="",
        dialplan=DialplanCEP(context=context, exten="", priority=1, app_name=app, app_data=data),
        creationtime="",
        language="en",
    )


def talk(*members: str) -> Bridge:
    return Bridge(
        id="talk",
        technology="simple_bridge",
        bridge_type="mixing",
        bridge_class="",
        creator="",
        name="",
        channels=list(members),
        creationtime="",
    )


CALLER, AGENT = channel("c1", "sunwai,inbound"), channel("a1", "sunwai,agent,n1-c1,A17", of="PJSIP/agent-A17-00000001")
RUNG = channel("o1", "sunwai,callback,promise", context="satisfaction")


@pytest.mark.parametrize("caller", [CALLER, RUNG])
def test_a_talk_is_taken_up_with_its_agent_whoever_had_dialled(caller):
    [found] = look("sunwai", [caller, AGENT], [talk(caller.id, "a1")], {}).callers
    assert (found.channel, found.leg) == (caller, Leg("a1", "talk", "A17"))


def test_a_caller_whose_agent_has_gone_is_taken_up_alone():
    [found] = look("sunwai", [CALLER], [talk("c1")], {}).callers
    assert found.leg is None


def test_who_waits_in_holding_is_known_to_be_there():
    other = channel("c2", "sunwai,inbound", of="PJSIP/trunk-2")
    holding = Bridge(
        id=HOLDING_BRIDGE,
        technology="holding_bridge",
        bridge_type="holding",
        bridge_class="",
        creator="",
        name="holding",
        channels=["c1"],
        creationtime="",
    )
    found = look("sunwai", [CALLER, other], [holding, talk("c2")], {}).callers
    assert {each.channel.id: each.in_holding for each in found} == {"c1": True, "c2": False}


def test_a_leg_that_rings_for_nobody_and_an_attempt_cut_short_belong_to_nobody():
    assert look("sunwai", [AGENT, RUNG], [], {}).orphans == ("a1", "o1")


def test_a_call_we_made_does_not_wait_in_the_dialplan_for_a_controller_that_makes_it_again():
    waiting = channel("o1", "holding,2", app="MusicOnHold", context="satisfaction")
    assert look("sunwai", [waiting], [], {}).orphans == ("o1",)
    assert look("sunwai", [waiting], [], {"o1": "n1-1.o1"}).orphans == ()


def test_whoever_we_were_ringing_is_rung_by_nobody_any_more_until_his_attempt_is_made_again():
    """Asterisk brings what it was told to originate into our application when it is answered, not before."""
    rings = msgspec.structs.replace(channel("n1-1795396540.o5.out1", "", app="", context="from-trunk"), state="Ringing")
    assert look("sunwai", [rings], [], {}).orphans == ("n1-1795396540.o5.out1",)
    assert look("sunwai", [rings], [], {rings.id: "n1-1795396540.o5"}).orphans == ()
    callers = msgspec.structs.replace(rings, id="1795396540.12")
    assert look("sunwai", [callers], [], {}).orphans == ()


def test_a_caller_in_the_fallback_is_left_to_it():
    away = channel("c1", "fallback", app="Queue", context="fallback")
    assert look("sunwai", [away], [], {}).callers == look("sunwai", [away], [], {}).orphans == ()
