"""The connection itself: broken, silent, refused, stumbling; on a fake Asterisk and on a real one."""

import asyncio
import contextlib

import pytest
from fakes.ari_controller import (
    EVENTS,
    LIMIT_S,
    Controller,
    answered,
    client,
    running,
    two_calls_on_different_sockets,
)
from fakes.ari_lines import APP
from fakes.real_asterisk import USER

from ivr.ari import events as told
from ivr.ari.client import Ari
from ivr.ari.errors import AriUnavailable
from ivr.ari.ids import playback_id, socket_number

pytest_plugins = ("fakes.ari_fixtures",)


async def test_a_broken_request_socket_is_replaced_by_http_and_comes_back_by_itself(controller):
    ari = controller.ari
    mine, other = two_calls_on_different_sockets()
    socket = ari._rest[socket_number(mine, 4)]
    socket._socket._response.connection.transport.abort()
    async with asyncio.timeout(LIMIT_S):
        while socket.is_open:
            await ari.ping(call=other)
        await ari.ping(call=mine)
        while not socket.is_open:
            await ari.ping(call=other)
    assert (await ari.ping(call=mine)).ping == "pong"
    assert controller.losses == 0


async def test_an_asterisk_that_hangs_is_found_by_its_silence_and_taken_up_again(line, cut):
    controller = Controller(client(cut, heartbeat_s=0.4))
    async with running(controller):
        line.freeze()
        await controller.until(lambda: controller.losses == 1)
        assert not controller.ari.registered
        with pytest.raises(AriUnavailable):
            await controller.ari.ping(call="call.1", limit_s=0.2)
        line.thaw()
        await controller.until(lambda: len(controller.at_connect) == 2)
        await controller.ari.ping(call="call.1")


async def test_a_request_that_waits_when_the_connection_breaks_is_told_so_at_once(line, cut, controller):
    caller, ari = await answered(line, controller), controller.ari
    await ari.create_bridge("talk.1", call=caller)
    await ari.play(caller, playback_id(caller), ["sound:tone-long"], call=caller)
    await controller.event(told.PlaybackStarted, playback_id(caller))
    adding = asyncio.create_task(ari.add_to_bridge("talk.1", [caller], call=caller, limit_s=600))
    await ari.ping(call="call.1" if socket_number("call.1", 4) != socket_number(caller, 4) else "call.3")
    cut.cut()
    with pytest.raises(AriUnavailable):
        await asyncio.wait_for(adding, LIMIT_S)


async def test_a_wrong_password_never_registers_and_asks_again(cut):
    ari = Ari(cut.base_url, USER, "wrong", APP, events_allowed=EVENTS)
    controller = Controller(ari)
    running = asyncio.create_task(controller.run())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(running), 0.5)
    assert not ari.registered
    assert controller.connects == controller.losses == 0
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    with pytest.raises(AriUnavailable):
        await ari.ping()


async def test_a_reconciliation_that_fails_is_done_again(cut):
    controller = Controller(client(cut), broken_reconciliations=2)
    async with running(controller):
        assert controller.connects == 3
        assert controller.losses == 2
        assert controller.ari.registered


async def test_an_event_that_cannot_be_handled_does_not_end_the_reading(line, cut):
    controller = Controller(client(cut))
    listen = controller._on_event

    def stumble(event):
        listen(event)
        if isinstance(event, told.StasisStart):
            raise KeyError("a fault of ours")

    controller._on_event = stumble
    async with running(controller):
        await answered(line, controller)
        await answered(line, controller)
        assert controller.losses == 0
