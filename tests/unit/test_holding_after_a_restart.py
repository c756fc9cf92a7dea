"""Who waited when the controller died: his music goes on, and his place is not told to all callers at once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from ivr import holding
from storage.clock import Clock

EVERY_S = 60.0


class Asterisk:
    """The bridge to which callers are brought; `brought` are their channels."""

    def __init__(self) -> None:
        self.brought: list[str] = []

    async def add_to_bridge(self, bridge: str, channels: list[str], **_: object) -> None:
        assert bridge == holding.HOLDING_BRIDGE
        self.brought += channels


def waiting_caller(*, in_holding: bool, undisturbed: bool, phone: str | None = "+915000012345") -> SimpleNamespace:
    async def hush() -> None:
        """Nothing is being said."""

    plan = SimpleNamespace(announce_every_s=EVERY_S, control_room="", node="n1")
    surge = SimpleNamespace(asked_for_a_person=lambda: None)
    line = SimpleNamespace(channel="c1", in_holding=in_holding, undisturbed=undisturbed, hush=hush)
    talk = SimpleNamespace(house=SimpleNamespace(plan=plan, surge=surge, ari=Asterisk()), line=line, phone=phone)
    talk.call_ref, talk.queued_at, talk.priority, talk.now = "n1-c1", None, 3, Clock().wall_now
    talk.note = lambda **_: None
    return talk


async def test_whoever_hears_his_music_is_not_moved_anew_and_is_told_his_place_as_usual():
    told = []
    for _ in range(20):
        talk = waiting_caller(in_holding=True, undisturbed=True)
        wait = holding._begin(talk, frozenset())
        await holding._enter_holding(talk)
        assert talk.house.ari.brought == []
        assert wait.callback_offered  # the key he was offered before works still
        told.append(wait.next_told - asyncio.get_running_loop().time())
    assert all(0.0 - 0.5 <= later_s <= EVERY_S for later_s in told)
    assert max(told) - min(told) > EVERY_S / 10


async def test_he_is_moved_and_told_when_he_comes_back_into_holding_from_a_talk():
    talk = waiting_caller(in_holding=True, undisturbed=True)
    holding._begin(talk, frozenset())
    await holding._enter_holding(talk)
    again = holding._begin(talk, frozenset())
    await holding._enter_holding(talk)
    assert again.next_told <= asyncio.get_running_loop().time()
    assert talk.house.ari.brought == ["c1"]


@pytest.mark.parametrize("in_holding", [True, False])
async def test_whose_sentence_was_cut_short_is_told_his_place_at_once(in_holding: bool):
    talk = waiting_caller(in_holding=in_holding, undisturbed=False)
    wait = holding._begin(talk, frozenset())
    await holding._enter_holding(talk)
    assert wait.next_told <= asyncio.get_running_loop().time()
    assert not wait.callback_offered
    assert talk.house.ari.brought == ([] if in_holding else ["c1"])


async def test_nobody_is_taken_for_offered_a_callback_whose_number_is_not_known():
    assert not holding._begin(
        waiting_caller(in_holding=True, undisturbed=True, phone=None), frozenset()
    ).callback_offered
