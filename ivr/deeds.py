"""The deeds a flow may ask for during a call: facts in, desk's decision, books, facts out (`dialplan/deeds.py`).

Books that fail give the result "trouble" where the flow has a road for it: the caller then goes to a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta

import structlog

from complaints import desk, flags
from complaints.digits import CONSUMER_DIGITS, DOCKET_DIGITS, is_valid
from complaints.ledger import SEALED, Outcome
from complaints.lifecycle import END_STATES, NEARLY_ENDED
from complaints.records import Consumer, Docket, DueWork
from dialplan.deeds import DEEDS, SLOW_MODE
from dialplan.steps import Do, Done, Fact, Facts
from ivr import registering
from ivr.talk import Talk
from storage.errors import BooksAway, StorageError
from storage.journal import Complaint, Entry, Promised, SpokenMessage
from storage.phones import e164

log = structlog.get_logger(__name__)

FLAGGED_PRIORITY = 1
DANGER_PRIORITY = 0
PROMISED_WITHIN = timedelta(minutes=30)
"""A callback asked for is promised within this time; the ladder's three tries lie inside it (design 3.15)."""

PROMISED_AGAIN_AFTER = timedelta(minutes=20)
"""A consumer who was rung and then found nobody is rung again after this time, not at once."""

DEED_LIMIT_S = 2.0
"""Nobody stays in silence for longer than this, and the time for the journal, because the books are slow."""

JOURNAL = "journal"
"""The flag of a call whose complaint was kept in the journal."""

Deed = Callable[[Talk, Facts], Awaitable[Done]]


async def do(talk: Talk, step: Do) -> Done:
    """Carry one deed out. StorageError becomes "trouble" for deeds that have it."""
    try:
        async with asyncio.timeout(talk.house.plan.journal_after_s + DEED_LIMIT_S):
            return await INBOUND[step.deed](talk, step.args)
    except (StorageError, TimeoutError) as error:
        if "trouble" not in DEEDS[step.deed].results:
            raise
        log.error("deed_failed", deed=step.deed, call=talk.call_ref, error=type(error).__name__)
        return Done("trouble")


async def remember_language(talk: Talk, args: Facts) -> Done:
    """One clear choice is remembered for the number (domain.md 3.1, row 3)."""
    talk.language = str(args["language"])
    if talk.phone:
        with suppress(StorageError):  # a choice forgotten costs him one key the next time
            await talk.house.books.consumers.remember_language(talk.phone, talk.language)
    return Done("ok", {"language": talk.language, "language_known": True})


async def choose_connection(talk: Talk, args: Facts) -> Done:
    await _is(talk, talk.consumers[int(str(args["choice"])) - 1])
    return Done("ok", consumer_facts(talk))


async def other_connection(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    talk.consumer = None
    return Done("ok", consumer_facts(talk))


async def check_consumer(talk: Talk, args: Facts) -> Done:
    """A keyed consumer number: the check digit first, so that a slip never reads out somebody else's area."""
    number = str(args["number"])
    talk.consumer = None
    if not is_valid(number, CONSUMER_DIGITS):
        return Done("wrong")
    found = await talk.house.books.consumers.by_number(number)
    if found is None:
        return Done("wrong")
    await _is(talk, found)
    return Done("found", consumer_facts(talk))


async def _is(talk: Talk, consumer: Consumer) -> None:
    """The call is about this connection; its company's rules hold from now on."""
    talk.consumer = consumer
    with suppress(StorageError):
        talk.company = await talk.house.books.reference.company(consumer.company) or talk.company
    if flags.comes_first(consumer.flags):
        talk.priority = min(talk.priority, FLAGGED_PRIORITY)


async def remember_subject(talk: Talk, args: Facts) -> Done:
    talk.subject = str(args["subject"])
    return Done("ok", {"subject": talk.subject})


async def register(talk: Talk, args: Facts) -> Done:
    """Registered before waiting (I3); repeating it for the same call and category gives the same docket."""
    code, sealed = str(args["category"]), args.get("sealed") == "yes"
    if sealed:
        talk.seal()
    talk.docket = await registered(talk, code, sealed=sealed)
    return Done("ok", docket_facts(talk, talk.docket)) if talk.docket else Done("noted", {"kept": JOURNAL})


async def register_for_person(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """Before anybody waits for a person there is a docket: the one of this call, or a new one of the subject named."""
    if talk.docket is None and JOURNAL in talk.flags:
        return Done("noted_before")
    if talk.docket is not None:
        if talk.docket.category == "SAF":
            talk.priority = DANGER_PRIORITY
        return Done("known", docket_facts(talk, talk.docket))
    talk.docket = await registered(talk, talk.subject, sealed=False)
    return Done("new", docket_facts(talk, talk.docket)) if talk.docket else Done("noted")


async def registered(talk: Talk, code: str, *, sealed: bool) -> Docket | None:
    """The docket, or None: the books were away or slow, and the complaint is safe in the journal (design 3.9)."""
    house = talk.house
    if code == "SAF":
        talk.priority = DANGER_PRIORITY
    complaint = Complaint(
        cause=f"register:{talk.call_ref}:{code}",
        at=talk.now(),
        call_ref=talk.call_ref,
        company=talk.company.code,
        category=code,
        language=talk.language,
        consumer_id=talk.consumer.id if talk.consumer else None,
        phone=talk.phone,
        sealed=sealed,
        looked_up=talk.dockets is not None,
    )
    try:
        async with asyncio.timeout(house.plan.journal_after_s):
            return await registering.enter(house, complaint, talk.row(Outcome.DOCKET_REGISTERED))
    except (BooksAway, TimeoutError) as error:
        log.warning("complaint_in_journal", call=talk.call_ref, error=type(error).__name__)
    await house.journal.add(complaint)
    talk.flags[JOURNAL] = "yes"
    talk.note(Outcome.DOCKET_REGISTERED)
    return None


async def own_docket(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """The newest open docket of this telephone."""
    if not talk.phone:
        return Done("none")
    opened = await talk.house.books.dockets.open_for_phone(talk.phone) if talk.dockets is None else talk.dockets
    talk.dockets = None  # what was read at the first ring is good once: the call itself changes it
    # Whoever holds the phone next hears nothing of a sealed one; of several houses only the chosen one's.
    found = [docket for docket in opened if not docket.sealed and _concerns(talk, docket)]
    if not found:
        return Done("none")
    talk.docket = max(found, key=lambda docket: docket.registered_at)
    return Done("found", docket_facts(talk, talk.docket))


def _concerns(talk: Talk, docket: Docket) -> bool:
    house = talk.consumer.id if talk.consumer else None
    return docket.consumer_id is None or house is None or docket.consumer_id == house


async def check_docket(talk: Talk, args: Facts) -> Done:
    """A keyed docket number. To an unknown number only state and time are told (domain.md 3.7, rule 7)."""
    number = str(args["number"])
    docket = await talk.house.books.dockets.get(number) if is_valid(number, DOCKET_DIGITS) else None
    if docket is None or docket.sealed:
        return Done("wrong")
    talk.docket = docket
    return Done("found", docket_facts(talk, docket))


async def note_served(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """He has heard how his complaint stands."""
    talk.flags.setdefault(Outcome.SELF_SERVED, talk.now().isoformat(timespec="seconds"))
    return Done("ok")


async def press_docket(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """ "Not satisfied" or "worse": an ended or claimed docket is opened again, an open one goes one level up."""
    docket = talk.docket
    if docket is None:
        return Done("trouble")
    books, now = talk.house.books, talk.now()
    officers = await books.reference.officers_for(docket.unit)
    cause = f"press:{talk.call_ref}:{docket.number}"
    if docket.state in NEARLY_ENDED:
        decision = desk.reopen(docket, "consumer", now, officers, cause)
    else:
        decision = desk.press(docket, "consumer", now, officers, cause)
    talk.docket = await books.dockets.apply(decision)
    talk.note(Outcome.DOCKET_REGISTERED, docket=docket.number)
    return Done("ok", docket_facts(talk, talk.docket))


async def promise_callback(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """A promise is a row with a moment (I5); its cause makes one promise of one call (design 3.15, ladder promise)."""
    phone = talk.callback_phone or talk.phone
    if not phone:
        return Done("withheld")
    now = talk.now()
    if talk.queued_at is None:
        talk.house.surge.asked_for_a_person()
    work = DueWork(
        cause=f"promise:{talk.call_ref}",
        kind="ring_promise",
        due_at=now if talk.kind == "inbound" else now + PROMISED_AGAIN_AFTER,
        company=talk.company.code,
        payload={"phone": phone, "call_ref": talk.call_ref, "attempt": 1, "language": talk.language},
    )
    await _kept(talk, Promised(work=work), talk.house.books.due.add(work))
    talk.callback_cause = work.cause
    talk.note(Outcome.CALLBACK_PROMISED)
    return Done("ok", {"when": (now + PROMISED_WITHIN).isoformat()})


async def _kept(talk: Talk, entry: Entry, written: Coroutine[object, object, object]) -> None:
    """In the books, or in the journal when they are away or slow: what was promised to a caller stands (I5)."""
    try:
        async with asyncio.timeout(talk.house.plan.journal_after_s):
            await written
    except (BooksAway, TimeoutError) as error:
        log.warning("kept_in_journal", call=talk.call_ref, error=type(error).__name__)
        await talk.house.journal.add(entry)


async def check_callback_number(talk: Talk, args: Facts) -> Done:
    talk.callback_phone = e164(str(args["number"]), talk.house.plan.country)
    return Done("ok" if talk.callback_phone else "wrong")


async def keep_message(talk: Talk, args: Facts) -> Done:
    """A spoken message goes to the inbox of the console, where it becomes a docket or a stated reason (design 3.19)."""
    recording = args.get("recording")
    if not recording:
        return Done("silent")
    message = SpokenMessage(
        cause=f"message:{talk.call_ref}",
        at=talk.now(),
        call_ref=talk.call_ref,
        company=talk.company.code,
        phone=None if SEALED in talk.flags else talk.phone,
        recording=str(recording),
        docket=talk.docket.number if talk.docket else None,
    )
    await _kept(
        talk,
        message,
        talk.house.books.inbox.add(
            talk.call_ref,
            recording=message.recording,
            phone=message.phone,
            company=message.company,
            at=message.at,
            docket=message.docket,
        ),
    )
    talk.note(Outcome.MESSAGE_LEFT)
    return Done("ok")


async def withdraw_callback(talk: Talk, args: Facts) -> Done:  # noqa: ARG001  # every deed has the same shape
    """The consumer, rung back, no longer needs us: his key ends the promise as kept."""
    talk.flags["withdrawn"] = talk.now().isoformat(timespec="seconds")
    talk.note(Outcome.SELF_SERVED)
    return Done("ok")


def consumer_facts(talk: Talk) -> dict[str, Fact]:
    """Facts about the connection in question; `area` is the id of a place whose name has been rendered."""
    consumer = talk.consumer
    return {
        "consumer_id": consumer.id if consumer else None,
        "area": consumer.unit if consumer else None,
        SLOW_MODE: in_slow_mode(talk),
    }


def in_slow_mode(talk: Talk) -> bool:
    """Until it is known which of several connections he calls about, one with the flag is enough: slow hurts nobody."""
    about = (talk.consumer,) if talk.consumer else talk.consumers
    return any(flags.wants_slow(one.flags) for one in about)


def docket_facts(talk: Talk, docket: Docket) -> dict[str, Fact]:
    """What prompts say about a docket; prompt keys, and moments as ISO 8601 UTC."""
    return {
        "docket": docket.number,
        "pairs": docket.number,
        "category": f"category_{docket.category.lower().replace('-', '_')}",
        "when": docket.due_at.isoformat(),
        "due_prompt": _due_prompt(talk, docket),
        "status_prompt": f"docket_status_{docket.state}",
        "role": f"role_L{docket.level}",
    }


def _due_prompt(talk: Talk, docket: Docket) -> str:
    """Nothing more is promised of a docket that has ended."""
    if docket.state in END_STATES:
        return ""
    return "status_overdue" if docket.due_at < talk.now() else "status_due"


INBOUND: dict[str, Deed] = {
    "remember_language": remember_language,
    "choose_connection": choose_connection,
    "other_connection": other_connection,
    "check_consumer": check_consumer,
    "remember_subject": remember_subject,
    "register": register,
    "register_for_person": register_for_person,
    "own_docket": own_docket,
    "check_docket": check_docket,
    "note_served": note_served,
    "press_docket": press_docket,
    "promise_callback": promise_callback,
    "check_callback_number": check_callback_number,
    "keep_message": keep_message,
    "withdraw_callback": withdraw_callback,
}
"""What calls on the line may ask for; the satisfaction callback adds its own two (`ivr/satisfaction.py`)."""
