"""Shows letters on a terminal instead of sending them: for a demo that somebody watches."""

from __future__ import annotations

import hashlib
import sys
from collections import OrderedDict
from collections.abc import Sequence
from typing import TextIO

from notifications.letter import Letter, Receipt

REMEMBERED = 10_000
"""So many latest keys are known again; it matters for minutes only, while a message is tried again."""


class ConsoleGateway:
    """Writes to `out` (standard output). One process only: what was shown is forgotten when it ends."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._shown: OrderedDict[str, str] = OrderedDict()
        self._receipts: list[Receipt] = []

    async def send(self, letter: Letter) -> str:
        """Shows the letter once; the reference is made from its key."""
        ref = self._shown.get(letter.key)
        if ref is None:
            ref = f"console-{hashlib.sha256(letter.key.encode()).hexdigest()[:20]}"
            self._out.write(f"[{letter.registration.header}] {letter.to} ({letter.segments}): {letter.text}\n")
            self._out.flush()
            self._shown[letter.key] = ref
            if len(self._shown) > REMEMBERED:
                self._shown.popitem(last=False)
        self._receipts.append(Receipt(ref))
        return ref

    async def receipts(self) -> Sequence[Receipt]:
        found, self._receipts = self._receipts, []
        return found
