"""What the controller counts: calls, outcomes, and how fast a caller is answered. No label names a person or a call."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CALLS = Gauge("sunwai_calls", "Calls this controller holds now")
TASKS = Gauge("sunwai_tasks", "Tasks on the controller's loop now: its own loops, a few for each call")
OUTCOMES = Counter("sunwai_outcomes", "Calls ended, by what the caller got", ["kind", "outcome"])
CALLBACKS = Counter("sunwai_callbacks", "Callbacks rung, by what came of them", ["kind", "result"])
OFFERS = Counter("sunwai_offers", "Agents rung, by what came of it", ["result"])
FIRST_WORD_S = Histogram(
    "sunwai_first_word_seconds",
    "From the caller's entering our application to the first prompt's request",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
SURGE = Gauge("sunwai_surge", "1 while surge mode is on")
JOURNAL = Gauge("sunwai_journal_entries", "Pieces in the journal that wait for the books")
WAITED_S = Histogram(
    "sunwai_waited_seconds",
    "From entering the queue to an agent who is up",
    buckets=(5, 10, 20, 30, 60, 90, 120, 300, 600),
)
