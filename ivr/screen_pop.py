"""What the agent sees before he answers: who may be calling, what they asked for, what is promised (domain.md 3.3)."""

from __future__ import annotations

import msgspec

from complaints.ledger import SEALED
from complaints.records import Docket
from ivr.talk import Talk
from storage.errors import StorageError


class PopConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """One of the connections that may be calling."""

    number: str
    area: str
    transformer: str
    language: str | None
    flags: tuple[str, ...]
    chosen: bool


class PopDocket(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    category: str
    state: str
    due_at: str
    version: int


class ScreenPop(msgspec.Struct, frozen=True, kw_only=True):
    """Personal data: kept on the floor for the length of the call and its wrap-up, never logged.

    `waited_s` is seconds in the queue; `path` the steps of the flow the caller went through.
    """

    call_ref: str
    kind: str
    phone: str | None
    language: str
    category: str
    waited_s: float
    priority: int
    path: tuple[str, ...]
    consumers: tuple[PopConsumer, ...]
    docket: PopDocket | None
    open_dockets: tuple[PopDocket, ...]


async def screen_pop(talk: Talk, waited_s: float) -> bytes:
    """The pop as JSON."""
    opened = await _opened(talk)
    sealed = SEALED in talk.flags  # an informer's number and house are for vigilance alone
    chosen = talk.consumer.id if talk.consumer else None
    known = () if sealed else (*talk.consumers, *([talk.consumer] if talk.consumer else []))
    consumers = {consumer.id: consumer for consumer in known}
    pop = ScreenPop(
        call_ref=talk.call_ref,
        kind=talk.kind,
        phone=None if sealed else talk.phone,
        language=talk.language,
        category=talk.docket.category if talk.docket else talk.subject,
        waited_s=round(waited_s, 1),
        priority=talk.priority,
        path=tuple(talk.path[-20:]),
        consumers=tuple(
            PopConsumer(
                number=one.number,
                area=one.unit,
                transformer=one.transformer,
                language=one.language,
                flags=one.flags,
                chosen=one.id == chosen,
            )
            for one in consumers.values()
        ),
        docket=_docket(talk.docket) if talk.docket else None,
        open_dockets=tuple(_docket(docket) for docket in opened if not docket.sealed),
    )
    return msgspec.json.encode(pop)


async def _opened(talk: Talk) -> list[Docket]:
    """Books that are away cost the agent this list, not the caller the agent."""
    try:
        return await talk.house.books.dockets.open_for_phone(talk.phone) if talk.phone else []
    except StorageError:
        return []


def _docket(docket: Docket) -> PopDocket:
    return PopDocket(
        number=docket.number,
        category=docket.category,
        state=docket.state,
        due_at=docket.due_at.isoformat(),
        version=docket.version,
    )
