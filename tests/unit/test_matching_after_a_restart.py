"""Whoever was first in line before a restart is first after it, however long his way back into holding takes."""

from __future__ import annotations

from types import SimpleNamespace

from dialplan.routing import Ready, Waiting
from ivr.controller import Controller
from ivr.matching import Matching
from storage.clock import Clock

HINDI = frozenset({"lang:hi"})


class Floor:
    """Two callers wait, one agent is ready; `offered` are the callers for whom he was put aside."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    async def era(self) -> str:
        return "1"

    async def sweep(self, now: float) -> None:
        """Nothing has lapsed."""

    async def ready_agents(self, now: float, nodes: frozenset[str]) -> list[Ready]:
        return [] if self.offered else [Ready("A17", HINDI, 0.0)]

    async def waiting_heads(self, now: float, depth: int, nodes: frozenset[str]) -> list[Waiting]:
        return [Waiting(ref, float(key), HINDI, float(key), 3, node="n1") for key, ref in enumerate(("n1-1", "n1-2"))]

    async def reserve(self, call_ref: str, agent: str, **_: object) -> str:
        self.offered.append(call_ref)
        return call_ref


def caller(*, waits: bool, comes_back: bool):
    return SimpleNamespace(waiting=waits or None, comes_back=comes_back, hold_s=0.0, offer=lambda _: None)


async def offered(first) -> list[str]:
    floor = Floor()
    house = SimpleNamespace(floor=floor, plan=SimpleNamespace(node="n1", ring_s=20.0), clock=Clock())
    held = {"n1-1": first, "n1-2": caller(waits=True, comes_back=False)}
    await Matching(house, held.get, lambda: None, SimpleNamespace(living=frozenset({"n1"})))._match()
    return floor.offered


async def test_nobody_goes_before_him_while_he_is_on_his_way():
    assert await offered(caller(waits=False, comes_back=True)) == []


async def test_he_is_offered_when_he_is_there():
    assert await offered(caller(waits=True, comes_back=False)) == ["n1-1"]


async def test_who_does_not_come_back_is_not_waited_for():
    assert await offered(caller(waits=False, comes_back=False)) == ["n1-2"]


class Left:
    """A floor with one caller of our node; `left` are those whose places it was told to forget."""

    def __init__(self) -> None:
        self.left: list[str] = []

    async def waiting_of(self, node: str, now: float) -> list[Waiting]:
        return [Waiting(f"{node}-1", 0.0, HINDI, now, 3, node=node)]

    async def leave(self, call_ref: str) -> None:
        self.left.append(call_ref)

    async def agents(self) -> list[object]:
        return []

    async def take_back(self, node: str, now: float) -> None:
        """Nobody was being rung."""


async def nothing(*_: object, **__: object) -> list[object]:
    return []


async def test_nobody_loses_his_place_before_asterisk_has_told_whom_it_holds():
    """Redis is often reached first; a ghost is whom Asterisk does not know, not whom we have not asked about."""
    floor = Left()
    house = SimpleNamespace(
        floor=floor, plan=SimpleNamespace(node="n1", app="sunwai", callbacks_at_once=1), clock=Clock()
    )
    house.ari = SimpleNamespace(list_channels=nothing, list_bridges=nothing, create_bridge=nothing)
    house.dispatch = SimpleNamespace()
    house.hearing = SimpleNamespace(clear=nothing)
    house.notes = SimpleNamespace(flush=nothing)
    house.books = SimpleNamespace(calls=SimpleNamespace(open_calls=nothing, ended_unheard=nothing))
    controller = Controller(house, SimpleNamespace(), SimpleNamespace(look_at_all=nothing), SimpleNamespace())
    await controller.reconcile_floor()
    assert floor.left == []
    await controller._on_connected()
    assert floor.left == ["n1-1"]
