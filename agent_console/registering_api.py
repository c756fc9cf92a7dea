"""An agent registers a complaint: on his call, prefilled from its screen pop, or without a call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import msgspec

from agent_console.bodies import CallRef, Note
from agent_console.choices import Language
from agent_console.docket_shapes import DocketView, docket_view
from agent_console.errors import BadInput, NotAllowed, NotPossible
from agent_console.route import Visit
from agent_console.scope import company_of
from complaints import desk
from complaints.digits import CONSUMER_DIGITS, is_valid
from complaints.ledger import Call, Outcome
from complaints.records import Category, Company, Consumer, Docket, Origin, Settlement, Unit, origin_of
from storage.phones import e164

_SEALABLE = frozenset({"THEFT", "STAFF"})


class RegisterDocket(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`call_ref` is the agent's call; without one, `request_id` (made by the page) makes a repetition harmless.

    `phone` replaces the number of the call or of the connection, and only after it was read back to the caller.
    `sealed` hides who spoke (theft and staff only).
    """

    category: Annotated[str, msgspec.Meta(max_length=32)]
    language: Language
    call_ref: CallRef | None = None
    request_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{8,64}$")] | None = None
    consumer_number: Annotated[str, msgspec.Meta(max_length=CONSUMER_DIGITS)] | None = None
    unit: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    phone: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    read_back: bool = False
    sealed: bool = False
    note: Note = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the complaint is from."""

    company: Company
    consumer: Consumer | None
    unit: Unit | None


async def register(visit: Visit, asked: RegisterDocket) -> DocketView:
    """The docket; of a call that has one of this category already, that one (the caller's keys made it)."""
    agent, books = visit.visitor.agent(), visit.console.books
    call = await _own_call(visit, agent, asked)
    place = await _place(visit, asked, call)
    category = await _category(visit, asked, place.company)
    unit_id = place.consumer.unit if place.consumer else (place.unit.id if place.unit else None)
    facts = desk.Registration(
        cause=_cause(asked),
        number=await books.dockets.next_number(),
        company=place.company,
        category=category,
        language=asked.language,
        actor=f"agent:{agent}",
        consumer=place.consumer,
        unit=unit_id,
        settlement=place.unit.settlement if place.unit else Settlement.URBAN,
        phone=await _phone(visit, asked, call, place.consumer),
        sealed=asked.sealed,
        call_ref=asked.call_ref,
        origin=origin_of(place.company.code),
        officers=await books.consumers.officers_for(unit_id) if unit_id else {},
        note=asked.note,
    )
    docket = await books.dockets.apply(desk.register(facts, visit.now))
    if call is not None:
        await _note_on_call(visit, call, docket)
    return docket_view(docket, visit.visitor.login)


def _cause(asked: RegisterDocket) -> str:
    """The same cause as the caller's own keys have (`ivr`): one call, one category, one docket."""
    if asked.call_ref is not None:
        return f"register:{asked.call_ref}:{asked.category}"
    if asked.request_id is None:
        raise BadInput("Without a call the page must send request_id, so that repeating it is harmless.", "request_id")
    return f"register:console:{asked.request_id}"


async def _own_call(visit: Visit, agent: str, asked: RegisterDocket) -> Call | None:
    """The call's row; NotAllowed when it is somebody else's."""
    if asked.call_ref is None:
        return None
    console = visit.console
    call = await console.books.calls.get(asked.call_ref)
    if call is not None and call.agent == agent:
        return call
    here = await console.floor.agent(agent)
    if here is None or here.call_ref != asked.call_ref:
        raise NotAllowed("This call is not yours.")
    return call or Call(asked.call_ref, "inbound", Origin.LINE, visit.now, agent=agent)


async def _place(visit: Visit, asked: RegisterDocket, call: Call | None) -> _Place:
    books = visit.console.books.consumers
    consumer = unit = None
    if asked.consumer_number is not None:
        good = is_valid(asked.consumer_number, CONSUMER_DIGITS)
        consumer = await books.by_number(asked.consumer_number) if good else None
        if consumer is None:
            raise BadInput("There is no connection with this number: check it with the caller.", "consumer_number")
    elif asked.unit is not None:
        unit = await books.unit(asked.unit)
        if unit is None:
            raise BadInput("There is no such place.", "unit")
    named = consumer.company if consumer else unit.company if unit else None
    code = named or (call.company if call else None) or company_of(visit)
    if visit.visitor.login.company not in (None, code):
        raise NotAllowed("This connection belongs to another company: transfer the call.")
    company = await books.company(code)
    if company is None:
        raise BadInput("There is no such company.", "company")
    return _Place(company, consumer, unit)


async def _category(visit: Visit, asked: RegisterDocket, company: Company) -> Category:
    found = await visit.console.books.consumers.categories(company.code)
    category = next((each for each in found if each.code == asked.category), None)
    if category is None:
        raise BadInput("There is no such kind of complaint.", "category")
    if asked.sealed and category.code not in _SEALABLE:
        raise BadInput("Only reports of theft and complaints against staff can be sealed.", "sealed")
    return category


async def _phone(visit: Visit, asked: RegisterDocket, call: Call | None, consumer: Consumer | None) -> str | None:
    """The number the consumer will be rung on. None of our own people's: they cannot speak for him (domain.md 3.2)."""
    if asked.phone is None:
        return (call.phone if call else None) or (consumer.phone if consumer else None)
    if not asked.read_back:
        raise BadInput("Read the number back to the caller first.", "read_back")
    number = e164(asked.phone, visit.console.plan.country)
    if number is None:
        raise BadInput("This is not a possible telephone number.", "phone")
    if number in await visit.console.books.consumers.staff_phones():
        raise NotPossible("This number belongs to one of our own people, who cannot speak for the consumer.", "phone")
    return number


async def _note_on_call(visit: Visit, call: Call, docket: Docket) -> None:
    flags = {**call.flags, Outcome.DOCKET_REGISTERED.value: visit.now.isoformat(timespec="seconds")}
    await visit.console.books.calls.note(replace(call, docket=docket.number, flags=flags))
