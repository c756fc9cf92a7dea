"""Those whom the line rings: consumers who answer or do not, and the officer whose "work done" makes it ring."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from ivr.exchange import Exchange, NotHeard, Phone
from storage.books import Books
from storage.errors import StorageError
from sunwai.chaos.callers import AGENT_SAYS, Load
from sunwai.console_client import ConsolePerson

OFFICER = "M01"
"""The officer above all others of the demo company: he may see and claim every docket of it."""
CLAIM_EVERY_S = 4.0
CLAIM_AFTER_S = 5.0
ANSWERS, STAYS = 0.75, 0.8
PATIENCE_S = 40.0
KEYS = {"sat_question": "12", "sat_service": "1", "callback_menu": "12"}
"""What a consumer may press when he hears this; one of them is drawn."""


@dataclass(slots=True)
class Rung:
    """One ringing as the network sees it, from the first ring to the end of the leg."""

    number: str
    began: datetime
    ended: datetime | None = None


class Consumers:
    """Everybody who has a telephone."""

    def __init__(self, exchange: Exchange, seed: int) -> None:
        self.rung: list[Rung] = []
        self.troubles: Counter[str] = Counter()
        self._exchange = exchange
        self._draw = Random(f"{seed}/consumers")  # noqa: S311 - behaviour to be made again, no secret

    async def answer_calls(self) -> None:
        """Until cancelled: each call of the line to a consumer is his own task."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                number = await self._exchange.called.get()
                rung = Rung(number, datetime.now(UTC))
                self.rung.append(rung)
                tasks.create_task(self._be_rung(rung))

    async def _be_rung(self, rung: Rung) -> None:
        try:
            phone = await self._exchange.rung(rung.number, limit_s=5.0)
            try:
                await self._behave(phone)
            finally:
                await phone.hang_up()
                await phone.until_ended(10.0)
        except Exception as error:  # noqa: BLE001 - top of a call: the line may have hung up already
            self.troubles[type(error).__name__] += 1
        finally:
            rung.ended = datetime.now(UTC)

    async def _behave(self, phone: Phone) -> None:
        if self._draw.random() > ANSWERS:
            with suppress(TimeoutError):
                await phone.until_ended(10.0)
            return
        await asyncio.sleep(self._draw.uniform(0.2, 1.5))
        await phone.answer()
        with suppress(NotHeard, TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not phone.ended.is_set():
                    heard = await phone.hear(*KEYS, AGENT_SAYS, limit_s=20.0)
                    if heard == AGENT_SAYS:
                        await phone.until_ended(5.0)
                    elif self._draw.random() > STAYS:
                        return
                    else:
                        await phone.press(self._draw.choice(KEYS[heard]))


async def claim_dockets(person: Callable[[str], ConsolePerson], books: Books, load: Load, seed: int) -> None:
    """Until cancelled: every few seconds a docket registered a while ago is claimed, so that its consumer is asked."""
    draw, seen = Random(f"{seed}/officer"), 0  # noqa: S311 - behaviour to be made again, no secret
    while True:
        await asyncio.sleep(CLAIM_EVERY_S)
        ready = [call for call in load.made[seen:] if (datetime.now(UTC) - call.ended).total_seconds() > CLAIM_AFTER_S]
        seen += len(ready)
        wanted = [call.number for call in ready if call.registered and not call.talked and draw.random() < 0.5]
        if not wanted:
            continue
        with suppress(Exception):  # console or books may be what was killed: another docket another time
            async with person(OFFICER) as officer:
                for number in wanted:
                    await _claim(officer, books, number)


async def _claim(officer: ConsolePerson, books: Books, number: str) -> None:
    with suppress(StorageError):
        for docket in await books.dockets.open_for_phone(f"+91{number}"):
            await officer.post(f"/api/dockets/{docket.number}/claim", {"cause_code": "fuse/MCB"})
