"""The words people choose from: dispositions, causes of faults, reasons of a break. Their names in three languages are
in `web/words.<language>.json`, under the keys `disposition.<word>`, `cause.<word>` and `break.<word>`."""

from __future__ import annotations

from typing import Literal, get_args

Disposition = Literal[
    "docket registered",
    "existing docket: status given",
    "existing docket: escalated",
    "linked to outage",
    "danger: relayed to control room",
    "information given",
    "transferred to supervisor",
    "transferred to other company",
    "call broke: callback due",
    "wrong number/silent",
    "abusive: supervisor informed",
    "test/practice",
]
CauseCode = Literal[
    "fuse/MCB",
    "jumper open",
    "service line",
    "LT line",
    "11 kV line",
    "33 kV / sub-station",
    "DT burnt",
    "DT oil/bushing",
    "UG cable",
    "tree",
    "storm",
    "bird/animal",
    "overload",
    "planned work",
    "load shedding order",
    "theft damage",
    "consumer's own wiring",
    "no fault found",
]
BreakReason = Literal["meal", "tea", "prayer", "rest", "training", "technical", "supervisor"]
Family = Literal["SAF", "SUP", "BILL", "METER", "NEWCON", "THEFT", "STAFF", "OTHER"]
Language = Literal["hi", "ur", "en", "marker"]

DISPOSITIONS: tuple[str, ...] = get_args(Disposition)
CAUSE_CODES: tuple[str, ...] = get_args(CauseCode)
BREAK_REASONS: tuple[str, ...] = get_args(BreakReason)

FAMILIES: tuple[str, ...] = get_args(Family)
"""Kinds of calls an agent can have as a skill; all kinds of supply are one."""
