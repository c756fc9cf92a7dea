"""Who calls in bench and soak: consumers of the demo whom the line knows and whose way through the flow is the same."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator

from sunwai import demo_consumers, demo_people, reference


def callers() -> Iterator[str]:
    """Numbers of demo consumers with one connection and no docket yet, ten digits, each once; then from the start.

    The native side uses them as well, so that both see the same variety.
    """
    return itertools.cycle(fit())


def fit() -> list[str]:
    """Each of them once: who calls a second time has an open docket, and hears another menu."""
    organisation = reference.organisation()
    staff = demo_people.officers(organisation)
    everybody = demo_consumers.consumers(organisation, demo_consumers.network(organisation), staff)
    seen = Counter(consumer.phone for consumer in everybody)
    return [
        consumer.phone[-10:]
        for consumer in everybody
        if consumer.phone and seen[consumer.phone] == 1 and consumer.company == demo_people.MAIN and not consumer.flags
    ]
