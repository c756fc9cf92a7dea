"""The satisfaction callback: the same loop, flow `satisfaction`; what the consumer says is the verdict (I2).

Every attempt, answered or not, is one row of the register.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from complaints import desk
from complaints.lifecycle import IllegalMove
from complaints.records import Attempt, Company, Docket, State, Verdict
from dialplan.deeds import SLOW_MODE
from dialplan.steps import Do, Done, Fact, Facts
from dialplan.walk import Walk
from ivr import deeds, holding
from ivr.conversation import converse
from ivr.errors import HungUp
from ivr.house import House
from ivr.talk import Talk
from storage.errors import BooksAway, StaleDocket, StorageError
from storage.journal import AttemptMade

STALE_TRIES = 3


class Asking:
    """One attempt at one docket. `talk` is the answered call; `verdict` is None until the consumer said something.

    `by_agent`: an agent speaks with him first.
    """

    def __init__(self, talk: Talk, docket: Docket, began: datetime, *, by_agent: bool) -> None:
        self.talk = talk
        self.docket = docket
        self.began = began
        self.by_agent = by_agent
        self.verdict: Verdict | None = None

    async def converse(self) -> None:
        """Ask; HungUp passes through after the deeds the flow still wants done."""
        talk = self.talk
        facts = {"by": "agent" if self.by_agent else "line", SLOW_MODE: deeds.in_slow_mode(talk), **self._facts()}
        walk = Walk(talk.edition.flows["satisfaction"], talk.language, facts)
        await converse(
            talk.line,
            walk,
            talk.edition.voice,
            self._do,
            lambda step: holding.connect(talk, step),
            self._keep,
            talk,
        )

    async def _keep(self, walk: Walk) -> bool:  # noqa: ARG002  # every flow's loop is given one
        """Nothing is kept: an attempt that is cut by our own death is made again by its due work."""
        return False

    async def _do(self, step: Do) -> Done:
        match step.deed:
            case "verdict":
                return await self._verdict(step.args)
            case "note_service":
                self.talk.flags["service"] = str(step.args["answer"])
                return Done("ok")
            case _:
                return await deeds.do(self.talk, step)

    async def _verdict(self, args: Facts) -> Done:
        if self.verdict is not None:
            return Done("ok", self._facts())  # the first word counts; wrong keys after it change nothing
        self.verdict = Verdict(str(args["verdict"]))
        reason = args.get("reason")
        agent = self.talk.agent if self.by_agent else None
        phone = self.talk.phone or ""
        attempt = attempt_of(self.docket, self.talk.call_ref, phone, self.began, self.verdict, agent=agent)
        attempt = replace(
            attempt,
            duration_s=(self.talk.now() - self.began).total_seconds(),
            recording=self.talk.call_ref,
            reason_recording=str(reason) if reason else None,
        )
        house = self.talk.house
        try:
            async with asyncio.timeout(house.plan.journal_after_s + deeds.DEED_LIMIT_S):
                self.docket = await conclude(house, self.talk.company, self.docket, attempt)
        except (BooksAway, TimeoutError):
            await house.journal.add(AttemptMade(attempt=attempt))  # his word stands, and is entered when they are back
            return Done("trouble")
        except (StorageError, IllegalMove):
            self.verdict = None  # not written: the docket is read again before anybody is asked again
            return Done("trouble")
        self.talk.docket = self.docket
        if self.verdict is Verdict.SATISFIED and self.docket.state is not State.CLOSED_SATISFIED:
            self.verdict = None  # it was opened again while we rang: nobody is told that it is closed
            return Done("trouble")
        return Done("ok", self._facts())

    def _facts(self) -> dict[str, Fact]:
        return deeds.docket_facts(self.talk, self.docket)


async def conclude(house: House, company: Company, docket: Docket, attempt: Attempt) -> Docket:
    """The desk's decision on one attempt, written with its register row in one transaction.

    A docket that changed meanwhile (an officer's note) is read again: the consumer's word must not be lost to it.
    """
    officers = await house.books.reference.officers_for(docket.unit)
    for _ in range(STALE_TRIES):
        try:
            return await house.books.dockets.apply(
                desk.verdict(docket, attempt, house.clock.wall_now(), company, officers)
            )
        except IllegalMove:
            # The docket moved on while we rang (its consumer phoned in, say): the attempt is a row all the same.
            return await house.books.dockets.apply(desk.note_attempt(docket, attempt, house.clock.wall_now()))
        except StaleDocket:
            docket = await house.books.dockets.get(docket.number) or docket
    raise StaleDocket("the docket kept changing while a verdict was written")


async def conclude_or_keep(house: House, company: Company, docket: Docket, attempt: Attempt) -> Docket:
    """As `conclude`; while the books are away the attempt waits in the journal and the docket stays as it was read."""
    try:
        return await conclude(house, company, docket, attempt)
    except BooksAway:
        await house.journal.add(AttemptMade(attempt=attempt))
        return docket


def attempt_of(
    docket: Docket, call_ref: str, dialled: str, at: datetime, verdict: Verdict, *, agent: str | None = None
) -> Attempt:
    """The register row of the attempt that is under way for this docket; `agent` spoke with him first."""
    return Attempt(
        docket=docket.number,
        claim=docket.claims,
        attempt=docket.attempts + 1,
        call_ref=call_ref,
        dialled=dialled,
        at=at,
        verdict=verdict,
        by=f"agent:{agent}" if agent else "line",
    )


async def ask(talk: Talk, docket: Docket, began: datetime, *, by_agent: bool) -> tuple[Verdict | None, Docket]:
    """Talk with the consumer; his verdict, or None when he left without one, and the docket as it is now."""
    asking = Asking(talk, docket, began, by_agent=by_agent)
    with suppress(HungUp):  # his going is told by the verdict being None
        await asking.converse()
    return asking.verdict, asking.docket
