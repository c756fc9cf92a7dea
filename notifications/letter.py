"""What leaves the house, and what a gateway must be able to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from storage.outbox import Registration


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as it goes out. `key` is the same whenever the same message is sent again: it may leave only once.

    `to` is E.164. A `probe` letter belongs to the self-proof and must not reach any network. A gateway that fills in
    templates itself uses `registration` and `variables`; others send `text`.
    """

    key: str
    to: str
    text: str
    language: str
    template: str
    variables: Mapping[str, str]
    registration: Registration
    segments: int
    probe: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the network said of a message that was taken: arrived, or (with a reason) not."""

    gateway_ref: str
    reason: str | None = None


class Gateway(Protocol):
    """One way out. Errors: Refused (this letter never), Away (later); anything else is our mistake."""

    async def send(self, letter: Letter) -> str:
        """The gateway's reference. A key it has seen gives the same reference, and nothing is sent again."""
        ...

    async def receipts(self) -> Sequence[Receipt]:
        """What has become known since the last question; each receipt is given once."""
        ...
