"""What can be done to a channel: answer, speak, listen, ring somebody, hand on, hang up."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from ivr.ari.decoding import decode_record
from ivr.ari.errors import AriRefused, Gone
from ivr.ari.events import Channel, Variable
from ivr.ari.ids import path
from ivr.ari.verbs import REQUEST_LIMIT_S, Query, Verbs

Variables = Mapping[str, str]
STOP_TRIES, STOP_AGAIN_S = 5, 0.01


class ChannelVerbs(Verbs):
    """Verbs on channels and their playbacks and recordings. `channel` is always an id."""

    async def answer(self, channel: str, *, call: str, wait: bool = True) -> None:
        """Gone also when Asterisk says 500, "Failed to answer channel".

        Asterisk 22.10 says so of a caller who hangs up between the finding of the channel and the answering of it
        (measured: 15 times in 1,800 requests that crossed a hang-up; the others said 404 or 409).
        """
        try:
            await self._do("POST", path("channels", channel, "answer"), call=call, wait=wait)
        except AriRefused as error:
            if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            raise Gone(error.status, error.private_detail) from error

    async def hang_up(
        self, channel: str, *, call: str, reason: str | None = None, reason_code: int | None = None, wait: bool = True
    ) -> None:
        """`reason` normal, busy, no_answer, congestion, answered_elsewhere …; or `reason_code`, an ISDN cause.

        A caller's hang-up does not end the ringing of an agent: that leg needs its own (asterisk.md 0.7).
        """
        query = {"reason": reason, "reason_code": reason_code}
        await self._do("DELETE", path("channels", channel), query, call=call, wait=wait)

    async def progress(self, channel: str, *, call: str, wait: bool = True) -> None:
        """Open the audio path before the answer, for announcements nobody pays for."""
        await self._do("POST", path("channels", channel, "progress"), call=call, wait=wait)

    async def play(self, channel: str, playback_id: str, media: Sequence[str], *, call: str, wait: bool = True) -> None:
        """Play the media URIs one after the other as one playback; queues behind one that still plays there."""
        query = {"media": ",".join(media)}
        await self._do("POST", path("channels", channel, "play", playback_id), query, call=call, wait=wait)

    async def stop_playback(self, playback_id: str, *, call: str, wait: bool = True) -> None:
        """Gone when it had ended by itself. The next `play` need not wait for PlaybackFinished (design 3.18).

        In the moment at which it begins Asterisk 22.10 cannot stop it, says 500 and plays on (measured: once in
        3,000 stops within 1.5 ms of the play; 10 ms later it could be stopped each time). It is asked again.
        """
        for _ in range(STOP_TRIES - 1):
            try:
                return await self._do("DELETE", path("playbacks", playback_id), call=call, wait=wait)
            except AriRefused as error:
                if error.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                    raise
            await asyncio.sleep(STOP_AGAIN_S)
        return await self._do("DELETE", path("playbacks", playback_id), call=call, wait=wait)

    async def start_music(self, channel: str, music: str | None = None, *, call: str, wait: bool = True) -> None:
        """Music for one channel; a `play` ends it for good (asterisk.md 0.9)."""
        await self._do("POST", path("channels", channel, "moh"), {"mohClass": music}, call=call, wait=wait)

    async def stop_music(self, channel: str, *, call: str, wait: bool = True) -> None:
        await self._do("DELETE", path("channels", channel, "moh"), call=call, wait=wait)

    async def mute(self, channel: str, *, call: str, wait: bool = True) -> None:
        """Neither heard nor hearing, until `unmute`; idempotent."""
        await self._do("POST", path("channels", channel, "mute"), {"direction": "both"}, call=call, wait=wait)

    async def unmute(self, channel: str, *, call: str, wait: bool = True) -> None:
        await self._do("DELETE", path("channels", channel, "mute"), {"direction": "both"}, call=call, wait=wait)

    async def send_dtmf(self, channel: str, digits: str, *, call: str, wait: bool = True) -> None:
        await self._do("POST", path("channels", channel, "dtmf"), {"dtmf": digits}, call=call, wait=wait)

    async def create_channel(
        self,
        channel: str,
        endpoint: str,
        *,
        call: str,
        app: str,
        app_args: Sequence[str] = (),
        variables: Variables | None = None,
        originator: str | None = None,
        formats: Sequence[str] = (),
        caller_id: str | None = None,
    ) -> Channel:
        """Make a channel without ringing; `dial` rings it. Its StasisStart comes now and is no answer (design 3.12).

        Wait for that StasisStart before `dial` (409) or `add_to_bridge` (422): without it Asterisk 22.10.1 refused one
        in six, "Channel not in Stasis application". Claim the id first, and the event is in the call's inbox.
        `caller_id` is what the rung phone shows, as `"Name" <number>`. AriRefused (500) when the endpoint is not there.
        """
        # Asterisk has no caller id for this request; what a rung phone is shown is the connected line of its channel.
        shown = {} if caller_id is None else {"CONNECTEDLINE(all,i)": caller_id}
        query = {
            "endpoint": endpoint,
            "app": app,
            "appArgs": ",".join(app_args) or None,
            "channelId": channel,
            "originator": originator,
            "formats": ",".join(formats) or None,
        }
        body = {"variables": {**shown, **(variables or {})}}
        return decode_record(await self.request("POST", "channels/create", call=call, query=query, body=body), Channel)

    async def dial(
        self, channel: str, *, call: str, caller: str | None = None, timeout_s: int = 30, wait: bool = True
    ) -> None:
        """Ring a created channel for whole seconds. Answered: `Dial` with dialstatus ANSWER; else ChannelDestroyed."""
        query = {"caller": caller, "timeout": timeout_s}
        await self._do("POST", path("channels", channel, "dial"), query, call=call, wait=wait)

    async def originate(
        self,
        channel: str,
        endpoint: str,
        *,
        call: str,
        app: str,
        app_args: Sequence[str] = (),
        caller_id: str | None = None,
        timeout_s: int = 30,
        variables: Variables | None = None,
        originator: str | None = None,
        formats: Sequence[str] = (),
        other_channel: str | None = None,
    ) -> Channel:
        """Ring, and enter `app` when answered (StasisStart); unanswered: ChannelDestroyed with its cause.

        `other_channel` is the id of the far half of a Local channel.
        """
        query = {
            "endpoint": endpoint,
            "app": app,
            "appArgs": ",".join(app_args) or None,
            "callerId": caller_id,
            "timeout": timeout_s,
            "channelId": channel,
            "otherChannelId": other_channel,
            "originator": originator,
            "formats": ",".join(formats) or None,
        }
        body = {"variables": dict(variables or {})}
        return decode_record(await self.request("POST", "channels", call=call, query=query, body=body), Channel)

    async def record(
        self,
        channel: str,
        name: str,
        *,
        call: str,
        sound_format: str = "wav",
        max_s: int = 0,
        max_silence_s: int = 0,
        terminate_on: str = "none",
        beep: bool = False,
        if_exists: str = "fail",
        wait: bool = True,
    ) -> None:
        """Record what the caller says to the stored recording `name`; 0 s is no limit.

        A caller who sends no sound gives a RecordingFinished of 0 s after 4 s, not a failure (asterisk.md 0.10).
        """
        query: Query = {
            "name": name,
            "format": sound_format,
            "maxDurationSeconds": max_s,
            "maxSilenceSeconds": max_silence_s,
            "terminateOn": terminate_on,
            "beep": beep,
            "ifExists": if_exists,
        }
        await self._do("POST", path("channels", channel, "record"), query, call=call, wait=wait)

    async def is_recording(self, name: str, *, call: str) -> bool:
        """Is the recording `name` being made now? Asterisk goes on with it when its controller dies."""
        try:
            await self.request("GET", path("recordings", "live", name), call=call)
        except Gone:
            return False
        return True

    async def stop_recording(self, name: str, *, call: str, wait: bool = True) -> None:
        """End a recording and keep it."""
        await self._do("POST", path("recordings", "live", name, "stop"), call=call, wait=wait)

    async def set_variable(
        self, channel: str, name: str, value: str, *, call: str, wait: bool = True, may_block: bool = False
    ) -> None:
        query = {"variable": name, "value": value}
        uri = path("channels", channel, "variable")
        await self._do("POST", uri, query, call=call, wait=wait, may_block=may_block)

    async def get_variable(self, channel: str, name: str, *, call: str) -> str:
        """The value; "" or Gone (404) when the channel has none of that name."""
        text = await self.request("GET", path("channels", channel, "variable"), call=call, query={"variable": name})
        return decode_record(text, Variable).value

    async def continue_in_dialplan(
        self, channel: str, *, call: str, context: str, extension: str = "s", priority: int = 1, wait: bool = True
    ) -> None:
        """Give the channel back to the dialplan; carried out only when its prompt has ended (asterisk.md 0.1)."""
        query: Query = {"context": context, "extension": extension, "priority": priority}
        await self._do("POST", path("channels", channel, "continue"), query, call=call, wait=wait)

    async def move(self, channel: str, app: str, app_args: Sequence[str] = (), *, call: str, wait: bool = True) -> None:
        """Give the channel to another Stasis application, which gets a StasisStart."""
        query = {"app": app, "appArgs": ",".join(app_args) or None}
        await self._do("POST", path("channels", channel, "move"), query, call=call, wait=wait)

    async def snoop(
        self,
        channel: str,
        snoop_channel: str,
        *,
        call: str,
        app: str,
        spy: str = "none",
        whisper: str = "none",
        app_args: Sequence[str] = (),
    ) -> Channel:
        """A channel that hears (`spy` in, out, both) or talks to (`whisper`) another; usable after its StasisStart."""
        query = {"spy": spy, "whisper": whisper, "app": app, "appArgs": ",".join(app_args) or None}
        uri = path("channels", channel, "snoop", snoop_channel)
        return decode_record(await self.request("POST", uri, call=call, query=query), Channel)

    async def external_media(
        self,
        channel: str,
        external_host: str,
        *,
        call: str,
        app: str,
        sound_format: str,
        encapsulation: str = "none",
        transport: str = "websocket",
        connection_type: str = "client",
        direction: str = "both",
        variables: Variables | None = None,
    ) -> Channel:
        """A channel whose sound goes to a program; usable after its StasisStart (asterisk.md 0.5)."""
        query = {
            "channelId": channel,
            "app": app,
            "external_host": external_host,
            "encapsulation": encapsulation,
            "transport": transport,
            "connection_type": connection_type,
            "format": sound_format,
            "direction": direction,
        }
        body = {"variables": dict(variables or {})}
        text = await self.request("POST", "channels/externalMedia", call=call, query=query, body=body)
        return decode_record(text, Channel)

    async def get_channel(self, channel: str, *, call: str) -> Channel:
        return decode_record(await self.request("GET", path("channels", channel), call=call), Channel)

    async def list_channels(self, *, call: str = "", limit_s: float = REQUEST_LIMIT_S) -> list[Channel]:
        """Every channel of this Asterisk, also those that are not ours."""
        return decode_record(await self.request("GET", "channels", call=call, limit_s=limit_s), list[Channel])
