"""One call while it lasts: who is on the line, what is known of him, and what has been noted in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from complaints.ledger import Call, EndedBy, Outcome, outcome_of
from complaints.records import Company, Consumer, Docket, Origin
from ivr.ari_line import AriLine
from ivr.house import House

PROBE_COMPANY = "PROBE"
"""Calls of this company prove the line to itself and stand outside every figure (design 3.17)."""


@dataclass(slots=True)
class Talk:
    """Changes as the call goes on; read and written by the call's own task alone."""

    house: House
    line: AriLine
    kind: str
    company: Company
    language: str
    phone: str | None
    offered_at: datetime
    priority: int = 3
    consumers: tuple[Consumer, ...] = ()
    consumer: Consumer | None = None
    docket: Docket | None = None
    callback_phone: str | None = None
    subject: str = "OTHER"
    agent: str | None = None
    ended_by: EndedBy | None = None
    flags: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)

    @property
    def call_ref(self) -> str:
        return self.line.call_ref

    @property
    def origin(self) -> Origin:
        return Origin.PROBE if self.company.code == PROBE_COMPANY else Origin.LINE

    def now(self) -> datetime:
        return self.house.clock.wall_now()

    async def note(self, *deeds: Outcome, **facts: object) -> None:
        """Write what has become known of this call into the ledger; `deeds` become flags with their moment."""
        for deed in deeds:
            self.flags.setdefault(deed, self.now().isoformat(timespec="seconds"))
        row = Call(
            call_ref=self.call_ref,
            kind=self.kind,
            origin=self.origin,
            offered_at=self.offered_at,
            node=self.house.plan.node,
            company=self.company.code,
            phone=self.phone,
            consumer_id=self.consumer.id if self.consumer else None,
            language=self.language,
            stage=self.path[-1] if self.path else "greeting",
            docket=self.docket.number if self.docket else None,
            agent=self.agent,
            flags=dict(self.flags),
        )
        await self.house.books.calls.note(replace(row, **facts))  # type: ignore[arg-type]  # facts are fields of Call

    async def note_end(self, ended_by: EndedBy, *, cut: bool = False) -> None:
        """The call is over: its one outcome, by precedence over the deeds noted (design 3.1)."""
        now = self.now()
        talk_s = (now - self.offered_at).total_seconds()
        outcome = outcome_of(self.flags, talk_s=talk_s, ended_by=ended_by, cut=cut)
        reason = None if self.phone else "number withheld"
        await self.note(ended_at=now, ended_by=ended_by, outcome=outcome, no_callback=reason)
