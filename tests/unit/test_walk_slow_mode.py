"""Slow mode: a consumer who asked for it is spoken to slowly and waited for twice as long, in every flow."""

from __future__ import annotations

from test_walk import walk_at

from dialplan.steps import Done, Pressed, Silent
from dialplan.walk import GAP_S, NUMBER_S, SLOWER, restore

SLOWLY = {"slow_mode": True}


def test_a_menu_waits_twice_as_long_and_is_read_slowly():
    _, usual = walk_at("main")
    _, step = walk_at("main", **SLOWLY)
    assert step.timeout_s == usual.timeout_s * SLOWER == usual.timeout_s * 2
    assert not any(say.slow for say in usual.say)
    assert all(say.slow for say in step.say)


def test_a_number_may_be_keyed_at_half_the_pace():
    walk, step = walk_at("number", **SLOWLY)
    assert (step.timeout_s, step.gap_s) == (NUMBER_S * 2, GAP_S * 2)
    assert all(say.slow for say in walk.reply(Pressed("*")).say)
    _, usual = walk_at("number")
    assert (usual.timeout_s, usual.gap_s) == (NUMBER_S, GAP_S)


def test_an_announcement_still_goes_on_by_itself():
    walk, step = walk_at("hello", **SLOWLY)
    assert step.timeout_s == 0, "nobody is kept in silence after a mere announcement"
    assert walk.reply(Silent()).node == "main"


def test_silence_and_wrong_keys_are_answered_as_ever_only_slowly():
    walk, _ = walk_at("main", **SLOWLY)
    step = walk.reply(Pressed("7"))
    assert [say.key for say in step.say] == ["wrong_key", "main"]
    assert all(say.slow for say in step.say)


def test_it_begins_when_the_connection_is_known_and_ends_when_another_is_chosen():
    houses = ({"area": "SD-01", "last4": "0018"}, {"area": "SD-02", "last4": "0026"})
    walk, step = walk_at("which", houses=houses)
    usual_s = step.timeout_s
    walk.reply(Pressed("1"))
    assert walk.reply(Done("ok", SLOWLY)).timeout_s == usual_s * 2
    walk.reply(Pressed("5"))
    walk.reply(Pressed("2"))
    assert walk.reply(Done("ok", {"slow_mode": False})).timeout_s == usual_s


def test_it_outlives_a_restart_of_the_controller():
    walk, step = walk_at("main", **SLOWLY)
    again = restore(walk.flow, walk.keep()).start()
    assert again.timeout_s == step.timeout_s
    assert all(say.slow for say in again.say)
