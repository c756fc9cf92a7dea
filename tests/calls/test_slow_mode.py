"""Slow mode, set between two calls of one consumer: the second is slow from its first word, without a restart."""

from __future__ import annotations

import pytest
from calls_house import HOUSES, ONE_HOUSE, THREE_HOUSES
from scripted_line import HANGS_UP, SAYS_NOTHING

from dialplan.clips import SLOW


async def asks_for_slow_mode(scene, place: int) -> None:
    now = scene.clock.wall_now()
    number = HOUSES[place].number
    await scene.books.consumers.change_flags(number, ["slow_mode"], [], "asked for it", "supervisor:S01", now)


def is_slow(line, prompt: str) -> bool:
    """How the first piece of a prompt was spoken to him, the first time."""
    return next(clip.name.endswith(SLOW) for clip in line.clips if clip.name.startswith(f"{prompt}.0"))


async def test_the_call_after_the_flag_was_set_is_slow_and_waits_twice_as_long(scene):
    silent = ("main_menu", SAYS_NOTHING), ("main_menu", HANGS_UP)
    began = scene.clock.wall_now()
    before = await scene.rings_in(ONE_HOUSE, *silent)
    usual = scene.clock.wall_now() - began
    assert not is_slow(before, "main_menu")
    await asks_for_slow_mode(scene, 0)
    began = scene.clock.wall_now()
    after = await scene.rings_in(ONE_HOUSE, *silent)
    assert is_slow(after, "main_menu")
    assert after.heard == before.heard
    assert (scene.clock.wall_now() - began - usual).total_seconds() == pytest.approx(6.0, abs=0.5), "6 s more silence"


@pytest.mark.parametrize(("key", "slow"), [("1", False), ("2", True)])
async def test_of_several_houses_the_question_which_is_slow_and_then_the_chosen_one_decides(scene, key, slow):
    await asks_for_slow_mode(scene, 2)
    line = await scene.rings_in(THREE_HOUSES, ("which_connection", key), ("main_menu", HANGS_UP))
    assert line.was_played_out
    assert is_slow(line, "which_connection")
    assert is_slow(line, "main_menu") is slow


async def test_slow_mode_is_remembered_by_the_consumers_number_keyed_from_any_telephone(scene):
    await asks_for_slow_mode(scene, 4)
    line = await scene.rings_in(
        "+915000033333",
        ("language_choice", "3"),
        ("main_menu", "1"),
        ("supply_menu_unknown", "1"),
        ("ask_consumer_number", HOUSES[4].number),
        ("area_readback", HANGS_UP),
    )
    assert line.was_played_out
    assert not is_slow(line, "ask_consumer_number")
    assert is_slow(line, "area_readback")
