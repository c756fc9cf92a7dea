"""How hopeless waiting is: the share of callers who would give up, in a queue with impatient callers (Erlang A).

M/M/n+M: callers come at random, talk and patience last exponentially long. Pure; rates are per second.
"""

from __future__ import annotations

LONGEST_QUEUE = 20_000
NEGLIGIBLE = 1e-9


def abandonment(arrivals_per_s: float, handle_s: float, agents: int, patience_s: float) -> float:
    """The share of callers (0 to 1) who hang up before an agent is free, in the long run.

    Nobody serving means that everybody gives up. ValueError for a negative rate, or times that are not above 0.
    """
    if arrivals_per_s < 0 or handle_s <= 0 or patience_s <= 0:
        raise ValueError("the rate must be 0 or more, the times above 0 seconds")
    if arrivals_per_s == 0:
        return 0.0
    if agents <= 0:
        return 1.0
    served, impatient = 1 / handle_s, 1 / patience_s
    # Chances of k callers in the house, relative to the fullest state without a queue; that keeps them in range.
    below, weight = 1.0, 1.0
    for k in range(agents, 0, -1):
        weight *= k * served / arrivals_per_s
        below += weight
        if weight < NEGLIGIBLE * below:
            break
    queued, length, weight = 0.0, 0.0, 1.0
    for waiting in range(1, LONGEST_QUEUE):
        weight *= arrivals_per_s / (agents * served + waiting * impatient)
        queued += weight
        length += waiting * weight
        if weight * waiting < NEGLIGIBLE * (below + queued):
            break
    mean_length = length / (below + queued)
    return min(1.0, impatient * mean_length / arrivals_per_s)
