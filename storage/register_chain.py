"""The hash chain of the satisfaction register: how a row is hashed, and how a register is verified. Pure.

Row n of a chain has hash = SHA-256(hash of row n-1 + canonical JSON of its plain fields + its personal digest);
the personal digest = SHA-256(salt + canonical JSON of its personal fields). Erasing a row's personal fields also
destroys its salt: the digest stays, so the chain still verifies, and the number cannot be guessed back (I6).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from complaints.records import Attempt, Origin

PLAIN = ("chain", "n", "docket", "claim", "attempt", "call_ref", "at", "verdict", "cause_code", "duration_s", "by")
PERSONAL = ("dialled", "recording", "reason_recording")
EXPORTED = (*PLAIN, *PERSONAL, "personal_digest", "salt", "hash")


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain. Kept apart, it also shows rows cut off at the end."""

    chain: str
    n: int
    hash: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification found. `first_bad` is "<chain>#<n>"; `erased` rows hold no personal fields any more."""

    ok: bool
    rows: int
    first_bad: str | None = None
    reason: str | None = None
    erased: int = 0
    heads: Mapping[str, Head] = field(default_factory=dict)


def chain_of(company: str, origin: Origin) -> str:
    """Complaints of the line and of the field share a chain; probes and practice have their own (design 3.17)."""
    kind = origin.value if origin in (Origin.PROBE, Origin.PRACTICE) else Origin.LINE.value
    return f"{company}/{kind}"


def genesis(chain: str) -> str:
    """The hash that stands before the first row of a chain."""
    return _digest(chain)


def moment_text(at: datetime) -> str:
    """A moment as it is hashed and exported: UTC, always with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def plain_fields(chain: str, n: int, attempt: Attempt) -> dict[str, object]:
    """The fields of a row that are nobody's secret, as they are hashed."""
    return {
        "chain": chain,
        "n": n,
        "docket": attempt.docket,
        "claim": attempt.claim,
        "attempt": attempt.attempt,
        "call_ref": attempt.call_ref,
        "at": moment_text(attempt.at),
        "verdict": attempt.verdict.value,
        "cause_code": attempt.cause_code,
        "duration_s": float(attempt.duration_s),
        "by": attempt.by,
    }


def personal_digest(salt: str, personal: Mapping[str, object]) -> str:
    """The digest that stands for the personal fields, also when they are gone."""
    return _digest(salt, _canonical({name: personal[name] for name in PERSONAL}))


def row_hash(previous: str, plain: Mapping[str, object], digest: str) -> str:
    """The hash of a row, from the one before it."""
    return _digest(previous, _canonical({name: plain[name] for name in PLAIN}), digest)


def verify_rows(rows: Iterable[Mapping[str, object]], heads: Iterable[Head] = ()) -> ChainReport:
    """Checks rows as `Register.export` gives them (or its JSON lines), in order; several chains may be mixed.

    With `heads` from the books or an earlier report, a chain that lost rows at its end is found as well.
    """
    ends: dict[str, Head] = {}
    count = erased = 0
    for row in rows:
        reason = _fault(row, ends)
        if reason:
            return ChainReport(False, count, f"{row.get('chain')}#{row.get('n')}", reason, erased, ends)
        count += 1
        erased += row["salt"] is None
        chain = str(row["chain"])
        ends[chain] = Head(chain, int(str(row["n"])), str(row["hash"]))
    for head in heads:
        if ends.get(head.chain) != head:
            where = f"{head.chain}#{head.n}"
            return ChainReport(False, count, where, "the chain does not end where it should", erased, ends)
    return ChainReport(True, count, None, None, erased, ends)


def _fault(row: Mapping[str, object], ends: Mapping[str, Head]) -> str | None:
    """Why this row cannot follow the rows before it; None when it does."""
    missing = [name for name in EXPORTED if name not in row]
    if missing:
        return f"the row has no {missing[0]}"
    chain = str(row["chain"])
    last = ends.get(chain, Head(chain, 0, genesis(chain)))
    if row["n"] != last.n + 1:
        return f"row {last.n + 1} of the chain is missing"
    salt = row["salt"]
    if salt is None and any(row[name] is not None for name in PERSONAL):
        return "personal fields stand without their salt"
    if salt is not None and personal_digest(str(salt), row) != row["personal_digest"]:
        return "the personal fields were changed"
    if row_hash(last.hash, row, str(row["personal_digest"])) != row["hash"]:
        return "the row or one before it was changed"
    return None


def _canonical(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
