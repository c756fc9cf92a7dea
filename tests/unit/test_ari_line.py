"""A caller's channel as a line: what a refusal of Asterisk means in a race with his hang-up."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from dialplan.clips import Clip
from ivr import ari_line
from ivr.ari.dispatch import Inbox
from ivr.ari.errors import Gone
from ivr.ari.events import CallerID, Channel, ChannelHangupRequest, DialplanCEP, Playback, PlaybackFinished, StasisEnd
from ivr.ari.ids import playback_id
from ivr.ari_line import AriLine
from ivr.errors import HungUp, LineTrouble
from ivr.line import AllSaid
from ivr.lines import let_go

EDITION = SimpleNamespace(voice=SimpleNamespace(media=list))
CHANNEL = "1795360753.21"
CLIP = Clip("marker", "greet")


def channel() -> Channel:
    nobody = CallerID(name="", number="")
    plan = DialplanCEP(context="", exten="", priority=1, app_name="Stasis", app_data="sunwai,inbound")
    return Channel(
        id=CHANNEL,
        protocol_id="",
        name="PJSIP/trunk-1",
        state="Up",
        caller=nobody,
        connected=nobody,
        accountcode="",
        dialplan=plan,
        creationtime="",
        language="en",
    )


class LeavingChannel:
    """Asterisk while a caller hangs up: his channel takes no more orders; `listed` says whether it is still shown."""

    def __init__(self, inbox: Inbox, *, listed: bool, told: bool) -> None:
        self._inbox = inbox
        self._listed = listed
        self._told = told

    async def play(self, *_: object, **__: object) -> None:
        raise Gone(404)

    async def get_channel(self, *_: object, **__: object) -> Channel:
        if self._told:
            hung_up = ChannelHangupRequest(application="sunwai", cause=16, channel=channel())
            asyncio.get_running_loop().call_later(0.01, self._inbox.put, hung_up)
        if not self._listed:
            raise Gone(404)
        return channel()


def line(*, listed: bool, told: bool) -> AriLine:
    inbox = Inbox("c1-1")
    edition = SimpleNamespace(voice=SimpleNamespace(media=lambda clips: [clip.name for clip in clips]))
    return AriLine(LeavingChannel(inbox, listed=listed, told=told), edition, inbox, CHANNEL, "c1-1")


@pytest.fixture(autouse=True)
def short_farewell(monkeypatch):
    monkeypatch.setattr(ari_line, "FAREWELL_S", 0.2)


@pytest.mark.parametrize("listed", [True, False])
async def test_who_hangs_up_as_he_is_answered_has_hung_up_himself_though_his_channel_is_still_listed(listed):
    with pytest.raises(HungUp) as end:
        await line(listed=listed, told=True).say([CLIP])
    assert (end.value.cause, end.value.cut) == (16, False)


async def test_a_channel_that_is_gone_and_of_which_nothing_is_told_was_cut():
    with pytest.raises(HungUp) as end:
        await line(listed=False, told=False).say([CLIP])
    assert end.value.cut


async def test_a_channel_that_stays_and_refuses_is_trouble_of_ours():
    with pytest.raises(LineTrouble):
        await line(listed=True, told=False).say([CLIP])


@pytest.mark.parametrize("lives", [True, False])
async def test_a_caller_whom_the_parent_gave_to_the_fallback_is_not_hung_up_on(lives):
    asterisk = LeavingChannel(Inbox("c1-1"), listed=lives, told=False)
    asterisk.hang_ups = []
    asterisk.hang_up = lambda channel, **_: _noted(asterisk.hang_ups, channel)
    inbox = Inbox("c1-1")
    caller = AriLine(asterisk, EDITION, inbox, CHANNEL, "c1-1")
    inbox.put(StasisEnd(application="sunwai", channel=channel()))
    with pytest.raises(HungUp) as left:
        await caller.hear(1.0)
    assert left.value.moved
    assert await caller.is_moved() is lives
    await caller.hang_up()
    assert asterisk.hang_ups == ([] if lives else [CHANNEL])


async def _noted(kept: list[str], channel: str) -> None:
    kept.append(channel)


class SpeakingChannel:
    """Asterisk of a caller to whom nothing is being said any more when he is taken up."""

    async def play(self, *_: object, **__: object) -> None:
        """Begun; its end is told by the test."""

    async def stop_playback(self, *_: object, **__: object) -> None:
        raise Gone(404)


def said_out() -> PlaybackFinished:
    playback = Playback(id=playback_id(CHANNEL), media_uri="sound:greet", target_uri=f"channel:{CHANNEL}", state="done")
    return PlaybackFinished(application="sunwai", playback=playback)


async def taken_up() -> AriLine:
    caller = AriLine(SpeakingChannel(), EDITION, Inbox("c1-1"), CHANNEL, "c1-1")
    await caller.take_over()
    return caller


async def test_the_end_of_what_a_controller_before_us_said_is_not_the_end_of_our_first_words():
    caller = await taken_up()
    caller.inbox.put(said_out())
    await caller.say([CLIP])
    assert await caller.hear(ari_line.STRAY_S) is None
    caller.inbox.put(said_out())
    assert await caller.hear(0.1) == AllSaid()


@pytest.mark.parametrize(("in_holding", "saying"), [(True, True), (True, False), (False, False)])
async def test_who_only_heard_music_in_holding_is_left_to_it(in_holding: bool, saying: bool):
    """Whose sentence we cut short must be told it anew; who is in no holding bridge waits for our word."""
    asterisk = SpeakingChannel()
    caller = AriLine(asterisk, EDITION, Inbox("c1-1"), CHANNEL, "c1-1")
    caller.taken_up(in_holding=in_holding)
    if saying:
        asterisk.stop_playback = asterisk.play
        caller.inbox.put(said_out())
    await caller.take_over()
    assert caller.undisturbed is (in_holding and not saying)


async def test_whoever_takes_him_up_knows_when_he_is_attended_to_and_when_he_has_gone():
    caller = AriLine(SpeakingChannel(), EDITION, Inbox("c1-1"), CHANNEL, "c1-1")
    lines = {"c1-1": caller}
    await caller.say([CLIP])
    assert not caller.met.is_set()
    await caller.hear(0.0)
    assert caller.met.is_set()
    assert not caller.over.is_set()
    let_go(lines, "c1-1")
    assert caller.over.is_set()
    assert not lines


async def test_an_end_more_than_there_were_plays_never_keeps_a_later_one_from_being_told():
    """On a slow machine it is told when we speak already, and he hears the rest of it before the next words."""
    caller = await taken_up()
    await caller.say([CLIP])
    await asyncio.sleep(1.5 * ari_line.STRAY_S)
    caller.inbox.put(said_out())
    assert await caller.hear(0.1) == AllSaid()
    caller.inbox.put(said_out())
    assert await caller.hear(0.1) is None
    await caller.say([CLIP])
    caller.inbox.put(said_out())
    assert await caller.hear(0.1) == AllSaid()
