"""The desk: given the facts and the time it decides; it never reads or writes anything itself.

Each function returns a Decision: the docket as it shall be, with its timeline, messages and due work, to be written by
`store.apply` in one transaction (I5). IllegalMove is raised when the table of legal moves does not know the move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from complaints import clocks, ladders, letters
from complaints.lifecycle import MOVES, Deed, after
from complaints.records import (
    Attempt,
    Category,
    Company,
    Consumer,
    Decision,
    Docket,
    DueWork,
    Message,
    Officer,
    Origin,
    Settlement,
    State,
    TimelineRow,
    Verdict,
)

TOP_LEVEL = 6
XEN = 3


@dataclass(frozen=True, slots=True)
class Registration:
    """What is known when a complaint is registered. `officers` are those answering for the place, by level 1..6.

    `number` is a fresh docket number; `cause` names what makes this registration the same one when it is repeated.
    """

    cause: str
    number: str
    company: Company
    category: Category
    language: str
    actor: str = "consumer"
    consumer: Consumer | None = None
    unit: str | None = None
    settlement: Settlement = Settlement.URBAN
    phone: str | None = None
    sealed: bool = False
    call_ref: str | None = None
    origin: Origin = Origin.LINE
    officers: Mapping[int, Officer] = field(default_factory=dict)
    note: str = ""


def register(facts: Registration, now: datetime) -> Decision:
    """A new docket, assigned to the lowest officer of the place, with the consumer's and the officer's message (I3)."""
    settlement = facts.consumer.settlement if facts.consumer else facts.settlement
    owner = None if facts.sealed else _officer(facts.officers, 1)  # sealed: vigilance alone (reference.json, THEFT)
    promised = clocks.due_at(now, facts.category, settlement)
    docket = Docket(
        number=facts.number,
        company=facts.company.code,
        category=facts.category.code,
        state=after(None, Deed.REGISTER, facts.actor),
        level=1,
        settlement=settlement,
        language=facts.language,
        registered_at=now,
        due_at=promised,
        origin=facts.origin,
        call_ref=facts.call_ref,
        consumer_id=facts.consumer.id if facts.consumer else None,
        unit=facts.consumer.unit if facts.consumer else facts.unit,
        owner=owner.code if owner else None,
        phone=facts.phone,
        sealed=facts.sealed,
    )
    messages: list[Message] = []
    if facts.phone and not facts.sealed:
        messages.append(letters.registered(docket, facts.category, facts.company))
    if owner:
        messages.append(letters.assigned(docket, owner))
    if facts.category.code == "SAF":  # domain.md part 4: SDO and XEN are told of a danger at once
        messages += [letters.assigned(docket, facts.officers[level]) for level in (2, XEN) if level in facts.officers]
    return Decision(
        cause=facts.cause,
        docket=docket,
        expected_version=None,
        timeline=(_row(docket, now, facts.actor, Deed.REGISTER, None, facts.note),),
        messages=tuple(messages),
        due=() if facts.sealed else (_escalation(docket, 2),),
    )


def move(docket: Docket, deed: Deed, actor: str, now: datetime, note: str = "") -> Decision:
    """A plain move of the field: accept, arrive, wait, note. Nothing but state and timeline changes."""
    following = replace(docket, state=after(docket.state, deed, actor))
    return Decision(
        cause=f"{deed}:{docket.number}:{docket.version}:{actor}",
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, actor, deed, docket.state, note),),
    )


def claim(
    docket: Docket, actor: str, cause_code: str, note: str, now: datetime, category: Category, company: Company
) -> Decision:
    """ "Work done": only a claim (I2). The consumer is rung after the category's delay, within calling hours."""
    following = replace(
        docket,
        state=after(docket.state, Deed.CLAIM, actor),
        claimed_at=now,
        claimed_by=actor,
        cause_code=cause_code,
        claims=docket.claims + 1,
        attempts=0,
    )
    delay = category.verify_after_min or 0
    if company.verify_delay_min is not None:
        delay = company.verify_delay_min
    moment = clocks.next_calling_time(company, now + timedelta(minutes=delay))
    return Decision(
        cause=f"claim:{docket.number}:{following.claims}:{actor}",
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, actor, Deed.CLAIM, docket.state, note, {"cause_code": cause_code}),),
        due=() if docket.sealed else (ring(following, moment),),  # an informer is never rung: vigilance ends it
    )


def begin_verifying(docket: Docket, now: datetime) -> Decision:
    """The consumer's phone is about to ring: from here only his word, or the end of the ladder, moves the docket."""
    following = replace(docket, state=after(docket.state, Deed.VERIFY, "line"))
    return Decision(
        cause=f"verify:{docket.number}:{docket.claims}:{docket.attempts}",
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "line", Deed.VERIFY, docket.state, ""),),
    )


def verdict(
    docket: Docket, attempt: Attempt, now: datetime, company: Company, officers: Mapping[int, Officer]
) -> Decision:
    """What one satisfaction attempt leads to: closed, reopened one level up, asked again, or review."""
    if attempt.verdict is Verdict.SATISFIED:
        return _satisfied(docket, attempt, now)
    if attempt.verdict is Verdict.NOT_SATISFIED:
        return _not_satisfied(docket, attempt, now, officers)
    if attempt.verdict in (Verdict.LATER, Verdict.PERSON):
        return _ask_later(docket, attempt, now, company)
    return _unanswered(docket, attempt, now, company)


def _satisfied(docket: Docket, attempt: Attempt, now: datetime) -> Decision:
    following = replace(
        docket, state=after(docket.state, Deed.CONSUMER_SATISFIED, "consumer"), closed_at=now, attempts=attempt.attempt
    )
    return Decision(
        cause=_verdict_cause(attempt),
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "consumer", Deed.CONSUMER_SATISFIED, docket.state, "", _heard(attempt)),),
        messages=(letters.closed(following),) if following.phone and not following.sealed else (),
        withdraw=tuple(_escalation(docket, level).cause for level in clocks.ESCALATION_AT),
        attempts=(attempt,),
    )


def _not_satisfied(docket: Docket, attempt: Attempt, now: datetime, officers: Mapping[int, Officer]) -> Decision:
    claimer = (docket.claimed_by or "").removeprefix("officer:")
    following, messages = _reopened(docket, Deed.CONSUMER_NOT_SATISFIED, "consumer", officers)
    following = replace(following, attempts=attempt.attempt)
    if claimer and claimer != following.owner:
        messages = (*messages, letters.not_satisfied(following, claimer))
    return Decision(
        cause=_verdict_cause(attempt),
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "consumer", Deed.CONSUMER_NOT_SATISFIED, docket.state, "", _heard(attempt)),),
        messages=messages,
        due=_escalations_from(following),
        attempts=(attempt,),
    )


def _ask_later(docket: Docket, attempt: Attempt, now: datetime, company: Company) -> Decision:
    following = replace(docket, state=after(docket.state, Deed.CONSUMER_LATER, "consumer"), attempts=attempt.attempt)
    return Decision(
        cause=_verdict_cause(attempt),
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "consumer", Deed.CONSUMER_LATER, docket.state, "", _heard(attempt)),),
        due=(ring(following, ladders.later(now, company)),),
        attempts=(attempt,),
    )


def _unanswered(docket: Docket, attempt: Attempt, now: datetime, company: Company) -> Decision:
    moment, asked_by_message = None, False
    if attempt.verdict is not Verdict.FAILED:  # a number we may not dial does not become right by waiting
        moment = ladders.next_try(ladders.SATISFACTION, attempt.attempt, now, company)
        asked_by_message = ladders.SATISFACTION.left_alone(attempt.attempt)
    deed = Deed.GIVE_UP_ASKING if moment is None else Deed.VERIFY
    following = replace(docket, state=after(docket.state, deed, "line"), attempts=attempt.attempt)
    asked_by_message = asked_by_message and bool(following.phone) and not following.sealed
    return Decision(
        cause=_verdict_cause(attempt),
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "line", deed, docket.state, "", _heard(attempt)),),
        messages=(letters.not_reached(following),) if asked_by_message else (),
        due=(ring(following, moment),) if moment else (),
        attempts=(attempt,),
    )


def note_attempt(docket: Docket, attempt: Attempt, now: datetime) -> Decision:
    """An attempt that no longer moves the docket; it is a row of the register all the same."""
    following = replace(docket, state=after(docket.state, Deed.ADD_NOTE, "line"))
    return Decision(
        cause=_verdict_cause(attempt),
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "line", Deed.ADD_NOTE, docket.state, "", _heard(attempt)),),
        attempts=(attempt,),
    )


def reopen(docket: Docket, actor: str, now: datetime, officers: Mapping[int, Officer], cause: str) -> Decision:
    """The consumer (on the line, or through an agent) or a supervisor opens it again, one level up (domain.md 3.7)."""
    deed = Deed.SUPERVISOR_REOPENS if actor.startswith("supervisor") else Deed.CONSUMER_REOPENS
    following, messages = _reopened(docket, deed, actor, officers)
    return Decision(
        cause=cause,
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, actor, deed, docket.state, ""),),
        messages=messages,
        due=_escalations_from(following),
        withdraw=(ring_cause(docket),),
    )


def press(docket: Docket, actor: str, now: datetime, officers: Mapping[int, Officer], cause: str) -> Decision:
    """The consumer presses an open docket: counted as a repeat, one level up, the new owner told."""
    level = min(TOP_LEVEL, docket.level + 1)
    owner = _officer(officers, level)
    following = replace(
        docket,
        state=after(docket.state, Deed.ESCALATE, actor),
        level=level,
        owner=owner.code if owner else docket.owner,
        repeats=docket.repeats + 1,
    )
    return Decision(
        cause=cause,
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, actor, Deed.ESCALATE, docket.state, "", {"level": level}),),
        messages=(letters.assigned(following, owner),) if owner else (),
        due=_escalations_from(following),
    )


def escalate(docket: Docket, level: int, now: datetime, officers: Mapping[int, Officer]) -> Decision | None:
    """The clock reached a rung (I7). None when the docket has ended or already stands that high."""
    if docket.level >= level or (docket.state, Deed.ESCALATE) not in MOVES:
        return None
    owner = _officer(officers, level)
    following = replace(
        docket,
        state=after(docket.state, Deed.ESCALATE, "line"),
        level=level,
        owner=owner.code if owner else docket.owner,
    )
    return Decision(
        cause=f"escalated:{docket.number}:{docket.reopened}:{level}",
        docket=following,
        expected_version=docket.version,
        timeline=(_row(following, now, "line", Deed.ESCALATE, docket.state, "", {"level": level}),),
        messages=(letters.assigned(following, owner),) if owner else (),
        due=_escalations_from(following),
    )


def ring_cause(docket: Docket) -> str:
    """The cause of the satisfaction callback that is due next for this docket."""
    return f"ring:{docket.number}:{docket.claims}:{docket.attempts}"


def ring(docket: Docket, moment: datetime) -> DueWork:
    """The satisfaction callback as due work; its cause makes a second dial for the same rung impossible."""
    by_agent = ladders.SATISFACTION.by_agent(docket.attempts + 1)
    return DueWork(
        cause=ring_cause(docket),
        kind="ring_agents_call" if by_agent else "ring_satisfaction",
        due_at=moment,
        company=docket.company,
        payload={"docket": docket.number, "claim": docket.claims, "attempt": docket.attempts + 1},
    )


def _reopened(
    docket: Docket, deed: Deed, actor: str, officers: Mapping[int, Officer]
) -> tuple[Docket, tuple[Message, ...]]:
    """Reopening raises the level by one; the third reopening goes to the XEN or above (domain.md 3.7, rule 3)."""
    reopened = docket.reopened + 1
    level = min(TOP_LEVEL, docket.level + 1)
    if reopened >= 3:
        level = max(level, XEN)
    owner = _officer(officers, level)
    following = replace(
        docket,
        state=after(docket.state, deed, actor),
        level=level,
        owner=owner.code if owner else docket.owner,
        reopened=reopened,
        closed_at=None,
    )
    messages: tuple[Message, ...] = (letters.assigned(following, owner),) if owner else ()
    if following.phone and not following.sealed:
        messages = (letters.reopened(following), *messages)
    return following, messages


def _escalations_from(docket: Docket) -> tuple[DueWork, ...]:
    return (_escalation(docket, docket.level + 1),) if docket.level < TOP_LEVEL else ()


def _escalation(docket: Docket, level: int) -> DueWork:
    return DueWork(
        cause=f"escalate:{docket.number}:{docket.reopened}:{level}",
        kind="escalate",
        due_at=clocks.escalation_due(docket.registered_at, docket.due_at, level),
        company=docket.company,
        payload={"docket": docket.number, "level": level},
    )


def _officer(officers: Mapping[int, Officer], level: int) -> Officer | None:
    """The officer of this rung, or of the next one above that is filled: absence never stops a docket."""
    return next((officers[rung] for rung in range(level, TOP_LEVEL + 1) if rung in officers), None)


def _heard(attempt: Attempt) -> dict[str, str | int]:
    return {
        "attempt": attempt.attempt,
        "claim": attempt.claim,
        "verdict": str(attempt.verdict),
        "call": attempt.call_ref,
    }


def _verdict_cause(attempt: Attempt) -> str:
    return f"verdict:{attempt.docket}:{attempt.claim}:{attempt.attempt}"


def _row(
    docket: Docket,
    at: datetime,
    actor: str,
    deed: Deed,
    before: State | None,
    note: str,
    detail: Mapping[str, str | int] | None = None,
) -> TimelineRow:
    return TimelineRow(docket.number, at, actor, deed, before, docket.state, note, detail or {})
