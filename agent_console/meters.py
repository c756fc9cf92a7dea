"""Figures for Prometheus, in a registry of our own. Routes are named by their pattern, never by a number in them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Meters:
    """Counts requests as they end; the ledger's gauges are set by whoever answers a scrape (`health.py`)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "sunwai_console_requests_total",
            "HTTP requests by route and status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "sunwai_console_request_seconds", "Time to answer a request", ("route",), registry=self.registry
        )
        self.pages = Gauge("sunwai_console_pages", "Open pages (WebSockets)", registry=self.registry)
        self._offered = Gauge("sunwai_ledger_offered", "Calls offered to the line today", registry=self.registry)
        self._outcomes = Gauge(
            "sunwai_ledger_outcomes", "Calls of today by outcome", ("outcome",), registry=self.registry
        )
        self._without = Gauge(
            "sunwai_ledger_without_outcome", "Calls of today that ended without outcome", registry=self.registry
        )
        self._read_at = Gauge(
            "sunwai_ledger_read_seconds", "When the ledger was last read, epoch seconds", registry=self.registry
        )
        self.ledger_lock = asyncio.Lock()
        self.ledger_tried = float("-inf")

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def ledger(self, offered: int, outcomes: Mapping[str, int], without: int, read_at: float) -> None:
        """Today's ledger. `outcomes` names every outcome, also those with none."""
        self._offered.set(offered)
        for outcome, number in outcomes.items():
            self._outcomes.labels(outcome).set(number)
        self._without.set(without)
        self._read_at.set(read_at)

    def text(self) -> bytes:
        return generate_latest(self.registry)
