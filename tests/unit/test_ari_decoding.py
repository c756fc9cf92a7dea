"""What Asterisk sends becomes a typed record, and what it may send one day breaks nothing."""

import json

import msgspec
import pytest

from ivr.ari import events
from ivr.ari.decoding import UnknownEvent, decode_answer, decode_event, decode_record
from ivr.ari.events import CallerID, Channel, ChannelDtmfReceived, StasisStart, TextMessage

CHANNEL = {
    "id": "c.1", "name": "PJSIP/trunk-1", "state": "Ring", "protocol_id": "x", "accountcode": "", "language": "hi",
    "caller": {"name": "", "number": "5000012345"}, "connected": {"name": "", "number": ""},
    "dialplan": {"context": "c", "exten": "1912", "priority": 1, "app_name": "Stasis", "app_data": "line"},
    "creationtime": "2026-11-22T10:45:07.288+0000",
}  # fmt: skip


def text(kind, **parts):
    return json.dumps({"type": kind, "application": "line", "timestamp": "2026-11-22T10:45:07.290+0000", **parts})


def test_an_event_becomes_the_record_of_its_type():
    event = decode_event(text("StasisStart", channel=CHANNEL, args=["1912"]))
    assert isinstance(event, StasisStart)
    assert event.args == ["1912"]
    assert event.channel.caller == CallerID(name="", number="5000012345")
    assert event.channel.creationtime == "2026-11-22T10:45:07.288+0000"
    assert event.replace_channel is None
    assert event.channel.channelvars is None


def test_fields_that_are_new_to_us_are_passed_over():
    event = decode_event(
        text("ChannelDtmfReceived", channel=CHANNEL | {"hair": "red"}, digit="1", duration_ms=100, x=1)
    )
    assert isinstance(event, ChannelDtmfReceived)
    assert event.digit == "1"


def test_an_event_type_we_do_not_know_is_named_and_fails_nothing():
    assert decode_event(text("ChannelSneezed", channel=CHANNEL)) == UnknownEvent(
        type="ChannelSneezed", application="line"
    )


def test_an_event_of_another_shape_than_described_is_named_and_fails_nothing():
    assert decode_event(text("StasisStart", channel=7)) == UnknownEvent(type="StasisStart", application="line")


@pytest.mark.parametrize("rubbish", ["", "{", "[]", "7", "null", '"StasisStart"'])
def test_rubbish_is_nothing(rubbish):
    assert decode_event(rubbish) is None
    assert decode_answer(rubbish) is None


def test_only_an_answer_is_an_answer():
    answer = decode_answer(text("RESTResponse", request_id="17", status_code=404, message_body='{"message":"x"}'))
    assert (answer.request_id, answer.status_code, answer.message_body) == ("17", 404, '{"message":"x"}')
    assert decode_answer(text("ApplicationRegistered", request_id="17")) is None


def test_every_kind_of_event_can_be_told_from_its_type_alone():
    kinds = events.Event.__args__
    assert len(kinds) == len({kind.__struct_config__.tag for kind in kinds}) == 46
    assert all(kind.__struct_config__.tag == kind.__name__ for kind in kinds)
    assert all(kind.__struct_config__.frozen for kind in kinds)


def test_a_field_named_like_a_python_word_gets_an_underscore():
    message = decode_record('{"from": "a", "to": "b", "body": "c"}', TextMessage)
    assert message.from_ == "a"


def test_a_record_of_another_shape_is_refused():
    with pytest.raises(msgspec.ValidationError):
        decode_record('{"id": "c.1"}', Channel)
