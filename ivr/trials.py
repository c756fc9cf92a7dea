"""An edition is tried: the administrator's own telephone rings, and he hears what a caller would hear, key by key.

Who he is, and what is open for him, is read as for any caller. Only the call itself is written (kind "trial"): no
docket, no promise, no message; and nobody is called to the telephone, he says by key how the wait for a person ends.
"""

from __future__ import annotations

import asyncio
from itertools import count

import structlog

from complaints.ledger import EndedBy, Outcome
from complaints.records import Company, Docket
from dialplan.deeds import CONNECT_RESULTS, DEEDS, SLOW_MODE
from dialplan.flow import Flow
from dialplan.steps import Ask, Connect, Do, Done, Fact, Pressed, Say
from dialplan.walk import Walk
from ivr import deeds, inbound, registering
from ivr.conversation import ask, converse
from ivr.editions import SpokenEdition
from ivr.errors import HungUp
from ivr.house import House
from ivr.lines import Lines, let_go
from ivr.outgoing import Unanswered, new_call_ref, ring
from ivr.talk import Talk
from storage.errors import StorageError
from storage.journal import Complaint
from storage.phones import is_of

log = structlog.get_logger(__name__)

TRIAL = "trial"
"""The kind of the call in the ledger; it counts in no figure of the line."""
AT_ONCE = 2
LONGEST_S = 600.0
"""Who listens for longer has put the telephone down beside him."""
ANSWER_S = 20.0
"""So long he may think about how the wait for a person ends."""
EXAMPLE = "12345678"
"""The number of a docket that is made up: its check digit is wrong, so that no docket ever has it."""
EXAMPLE_CATEGORY = "SUP-FUSE"
_ENDS = {str(n): result for n, result in enumerate(CONNECT_RESULTS, start=1)}
_attempts = count(1)


class Trials:
    """`lines` are the calls this controller holds."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._under_way: set[str] = set()

    def begin(self, phone: str) -> str:
        """ "" when this telephone may be rung now, else why not; whoever got "" calls `hold`."""
        if not is_of(phone, self._house.plan.country):
            return "wrong_number"
        if phone in self._under_way:
            return "under_way"
        if len(self._under_way) >= AT_ONCE:
            return "too_many"
        self._under_way.add(phone)
        return ""

    async def hold(self, phone: str, number: int, flow: str, language: str) -> None:
        """Ring, and walk the flow to its end. What goes wrong is logged; the telephone is free again in any case."""
        call_ref = new_call_ref(self._house)
        try:
            edition = await self._house.editions.of(number)
            await self._ring(call_ref, phone, edition, flow, language)
        except Exception:  # a trial must not harm the line
            log.exception("trial_in_trouble", call=call_ref)
        finally:
            self._under_way.discard(phone)

    async def _ring(self, call_ref: str, phone: str, edition: SpokenEdition, flow: str, language: str) -> None:
        house = self._house
        inbox = house.dispatch.register(call_ref)
        try:
            line = await ring(house, call_ref, inbox, phone, TRIAL, edition)
            if isinstance(line, Unanswered):
                log.info("trial_not_answered", call=call_ref, cause=line.cause)
                return
            self._lines[call_ref] = line
            company = Company(house.plan.company, house.plan.company, languages=house.plan.languages)
            talk = Talk(house, line, TRIAL, company, language, phone, house.clock.wall_now())
            await Trial(talk, edition.flows[flow]).hold()
        finally:
            let_go(self._lines, call_ref)
            house.dispatch.release(call_ref)


class Trial:
    """One call; `talk.line.edition` is the edition that is tried."""

    def __init__(self, talk: Talk, flow: Flow) -> None:
        self.talk = talk
        self._flow = flow

    async def hold(self) -> None:
        """From the announcement that it is a trial to the outcome in the ledger."""
        talk = self.talk
        talk.note(answered_at=talk.offered_at, recording=talk.call_ref)
        try:
            async with asyncio.timeout(LONGEST_S):
                await self._converse()
        except HungUp:
            talk.ended_by = EndedBy.CALLER
        except TimeoutError:
            log.info("trial_too_long", call=talk.call_ref)
        except Exception:  # our fault: he is not left in silence
            log.exception("trial_in_trouble", call=talk.call_ref)
        talk.docket = None  # made up, or another call's: no row shall name it
        talk.flags.setdefault(Outcome.SELF_SERVED, talk.now().isoformat(timespec="seconds"))
        await talk.line.hang_up()
        await talk.note_end(talk.ended_by or EndedBy.US)

    async def _converse(self) -> None:
        talk = self.talk
        await self._look_up()
        walk = Walk(self._flow, talk.language, await self._first_facts())
        await ask(talk.line, talk.edition.voice, self._announcement())
        await converse(talk.line, walk, talk.edition.voice, self.do, self.connect, _nothing_kept, talk)

    async def _look_up(self) -> None:
        try:
            async with asyncio.timeout(inbound.LOOK_UP_LIMIT_S):
                await inbound.look_up(self.talk)
        except (StorageError, TimeoutError) as error:  # as for any caller: he is unknown then
            log.warning("tester_not_looked_up", call=self.talk.call_ref, error=type(error).__name__)

    def _announcement(self) -> Ask:
        said = Say(self.talk.language, "trial_begins", {"n": self.talk.edition.number})
        return Ask("trial", (said,), frozenset(), 0.0, flush=True)

    async def _first_facts(self) -> dict[str, Fact]:
        """As the flow would be given them; a docket is made up for the flows that are about one."""
        talk = self.talk
        match self._flow.name:
            case "inbound":
                return inbound.first_facts(talk, known=talk.language_known is not None)
            case "callback":
                return {"purpose": "asked", "phone_known": True, SLOW_MODE: deeds.in_slow_mode(talk)}
            case _:
                talk.docket = await self._made_up(EXAMPLE_CATEGORY)
                return {"by": "line", SLOW_MODE: deeds.in_slow_mode(talk), **deeds.docket_facts(talk, talk.docket)}

    async def do(self, step: Do) -> Done:
        """Reading deeds are done; what others would have come to is said, and not done."""
        try:
            return await self._do(step)
        except StorageError as error:
            if "trouble" not in DEEDS[step.deed].results:
                raise
            log.warning("trial_deed_failed", call=self.talk.call_ref, error=type(error).__name__)
            return Done("trouble")

    async def _do(self, step: Do) -> Done:
        talk, args = self.talk, step.args
        match step.deed:
            case "remember_language":
                talk.language = str(args["language"])
                return Done("ok", {"language": talk.language, "language_known": True})
            case "register":
                talk.docket = await self._made_up(str(args["category"]))
                return Done("ok", deeds.docket_facts(talk, talk.docket))
            case "register_for_person":
                known = talk.docket is not None
                talk.docket = talk.docket or await self._made_up(talk.subject)
                return Done("known" if known else "new", deeds.docket_facts(talk, talk.docket))
            case "press_docket" | "verdict" if talk.docket is not None:
                return Done("ok", deeds.docket_facts(talk, talk.docket))
            case "promise_callback":
                due = talk.now() + deeds.PROMISED_WITHIN
                return Done("ok", {"when": due.isoformat()})
            case "keep_message":
                return Done("ok" if args.get("recording") else "silent")
            case "note_served" | "withdraw_callback" | "note_service":
                return Done("ok")
            case _:
                return await deeds.do(talk, step)

    async def connect(self, step: Connect) -> Done:  # noqa: ARG002  # every flow's loop is given one
        """How the wait for a person ended is his to say; silence is a talk that has been."""
        talk = self.talk
        question = Ask("trial_person", (Say(talk.language, "trial_person"),), frozenset(_ENDS), ANSWER_S, flush=True)
        reply = await ask(talk.line, talk.edition.voice, question)
        return Done(_ENDS.get(reply.key, CONNECT_RESULTS[0]) if isinstance(reply, Pressed) else CONNECT_RESULTS[0])

    async def _made_up(self, category: str) -> Docket:
        """What the desk would decide, written nowhere."""
        talk = self.talk
        complaint = Complaint(
            cause=f"trial:{talk.call_ref}:{next(_attempts)}",
            at=talk.now(),
            call_ref=talk.call_ref,
            company=talk.company.code,
            category=category,
            language=talk.language,
            consumer_id=talk.consumer.id if talk.consumer else None,
            phone=talk.phone,
            sealed=False,
            looked_up=True,
        )
        decide = await registering.decider(talk.house, complaint)
        return decide(EXAMPLE).docket


async def _nothing_kept(walk: Walk) -> bool:  # noqa: ARG001  # every flow's loop is given one
    """A trial that our death cuts is begun again by whoever wants it."""
    return False
