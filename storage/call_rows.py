"""How what several witnesses note about one call becomes one row: controller, console and CEL reader all note. Pure."""

from __future__ import annotations

from dataclasses import fields, replace
from operator import attrgetter, itemgetter

from complaints.ledger import SEALED, Call, Outcome
from complaints.records import Origin

_PRECEDENCE = {outcome: rank for rank, outcome in enumerate(Outcome)}
_FIRST_SAID_STAYS = ("answered_at", "queued_at", "talked_at", "ended_at")
_MERGED_APART = frozenset(
    {
        "call_ref",
        "kind",
        "origin",
        "offered_at",
        "stage",
        "flags",
        "steps",
        "answers",
        "outcome",
        "ended_by",
        *_FIRST_SAID_STAYS,
    }
)
_LATEST_SAID_COUNTS = tuple(field.name for field in fields(Call) if field.name not in _MERGED_APART)
FIRST_STAGE = "offered"
UNHEARD_STAGE = "ended"
"""Of a call whose end no controller heard: its outcome was found in Asterisk's own log."""
USUAL_KIND = "inbound"


def merged(kept: Call, noted: Call) -> Call:
    """The row after `noted` came to `kept`; the order of witnesses does not matter for what counts.

    Nothing set is overwritten by nothing; flags, steps and answers are united; moments stay as first said (the begin:
    the earliest); an outcome only rises in precedence, and `ended_by` belongs to it. A sealed call keeps no number.
    """
    changes: dict[str, object] = {
        "offered_at": min(kept.offered_at, noted.offered_at),
        "kind": noted.kind if kept.kind == USUAL_KIND else kept.kind,
        "origin": noted.origin if kept.origin is Origin.LINE else kept.origin,
        "stage": _stage(kept, noted),
        "flags": {**kept.flags, **noted.flags},
        "steps": tuple(sorted(dict.fromkeys((*kept.steps, *noted.steps)), key=itemgetter(0))),
        "answers": tuple(sorted(dict.fromkeys((*kept.answers, *noted.answers)), key=attrgetter("at_s"))),
    }
    changes |= {name: getattr(kept, name) or getattr(noted, name) for name in _FIRST_SAID_STAYS}
    changes |= {name: getattr(noted, name) or getattr(kept, name) for name in _LATEST_SAID_COUNTS}
    if _rises(kept.outcome, noted.outcome):
        changes |= {"outcome": noted.outcome, "ended_by": noted.ended_by or kept.ended_by}
    else:
        changes["ended_by"] = kept.ended_by or noted.ended_by
    if SEALED in {**kept.flags, **noted.flags}:
        changes |= {"phone": None, "consumer_id": None}
    return replace(kept, **changes)  # type: ignore[arg-type] # the values come from fields of the same names


def _rises(kept: Outcome | None, noted: Outcome | None) -> bool:
    if noted is None:
        return False
    return kept is None or _PRECEDENCE[noted] < _PRECEDENCE[kept]


def _stage(kept: Call, noted: Call) -> str:
    """A late witness who only saw the call offered, or still going, does not set it back."""
    if noted.stage == FIRST_STAGE or (kept.ended_at and not noted.ended_at):
        return kept.stage
    return noted.stage
