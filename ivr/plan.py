"""The settings the telephone needs, read once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings this room needs. Seconds everywhere; `languages` is the order in which they are offered.

    `control_room` is the number (E.164) rung for a caller in danger when no agent is up; "" when there is none.
    `node` is this telephone node, `peers` are the others of the line (design 3.22).
    """

    app: str
    node: str
    number: str
    country: str
    company: str
    languages: tuple[str, ...]
    default_language: str
    number_format: str
    ring_s: float
    danger_ring_s: float
    control_room: str
    control_room_after_s: float
    max_wait_s: float
    announce_every_s: float
    nobody_after_s: float
    handle_time_s: float
    patience_s: float
    surge_automatic: bool
    dial_timeout_s: float
    journal_after_s: float
    callbacks_at_once: int
    callback_agent_first: bool
    agent_domain: str
    agent_key: str
    peers: frozenset[str]
    prompt_styles: tuple[str, ...]
