"""Renders, on this node, the editions that administrators make: each as soon as it is made, so that it can be tried and
used at once; the one in use once more whenever this program starts, since a new release may have changed what it stands
on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from dialplan.edition import SHIPPED, Edition, EditionError, changed
from ivr.editions import edition_folder
from storage.books import Books
from storage.clock import Clock
from storage.editions import Voicing
from sunwai.render import RenderError, is_whole, render

_log = structlog.get_logger(__name__)

LOOKED_BACK = 200
"""So many of the newest editions are rendered; an older one that is to be used, then."""
AGAIN_S = 60.0
"""What could not be rendered is tried again after this time."""
CORES = 1
"""Calls need the others."""


@dataclass(frozen=True, slots=True)
class VoicesPlan:
    """What is rendered and where: `places` id → language → name, `recordings` of humans, `prompts` of the release."""

    node: str
    release: Edition
    places: Mapping[str, Mapping[str, str]]
    prompts: Path
    recordings: Path
    languages: Sequence[str]


class EditionVoices:
    """`look` is a loop of the worker."""

    def __init__(self, books: Books, clock: Clock, plan: VoicesPlan) -> None:
        self._books = books
        self._clock = clock
        self._plan = plan
        self._looked: tuple[int, int] | None = None
        self._seen: set[int] = {SHIPPED}
        self._again: dict[int, float] = {}

    async def look(self) -> int:
        """Renders what is wanted and not there; how many editions that were."""
        used, highest = await self._books.editions.used(), await self._books.editions.highest()
        if (used, highest) == self._looked and not self._again:
            return 0
        newest = [row.number for row in await self._books.editions.newest(LOOKED_BACK)]
        there = {one.number: one for one in await self._books.editions.voicings(node=self._plan.node)}
        done = 0
        for number in dict.fromkeys((used, *newest)):
            if number in self._seen or self._again.get(number, 0.0) > time.monotonic():
                continue
            done += await self._voice(number, there.get(number), in_use=number == used)
        self._looked = (used, highest)
        return done

    async def _voice(self, number: int, there: Voicing | None, *, in_use: bool) -> bool:
        """False when it was there already."""
        plan = self._plan
        changes = await self._books.editions.changes(number)
        try:
            edition = await asyncio.to_thread(changed, plan.release, number, changes)
            out = edition_folder(plan.prompts, number)
            known = there is not None and there.digest == edition.digest and not there.fault
            if known and not in_use and await asyncio.to_thread(is_whole, out):
                self._seen.add(number)
                return False
            report = await asyncio.to_thread(_render, edition, plan, out)
        except (EditionError, RenderError, OSError) as error:
            return await self._failed(number, str(error))
        except Exception as error:  # noqa: BLE001 - whatever one edition does, the worker's other work goes on
            _log.exception("edition_in_trouble", number=number)
            return await self._failed(number, type(error).__name__)
        await self._books.editions.voiced(Voicing(number, plan.node, edition.digest, self._clock.wall_now()))
        self._seen.add(number)
        self._again.pop(number, None)
        _log.info("edition_rendered", number=number, rendered=report, node=plan.node)
        return True

    async def _failed(self, number: int, reason: str) -> bool:
        _log.error("edition_not_rendered", number=number, reason=reason)
        await self._books.editions.voiced(Voicing(number, self._plan.node, "", self._clock.wall_now(), reason))
        self._again[number] = time.monotonic() + AGAIN_S
        return True


def _render(edition: Edition, plan: VoicesPlan, out: Path) -> int:
    made = render(edition.wording, plan.places, out, plan.recordings, plan.languages, base=plan.prompts, at_once=CORES)
    return made.rendered
