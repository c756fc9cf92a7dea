"""What the agent sees before he answers: who may be calling, what they asked for, what is promised (domain.md 3.3)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec

from complaints.ledger import SEALED
from complaints.records import Docket
from ivr.talk import Talk
from storage.errors import StorageError

A_DAY = timedelta(days=1)


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


class PopHandOn(msgspec.Struct, frozen=True, kw_only=True):
    to: str
    stage: str


class ScreenPop(msgspec.Struct, frozen=True, kw_only=True):
    """Personal data: kept on the floor for the length of the call and its wrap-up, never logged.

    `waited_s` is seconds in the queue; `path` the steps of the flow the caller went through; `held_since` is epoch
    seconds; `calls_of_late` how often this number called within a day before this call.
    """

    call_ref: str
    kind: str
    phone: str | None
    language: str
    category: str
    waited_s: float
    calls_of_late: int
    priority: int
    path: tuple[str, ...]
    handed_by: str | None
    hand_on: PopHandOn | None
    held: bool
    held_since: float | None
    consumers: tuple[PopConsumer, ...]
    docket: PopDocket | None
    open_dockets: tuple[PopDocket, ...]


def held_since(pop: bytes | None) -> datetime | None:
    """When the caller of this pop was put on hold (UTC); None when he is not, or when there is no pop. Pure."""
    found = _shown(pop).held_since
    return datetime.fromtimestamp(found, UTC) if found is not None else None


def was_handed_on(pop: bytes | None) -> bool:
    """True when the pop says that a colleague is being rung or spoken with. Pure."""
    found = _shown(pop).hand_on
    return found is not None and found.stage != "no_answer"


class _HandOn(msgspec.Struct, frozen=True):
    stage: str = ""


class _Held(msgspec.Struct, frozen=True):
    held_since: float | None = None
    hand_on: _HandOn | None = None


def _shown(pop: bytes | None) -> _Held:
    """What a pop says of holding and handing on; nothing when there is none, or another version of us made it."""
    try:
        return msgspec.json.decode(pop, type=_Held) if pop is not None else _Held()
    except msgspec.MsgspecError:
        return _Held()


async def screen_pop(talk: Talk, *, handed_by: str | None = None) -> bytes:
    """The pop as JSON; `handed_by` is the agent who hands the caller on."""
    if talk.pop_read is None:  # once a call: what is shown again with each hold must not wait for the books
        opened, of_late = await asyncio.gather(_opened(talk), _calls_of_late(talk))
        talk.pop_read = (opened, of_late)
    opened, of_late = talk.pop_read
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
        waited_s=round(talk.waited_s, 1),
        calls_of_late=of_late,
        priority=talk.priority,
        path=tuple(place for _, place in talk.steps[-20:]),
        handed_by=handed_by,
        hand_on=PopHandOn(to=talk.hand_on.to, stage=talk.hand_on.stage) if talk.hand_on else None,
        held=talk.held_since is not None,
        held_since=talk.held_since.timestamp() if talk.held_since else None,
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


async def _calls_of_late(talk: Talk) -> int:
    if not talk.phone or SEALED in talk.flags:
        return 0
    try:
        calls = await talk.house.books.calls.of_phone(talk.phone, talk.offered_at - A_DAY)
    except StorageError:
        return 0
    return sum(call.kind == "inbound" and call.call_ref != talk.call_ref for call in calls)


def _docket(docket: Docket) -> PopDocket:
    return PopDocket(
        number=docket.number,
        category=docket.category,
        state=docket.state,
        due_at=docket.due_at.isoformat(),
        version=docket.version,
    )
