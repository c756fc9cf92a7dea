"""Who is heard: gives a caller ears when a question can be answered by words, and a process has room for him."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from dialplan.words import Words
from ivr.ari.client import Ari
from ivr.ari.dispatch import Dispatch
from ivr.ari.errors import AriError
from ivr.ari.events import Bridge
from ivr.ari_line import AriLine
from ivr.speech.ears import FORMATS, Ears, is_ears
from ivr.speech.recognisers import Recognisers

log = structlog.get_logger(__name__)


class Hearing:
    """One per controller; without speech processes nobody is heard and every question goes by keys."""

    def __init__(
        self,
        ari: Ari,
        dispatch: Dispatch,
        app: str,
        recognisers: Recognisers,
        words: Mapping[tuple[str, str], Words],
    ) -> None:
        self._ari = ari
        self._dispatch = dispatch
        self._app = app
        self._recognisers = recognisers
        self._words = words
        self._all: set[Ears] = set()
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._recognisers.run())

    @property
    def hears(self) -> bool:
        """A caller could be heard now."""
        return bool(self._recognisers.engines())

    def words_of(self, language: str) -> Words | None:
        """As the engine hears this language that serves now: its own, or another that knows its words."""
        engines = self._recognisers.engines()
        pairs = [(language, language), *sorted(pair for pair in self._words if pair[0] == language)]
        return next((self._words[pair] for pair in pairs if pair in self._words and pair[1] in engines), None)

    def begin(self, line: AriLine) -> Ears | None:
        """Ears for this caller; None when nobody has room for him."""
        recogniser = self._recognisers.least_busy()
        if recogniser is None or self._tasks is None:
            return None
        rate_hz = max(self._recognisers.engines().values())
        if rate_hz not in FORMATS:
            return None
        ears = Ears(
            self._ari,
            self._dispatch,
            self._app,
            recogniser,
            line.channel,
            line.call_ref,
            rate_hz,
            line.inbox.put,
        )
        self._all.add(ears)
        self._tasks.create_task(ears.run()).add_done_callback(lambda _done: self._all.discard(ears))
        return ears

    def lost(self) -> None:
        """Asterisk is away: what becomes of the ears would not be told."""
        for ears in self._all:
            ears.end()

    async def clear(self, bridges: list[Bridge]) -> None:
        """End the bridges of ears that a controller before us has left."""
        ours = {ears.id for ears in self._all}
        for bridge in bridges:
            if is_ears(bridge.id) and bridge.id not in ours:
                try:
                    await self._ari.delete_bridge(bridge.id, call=bridge.id)
                except AriError as error:
                    log.warning("ears_not_cleared", error=type(error).__name__)
