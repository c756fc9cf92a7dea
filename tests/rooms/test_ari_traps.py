"""The ten traps of ARI (asterisk.md 0), each on a fake Asterisk that speaks ARI's wire and on a real one."""

import asyncio
import contextlib

import pytest
from fakes.ari_controller import (
    CALLER,
    EVENTS,
    LIMIT_S,
    Controller,
    answered,
    client,
    created,
    running,
    two_calls_on_different_sockets,
)
from fakes.ari_lines import APP
from fakes.real_asterisk import PASSWORD, USER

from ivr.ari import events as told
from ivr.ari.door import Door
from ivr.ari.errors import AriRefused, AriUnavailable, Gone, Replaced
from ivr.ari.ids import bridge_id, leg_id, playback_id
from ivr.ari.sockets import RestSocket

pytest_plugins = ("fakes.ari_fixtures",)


async def test_trap_1_a_blocked_request_holds_up_the_socket_of_its_call_and_no_other(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    mine, other = two_calls_on_different_sockets()
    await ari.create_bridge("talk.1", call=mine)
    await ari.play(caller, playback_id(caller), ["sound:tone-long"], call=mine)
    await controller.event(told.PlaybackStarted, playback_id(caller))

    adding = asyncio.create_task(ari.add_to_bridge("talk.1", [caller], call=mine, limit_s=LIMIT_S))
    behind = asyncio.create_task(ari.ping(call=mine, limit_s=LIMIT_S))
    await ari.ping(call=other)
    await ari.ping(call=other)
    assert not adding.done()
    assert not behind.done()

    await ari.stop_playback(playback_id(caller), call=other)
    await adding
    await behind


async def test_trap_1_what_may_block_goes_over_http_and_holds_up_nobody(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    await ari.create_bridge("talk.1", call=caller)
    await ari.play(caller, playback_id(caller), ["sound:tone-long"], call=caller)
    await controller.event(told.PlaybackStarted, playback_id(caller))

    setting = asyncio.create_task(ari.set_variable(caller, "CALL_STAGE", "menu", call=caller, may_block=True))
    adding = asyncio.create_task(ari.add_to_bridge("talk.1", [caller], call=caller, may_block=True, limit_s=LIMIT_S))
    await ari.ping(call=caller)
    await ari.ping(call=caller)
    assert not adding.done()
    await ari.stop_playback(playback_id(caller), call=caller)
    await setting
    await adding
    assert await ari.get_variable(caller, "CALL_STAGE", call=caller) == "menu"


async def test_trap_2_a_socket_whose_filter_lacks_restresponse_gets_no_answers(cut):
    async with Door(cut.base_url, USER, PASSWORD) as door:
        socket = RestSocket(door, "deaf")
        await socket.open()
        serving = asyncio.create_task(socket.serve())
        await door.allow_events("deaf", ["StasisStart"])
        with pytest.raises(AriUnavailable, match="in time"):
            await socket.request("GET", "asterisk/ping", None, 0.3)
        await door.allow_events("deaf", ["RESTResponse"])
        assert "pong" in await socket.request("GET", "asterisk/ping", None, LIMIT_S)
        serving.cancel()
        await socket.close()


async def test_trap_2_the_event_filter_is_put_again_at_every_connect(cut, controller):
    cut.cut()
    await controller.until(lambda: len(controller.at_connect) == 2)
    allowed = (await controller.ari.get_application(APP)).events_allowed
    assert {entry["type"] for entry in allowed} == {*EVENTS, "RESTResponse", "ApplicationReplaced"}
    await controller.ari.ping(call="call.1")


async def test_trap_3_a_controller_that_was_replaced_closes_everything_and_stops_acting(line, cut):
    old, new = Controller(client(cut)), Controller(client(cut))
    async with running(old) as old_task, running(new):
        with pytest.raises(Replaced):
            await asyncio.wait_for(old_task, LIMIT_S)
        assert not old.ari.registered
        assert old.losses == 1
        with pytest.raises(AriUnavailable, match="taken over"):
            await old.ari.hang_up("anybody", call="call.1")
        with pytest.raises(AriUnavailable, match="taken over"):
            await old.ari.info()

        caller = await line.incoming(CALLER)
        await new.event(told.StasisStart, caller)
        assert not old.knows(told.StasisStart, caller)
        await new.ari.answer(caller, call=caller)


async def test_trap_4_what_happened_while_away_is_not_told_again_but_seen_by_reconciling(line, cut, controller):
    leaves, stays = await answered(line, controller), await answered(line, controller)
    cut.refusing = True
    cut.cut()
    await controller.until(lambda: controller.losses == 1)
    assert not controller.ari.registered
    await line.hang_up(leaves)
    cut.refusing = False

    await controller.until(lambda: len(controller.at_connect) == 2)
    assert stays in controller.at_connect[1]
    assert leaves not in controller.at_connect[1]
    await line.hang_up(stays)
    await controller.event(told.StasisEnd, stays)
    assert not controller.knows(told.StasisEnd, leaves)


async def test_trap_5_a_leg_can_be_bridged_only_after_its_stasisstart(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    await ari.create_bridge("talk.1", call=caller)
    ringing, listening = leg_id(caller, "agent"), leg_id(caller, "snoop")
    await ari.originate(ringing, "Local/noanswer@peers/n", call=caller, app=APP, timeout_s=20)
    with pytest.raises(Gone) as refused:
        await ari.add_to_bridge("talk.1", [ringing], call=caller)
    assert refused.value.status == 422

    await ari.snoop(caller, listening, call=caller, app=APP, spy="in")
    await controller.event(told.StasisStart, listening)
    await ari.add_to_bridge("talk.1", [listening], call=caller)


async def test_trap_6_a_request_that_crosses_a_hang_up_is_gone_and_nothing_worse(line, controller):
    left, stays, ari = await answered(line, controller), await answered(line, controller), controller.ari
    await ari.create_bridge("talk.1", call=left)
    await line.hang_up(left)
    await controller.event(told.StasisEnd, left)
    statuses = []
    for deed in (
        ari.answer(left, call=left),
        ari.play(left, playback_id(left), ["sound:tone-500"], call=left),
        ari.add_to_bridge("talk.1", [stays, left], call=left),
        ari.add_to_bridge("talk.1", [left], call=left, may_block=True),
        ari.stop_playback(playback_id(left), call=left),
        ari.create_bridge("talk.1", call=left),
    ):
        with pytest.raises(Gone) as gone:
            await deed
        statuses.append(gone.value.status)
    on_its_way_out = {409, 422}  # it has left our application, and Asterisk has not yet let it go
    assert statuses[0] in {404, 500} | on_its_way_out
    assert statuses[1] in {404} | on_its_way_out
    assert all(status in {400} | on_its_way_out for status in statuses[2:4])
    assert statuses[4:] == [404, 409]
    await ari.answer(left, call=left, wait=False)
    await ari.ping(call=left)


async def test_trap_6_whoever_hangs_up_in_the_moment_of_the_answer_is_gone(line, controller):
    for _ in range(25):
        caller, ari = await answered(line, controller), controller.ari
        await line.hang_up(caller)
        for _ in range(6):
            with contextlib.suppress(Gone):
                await ari.answer(caller, call=caller)
        await controller.event(told.StasisEnd, caller)


async def test_trap_6_an_endpoint_that_cannot_be_called_is_refused_not_gone(controller):
    with pytest.raises(AriRefused) as refused:
        await controller.ari.originate("leg.1", "PJSIP/agent-J99", call="call.1", app=APP)
    assert refused.value.status == 500
    assert "J99" not in str(refused.value)


async def test_trap_7_an_agent_keeps_ringing_when_the_caller_hangs_up_until_told_otherwise(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    agent = leg_id(caller, "agent")
    await created(controller, agent, "noanswer", originator=caller)
    await ari.dial(agent, call=caller, caller=caller, timeout_s=20)
    await controller.event(told.Dial, agent, dialstatus="RINGING")
    await line.hang_up(caller)
    await controller.event(told.StasisEnd, caller)
    assert (await ari.get_channel(agent, call=caller)).state in {"Ringing", "Down"}

    await ari.hang_up(agent, call=caller, reason="answered_elsewhere")
    destroyed = await controller.event(told.ChannelDestroyed, agent)
    assert destroyed.cause == 26


async def test_trap_8_a_bridge_outlives_its_controller_and_its_id_stays_taken(cut):
    first = Controller(client(cut))
    async with running(first):
        await first.ari.create_bridge(bridge_id("call.1", "talk"), call="call.1", name="talk")
    second = Controller(client(cut))
    async with running(second):
        assert [bridge.id for bridge in await second.ari.list_bridges()] == ["call.1.talk"]
        with pytest.raises(Gone):
            await second.ari.create_bridge("call.1.talk", call="call.1")
        await second.ari.delete_bridge("call.1.talk", call="call.1")
        async with asyncio.timeout(LIMIT_S):  # Asterisk answers before the last trace of it is gone
            while await second.ari.list_bridges():  # noqa: ASYNC110 - Asterisk tells nobody when it is gone
                await asyncio.sleep(0.01)


async def test_trap_9_nobody_hears_an_announcement_in_a_bridge_with_music_but_each_hears_his_own(line, controller):
    first, second, ari = await answered(line, controller), await answered(line, controller), controller.ari
    await ari.create_bridge("hold", call=first, kind="holding")
    for caller in (first, second):
        await ari.add_to_bridge("hold", [caller], call=caller, role="participant")
        await ari.start_bridge_music("hold", call=caller)
    await line.listen(first)
    await line.listen(second)
    await ari.play_in_bridge("hold", "announcement.1", ["sound:tone-900"], call=first)
    await controller.event(told.PlaybackFinished, "announcement.1")
    await ari.play(first, playback_id(first), ["sound:tone-500", "sound:tone-700"], call=first)
    await controller.event(told.PlaybackFinished, playback_id(first))
    assert await line.heard(first) >= {"tone-500", "tone-700"}
    assert await line.heard(second) == {"music"}

    await line.listen(second)
    await ari.stop_bridge_music("hold", call=first)
    heard: set[str] = set()
    for n in range(5):  # a busy machine may hear one of them late
        await ari.play_in_bridge("hold", f"announcement.2.{n}", ["sound:tone-900"], call=first)
        await controller.event(told.PlaybackFinished, f"announcement.2.{n}")
        heard |= await line.heard(second)
        if "tone-900" in heard:
            break
    await ari.start_bridge_music("hold", call=first)
    assert "tone-900" in heard


async def test_trap_10_a_caller_without_sound_gives_a_finished_recording_of_no_length(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    await ari.record(caller, "messages/2026/silent", call=caller, max_s=20)
    finished = await controller.event(told.RecordingFinished, "messages/2026/silent")
    assert finished.recording.duration == 0
    assert len(await ari.recording_file("messages/2026/silent")) == 44
