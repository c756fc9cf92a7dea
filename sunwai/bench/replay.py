"""A burst of callers faster than real time: events in order of time, decided by the routing that the line itself uses.

Who is next is `dialplan.routing.pairs` on the heads of the queue, as in `ivr/matching.py`; what a caller is told and
offered is `expected_wait_s`, as in `ivr/holding.py`; a callback stands in line at its old place, as in
`ivr/promises.py`, and its tries follow `complaints/ladders.py`. Pure: no clock, no chance.
"""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from complaints import clocks, ladders
from complaints.records import Company
from dialplan.routing import Ready, Waiting, expected_wait_s, pairs, routing_key
from ivr.holding import CUT_PRIORITY, USUAL_PRIORITY
from ivr.matching import DEPTH
from sunwai.bench.burst import (
    BEGIN,
    QUICK_RUNS,
    RUNS,
    Assumed,
    Caller,
    End,
    Outcome,
    Policy,
    Row,
    Rules,
    callers,
    policies,
    row,
    rules_of,
)
from sunwai.settings import Settings

SKILLS = frozenset({"co:PV", "lang:hi", "cat:SUP"})
SOON_S = 20.0
_COMPANY = Company("PV", "PV")


@dataclass(slots=True)
class _Person:
    """One caller's way. `leaves` names his present wait, so that what was planned for an earlier one is void."""

    caller: Caller
    on_phone: bool = True
    left: bool = False
    told_callback: bool = False
    promised_at: float | None = None
    tried: int = 0
    end: End | None = None

    @property
    def priority(self) -> int:
        """As `ivr.promises.Promise.priority` has it: who left without a talk is rung as one who was cut."""
        return CUT_PRIORITY if self.left else USUAL_PRIORITY

    @property
    def waiting(self) -> Waiting:
        at = self.caller.at
        return Waiting(self.caller.ref, routing_key(at, self.priority), SKILLS, at, self.priority)


def replay(day: Iterable[Caller], policy: Policy, rules: Rules, assumed: Assumed) -> Outcome:
    """Everybody's way to his end. Callers are treated by `policy`, agents are `assumed.agents`."""
    house = _House(policy, rules, assumed)
    for caller in day:
        house.plan(caller.at, house.came, _Person(caller))
    house.run()
    return house.outcome()


def measure(settings: Settings, *, quick: bool) -> list[Row]:
    """Every policy over the same days, each day of another seed. Takes seconds, of one core."""
    assumed, rules = Assumed(), rules_of(settings)
    days = [callers(assumed, seed) for seed in range(QUICK_RUNS if quick else RUNS)]
    return [row(policy, [replay(day, policy, rules, assumed) for day in days]) for policy in policies(assumed)]


class _House:
    """What is so at one moment, `_now` (epoch seconds), and what is planned."""

    def __init__(self, policy: Policy, rules: Rules, assumed: Assumed) -> None:
        self._policy = policy
        self._rules = rules
        self._assumed = assumed
        self._known_from = BEGIN.timestamp() + 60 * (assumed.burst_after_min + policy.message_after_min)
        self._now = BEGIN.timestamp()
        self._numbers = itertools.count()
        self._events: list[tuple[float, int, Callable[[_Person], None], _Person]] = []
        self._queue: list[tuple[float, str]] = []
        self._people: dict[str, _Person] = {}
        self._ready = {f"A{n:03}": Ready(f"A{n:03}", SKILLS, self._now) for n in range(int(assumed.agents))}
        self._all: list[_Person] = []
        self._soon = 0
        self._to_person_s: list[float] = []
        self._promises_s: list[float] = []
        self._owed_s: list[float] = []

    def plan(self, at: float, deed: Callable[[_Person], None], person: _Person) -> None:
        heapq.heappush(self._events, (at, next(self._numbers), deed, person))

    def run(self) -> None:
        while self._events:
            self._now, _, deed, person = heapq.heappop(self._events)
            deed(person)

    def outcome(self) -> Outcome:
        ends = Counter(person.end for person in self._all)
        told = {end: ends[end] for end in End}
        abandoned = sum(person.left for person in self._all)
        return Outcome(told, abandoned, self._soon, self._to_person_s, self._promises_s, self._owed_s)

    # -- callers ------------------------------------------------------------------------------------------------------

    def came(self, person: _Person) -> None:
        """A call begins: the message about the outage, if there is one, then the queue."""
        self._all.append(person)
        caller = person.caller
        if self._policy.message and caller.of_outage and caller.served_by_message and self._now >= self._known_from:
            person.end = End.SELF_SERVED
            return
        self.stand_in_line(person)
        self.plan(self._now + caller.patience_s, self._leave, person)
        if self._policy.callback:
            self.plan(self._now + self._rules.max_wait_s, self._waited_long, person)
            self._tell(person)

    def stand_in_line(self, person: _Person) -> None:
        """At the place of his first asking, whichever try it is."""
        if not person.on_phone and self._night_for(person):
            return
        waiting = person.waiting
        self._people[waiting.call_ref] = person
        insort(self._queue, waiting.order)
        self._match()

    def _tell(self, person: _Person) -> None:
        """His place and what follows from it, when he has come and then each minute (`ivr.holding._tell_place`)."""
        if not self._waits(person):
            return
        ahead = bisect_left(self._queue, (person.waiting.key, ""))
        expected = expected_wait_s(ahead, int(self._assumed.agents), self._rules.handle_time_s)
        offered = expected is not None and expected[1] > self._rules.callback_above_s and not self._ready
        if offered and not person.told_callback:
            person.told_callback = True
            if person.caller.takes_callback:
                self._promise(person)
                return
        self.plan(self._now + self._rules.announce_every_s, self._tell, person)

    def _waited_long(self, person: _Person) -> None:
        """`queue.max_wait_s` is over: "nobody is there", and silence means a callback (dialplan/flows/inbound.toml)."""
        if self._waits(person):
            self._promise(person)

    def _promise(self, person: _Person) -> None:
        self._out_of_line(person)
        person.on_phone, person.promised_at = False, self._now
        self.stand_in_line(person)

    def _leave(self, person: _Person) -> None:
        """His patience is over. He is owed a callback, once and in calling hours, or is lost."""
        if not self._waits(person):
            return
        self._out_of_line(person)
        person.on_phone, person.left = False, True
        moment = ladders.next_try(ladders.LOST_CALLER, 0, self._wall(), _COMPANY)
        if not self._policy.left or moment is None:
            person.end = End.LOST
            return
        person.promised_at, person.tried = self._now, ladders.PROMISE.tries - 1  # the last rung: rung once
        self.plan(moment.timestamp(), self.stand_in_line, person)

    def _waits(self, person: _Person) -> bool:
        """On the phone, in the queue."""
        return person.on_phone and self._people.get(person.caller.ref) is person

    def _out_of_line(self, person: _Person) -> None:
        order = person.waiting.order
        del self._queue[bisect_left(self._queue, order)]
        del self._people[person.caller.ref]

    # -- agents -------------------------------------------------------------------------------------------------------

    def _match(self) -> None:
        """As `ivr.matching` does: the queue's first, the ready agents, the pairs of routing, until there are none."""
        while self._ready and self._queue:
            heads = [self._people[ref].waiting for _, ref in self._queue[: min(DEPTH, len(self._ready))]]
            for waiting, agent in list(pairs(heads, self._ready.values())):
                self._pair(self._people[waiting.call_ref], agent)

    def _pair(self, person: _Person, agent: Ready) -> None:
        del self._ready[agent.agent]
        self._out_of_line(person)
        if person.on_phone:
            self._soon += self._now - person.caller.at <= SOON_S
            person.on_phone = False
            self._talk(person, agent, End.TALKED, 0.0)
        elif self._night_for(person):  # looked at again now that it is his turn (`ivr.promises._put_off`)
            self._ready[agent.agent] = agent
        else:
            self._ring(person, agent)

    def _ring(self, person: _Person, agent: Ready) -> None:
        """The agent is aside while the consumer's phone rings; not answered, he is as idle as he was."""
        answered = person.caller.answers[person.tried]
        person.tried += 1
        if answered:
            end = End.RUNG_BACK if person.left else End.CALLED_BACK
            self._talk(person, agent, end, self._assumed.answer_s)
        else:
            self.plan(self._now + self._rules.dial_timeout_s, self._back(agent, self._next_try), person)

    def _talk(self, person: _Person, agent: Ready, end: End, rings_s: float) -> None:
        person.end = end
        self._to_person_s.append(self._now + rings_s - person.caller.at)
        self._note_kept(person, rings_s)
        over = self._now + rings_s + person.caller.handle_s
        self.plan(over, self._back(Ready(agent.agent, agent.skills, over), _nothing_more), person)

    def _back(self, agent: Ready, then: Callable[[_Person], None]) -> Callable[[_Person], None]:
        """The agent is free again, after what becomes of the consumer is known."""

        def deed(person: _Person) -> None:
            then(person)
            self._ready[agent.agent] = agent
            self._match()

        return deed

    def _next_try(self, person: _Person) -> None:
        moment = ladders.next_try(ladders.PROMISE, person.tried, self._wall(), _COMPANY)
        if moment is None:
            person.end = End.NOT_REACHED
            self._note_kept(person, 0.0)
        else:
            self.plan(moment.timestamp(), self.stand_in_line, person)

    def _note_kept(self, person: _Person, rings_s: float) -> None:
        if person.promised_at is not None:
            (self._owed_s if person.left else self._promises_s).append(self._now + rings_s - person.promised_at)

    # -- hours --------------------------------------------------------------------------------------------------------

    def _night_for(self, person: _Person) -> bool:
        """Who left is rung in calling hours only; True: he has been put off to the next opening."""
        if not person.left or clocks.in_calling_hours(_COMPANY, self._wall()):
            return False
        opening = clocks.next_calling_time(_COMPANY, self._wall())
        self.plan(opening.timestamp(), self.stand_in_line, person)
        return True

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)


def _nothing_more(_: _Person) -> None:
    return
