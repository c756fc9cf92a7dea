"""Which edition of what the line says new calls are spoken in; a call keeps the one it began with to its end.

The books are asked once a second: whoever calls a second after an administrator put an edition to use hears it. What
this node has not rendered yet, or what does not fit the release, is not used: the edition before it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from dialplan.edition import SHIPPED, Edition, EditionError, changed
from dialplan.flow import Flow
from dialplan.wording import Wording
from ivr.voice import Voice
from storage.books import Books
from storage.errors import NotInBooks, StorageError

log = structlog.get_logger(__name__)

LOOKED_EVERY_S = 1.0
FIRST_LOOK_LIMIT_S = 1.0
"""Longer than this a starting controller's callers do not wait for the books: they hear the release."""

VoiceOf = Callable[[Wording, Path], Voice]


@dataclass(frozen=True, slots=True)
class SpokenEdition:
    """An edition as a call needs it."""

    number: int
    flows: Mapping[str, Flow]
    voice: Voice


def edition_folder(prompts: Path, number: int) -> Path:
    """Where an edition's sounds are."""
    return prompts if number == SHIPPED else prompts / f"edition-{number}"


class Editions:
    """`current` is for new calls. `voice_of` makes the voice of a wording whose sounds are in a folder."""

    def __init__(self, release: Edition, books: Books, node: str, prompts: Path, voice_of: VoiceOf) -> None:
        self._release = release
        self._books = books
        self._node = node
        self._prompts = prompts
        self._voice_of = voice_of
        self._known = {SHIPPED: self._spoken(release)}
        self._reading: dict[int, asyncio.Task[SpokenEdition]] = {}
        self._refused: tuple[int, str] | None = None
        self.current = self._known[SHIPPED]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKED_EVERY_S)

    async def first_look(self) -> None:
        """Before the first call of a controller; a call is not kept waiting by slow books."""
        try:
            async with asyncio.timeout(FIRST_LOOK_LIMIT_S):
                await self.look()
        except TimeoutError:
            log.warning("edition_not_looked_up")

    async def look(self) -> None:
        """Take the edition that is to be used, when it can be; else stay with the one we have."""
        try:
            number = await self._books.editions.used()
            if number != self.current.number:
                self.current = await self._known_or_read(number)
                log.info("edition_in_use", number=number)
            self._refused = None
        except NotSpoken as why:
            if self._refused != (why.number, why.reason):  # once, not every second
                self._refused = (why.number, why.reason)
                log.error("edition_not_usable", number=why.number, reason=why.reason)
        except StorageError:
            return  # books that are away change nothing

    async def of(self, number: int) -> SpokenEdition:
        """The edition a call began with, before another controller had it. NotSpoken or StorageError."""
        return await self._known_or_read(number)

    async def _known_or_read(self, number: int) -> SpokenEdition:
        if number not in self._known:
            self._known[number] = await asyncio.shield(self._being_read(number))
        return self._known[number]

    def _being_read(self, number: int) -> asyncio.Task[SpokenEdition]:
        """Two hundred callers who are taken up at once are one reading."""
        if number not in self._reading:
            self._reading[number] = task = asyncio.create_task(self._read(number))
            task.add_done_callback(lambda done: self._read_out(number, done))
        return self._reading[number]

    def _read_out(self, number: int, done: asyncio.Task[SpokenEdition]) -> None:
        self._reading.pop(number, None)
        if not done.cancelled():
            done.exception()  # whoever waited for it has been told; nobody may have

    async def _read(self, number: int) -> SpokenEdition:
        try:
            changes = await self._books.editions.changes(number)
            edition = await asyncio.to_thread(changed, self._release, number, changes)
        except (NotInBooks, EditionError) as error:
            raise NotSpoken(number, str(error)) from error
        rendered = await self._books.editions.voicings(number, self._node)
        if not any(one.digest == edition.digest and one.fault is None for one in rendered):
            raise NotSpoken(number, "its sounds are not rendered on this node")
        return self._spoken(edition)

    def _spoken(self, edition: Edition) -> SpokenEdition:
        folder = edition_folder(self._prompts, edition.number)
        return SpokenEdition(edition.number, edition.flows, self._voice_of(edition.wording, folder))


class NotSpoken(Exception):
    """This node cannot speak the edition now."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"edition {number}: {reason}")
        self.number = number
        self.reason = reason
