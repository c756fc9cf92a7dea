"""One caller's ears: a snoop on his channel, and a WebSocket that gives what it hears to a speech process.

They stand in a bridge of their own; the caller goes on hearing the prompt, and nothing that happens here reaches him
(asterisk.md 4). They come up beside his call, and when they fall away he is asked by keys.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch
from ivr.ari.errors import AriError
from ivr.ari.events import ChannelDestroyed, StasisEnd, StasisStart
from ivr.ari.ids import is_leg, leg_id
from ivr.line import SpeechBegan, WordsHeard
from ivr.speech.recognisers import Recogniser
from ivr.speech.wire import Attach, Began, Cease, Deaf, Heard, Listen

log = structlog.get_logger(__name__)

EAR, SOUND = "ear", "earsound"
"""Roles of the two channels; the bridge has the id of the first."""
UP_LIMIT_S = 3.0
LOOKED_EVERY_S = 3600.0
CONNECTION = "MEDIA_WEBSOCKET_CONNECTION_ID"
FORMATS = {8000: "slin", 16000: "slin16"}
"""What Asterisk calls the sound an engine wants; it brings the telephone's 8 kHz to it."""


@dataclass(frozen=True, slots=True)
class _End:
    """He is to be heard no longer."""


class Ears:
    """Of the caller in `channel`. `hear` is told his words. Made for one recogniser; `over` when they are no more."""

    def __init__(
        self,
        ari: Ari,
        dispatch: Dispatch,
        app: str,
        recogniser: Recogniser,
        channel: str,
        call: str,
        rate_hz: int,
        hear: Callable[[WordsHeard | SpeechBegan], None],
    ) -> None:
        number = secrets.randbelow(10**9)  # a controller before us may have left its own behind
        self._ari = ari
        self._dispatch = dispatch
        self._app = app
        self._recogniser = recogniser
        self._caller = channel
        self._call = call
        self._rate_hz = rate_hz
        self._hear = hear
        self._asked: Listen | None = None
        self._attached = False
        self.id = leg_id(call, EAR, number)
        self._sound = leg_id(call, SOUND, number)
        self._inbox = dispatch.register(self.id)
        self.over = False

    def listen(self, question: int, engine: str, offered: dict[str, str], patient: tuple[str, ...]) -> None:
        """This question counts from now on, or from when the ears are up."""
        self._asked = Listen(self.id, question, engine, offered, patient)
        if self._attached:
            self._recogniser.say(self._asked)

    def cease(self) -> None:
        """No question stands."""
        self._asked = None
        if self._attached:
            self._recogniser.say(Cease(self.id))

    def end(self) -> None:
        """Take them away; nobody waits for it."""
        self.over = True
        self._inbox.put(_End())

    async def run(self) -> None:
        """From the making to the end. Cancelled, they are left for whoever comes after us (`is_ears`)."""
        self._recogniser.begin(self.id, self._told)
        try:
            await self._live()
        except (AriError, TimeoutError) as error:  # mostly a caller who has left meanwhile
            log.info("not_heard", call=self._call, error=type(error).__name__)
        except Exception:  # top of a caller's ears: no fault of theirs may reach another call
            log.exception("ears_failed", call=self._call)
        finally:
            self.over = True
            self._recogniser.end(self.id)
            self._dispatch.release(self.id)
        await self._clear()

    async def _live(self) -> None:
        async with asyncio.timeout(UP_LIMIT_S):
            await self._connect()
        self._attached = True
        if self._asked is not None:
            self._recogniser.say(self._asked)
        while True:
            match await self._next():
                case StasisEnd() | ChannelDestroyed() | _End():
                    return
                case Deaf(why=why):
                    log.warning("deaf", call=self._call, why=why)
                    return
                case _:
                    pass

    async def _connect(self) -> None:
        """Bring both up and together. The sound's channel is up when the speech process has come for it."""
        ari, call, app = self._ari, self._call, self._app
        self._dispatch.claim(self.id, self.id)
        self._dispatch.claim(self._sound, self.id)
        await ari.snoop(self._caller, self.id, call=call, app=app, spy="in", app_args=(EAR, call))
        await ari.external_media(
            self._sound,
            "INCOMING",
            call=call,
            app=app,
            sound_format=FORMATS[self._rate_hz],
            connection_type="server",
            direction="in",
        )
        media = await ari.get_variable(self._sound, CONNECTION, call=call)
        self._recogniser.say(Attach(self.id, media, self._rate_hz))
        await ari.create_bridge(self.id, call=call, name=f"ears {call}", wait=False)
        waited = {self.id, self._sound}
        while waited:  # usable after their StasisStart (asterisk.md 0.5)
            match await self._next():
                case StasisStart() as start:
                    waited.discard(start.channel.id)
                case StasisEnd() | ChannelDestroyed() | Deaf() | _End():
                    raise TimeoutError
                case _:
                    pass
        await ari.add_to_bridge(self.id, [self.id, self._sound], call=call)

    async def _next(self) -> object:
        return await self._inbox.take(LOOKED_EVERY_S)

    def _told(self, message: Began | Heard | Deaf) -> None:
        match message:
            case Deaf():
                self._inbox.put(message)
            case Began(question=question):
                self._hear(SpeechBegan(question))
            case Heard(question=question, text=text, confidence=confidence, said_ms=said_ms):
                self._hear(WordsHeard(question, text, confidence, said_ms))

    async def _clear(self) -> None:
        for ended in (self._sound, self.id):
            with suppress(AriError):
                await self._ari.hang_up(ended, call=self._call, reason="normal")
        with suppress(AriError):
            await self._ari.delete_bridge(self.id, call=self._call)


def is_ears(bridge: str) -> bool:
    """Whether a bridge is somebody's ears; one that nobody owns is a dead controller's."""
    return is_leg(bridge, EAR)
