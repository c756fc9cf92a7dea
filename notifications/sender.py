"""Sends what the outbox holds: claimed with a lease, put into registered words, tried again with growing pauses.

A process that dies between sending and noting leaves the lease to end: the message is then sent again under the same
key, and the gateway knows it. Numbers and texts appear in no log (design 5.10).
"""

from __future__ import annotations

import asyncio
import os
import socket
import time
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter, Gauge

from complaints.records import Message, Origin
from notifications.errors import Away, Refused
from notifications.letter import Gateway, Letter, Receipt
from notifications.templates import Templates
from storage.books import Books
from storage.clock import Clock
from storage.errors import BooksAway
from storage.outbox import ClaimedMessage

BATCH = 10
SEND_LIMIT_S = 10.0
LEASE_S = 120.0
"""Longer than a claimed batch can take: every wait of ours in it has a limit."""
IDLE_S = 0.5
AWAY_S = 2.0
COUNT_EVERY_S = 15.0
LONGEST_PAUSE_S = 3600.0
OFFICER = "officer:"
PROBE = "PROBE"

_HANDLED = Counter("sunwai_messages", "Messages taken from the outbox", ["template", "result"])
_RECEIPTS = Counter("sunwai_message_receipts", "What gateways said of messages they took", ["result"])
_PARTS = Counter("sunwai_message_segments", "Parts counted by the network of the messages sent")
_OUTBOX = Gauge("sunwai_outbox_messages", "Messages in the outbox", ["state"])

_log = structlog.get_logger(__name__)


class Sender:
    """The loop. A message is tried `attempts` times; the pause is `retry_s` seconds at first, then twice as long
    each time."""

    def __init__(
        self,
        books: Books,
        gateway: Gateway,
        templates: Templates,
        clock: Clock,
        *,
        attempts: int = 5,
        retry_s: float = 60.0,
    ) -> None:
        self._books = books
        self._gateway = gateway
        self._templates = templates
        self._clock = clock
        self._attempts = attempts
        self._retry_s = retry_s
        self._owner = f"notifications:{socket.gethostname()}:{os.getpid()}"
        self._receipts: list[Receipt] = []
        self._counted = float("-inf")

    async def run(self) -> None:
        """Sends until cancelled. Books that are away are waited for; any other error ends it loudly."""
        while True:
            try:
                handled = await self.round()
                pause = 0.0 if handled == BATCH else IDLE_S
            except BooksAway as error:
                _log.warning("books_away", loop="notifications", reason=str(error))
                pause = AWAY_S
            await asyncio.sleep(pause)

    async def round(self) -> int:
        """One batch and the receipts that have come; returns how many messages were handled."""
        claimed = await self._books.outbox.claim(self._clock.wall_now(), LEASE_S, BATCH, self._owner)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._handle(each), name=f"message {each.message.template}") for each in claimed]
        if not all(task.result() for task in tasks):
            raise BooksAway("the books went away while messages were sent")
        await self._note_receipts()
        await self._count()
        return len(claimed)

    async def _handle(self, claimed: ClaimedMessage) -> bool:
        """Sends one message and notes what became of it; False when the books were away, so that nothing is noted."""
        try:
            await self._send(claimed)
        except BooksAway:
            return False
        return True

    async def _send(self, claimed: ClaimedMessage) -> None:
        message = claimed.message
        try:
            number, probe = await self._number_of(message), await self._is_probe(message)
            letter = self._templates.letter(message, number, probe=probe)
            async with asyncio.timeout(SEND_LIMIT_S):
                ref = await self._gateway.send(letter)
        except BooksAway:
            raise
        except Refused as error:
            await self._note_failure(claimed, str(error), None)
        except (Away, TimeoutError) as error:
            await self._note_failure(claimed, str(error) or "the gateway did not answer", self._retry_at(claimed))
        except Exception as error:  # noqa: BLE001 - top of one message: it must not hold up those behind it
            # Without a traceback: what a gateway's library says of its trouble may hold a number.
            _log.error("message_in_trouble", template=message.template, error=type(error).__name__)
            await self._note_failure(claimed, f"a fault of ours: {type(error).__name__}", self._retry_at(claimed))
        else:
            await self._note_sent(claimed, letter, ref)

    async def _note_sent(self, claimed: ClaimedMessage, letter: Letter, ref: str) -> None:
        """What has left is noted before a cancellation goes on (design 5.9)."""
        noting = asyncio.ensure_future(
            self._books.outbox.sent(
                letter.key, claimed.owner, ref, self._clock.wall_now(), registration=letter.registration
            )
        )
        try:
            await asyncio.shield(noting)
        except asyncio.CancelledError:
            await noting
            raise
        _HANDLED.labels(letter.template, "sent").inc()
        _PARTS.inc(letter.segments)

    async def _number_of(self, message: Message) -> str:
        """E.164 of the recipient; empty when there is none on record."""
        if not message.to.startswith(OFFICER):
            return message.to
        officer = await self._books.consumers.officer(message.to.removeprefix(OFFICER))
        return officer.phone or "" if officer else ""

    async def _is_probe(self, message: Message) -> bool:
        if message.docket:
            docket = await self._books.dockets.get(message.docket)
            if docket:
                return docket.company == PROBE or docket.origin is Origin.PROBE
        if message.to.startswith(OFFICER):
            officer = await self._books.consumers.officer(message.to.removeprefix(OFFICER))
            return officer is not None and officer.company == PROBE
        return bool(await self._books.consumers.by_phone(PROBE, message.to))

    def _retry_at(self, claimed: ClaimedMessage) -> datetime | None:
        if claimed.tries >= self._attempts:
            return None
        pause = min(LONGEST_PAUSE_S, self._retry_s * 2 ** (claimed.tries - 1))
        return self._clock.wall_now() + timedelta(seconds=pause)

    async def _note_failure(self, claimed: ClaimedMessage, reason: str, retry_at: datetime | None) -> None:
        message = claimed.message
        await self._books.outbox.failed(message.cause, claimed.owner, reason, retry_at)
        _HANDLED.labels(message.template, "again" if retry_at else "failed").inc()
        say = _log.warning if retry_at else _log.error
        say("message_not_sent", template=message.template, tries=claimed.tries, again=retry_at is not None, why=reason)

    async def _note_receipts(self) -> None:
        """Notes deliveries; those that could not be written are kept for the next round."""
        self._receipts += await self._gateway.receipts()
        while self._receipts:
            receipt = self._receipts[0]
            known = await self._books.outbox.delivered(
                receipt.gateway_ref, self._clock.wall_now(), reason=receipt.reason
            )
            del self._receipts[0]
            _RECEIPTS.labels("unknown" if not known else "undelivered" if receipt.reason else "delivered").inc()

    async def _count(self) -> None:
        if time.monotonic() - self._counted < COUNT_EVERY_S:
            return
        self._counted = time.monotonic()
        counts = await self._books.outbox.counts()
        for state in ("waiting", "sent", "delivered", "undelivered", "failed"):
            _OUTBOX.labels(state).set(counts.get(state, 0))
