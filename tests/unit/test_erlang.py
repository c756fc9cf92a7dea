"""How many callers would give up: against a case that is known exactly, and at the borders."""

from __future__ import annotations

from math import exp, factorial

import pytest

from dialplan.erlang import abandonment


@pytest.mark.parametrize(("agents", "load"), [(1, 0.5), (3, 3.0), (5, 8.0), (40, 30.0)])
def test_with_patience_as_long_as_a_talk_the_house_is_a_poisson_crowd(agents, load):
    """Patience and talk alike: every caller leaves at the same rate, M/M/infinity, whose crowd is Poisson."""
    waiting = sum((k - agents) * exp(-load) * load**k / factorial(k) for k in range(agents, 150))
    assert abandonment(load / 180, 180, agents, 180) == pytest.approx(waiting / load, rel=1e-6)


def test_nobody_serving_loses_everybody_and_nobody_calling_loses_nobody():
    assert abandonment(0.1, 180, 0, 60) == 1.0
    assert abandonment(0.0, 180, 0, 60) == 0.0


def test_more_agents_lose_fewer_and_more_callers_lose_more():
    by_agents = [abandonment(0.5, 180, agents, 120) for agents in (10, 50, 80, 90, 100, 130)]
    by_callers = [abandonment(rate, 180, 50, 120) for rate in (0.1, 0.2, 0.3, 0.6, 5.0, 500.0)]
    assert by_agents == sorted(by_agents, reverse=True)
    assert by_callers == sorted(by_callers)
    assert by_agents[-1] < 0.001
    assert by_callers[-1] == pytest.approx(1 - 50 / (500 * 180), abs=0.01)  # only as many are served as can be


@pytest.mark.parametrize(("rate", "handle", "patience"), [(-1, 180, 60), (1, 0, 60), (1, 180, 0)])
def test_nonsense_is_refused(rate, handle, patience):
    with pytest.raises(ValueError, match="above 0"):
        abandonment(rate, handle, 3, patience)
