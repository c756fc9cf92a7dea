"""One call while it lasts: who is on the line, what is known of him, and what has been noted in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from complaints.ledger import CUT_OFF, SEALED, TALK, TALK_ON, Answer, Call, EndedBy, Outcome, outcome_of
from complaints.owed import owed
from complaints.records import Company, Consumer, Docket, Origin, origin_of
from dialplan.steps import Ask, Misheard, Pressed, Reply, Silent, Spoken
from ivr.ari_line import AriLine
from ivr.editions import SpokenEdition
from ivr.house import House
from ivr.meters import OUTCOMES
from storage.floor_records import Reservation


@dataclass(frozen=True, slots=True)
class HandOn:
    """How handing the caller on to the agent `to` stands: "ringing", "speaking" (with him), "no_answer"."""

    to: str
    stage: str


@dataclass(slots=True)
class Talk:
    """Changes as the call goes on; read and written by the call's own task alone.

    `queued_at` is his place in the queue, once he has one; `reserved` an agent put aside before he was rung.
    `agent` is whom he talked with last; `waited_s` how long he waited for him; `held_since` when he was put on hold;
    `hand_on` how handing him on stands; `pop_read` what the books said for the agents' screen.
    """

    house: House
    line: AriLine
    kind: str
    company: Company
    language: str
    phone: str | None
    offered_at: datetime
    queued_at: datetime | None = None
    returned: bool = False
    reserved: Reservation | None = None
    priority: int = 3
    consumers: tuple[Consumer, ...] = ()
    consumer: Consumer | None = None
    dockets: tuple[Docket, ...] | None = None
    language_known: str | None = None
    docket: Docket | None = None
    callback_phone: str | None = None
    subject: str = "OTHER"
    callback_cause: str | None = None
    agent: str | None = None
    waited_s: float = 0.0
    held_since: datetime | None = None
    hand_on: HandOn | None = None
    pop_read: tuple[list[Docket], int] | None = None
    ended_by: EndedBy | None = None
    flags: dict[str, str] = field(default_factory=dict)
    steps: list[tuple[float, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    numbered: int = 0

    @property
    def call_ref(self) -> str:
        return self.line.call_ref

    @property
    def edition(self) -> SpokenEdition:
        return self.line.edition

    @property
    def origin(self) -> Origin:
        return origin_of(self.company.code)

    def now(self) -> datetime:
        return self.house.clock.wall_now()

    def next_number(self) -> int:
        """A number for a leg or a bridge that none of this call has had, not even from a controller before us.

        It grows with the time since the call was offered, in tenths of a second.
        """
        tenths = round((self.now() - self.offered_at).total_seconds() * 10)
        self.numbered = max(self.numbered + 1, tenths)
        return self.numbered

    def reached(self, place: str) -> None:
        """The flow has come to this place: noted with the call's next word to the ledger."""
        self.steps.append((round((self.now() - self.offered_at).total_seconds(), 1), place))

    def answered(self, question: Ask, reply: Reply, after_s: float, led_to: str) -> None:
        """How the caller answered, for the ledger: what works on this line's own traffic is seen from it."""
        at_s = round((self.now() - self.offered_at).total_seconds(), 1)
        node = f"{question.node}?" if question.asked_back else question.node
        asked = Answer(at_s, node, question.language, "left", after_s=round(after_s, 2), led_to=led_to)
        match reply:
            case Pressed(key=key):
                asked = replace(asked, way="key", key=key)
            case Spoken(key=key, heard=heard, confidence=confidence):
                asked = replace(asked, way="words", key=key, heard=heard, confidence=round(confidence, 2))
            case Misheard(heard=heard):
                asked = replace(asked, way="misheard", heard=heard)
            case Silent():
                asked = replace(asked, way="silence")
        self.answers.append(asked)

    def note(self, *deeds: Outcome, **facts: object) -> None:
        """Note in the ledger what has become known of this call; `deeds` become flags with their moment."""
        self.house.notes.note(self.row(*deeds, **facts))

    def note_talk(self, stands: str) -> None:
        """How the talk with the agent stands (`complaints.ledger.TALK`); a talk that was is an outcome for good."""
        self.flags[TALK] = stands
        if stands == TALK_ON:
            self.note(Outcome.TALKED, talked_at=self.now())
        else:
            self.note()

    async def note_end(self, ended_by: EndedBy, *, cut: bool = False) -> None:
        """The call is over: its one outcome, by precedence over the deeds noted (design 3.1).

        A caller who got nothing is owed one callback, or a stated reason for none, in the same transaction.
        """
        if cut:
            self.flags[CUT_OFF] = "yes"
        now = self.now()
        talk_s = (now - self.offered_at).total_seconds()
        outcome = outcome_of(self.flags, talk_s=talk_s, ended_by=ended_by, cut=cut)
        row, work = owed(self.row(ended_at=now, ended_by=ended_by, outcome=outcome), now, self.company)
        await self.house.notes.settle(row, work)
        OUTCOMES.labels(self.kind, str(outcome)).inc()

    def seal(self) -> None:
        """From now on the caller's number stands nowhere but in the sealed docket."""
        self.flags[SEALED] = "yes"

    def row(self, *deeds: Outcome, **facts: object) -> Call:
        """This call's row of the ledger as it is known here."""
        for deed in deeds:
            self.flags.setdefault(deed, self.now().isoformat(timespec="seconds"))
        row = Call(
            call_ref=self.call_ref,
            kind=self.kind,
            origin=self.origin,
            offered_at=self.offered_at,
            node=self.house.plan.node,
            company=self.company.code,
            phone=None if SEALED in self.flags else self.phone,
            consumer_id=self.consumer.id if self.consumer and SEALED not in self.flags else None,
            language=self.language,
            stage=self.steps[-1][1] if self.steps else "greeting",
            docket=self.docket.number if self.docket else None,
            agent=self.agent,
            callback_cause=self.callback_cause,
            flags=dict(self.flags),
            steps=tuple(self.steps),
            answers=tuple(self.answers),
        )
        return replace(row, **facts)  # type: ignore[arg-type]  # facts are fields of Call
