"""What a call relies on (asterisk.md 7, 13): keys, prompts, legs, music, recordings; on both Asterisks."""

import pytest
from fakes.ari_controller import (
    CALLER,
    Controller,
    answered,
    client,
    created,
    running,
)
from fakes.ari_lines import APP

from ivr.ari import events as told
from ivr.ari.bridge_verbs import HOLDING_ROLE
from ivr.ari.errors import AriRefused, Gone
from ivr.ari.ids import leg_id, playback_id

pytest_plugins = ("fakes.ari_fixtures",)


async def test_a_callers_number_reference_and_keys_arrive(line, controller):
    caller = await answered(line, controller)
    start = await controller.event(told.StasisStart, caller)
    assert start.channel.caller.number == CALLER
    assert start.args == ["1912"]
    assert [c.channelvars["CALL_REF"] for c in await controller.ari.list_channels() if c.id == caller] != [""]
    await line.press(caller, "19#")
    await controller.event(told.ChannelDtmfReceived, caller, digit="#")
    keys = [event.digit for event in controller.told if isinstance(event, told.ChannelDtmfReceived)]
    assert keys == ["1", "9", "#"]


async def test_a_message_is_recorded_until_the_key_and_fetched_over_http(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    await line.speak(caller)
    await ari.record(caller, "messages/2026/spoken", call=caller, terminate_on="#", if_exists="overwrite")
    assert await ari.is_recording("messages/2026/spoken", call=caller)
    await line.press(caller, "#")
    await controller.event(told.RecordingFinished, "messages/2026/spoken")
    assert not await ari.is_recording("messages/2026/spoken", call=caller)
    assert "messages/2026/spoken" in [stored.name for stored in await ari.list_recordings()]
    assert (await ari.recording_file("messages/2026/spoken"))[:4] == b"RIFF"
    with pytest.raises(AriRefused) as refused:
        await ari.request("GET", "recordings/stored/messages%2F2026%2Fspoken/file", call=caller)
    assert refused.value.status == 406
    await ari.delete_recording("messages/2026/spoken")


async def test_requests_of_one_call_are_carried_out_in_the_order_they_were_sent(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    for number in range(50):
        await ari.set_variable(caller, "CALL_STAGE", str(number), call=caller, wait=False)
    assert await ari.get_variable(caller, "CALL_STAGE", call=caller) == "49"


async def test_a_key_stops_the_prompt_and_the_next_one_uses_the_same_id(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    same = playback_id(caller)
    await ari.play(caller, same, ["sound:tone-long"], call=caller)
    await controller.event(told.PlaybackStarted, same)
    await ari.stop_playback(same, call=caller, wait=False)
    await ari.play(caller, same, ["sound:tone-500"], call=caller)

    def finished():
        return [event for event in controller.told if isinstance(event, told.PlaybackFinished)]

    await controller.until(lambda: len(finished()) == 2)
    assert finished()[1].playback.media_uri == "sound:tone-500"


async def test_a_prompt_behind_one_that_plays_waits_for_its_end(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    await ari.play(caller, "first", ["sound:tone-500"], call=caller, wait=False)
    await ari.play(caller, "second", ["sound:tone-700"], call=caller, wait=False)
    await controller.event(told.PlaybackFinished, "second")
    order = [
        (type(event).__name__, event.playback.id)
        for event in controller.told
        if isinstance(event, told.PlaybackStarted | told.PlaybackFinished)
    ]
    assert order == [
        ("PlaybackStarted", "first"), ("PlaybackFinished", "first"),
        ("PlaybackStarted", "second"), ("PlaybackFinished", "second"),
    ]  # fmt: skip


async def test_a_created_legs_stasisstart_is_no_answer_and_its_dial_event_is(line, controller):
    caller, ari = await answered(line, controller), controller.ari
    agent = leg_id(caller, "agent")
    await ari.create_bridge("ring.1", call=caller)
    await created(
        controller, agent, "answer", app_args=["agent", "A17"], caller_id='"1912" <1912>', variables={"CALL_REF": "R1"}
    )
    await ari.add_to_bridge("ring.1", [agent], call=caller)
    start = await controller.event(told.StasisStart, agent)
    assert start.channel.state == "Down"
    assert start.args == ["agent", "A17"]
    assert start.channel.connected.number == "1912"
    assert not controller.knows(told.Dial, agent)

    await ari.dial(agent, call=caller, caller=caller, timeout_s=20)
    await controller.event(told.Dial, agent, dialstatus="ANSWER")
    assert (await ari.get_channel(agent, call=caller)).state == "Up"
    await ari.add_to_bridge("ring.1", [caller], call=caller)
    assert sorted((await ari.get_bridge("ring.1", call=caller)).channels) == sorted([agent, caller])
    await ari.remove_from_bridge("ring.1", caller, call=caller)
    assert (await ari.get_bridge("ring.1", call=caller)).channels == [agent]


@pytest.mark.parametrize(("phone", "cause"), [("busy", 17), ("noanswer", 19)])
async def test_a_leg_nobody_takes_is_destroyed_with_its_cause(controller, phone, cause):
    await created(controller, "leg.1", phone)
    await controller.ari.dial("leg.1", call="call.1", timeout_s=1)
    assert (await controller.event(told.ChannelDestroyed, "leg.1")).cause == cause


async def test_an_originated_leg_enters_when_it_is_answered(controller):
    await controller.ari.originate(
        "leg.1", "Local/answer@peers/n", call="call.1", app=APP, app_args=["callback"], caller_id='"1912" <1912>'
    )
    start = await controller.event(told.StasisStart, "leg.1")
    assert (start.channel.state, start.args) == ("Up", ["callback"])


async def test_a_dialled_leg_survives_its_controllers_death_and_can_be_adopted(cut):
    first, second = Controller(client(cut)), Controller(client(cut))
    async with running(first):
        await created(first, "leg.1", "noanswer")
        await first.ari.dial("leg.1", call="call.1", timeout_s=30)
        await first.event(told.Dial, "leg.1", dialstatus="RINGING")
    async with running(second):
        assert "leg.1" in second.at_connect[0]
        await second.ari.hang_up("leg.1", call="call.1")
        await second.event(told.ChannelDestroyed, "leg.1")


async def test_the_music_of_a_holding_bridge_dies_with_its_last_caller_and_comes_back_when_asked(line, controller):
    first, ari = await answered(line, controller), controller.ari
    await ari.create_bridge("hold", call=first, kind="holding")
    await ari.add_to_bridge("hold", [first], call=first)
    await ari.start_bridge_music("hold", call=first)
    await line.hang_up(first)
    await controller.event(told.StasisEnd, first)

    second = await answered(line, controller)
    await ari.add_to_bridge("hold", [second], call=second)
    await line.listen(second)
    await silence_of(controller, second)
    assert await line.heard(second) == set()
    await ari.start_bridge_music("hold", call=second)
    await ari.start_bridge_music("hold", call=second)
    await line.listen(second)
    await silence_of(controller, second)
    assert await line.heard(second) == {"music"}


async def test_who_enters_holding_as_a_participant_has_music_which_returns_after_every_prompt(line, controller):
    first, second, ari = await answered(line, controller), await answered(line, controller), controller.ari
    await ari.create_bridge("hold", call=first, kind="holding")
    await ari.add_to_bridge("hold", [first], call=first, role=HOLDING_ROLE)
    await line.hang_up(first)
    await controller.event(told.StasisEnd, first)

    await ari.add_to_bridge("hold", [second], call=second, role=HOLDING_ROLE)
    for number in range(3):
        await ari.play(second, f"prompt.{number}", ["sound:tone-500", "sound:tone-700"], call=second)
        await controller.event(told.PlaybackFinished, f"prompt.{number}")
    await ari.play(second, "cut.short", ["sound:tone-long"], call=second)
    await controller.event(told.PlaybackStarted, "cut.short")
    await ari.stop_playback("cut.short", call=second)
    await controller.event(told.PlaybackFinished, "cut.short")
    await line.listen(second)
    await silence_of(controller, second)
    assert await line.heard(second) == {"music"}


async def silence_of(controller, caller):
    """Let a third caller hear a short prompt: as long as that takes, the others listen."""
    await created(controller, "clock", "noanswer")
    await controller.ari.dial("clock", call=caller, timeout_s=1)
    await controller.event(told.ChannelDestroyed, "clock")
    controller.told.clear()


async def test_a_caller_can_be_given_back_to_the_dialplan_and_to_another_application(line, cut, controller):
    back, moved, ari = await answered(line, controller), await answered(line, controller), controller.ari
    standby = Controller(client(cut, app="standby"))
    async with running(standby):
        await ari.continue_in_dialplan(back, call=back, context="fallback")
        await controller.event(told.StasisEnd, back)
        await ari.move(moved, "standby", ["moved"], call=moved)
        assert (await standby.event(told.StasisStart, moved)).args == ["moved"]
        with pytest.raises(Gone):
            await ari.play(back, playback_id(back), ["sound:tone-500"], call=back)


async def test_an_agents_phone_is_made_and_unmade_and_its_password_is_never_told(controller, capfd):
    ari = controller.ari
    await ari.put_dynamic(
        "auth", "agent-J09", {"username": "agent-J09", "password": "swordfish", "auth_type": "userpass"}
    )
    await ari.put_dynamic("aor", "agent-J09", {"max_contacts": "1"})
    assert (
        await ari.put_dynamic("endpoint", "agent-J09", {"auth": "agent-J09", "aors": "agent-J09", "allow": "!all,ulaw"})
        is None
    )
    assert [(phone.resource, phone.state) for phone in await ari.list_endpoints()] == [("agent-J09", "offline")]
    for kind in ("endpoint", "aor", "auth"):
        await ari.delete_dynamic(kind, "agent-J09")
    assert await ari.list_endpoints() == []
    with pytest.raises(Gone):
        await ari.delete_dynamic("endpoint", "agent-J09")
    assert "swordfish" not in "".join(capfd.readouterr())
