"""Written messages: takes from the outbox and sends."""

from __future__ import annotations

from notifications.gateway import make_gateway
from notifications.sender import Sender
from notifications.templates import load_templates
from sunwai import wiring
from sunwai.heartbeat import Word
from sunwai.settings import Line


async def run(line: Line, word: Word) -> None:
    await word()
    books, settings = wiring.make_books(line), line.settings.messages
    await books.open()
    gateway = make_gateway(settings.gateway, line.var / "messages")
    sender = Sender(
        books, gateway, load_templates(), wiring.make_clock(line), attempts=settings.attempts, retry_s=settings.retry_s
    )
    try:
        await sender.run()
    finally:
        await books.close()
