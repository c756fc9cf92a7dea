"""The world behind `asterisk.FakeAsterisk`: channels, bridges, prompts and recordings that behave as Asterisk's do.

Each habit was first seen on a real Asterisk 22.10.1; tests/rooms/test_ari_client.py runs the same promises against
both. Nothing here knows of sockets: events leave through `tell`, requests come in through `FakeAsterisk`.
"""

import asyncio
import itertools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Tell = Callable[[str, dict[str, Any]], None]
"""tell(application, event): give an event to an application, which may not be there."""
HOLDING_ROLE = "holding_participant"
"""Asterisk's name of the role whose channel gets music of its own in a holding bridge, again after each prompt."""


class Refusal(Exception):
    """A request that Asterisk answers with this status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Peer:
    """How a rung phone behaves: `does` answer, busy or noanswer; `after_s` before it does so."""

    does: str = "answer"
    after_s: float = 0.0


@dataclass(slots=True)
class FakePlayback:
    id: str
    media: list[str]
    target: str
    played: int = 0
    timer: asyncio.TimerHandle | None = None

    def told(self, state: str) -> dict[str, Any]:
        at = min(self.played, len(self.media) - 1)
        return {"id": self.id, "media_uri": self.media[at], "target_uri": self.target, "language": "en", "state": state}


@dataclass(slots=True)
class FakeRecording:
    name: str
    format: str
    channel: str
    terminate_on: str
    began: float
    timer: asyncio.TimerHandle | None = None

    def told(self, state: str, **more: object) -> dict[str, Any]:
        target = f"channel:{self.channel}"
        return {"name": self.name, "format": self.format, "target_uri": target, "state": state, **more}


@dataclass(slots=True)
class FakeBridge:
    id: str
    type: str
    name: str
    channels: list[str] = field(default_factory=list)
    music: bool = False

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id, "technology": "simple_bridge", "bridge_type": self.type, "bridge_class": "stasis",
            "creator": "Stasis", "name": self.name, "channels": list(self.channels), "creationtime": stamp(),
        }  # fmt: skip


@dataclass(slots=True)
class FakeChannel:
    """A channel. `app`: the application it is with or will be with; `in_stasis`: whether it is there yet."""

    id: str
    endpoint: str
    app: str
    state: str = "Down"
    number: str = ""
    connected: str = ""
    exten: str = ""
    args: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    created_at: str = ""
    inbound: bool = False
    originated: bool = False
    in_stasis: bool = False
    silent: bool = False
    music: bool = False
    bridge: str | None = None
    left_for: tuple[str, str] | None = None
    playing: list[FakePlayback] = field(default_factory=list)
    recording: FakeRecording | None = None
    heard: list[str] = field(default_factory=list)
    role: str | None = None
    sent_dtmf: str = ""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)

    def told(self) -> dict[str, Any]:
        return {
            "id": self.id, "name": f"{self.endpoint}-{self.id}", "state": self.state, "protocol_id": "",
            "caller": {"name": "", "number": self.number}, "connected": {"name": "", "number": self.connected},
            "accountcode": "", "creationtime": self.created_at, "language": "en", "channelvars": dict(self.variables),
            "dialplan": {
                "context": "from-trunk", "exten": self.exten, "priority": 1, "app_name": "Stasis",
                "app_data": ",".join([self.app, *self.args]),
            },
        }  # fmt: skip


def stamp() -> str:
    """The time as Asterisk writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


class House:
    """All that one Asterisk holds, and what happens in it. `prompt_s` gives a medium's length in seconds."""

    def __init__(self, tell: Tell, is_there: Callable[[str], bool]) -> None:
        self._tell = tell
        self._is_there = is_there
        self._numbers = itertools.count(1)
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, FakeBridge] = {}
        self.playbacks: dict[str, FakePlayback] = {}
        self.recordings: dict[str, FakeRecording] = {}
        self.stored: dict[str, tuple[str, bytes]] = {}
        self.dynamic: dict[tuple[str, str], dict[str, str]] = {}
        self.peers: dict[str, Peer] = {}
        self.prompt_s: dict[str, float] = {}
        self.usual_prompt_s = 0.02
        self.silent_recording_s = 4.0
        self.gone: dict[str, FakeChannel] = {}

    # -- channels ---------------------------------------------------------------------------------------------------

    def add_channel(self, channel: FakeChannel) -> FakeChannel:
        channel.created_at = stamp()
        channel.quiet.set()
        self.channels[channel.id] = channel
        return channel

    def new_id(self) -> str:
        return f"fake.{next(self._numbers)}"

    def channel(self, channel_id: str, *, status: int = 404) -> FakeChannel:
        found = self.channels.get(channel_id)
        if found is None:
            raise Refusal(status, "Channel not found")
        return found

    def in_stasis(self, channel_id: str) -> FakeChannel:
        found = self.channel(channel_id)
        if not found.in_stasis:
            raise Refusal(409, "Channel not in Stasis application")
        return found

    def say(self, channel: FakeChannel, kind: str, **parts: object) -> None:
        self._tell(channel.app, {"type": kind, "channel": channel.told(), **parts})

    def enter(self, channel: FakeChannel) -> bool:
        """Into Stasis; False when its application is not there: Stasis() fails, the dialplan goes on."""
        if not self._is_there(channel.app):
            return False
        channel.in_stasis = True
        self.say(channel, "StasisStart", args=list(channel.args))
        return True

    def leave(self, channel: FakeChannel) -> None:
        if channel.in_stasis:
            self.say(channel, "StasisEnd")
        channel.in_stasis = False

    def set_state(self, channel: FakeChannel, state: str) -> None:
        if channel.state != state:
            channel.state = state
            self.say(channel, "ChannelStateChange")

    def hang_up(self, channel: FakeChannel, cause: int = 16, *, asked: int | None = None) -> None:
        """End a channel in Asterisk's order: request, prompt, recording, bridge, Stasis; our own legs are destroyed."""
        for timer in channel.timers:
            timer.cancel()
        self.say(channel, "ChannelHangupRequest", cause=cause if asked is None else asked)
        while channel.playing:
            self.finish_playback(channel.playing[0], state="failed")
        if channel.recording is not None:
            self.finish_recording(channel.recording)
        self.out_of_bridge(channel)
        self.leave(channel)
        del self.channels[channel.id]
        self.gone[channel.id] = channel
        if not channel.inbound:
            self.say(channel, "ChannelDestroyed", cause=cause, cause_txt="", tech_cause=0)

    def ring(self, channel: FakeChannel, timeout_s: float) -> None:
        """Ring the phone behind a channel; what it does was told to `peers`, else the endpoint's own name tells."""
        peer = self._peer_of(channel.endpoint)
        self._dial(channel, "")
        loop = asyncio.get_running_loop()
        if peer.does == "noanswer":
            self.set_state(channel, "Ringing")
            self._dial(channel, "RINGING")
            channel.timers.append(loop.call_later(timeout_s, self._unanswered, channel))
        else:
            deed = self._answered if peer.does == "answer" else self._busy
            channel.timers.append(loop.call_later(peer.after_s, deed, channel))
            if peer.after_s:
                self.set_state(channel, "Ringing")
                self._dial(channel, "RINGING")
                channel.timers.append(loop.call_later(timeout_s, self._unanswered, channel))

    def _peer_of(self, endpoint: str) -> Peer:
        named = [peer for start, peer in self.peers.items() if endpoint.startswith(start)]
        return named[-1] if named else Peer(endpoint.partition("/")[2].partition("@")[0])

    def _dial(self, channel: FakeChannel, status: str) -> None:
        self._tell(channel.app, {"type": "Dial", "peer": channel.told(), "dialstatus": status, "dialstring": ""})

    def _answered(self, channel: FakeChannel) -> None:
        for timer in channel.timers:
            timer.cancel()
        self.set_state(channel, "Up")
        self._dial(channel, "ANSWER")
        if channel.originated and not self.enter(channel):
            self.hang_up(channel)

    def _busy(self, channel: FakeChannel) -> None:
        self._dial(channel, "BUSY")
        self.hang_up(channel, 17)

    def _unanswered(self, channel: FakeChannel) -> None:
        self.hang_up(channel, 19, asked=32)

    # -- prompts ----------------------------------------------------------------------------------------------------

    def play(self, playback: FakePlayback, channel: FakeChannel) -> None:
        self.playbacks[playback.id] = playback
        channel.playing.append(playback)
        channel.quiet.clear()
        channel.music = False
        if len(channel.playing) == 1:
            self._begin(playback, channel)

    def _begin(self, playback: FakePlayback, channel: FakeChannel) -> None:
        kind = "PlaybackContinuing" if playback.played else "PlaybackStarted"
        self._tell(channel.app, {"type": kind, "playback": playback.told("playing")})
        channel.heard.append(playback.media[playback.played])
        wait_s = self.prompt_s.get(playback.media[playback.played], self.usual_prompt_s)
        playback.timer = asyncio.get_running_loop().call_later(wait_s, self._next_medium, playback, channel)

    def _next_medium(self, playback: FakePlayback, channel: FakeChannel) -> None:
        playback.played += 1
        if playback.played < len(playback.media):
            self._begin(playback, channel)
        else:
            self.finish_playback(playback)

    def finish_playback(self, playback: FakePlayback, state: str = "done") -> None:
        if playback.timer is not None:
            playback.timer.cancel()
        if self.playbacks.get(playback.id) is playback:
            del self.playbacks[playback.id]
        kind, _, target = playback.target.partition(":")
        if kind == "bridge":
            for member in self.bridges[target].channels[:1]:
                self._tell(self.channels[member].app, {"type": "PlaybackFinished", "playback": playback.told(state)})
            return
        channel = self.channels[target]
        channel.playing.remove(playback)
        self._tell(channel.app, {"type": "PlaybackFinished", "playback": playback.told(state)})
        if channel.playing and state != "failed":
            self._begin(channel.playing[0], channel)
        elif not channel.playing:
            channel.quiet.set()

    def play_in_bridge(self, playback: FakePlayback, bridge: FakeBridge) -> None:
        """Started and finished are told in any case, but nobody hears it while the bridge has music."""
        self.playbacks[playback.id] = playback
        for member in bridge.channels:
            if not bridge.music:
                self.channels[member].heard += playback.media
        for member in bridge.channels[:1]:
            self._tell(self.channels[member].app, {"type": "PlaybackStarted", "playback": playback.told("playing")})
        wait_s = sum(self.prompt_s.get(medium, self.usual_prompt_s) for medium in playback.media)
        playback.timer = asyncio.get_running_loop().call_later(wait_s, self.finish_playback, playback)

    # -- recordings -------------------------------------------------------------------------------------------------

    def record(self, recording: FakeRecording, max_s: float) -> None:
        channel = self.channels[recording.channel]
        channel.recording = self.recordings[recording.name] = recording
        self._tell(channel.app, {"type": "RecordingStarted", "recording": recording.told("recording")})
        limit_s = self.silent_recording_s if channel.silent else max_s
        if limit_s:
            loop = asyncio.get_running_loop()
            recording.timer = loop.call_later(limit_s, self.finish_recording, recording)

    def finish_recording(self, recording: FakeRecording) -> None:
        if recording.timer is not None:
            recording.timer.cancel()
        del self.recordings[recording.name]
        channel = self.channels[recording.channel]
        channel.recording = None
        seconds = 0.0 if channel.silent else asyncio.get_running_loop().time() - recording.began
        sound = b"\0\0" * int(8000 * seconds)
        head = struct.pack(
            "<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(sound), b"WAVEfmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", len(sound)
        )
        self.stored[recording.name] = (recording.format, head + sound)
        told = recording.told("done", duration=int(seconds))
        self._tell(channel.app, {"type": "RecordingFinished", "recording": told})

    # -- bridges ----------------------------------------------------------------------------------------------------

    def bridge(self, bridge_id: str) -> FakeBridge:
        found = self.bridges.get(bridge_id)
        if found is None:
            raise Refusal(404, "Bridge not found")
        return found

    def into_bridge(self, bridge: FakeBridge, channel: FakeChannel, role: str | None = None) -> None:
        self.out_of_bridge(channel)
        channel.role = role
        bridge.channels.append(channel.id)
        channel.bridge = bridge.id
        self.say(channel, "ChannelEnteredBridge", bridge=bridge.told())

    def out_of_bridge(self, channel: FakeChannel) -> None:
        if channel.bridge is None:
            return
        bridge = self.bridges[channel.bridge]
        bridge.channels.remove(channel.id)
        channel.bridge = None
        # Asterisk's music in a bridge dies with the last listener and does not come back by itself.
        bridge.music = bridge.music and bool(bridge.channels)
        self.say(channel, "ChannelLeftBridge", bridge=bridge.told())

    def hears_music(self, channel: FakeChannel) -> bool:
        bridge = self.bridges[channel.bridge] if channel.bridge is not None else None
        held = bridge is not None and (bridge.music or (bridge.type == "holding" and channel.role == HOLDING_ROLE))
        return not channel.playing and (channel.music or held)

    def shut(self) -> None:
        """Let no timer outlive the test."""
        for channel in self.channels.values():
            for timer in channel.timers:
                timer.cancel()
            channel.quiet.set()
        for thing in (*self.playbacks.values(), *self.recordings.values()):
            if thing.timer is not None:
                thing.timer.cancel()


def whole(query: Mapping[str, str], name: str, default: int = 0) -> int:
    """A whole number of the query."""
    return int(query.get(name) or default)
