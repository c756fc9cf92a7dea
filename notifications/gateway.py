"""Which gateway a line has: made here from its setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from notifications.console_gateway import ConsoleGateway
from notifications.file_gateway import FileGateway
from notifications.letter import Gateway, Letter, Receipt

FILE_NAME = "outbox.jsonl"


class ProbeApart:
    """A gateway for the people, and another one for the letters of the self-proof (design 3.17)."""

    def __init__(self, gateway: Gateway, probe: Gateway) -> None:
        self._gateway = gateway
        self._probe = probe

    async def send(self, letter: Letter) -> str:
        """As the gateway does that the letter belongs to."""
        return await (self._probe if letter.probe else self._gateway).send(letter)

    async def receipts(self) -> Sequence[Receipt]:
        return [*await self._gateway.receipts(), *await self._probe.receipts()]


def make_gateway(kind: Literal["file", "console"], folder: Path) -> Gateway:
    """The gateway of the setting `messages.gateway`; `folder` is <var>/messages. The self-proof's letters go to a file
    there whatever the gateway is."""
    file = FileGateway(folder / FILE_NAME)
    return file if kind == "file" else ProbeApart(ConsoleGateway(), file)
