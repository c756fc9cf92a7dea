"""The command path on a true Redis: done at most once, answered once, never late."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from storage.commands import FAILED, TOO_LONG, Answer, Command, Commands, NoAnswer
from storage.floor_records import FloorAway

pytest_plugins = ("redis_fixture",)


@pytest.fixture
async def commands(redis_server, prefix):
    commands = Commands(redis_server.url, prefix)
    yield commands
    await commands.close()


@asynccontextmanager
async def served(commands, handler, controller="n1"):
    """A controller that serves within the block; ends within a bound."""
    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        group.create_task(commands.serve(controller, handler, stop))
        try:
            yield
        finally:
            stop.set()


class Deeds:
    """A handler that counts what it was asked to do."""

    def __init__(self) -> None:
        self.done = []

    async def __call__(self, command) -> Answer:
        self.done.append(command)
        return Answer(ok=True, reason="done", result={"times": len(self.done)})


def command(ident, deed="hang_up", **args):
    return Command(ident, "agent:A17", "n1-1", deed, args)


async def nothing_left(commands, controller="n1"):
    """Every command of the controller has been looked at: a newer one was answered."""
    return await commands.ask(controller, command("last"))


async def test_a_command_arrives_whole_and_its_answer_comes_back(commands):
    deeds, asked = Deeds(), command("c1", limit=3, quiet=True, note=None, share=0.5, to="A18")
    async with served(commands, deeds):
        assert await commands.ask("n1", asked) == Answer(ok=True, reason="done", result={"times": 1})
    assert deeds.done == [asked]


async def test_the_same_id_again_gets_the_first_answer_and_nothing_is_done(commands):
    deeds = Deeds()
    async with served(commands, deeds):
        first = await commands.ask("n1", command("c1"))
        assert await commands.ask("n1", command("c1")) == first
        await nothing_left(commands)
    assert [one.id for one in deeds.done] == ["c1", "last"]


async def test_the_same_id_again_gets_the_first_answer_from_a_restarted_controller(commands):
    deeds = Deeds()
    async with served(commands, deeds):
        first = await commands.ask("n1", command("c1"))
    async with served(commands, deeds):
        assert await commands.ask("n1", command("c1")) == first
        await nothing_left(commands)
    assert [one.id for one in deeds.done] == ["c1", "last"]


async def test_twenty_askers_of_one_id_get_one_deed(commands):
    deeds = Deeds()
    async with served(commands, deeds):
        answers = await asyncio.gather(*(commands.ask("n1", command("c1"), deadline_s=10) for _ in range(20)))
    assert len(deeds.done) == 1
    assert all(answer.result == {"times": 1} for answer in answers)


async def test_a_hundred_commands_at_once_are_each_answered_by_their_own(commands):
    async def echo(asked):
        return Answer(ok=True, result={"id": asked.id})

    async with served(commands, echo):
        asked = [commands.ask("n1", command(f"c{number}"), deadline_s=10) for number in range(100)]
        answers = await asyncio.gather(*asked)
    assert [answer.result["id"] for answer in answers] == [f"c{number}" for number in range(100)]


async def test_each_controller_gets_its_own_commands(commands):
    here, there = Deeds(), Deeds()
    async with served(commands, here, "n1"), served(commands, there, "n2"):
        await commands.ask("n2", command("c1"))
        await nothing_left(commands, "n1")
    assert ([one.id for one in here.done], [one.id for one in there.done]) == (["last"], ["c1"])


async def test_without_a_controller_the_asker_is_told_so_after_the_deadline(commands):
    with pytest.raises(NoAnswer):
        await commands.ask("n1", command("c1"), deadline_s=0.2)


async def test_a_command_past_its_deadline_is_not_carried_out_any_more(commands):
    deeds = Deeds()
    with pytest.raises(NoAnswer):
        await commands.ask("n1", command("c1"), deadline_s=0.2)
    async with served(commands, deeds):
        await nothing_left(commands)
    assert [one.id for one in deeds.done] == ["last"]


async def test_a_command_given_just_before_the_controller_came_back_is_carried_out(commands):
    deeds = Deeds()
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(commands.ask("n1", command("c1"), deadline_s=10))
        assert await commands._read(commands._key("commands", "n1"), "0-0"), "it is in the stream"
        async with served(commands, deeds):
            assert (await asking).ok


async def test_a_command_claimed_by_a_controller_that_died_is_not_carried_out_again(commands):
    """Nobody knows how far it got, so the asker is told that there is no answer."""
    begun = asyncio.Event()

    async def never_ends(_):
        begun.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(commands.serve("n1", never_ends, asyncio.Event()))
    asking = asyncio.create_task(commands.ask("n1", command("c1"), deadline_s=1))
    async with asyncio.timeout(5):
        await begun.wait()
    dying.cancel()
    with pytest.raises(NoAnswer):
        await asking
    with pytest.raises(asyncio.CancelledError):
        await dying
    deeds = Deeds()
    async with served(commands, deeds):
        with pytest.raises(NoAnswer):
            await commands.ask("n1", command("c1"), deadline_s=0.5)
        await nothing_left(commands)
    assert [one.id for one in deeds.done] == ["last"]


async def test_a_handler_that_fails_is_answered_and_does_not_stop_the_others(commands):
    async def sometimes(asked):
        if asked.deed == "bad":
            raise RuntimeError("a fault of the handler")
        return Answer(ok=True)

    async with served(commands, sometimes):
        assert await commands.ask("n1", command("c1", deed="bad")) == Answer(ok=False, reason=FAILED)
        assert (await commands.ask("n1", command("c2"))).ok


async def test_a_handler_that_hangs_is_cut_off_and_answered(commands, monkeypatch):
    monkeypatch.setattr("storage.commands.CARRY_OUT_S", 0.1)

    async def hangs(_):
        await asyncio.Event().wait()

    async with served(commands, hangs):
        assert await commands.ask("n1", command("c1"), deadline_s=10) == Answer(ok=False, reason=TOO_LONG)


async def test_a_slow_command_does_not_make_the_next_one_late(commands):
    go_on = asyncio.Event()

    async def slow_or_quick(asked):
        if asked.deed == "slow":
            await go_on.wait()
        return Answer(ok=True, reason=asked.deed)

    async with served(commands, slow_or_quick), asyncio.TaskGroup() as group:
        slow = group.create_task(commands.ask("n1", command("c1", deed="slow"), deadline_s=10))
        assert (await commands.ask("n1", command("c2", deed="quick"), deadline_s=10)).reason == "quick"
        go_on.set()
        assert (await slow).reason == "slow"


async def test_what_was_begun_is_finished_before_serving_stops(commands):
    begun, go_on, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(_):
        begun.set()
        await go_on.wait()
        return Answer(ok=True)

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(commands.serve("n1", slow, stop))
        asking = group.create_task(commands.ask("n1", command("c1"), deadline_s=10))
        await begun.wait()
        stop.set()
        go_on.set()
        assert (await asking).ok


async def test_rubbish_in_the_stream_is_left_out(commands):
    deeds, stream = Deeds(), commands._key("commands", "n1")
    await commands._redis.xadd(stream, {"body": "{", "deadline_ms": "2000"})
    await commands._redis.xadd(stream, {"other": "field"})
    await commands._redis.xadd(stream, {"body": '{"id":7}', "deadline_ms": "soon"})
    async with served(commands, deeds):
        await nothing_left(commands)
    assert [one.id for one in deeds.done] == ["last"]


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "a:b", "é"])
async def test_an_unfit_id_is_refused(commands, bad):
    with pytest.raises(ValueError, match="id"):
        await commands.ask("n1", command(bad))


async def test_commands_and_answers_do_not_pile_up(commands):
    async with served(commands, Deeds()):
        await commands.ask("n1", command("c1"))
    for name in await commands._redis.keys(commands._key("*", "*")):
        assert 0 < await commands._redis.ttl(name) <= 600
    stream = commands._key("commands", "n1")
    async with commands._redis.pipeline(transaction=False) as batch:
        for _ in range(3000):
            batch.xadd(stream, {"other": "field"})
        await batch.execute()
    with pytest.raises(NoAnswer):
        await commands.ask("n1", command("c2"), deadline_s=0.1)
    assert await commands._redis.xlen(stream) <= 1200


async def test_without_redis_the_asker_is_told_that_the_floor_is_away(breakable_redis, prefix):
    commands = Commands(breakable_redis.url, prefix)
    breakable_redis.kill()
    with pytest.raises(FloorAway):
        await commands.ask("n1", command("c1"))
    await commands.close()


async def test_a_controller_goes_on_serving_when_redis_comes_back_empty(breakable_redis, prefix):
    commands, deeds = Commands(breakable_redis.url, prefix), Deeds()
    async with served(commands, deeds):
        await commands.ask("n1", command("c1"))
        breakable_redis.kill()
        with pytest.raises(FloorAway):
            await commands.ask("n1", command("c2"))
        breakable_redis.start()
        assert (await commands.ask("n1", command("c3"), deadline_s=10)).ok
    assert [one.id for one in deeds.done] == ["c1", "c3"]
    await commands.close()


async def test_a_frozen_redis_does_not_hold_the_asker_longer_than_its_limit(breakable_redis, prefix):
    commands = Commands(breakable_redis.url, prefix)
    await commands._redis.ping()
    breakable_redis.freeze()
    try:
        async with asyncio.timeout(10):
            with pytest.raises((NoAnswer, FloorAway)):
                await commands.ask("n1", command("c1"))
    finally:
        breakable_redis.thaw()
    await commands.close()
