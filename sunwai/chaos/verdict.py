"""The verdict over a run, from what was made, what was broken and what the books say afterwards. Pure.

Nothing is excused: what a law of the ledger forbids is a finding, whichever fault it came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import median

from complaints.ledger import Call, Outcome
from storage.calls import LedgerSum
from storage.evidence import DocketOfCall, Evidence
from sunwai.chaos.callers import CallMade
from sunwai.chaos.consumers import Rung
from sunwai.chaos.faults import Injected
from sunwai.chaos.plan import Fault

AUDIO_S, UNWRITTEN_S = 5.0, 4.0
"""A call with more sound than this must have a playable recording; Asterisk's death may cost its last seconds."""
MATCH_S = 3.0
"""Two processes date a call: the caller's begin and the ledger's differ by less than this."""
UNDELIVERED_S = 32.0
"""A call to an Asterisk that does not answer is sent again for so long (RFC 3261, timer B), even when its caller has
already hung up: it then arrives late, and is over at once."""

CONTROLLER_DEATHS = (Fault.CONTROLLER_KILLED, Fault.CONTROLLER_STOPPED)
ASTERISK_DEATHS = (Fault.ASTERISK_KILLED, Fault.ASTERISK_STOPPED)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the verdict rests on. `recorded_s` by call_ref: None when there is no file or it cannot be read.

    `connected` are the moments at which a controller had taken up what it found. `whole`: the line was ready at the
    end; `channels_left` and `agents_away`: channels in Asterisk and agents not at work when all was quiet.
    """

    made: Sequence[CallMade]
    injected: Sequence[Injected]
    rung: Sequence[Rung]
    ledger: LedgerSum
    evidence: Evidence
    recorded_s: Mapping[str, float | None]
    connected: Sequence[datetime]
    ended: datetime
    whole: bool
    channels_left: bool
    agents_away: Sequence[str]


@dataclass(frozen=True, slots=True)
class Law:
    """One thing that must hold: `found` are the breaches (call_refs, dockets, causes), told one by one."""

    name: str
    found: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.found


@dataclass(frozen=True, slots=True)
class Adoption:
    """Seconds from a controller's death to its successor's having taken up the callers; None: no successor did."""

    fault: Fault
    at: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    laws: tuple[Law, ...]
    adoptions: tuple[Adoption, ...]
    faults: Mapping[str, int]

    @property
    def holds(self) -> bool:
        return all(law.holds for law in self.laws)

    def adopt_s(self, fault: Fault) -> tuple[float, float] | None:
        """Median and most; None when there was no such fault, or none was followed by an adoption."""
        seconds = [one.seconds for one in self.adoptions if one.fault is fault and one.seconds is not None]
        return (median(seconds), max(seconds)) if seconds else None


def judge(facts: Facts) -> Verdict:
    """All laws, in the order of the table."""
    calls = [call for call in facts.evidence.calls if call.kind == "inbound"]
    adoptions = tuple(_adoptions(facts.injected, facts.connected))
    books_sum = sum(facts.ledger.outcomes.values())
    laws = (
        Law("the load made calls", () if any(call.answered for call in facts.made) else ("no call was answered",)),
        Law("offered = sum of outcomes", _unless(facts.ledger.offered == books_sum, _sum_of(facts.ledger, books_sum))),
        Law("calls without an outcome", tuple(_told_call(call) for call in facts.evidence.calls if not call.outcome)),
        Law("lost calls", facts.ledger.lost),
        Law("answered calls the books do not know", tuple(_unknown(facts.made, calls))),
        Law("calls in the books that nobody made", tuple(_invented(facts.made, calls))),
        Law("dockets told that are not in the books", tuple(_not_kept(facts.made, facts.evidence))),
        Law("duplicate dockets", tuple(_duplicates(facts.evidence.dockets))),
        Law("double dials", tuple(sorted({*_dialled_twice(facts), *_promised_twice(facts.evidence)}))),
        Law("recordings missing", tuple(_unrecorded(calls, facts))),
        Law("controllers not back", tuple(_told(one) for one in adoptions if one.seconds is None)),
        Law("agents not at work at the end", tuple(facts.agents_away)),
        Law("channels left when all was quiet", _unless(not facts.channels_left, "Asterisk still has channels")),
        Law("the line whole at the end", _unless(facts.whole, "it was not ready again")),
    )
    done = Counter(str(one.fault) for one in facts.injected if one.done)
    return Verdict(laws, adoptions, dict(sorted(done.items())))


def _unless(holds: bool, said: str) -> tuple[str, ...]:
    return () if holds else (said,)


def _sum_of(ledger: LedgerSum, outcomes: int) -> str:
    return f"offered {ledger.offered}, outcomes {outcomes}, going {ledger.going}"


def _told_call(call: Call) -> str:
    return call.call_ref if call.kind == "inbound" else f"{call.call_ref} ({call.kind})"


def _told(one: Adoption) -> str:
    return f"{one.fault} at {one.at:%H:%M:%S}"


# -- calls ------------------------------------------------------------------------------------------------------------


def _unknown(made: Sequence[CallMade], calls: Sequence[Call]) -> Iterator[str]:
    """Calls that the line answered, and of which it kept nothing: each made call takes one row of its number."""
    rows = _by_number(calls)
    for call in sorted(made, key=lambda one: not one.answered):
        if not _take(rows, call) and call.answered:
            yield f"{call.want}, begun {call.began:%H:%M:%S}"


def _invented(made: Sequence[CallMade], calls: Sequence[Call]) -> Iterator[str]:
    """Rows beyond what was made: a call entered twice, or one that never was."""
    rows = _by_number(calls)
    for call in made:
        _take(rows, call)
    for left in rows.values():
        yield from (call.call_ref for call in left)


def _by_number(calls: Iterable[Call]) -> dict[str, list[Call]]:
    rows: dict[str, list[Call]] = {}
    for call in calls:
        rows.setdefault((call.phone or "")[-10:], []).append(call)
    return rows


def _take(rows: dict[str, list[Call]], made: CallMade) -> bool:
    before = made.began - timedelta(seconds=MATCH_S)
    after = made.ended + timedelta(seconds=MATCH_S if made.answered else UNDELIVERED_S)
    for call in rows.get(made.number, []):
        if before <= call.offered_at <= after:
            rows[made.number].remove(call)
            return True
    return False


def _not_kept(made: Iterable[CallMade], evidence: Evidence) -> Iterator[str]:
    """Callers who were told that their complaint is registered, and no call of their number has a docket."""
    registered = {docket.call_ref for docket in evidence.dockets}
    numbers = {(call.phone or "")[-10:] for call in evidence.calls if call.docket or call.call_ref in registered}
    for call in made:
        if call.registered and call.number not in numbers:
            yield f"caller {_masked(call.number)}, begun {call.began:%H:%M:%S}"


def _duplicates(dockets: Iterable[DocketOfCall]) -> Iterator[str]:
    """Two dockets for one call and category."""
    several: dict[tuple[str, str], list[str]] = {}
    for docket in dockets:
        several.setdefault((docket.call_ref, docket.category), []).append(docket.number)
    for (call_ref, category), numbers in several.items():
        if len(numbers) > 1:
            yield f"{call_ref} {category}: {', '.join(numbers)}"


# -- promises ---------------------------------------------------------------------------------------------------------


def _dialled_twice(facts: Facts) -> Iterator[str]:
    """A consumer's phone rung while an earlier ringing or talk of ours with him goes on, as the network saw it and as
    the ledger has it. Asterisk's death ends its legs, whatever the far side still believes."""
    deaths = [one.at for one in facts.injected if one.done and one.fault in ASTERISK_DEATHS]
    spans: dict[str, list[tuple[datetime, datetime]]] = {}
    for rung in facts.rung:
        ended = min([rung.ended or facts.ended, *(death for death in deaths if death >= rung.began)])
        spans.setdefault(rung.number[-10:], []).append((rung.began, ended))
    for number, several in spans.items():
        if any(_overlap(one, other) for one, other in combinations(sorted(several), 2)):
            yield f"rung twice at a time: caller {_masked(number)}"
    for one, other in combinations([call for call in facts.evidence.calls if call.kind != "inbound"], 2):
        same = one.phone is not None and one.phone == other.phone
        if same and _overlap(_span(one, facts.ended), _span(other, facts.ended)):
            yield f"talked to twice at a time: {one.call_ref}, {other.call_ref}"


def _promised_twice(evidence: Evidence) -> Iterator[str]:
    """Two rungs of one promise waiting at once, or one attempt of one claim made twice."""
    waiting = Counter(
        _promise_of(one.cause) for one in evidence.promises if _rings(one.kind) and one.state == "waiting"
    )
    yield from (f"two rungs wait: {promise}" for promise, number in waiting.items() if number > 1)
    attempts = Counter((one.docket, one.claim, one.attempt) for one in evidence.attempts)
    yield from (f"attempt made twice: {attempt}" for attempt, number in attempts.items() if number > 1)


def _promise_of(cause: str) -> str:
    """A promise without its rung: the next rungs of "promise:<digest>" are "promise:<digest>#2", "#3"."""
    return cause.partition("#")[0]


def _rings(kind: str) -> bool:
    return kind.startswith("ring_")


def _span(call: Call, until: datetime) -> tuple[datetime, datetime]:
    return call.offered_at, call.ended_at or until


def _overlap(one: tuple[datetime, datetime], other: tuple[datetime, datetime]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _masked(number: str) -> str:
    """The last digits: enough to find him among the demo's consumers."""
    return f"…{number[-5:]}"


# -- recordings and adoption ------------------------------------------------------------------------------------------


def _unrecorded(calls: Iterable[Call], facts: Facts) -> Iterator[str]:
    """Answered calls with more than five seconds of sound and no playable file. Who heard that all lines are full is
    not recorded (asterisk-conf/extensions.conf)."""
    deaths = [one.at for one in facts.injected if one.done and one.fault in ASTERISK_DEATHS]
    for call in calls:
        if call.answered_at is None or call.ended_at is None or Outcome.REJECTED_CAPACITY in call.flags:
            continue
        ended = min([call.ended_at, *(death for death in deaths if death >= call.answered_at)])
        sound_s = (ended - call.answered_at).total_seconds()
        wanted_s = AUDIO_S + (UNWRITTEN_S if ended in deaths else 0.0)
        if sound_s > wanted_s and not facts.recorded_s.get(call.call_ref):
            yield f"{call.call_ref}: {sound_s:.0f} s"


def _adoptions(injected: Iterable[Injected], connected: Sequence[datetime]) -> Iterator[Adoption]:
    for one in injected:
        if one.done and one.fault in CONTROLLER_DEATHS:
            after = min((moment for moment in connected if moment > one.at), default=None)
            yield Adoption(one.fault, one.at, (after - one.at).total_seconds() if after else None)
