"""A consumer's flags: who comes first, and for whom the menus are slow (`complaints/flags.py`). The next call has them.

Found by the whole number alone, his consumer number or his telephone's: this is no place to look around in.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from agent_console.bodies import Reason
from agent_console.errors import BadInput
from agent_console.route import Visit
from agent_console.scope import consumer_for, consumers_in_scope
from complaints.flags import FLAGS
from complaints.records import Consumer
from storage.phones import e164

ConsumerNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{10}$", description="Ten digits")]


class FindConsumer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the two. A body and no query, so that no number stands in an address."""

    number: ConsumerNumber | None = None
    phone: Annotated[str, msgspec.Meta(max_length=20)] | None = None


class KnownConsumer(msgspec.Struct, frozen=True, kw_only=True):
    """`area` is the id of a unit."""

    number: str
    company: str
    area: str
    transformer: str
    language: str | None
    flags: tuple[str, ...]


class ConsumersFound(msgspec.Struct, frozen=True, kw_only=True):
    """`offered`: flag → "priority" or "slow", in the order a form offers them."""

    found: tuple[KnownConsumer, ...]
    offered: dict[str, str] = msgspec.field(default_factory=lambda: dict(FLAGS))


class ChangeFlags(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reason: Reason


async def find(visit: Visit, asked: FindConsumer) -> ConsumersFound:
    """Several share one telephone; nobody is found for a number that is not on record."""
    if (asked.number is None) == (asked.phone is None):
        raise BadInput("Give the consumer number or the telephone number, one of the two.", "number")
    if asked.number is not None:
        return ConsumersFound(found=(_known(await consumer_for(visit, asked.number)),))
    phone = e164(asked.phone or "", visit.console.plan.country)
    if phone is None:
        raise BadInput("This is no whole telephone number.", "phone")
    found = await visit.console.books.consumers.by_phone(None, phone)
    return ConsumersFound(found=tuple(_known(one) for one in await consumers_in_scope(visit, found)))


async def change_flags(visit: Visit, asked: ChangeFlags) -> KnownConsumer:
    """Only what is named; repeating it changes nothing. The reason is kept."""
    consumer = await consumer_for(visit, visit.part("consumer"))
    unknown = [flag for flag in asked.add if flag not in FLAGS]
    unknown += [flag for flag in asked.remove if flag not in FLAGS and flag not in consumer.flags]
    if unknown:
        raise BadInput(
            "There is no such flag; there are {flags}.", "add" if asked.add else "remove", flags=tuple(FLAGS)
        )
    if set(asked.add) & set(asked.remove):
        raise BadInput("A flag cannot be set and taken away at once.", "remove")
    if not asked.add and not asked.remove:
        raise BadInput("Nothing was changed: set a flag, or take one away.", "add")
    changed = await visit.console.books.consumers.change_flags(
        consumer.number, asked.add, asked.remove, asked.reason, visit.visitor.actor, visit.now
    )
    return _known(changed)


def _known(consumer: Consumer) -> KnownConsumer:
    return KnownConsumer(
        number=consumer.number,
        company=consumer.company,
        area=consumer.unit,
        transformer=consumer.transformer,
        language=consumer.language,
        flags=consumer.flags,
    )
