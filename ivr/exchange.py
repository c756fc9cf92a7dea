"""The exchange: a second Asterisk that plays the public network and the agents' SIP phones, for proofs and tests.

Its callers are real SIP callers with real sound and real keys: nothing of SIP is home-made here. A phone is a leg and
a sound channel in one bridge, put together before the call is answered, so that the first tone is heard as well.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch, Inbox
from ivr.ari.errors import AriError
from ivr.ari.events import (
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelStateChange,
    Dial,
    StasisEnd,
    StasisStart,
)
from ivr.errors import TelephoneError
from ivr.exchange_media import PhoneMedia

APP = "exchange"
EVENTS = (
    "StasisStart",
    "StasisEnd",
    "ChannelStateChange",
    "Dial",
    "ChannelDtmfReceived",
    "ChannelDestroyed",
    "ChannelHangupRequest",
)
ANSWER_LIMIT_S = 30.0
ENTERED_LIMIT_S = 5.0
LOCAL = "127.0.0.1"


class NotHeard(TelephoneError):
    """A phone did not hear what it waited for; the text says what it heard in its place."""


class Phone:
    """One telephone of the exchange. `heard` grows with every marker, `keys` with every key of the other side; `cause`
    is set when the call has ended."""

    def __init__(self, exchange: Exchange, number: str, channel: str, inbox: Inbox, name: str) -> None:
        self._exchange = exchange
        self.number = number
        self.channel = channel
        self.inbox = inbox
        self.bridge = f"bridge{name}"
        self.sound = f"sound{name}"
        self.heard: list[str] = []
        self.keys = ""
        self._cursor = 0
        self._news = asyncio.Event()
        self.answered = asyncio.Event()
        self.ended = asyncio.Event()
        self.cause: int | None = None
        self.media = PhoneMedia(exchange.tones, self._on_marker)

    async def hear(self, *names: str, limit_s: float = 15.0) -> str:
        """Wait until one of these markers is heard after the last one waited for. NotHeard after `limit_s` seconds."""
        packets, loud = self.media.packets_in, self.media.loud_in
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    for position in range(self._cursor, len(self.heard)):
                        if self.heard[position] in names:
                            self._cursor = position + 1
                            return self.heard[position]
                    if self.ended.is_set():
                        break
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            pass
        said = ", ".join(self.heard[self._cursor :]) or "nothing"
        packets, loud = self.media.packets_in - packets, self.media.loud_in - loud
        raise NotHeard(
            f"waited for {' or '.join(names)}; heard {said} ({packets} packets, {loud} of them not silent); "
            f"ended: {self.ended.is_set()} ({self.cause})"
        )

    def listen_anew(self) -> None:
        """Whatever has been heard until now is not waited for any more."""
        self._cursor = len(self.heard)

    async def hear_pairs(self, count: int = 4, limit_s: float = 10.0) -> str:
        """The digits of the next `count` spoken pairs, such as a docket number's four."""
        pairs = [f"p/{number:02d}" for number in range(100)]
        return "".join([(await self.hear(*pairs, limit_s=limit_s)).removeprefix("p/") for _ in range(count)])

    async def press(self, keys: str) -> None:
        """Press keys as a person does (RFC 4733 events on the wire)."""
        await self._exchange.ari.send_dtmf(self.channel, keys, call=self.channel)

    async def answer(self) -> None:
        await self._exchange.ari.answer(self.channel, call=self.channel)

    async def hang_up(self, reason: str = "normal") -> None:
        """End it; before an answer `reason` busy or no_answer is what the line is told."""
        with suppress(AriError):
            await self._exchange.ari.hang_up(self.channel, call=self.channel, reason=reason)

    async def until_answered(self, limit_s: float = ANSWER_LIMIT_S) -> None:
        async with asyncio.timeout(limit_s):
            await self.answered.wait()

    async def until_ended(self, limit_s: float = 30.0) -> None:
        async with asyncio.timeout(limit_s):
            await self.ended.wait()

    def _on_marker(self, name: str) -> None:
        self.heard.append(name)
        self._news.set()

    async def follow(self) -> None:
        """The life of this phone's leg, until it ends."""
        while not self.ended.is_set():
            match await self.inbox.take(4 * 3600.0):
                case Dial() as dial if dial.peer.id == self.channel and dial.dialstatus == "ANSWER":
                    self.answered.set()
                case ChannelStateChange() as change if change.channel.id == self.channel:
                    if change.channel.state == "Up":
                        self.answered.set()
                case ChannelDtmfReceived() as pressed if pressed.channel.id == self.channel:
                    self.keys += pressed.digit
                case ChannelDestroyed() | StasisEnd() | ChannelHangupRequest() as end if end.channel.id == self.channel:
                    self.cause = getattr(end, "cause", None)
                    self.ended.set()
                    self._news.set()
                case _:
                    pass
        await self._exchange.put_away(self)


class Exchange:
    """`async with Exchange(...) as exchange:`; every phone made in it ends with it.

    `tones` is the marker language's table (`Wording.marker`). `called` holds the consumers' numbers the line dials, in
    the order in which they begin to ring: for those who play all consumers at once.
    """

    def __init__(self, url: str, user: str, password: str, tones: Mapping[str, tuple[int, int]]) -> None:
        self.tones = tones
        self.called: asyncio.Queue[str] = asyncio.Queue()
        self.ari = Ari(url, user, password, APP, rest_sockets=1, events_allowed=EVENTS)
        self.dispatch = Dispatch(self._on_call)
        self._connected = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._running: list[asyncio.Task[None]] = []
        self._coming: dict[str, asyncio.Queue[StasisStart]] = {}
        self._count = 0
        self._name = secrets.token_hex(3)  # ids of an exchange before us may still be in use
        self._phones: list[Phone] = []
        self._registrations: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._start(self.ari.run(self.dispatch.hand_over, self._on_connected, _nothing))
        async with asyncio.timeout(20):
            await self._connected.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for phone in self._phones:
            if not phone.ended.is_set():
                await phone.hang_up()
                await self.put_away(phone)
        for task in self._running:
            task.cancel()
        await self._tasks.__aexit__(kind, error, trace)

    async def call(
        self, caller: str, dialled: str = "1912", *, answered: bool = True, node: str = "", codec: str = ""
    ) -> Phone:
        """Phone the line as `caller` (any digits; "" withholds the number); returns when it has been answered.

        `node` is the trunk of another node of the line (host:port), as a network would choose it; `codec` the only one
        that his network offers.
        """
        phone = self._phone(caller)
        await self._wire_sound(phone)
        endpoint = f"PJSIP/line/sip:{dialled}@{node}" if node else f"PJSIP/{dialled}@line"
        shown = f'"{caller}" <{caller}>' if caller else None
        await self.ari.create_channel(
            phone.channel,
            endpoint,
            call=phone.channel,
            app=APP,
            app_args=("calling",),
            caller_id=shown,
            formats=(codec,) if codec else (),
        )
        await _entered(phone, phone.channel)
        await self.ari.add_to_bridge(phone.bridge, [phone.channel], call=phone.channel, unnamed=True)
        self._start(phone.follow())
        await self.ari.dial(phone.channel, call=phone.channel, timeout_s=60)
        if answered:
            await phone.until_answered()
        return phone

    async def rung(self, name: str, limit_s: float = 30.0) -> Phone:
        """Wait until `name` (a consumer's number as the trunk dials it, or an agent's user) rings; not yet answered."""
        async with asyncio.timeout(limit_s):
            start = await self._coming.setdefault(name, asyncio.Queue()).get()
        phone = self._phone(name, start.channel.id)
        await self._wire_sound(phone)
        await self.ari.add_to_bridge(phone.bridge, [phone.channel], call=phone.channel, unnamed=True)
        self._start(phone.follow())
        return phone

    async def register_phone(self, user: str, password: str, domain: str) -> None:
        """Register an agent's SIP phone at the line with what the console gave him (`domain` is host:port)."""
        await self.ari.put_dynamic("auth", user, {"auth_type": "userpass", "username": user, "password": password})
        await self.ari.put_dynamic(
            "registration",
            self._registration_of(user),
            {
                "transport": "transport-phones",
                "outbound_auth": user,
                "server_uri": f"sip:{domain}",
                "client_uri": f"sip:{user}@{domain}",
                "contact_user": user,
                "retry_interval": "2",
                "expiration": "120",
                "max_random_initial_delay": "0",
            },
        )

    async def unregister_phone(self, user: str) -> None:
        """The phone goes: as when it is switched off cleanly."""
        await self.ari.delete_dynamic("registration", self._registrations.pop(user))

    def _registration_of(self, user: str) -> str:
        """A new name each time: Asterisk now and then never sends one made anew under the name of one just deleted."""
        self._count += 1
        name = self._registrations[user] = f"{user}-{self._name}{self._count}"
        return name

    def _phone(self, number: str, channel: str | None = None) -> Phone:
        self._count += 1
        name = channel or f"phone{self._name}{self._count}"
        inbox = self.dispatch.register(name)
        self.dispatch.claim(name, name)
        phone = Phone(self, number, name, inbox, f"{self._name}{self._count}")
        self._phones.append(phone)
        self.dispatch.claim(phone.sound, name)
        return phone

    async def _wire_sound(self, phone: Phone) -> None:
        """The sound channel and the bridge, before anything rings or is answered."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: phone.media, local_addr=(LOCAL, 0))
        port = transport.get_extra_info("sockname")[1]
        await self.ari.create_bridge(phone.bridge, call=phone.channel, name=phone.bridge)
        await self.ari.external_media(
            phone.sound,
            f"{LOCAL}:{port}",
            call=phone.channel,
            app=APP,
            sound_format="ulaw",
            encapsulation="rtp",
            transport="udp",
        )
        await _entered(phone, phone.sound)
        await self.ari.add_to_bridge(phone.bridge, [phone.sound], call=phone.channel)
        local = await self.ari.get_variable(phone.sound, "UNICASTRTP_LOCAL_PORT", call=phone.channel)
        phone.media.call(LOCAL, int(local))
        self._start(phone.media.speak())

    async def put_away(self, phone: Phone) -> None:
        """The call is over: its sound and its bridge go with it."""
        phone.media.close()
        with suppress(AriError):
            await self.ari.hang_up(phone.sound, call=phone.channel)
        with suppress(AriError):
            await self.ari.delete_bridge(phone.bridge, call=phone.channel)
        self.dispatch.release(phone.channel)

    def _on_call(self, start: StasisStart) -> None:
        """A call of the line to a consumer ("called") or to an agent's phone ("rung")."""
        if len(start.args) == 2:
            self._coming.setdefault(start.args[1], asyncio.Queue()).put_nowait(start)
            if start.args[0] == "called":
                self.called.put_nowait(start.args[1])

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self._running.append(self._tasks.create_task(work))

    async def _on_connected(self) -> None:
        self._connected.set()


async def _entered(phone: Phone, channel: str) -> None:
    """A channel just made can be put into a bridge only after its StasisStart (asterisk.md 0.5)."""
    async with asyncio.timeout(ENTERED_LIMIT_S):
        while True:
            event = await phone.inbox.take(ENTERED_LIMIT_S)
            if isinstance(event, StasisStart) and event.channel.id == channel:
                return


def _nothing() -> None:
    return
