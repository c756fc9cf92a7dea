"""Whom the parent sends to the fallback while the controller is away."""

from __future__ import annotations

import msgspec

from ivr.ari.ids import playback_id
from sunwai.rescue import PLAYBACK_ID, LiveBridge, LiveChannel, stranded


def channel(name, data="sunwai,inbound", app="Stasis"):
    record = {"id": name, "state": "Up", "dialplan": {"context": "x", "app_name": app, "app_data": data}}
    return msgspec.json.decode(msgspec.json.encode(record), type=LiveChannel)


def names(channels, bridges=()):
    return [one.id for one in stranded(channels, bridges)]


def test_callers_of_the_line_and_calls_we_made_are_kept():
    kept = [channel("a"), channel("b", "sunwai,returned"), channel("c", "sunwai,callback,satisfaction")]
    assert names(kept) == ["a", "b", "c"]


def test_a_caller_who_waits_in_holding_is_kept():
    assert names([channel("a")], [LiveBridge(id="h", bridge_type="holding", channels=("a", "x"))]) == ["a"]


def test_two_who_talk_go_on_talking():
    assert names([channel("a"), channel("b")], [LiveBridge(id="t", bridge_type="mixing", channels=("a", "agent"))]) == [
        "b"
    ]


def test_a_caller_left_alone_in_a_talk_is_kept():
    assert names([channel("a")], [LiveBridge(id="t", bridge_type="mixing", channels=("a",))]) == ["a"]


def test_others_are_left_alone():
    agent = channel("agent", "sunwai,offer,J09")
    ringing = channel("ringing", "sunwai,answered,satisfaction")
    queued = channel("queued", "fallback,,,,15", "Queue")
    other_app = channel("other", "sunwai-presence,inbound")
    bare = channel("bare", "sunwai")
    assert names([agent, ringing, queued, other_app, bare]) == []


def test_the_parent_knows_the_controllers_playbacks_by_name():
    assert PLAYBACK_ID.format(channel="1795344567.0") == playback_id("1795344567.0")
