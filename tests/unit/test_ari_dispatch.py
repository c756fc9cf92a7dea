"""Each event reaches the call that owns what it is about, once, and a call that is over leaves nothing behind."""

import pytest

from ivr.ari.dispatch import INBOX_LIMIT, Dispatch
from ivr.ari.events import (
    ApplicationRegistered,
    Bridge,
    CallerID,
    Channel,
    ChannelDtmfReceived,
    ChannelEnteredBridge,
    Dial,
    DialplanCEP,
    LiveRecording,
    Playback,
    PlaybackFinished,
    RecordingFinished,
    StasisEnd,
    StasisStart,
)


def channel(channel_id):
    nobody = CallerID(name="", number="")
    return Channel(
        id=channel_id, protocol_id="", name="", state="Up", caller=nobody, connected=nobody, accountcode="",
        dialplan=DialplanCEP(context="", exten="", priority=1, app_name="", app_data=""), creationtime="", language="",
    )  # fmt: skip


def bridge(bridge_id):
    return Bridge(
        id=bridge_id, technology="", bridge_type="", bridge_class="", creator="", name="", channels=[], creationtime=""
    )


def playback(playback_id, target):
    return Playback(id=playback_id, media_uri="sound:x", target_uri=target, state="done")


class House:
    def __init__(self) -> None:
        self.new = []
        self.other = []
        self.dispatch = Dispatch(self.new.append, self.other.append)


@pytest.fixture
def house():
    return House()


def told(inbox):
    found = []
    while (event := inbox.take_now()) is not None:
        found.append(event)
    return found


def test_a_start_that_nobody_claimed_is_a_new_call(house):
    start = StasisStart(args=[], channel=channel("c.1"))
    house.dispatch.hand_over(start)
    assert house.new == [start]
    assert house.other == []


def test_a_start_that_was_claimed_beforehand_goes_to_its_call(house):
    inbox = house.dispatch.register("call.1")
    house.dispatch.claim("c.1.agent1", "call.1")
    start = StasisStart(args=[], channel=channel("c.1.agent1"))
    house.dispatch.hand_over(start)
    assert told(inbox) == [start]
    assert house.new == []


@pytest.mark.parametrize(
    "event",
    [
        ChannelDtmfReceived(digit="1", duration_ms=100, channel=channel("mine")),
        StasisEnd(channel=channel("mine")),
        Dial(peer=channel("mine"), caller=channel("else"), dialstatus="ANSWER"),
        Dial(peer=channel("else"), caller=channel("mine"), dialstatus="ANSWER"),
        Dial(peer=channel("mine"), dialstatus="ANSWER"),
        PlaybackFinished(playback=playback("mine", "channel:else")),
        PlaybackFinished(playback=playback("else", "channel:mine")),
        PlaybackFinished(playback=playback("else", "bridge:mine")),
        RecordingFinished(recording=LiveRecording(name="else", format="wav", target_uri="channel:mine", state="done")),
        RecordingFinished(recording=LiveRecording(name="mine", format="wav", target_uri="channel:else", state="done")),
        ChannelEnteredBridge(bridge=bridge("else"), channel=channel("mine")),
        ChannelEnteredBridge(bridge=bridge("mine"), channel=channel("else")),
        ChannelEnteredBridge(bridge=bridge("mine")),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_reaches_the_call_by_any_id_it_carries(house, event):
    mine, other = house.dispatch.register("call.1"), house.dispatch.register("call.2")
    house.dispatch.claim("mine", "call.1")
    house.dispatch.hand_over(event)
    assert told(mine) == [event]
    assert told(other) == house.new == house.other == []


def test_an_event_between_two_calls_is_told_to_each_once(house):
    first, second = house.dispatch.register("call.1"), house.dispatch.register("call.2")
    house.dispatch.claim("c.1", "call.1")
    house.dispatch.claim("talk", "call.2")
    house.dispatch.claim("c.2", "call.2")
    between = ChannelEnteredBridge(bridge=bridge("talk"), channel=channel("c.1"))
    within = ChannelEnteredBridge(bridge=bridge("talk"), channel=channel("c.2"))
    house.dispatch.hand_over(between)
    house.dispatch.hand_over(within)
    assert told(first) == [between]
    assert told(second) == [between, within]


def test_what_concerns_no_call_goes_elsewhere(house):
    events = [ApplicationRegistered(), StasisEnd(channel=channel("stranger"))]
    for event in events:
        house.dispatch.hand_over(event)
    assert house.other == events


def test_a_call_that_is_over_is_forgotten_with_all_it_claimed(house):
    for number in range(100):
        call = f"call.{number}"
        house.dispatch.register(call)
        for part in ("caller", "agent1", "say"):
            house.dispatch.claim(f"{call}.{part}", call)
        house.dispatch.unclaim(f"{call}.agent1")
        house.dispatch.release(call)
    house.dispatch.release("call.1")
    assert len(house.dispatch) == 0
    assert house.dispatch._owners == house.dispatch._claims == {}
    house.dispatch.hand_over(StasisEnd(channel=channel("call.1.caller")))
    assert len(house.other) == 1


def test_the_last_claim_counts(house):
    first, second = house.dispatch.register("call.1"), house.dispatch.register("call.2")
    house.dispatch.claim("c.1", "call.1")
    house.dispatch.claim("c.1", "call.2")
    house.dispatch.release("call.1")
    end = StasisEnd(channel=channel("c.1"))
    house.dispatch.hand_over(end)
    assert told(first) == []
    assert told(second) == [end]
    assert house.dispatch.owner_of("c.1") == "call.2"


def test_a_call_has_one_inbox_and_claims_need_one(house):
    house.dispatch.register("call.1")
    with pytest.raises(ValueError, match="already"):
        house.dispatch.register("call.1")
    with pytest.raises(KeyError):
        house.dispatch.claim("c.1", "call.2")
    assert "call.1" in house.dispatch
    assert "call.2" not in house.dispatch


def test_an_inbox_nobody_reads_stops_growing(house):
    inbox = house.dispatch.register("call.1")
    for _ in range(INBOX_LIMIT + 5):
        inbox.put(StasisEnd(channel=channel("c.1")))
    assert len(inbox) == INBOX_LIMIT


async def test_waiting_for_an_event_ends_with_it_or_with_its_limit(house):
    inbox = house.dispatch.register("call.1")
    house.dispatch.claim("c.1", "call.1")
    with pytest.raises(TimeoutError):
        await inbox.take(0.01)
    end = StasisEnd(channel=channel("c.1"))
    house.dispatch.hand_over(end)
    assert await inbox.take(0.01) is end
