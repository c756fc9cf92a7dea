"""What lines of Asterisk's event log mean for the ledger. The lines are as Asterisk 22.10 wrote them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from complaints.ledger import HANGUP_CAUSE, Call, EndedBy
from complaints.records import Origin
from storage.cel_rows import COLUMNS, ended_by, notes_of, rows_of

TRUNK = '"1795344567.0","1795344567.0","PJSIP/trunk-00000000"'
START = f'"CHAN_START","1795344567.079100",{TRUNK},"from-trunk","1912","5000012345","","",""\n'
ANSWER = f'"ANSWER","1795344567.083523",{TRUNK},"fallback","s","5000012345","","","n1-1795344567.0"\n'
BY_CALLER = '{""hangupcause"":16,""hangupsource"":""PJSIP/trunk-00000000"",""dialstatus"":""""}'
BY_US = '{""hangupcause"":16,""hangupsource"":""dialplan/builtin"",""dialstatus"":""""}'


def hangup(extra: str = BY_CALLER, context: str = "fallback", exten: str = "s") -> str:
    return f'"HANGUP","1795344578.152746",{TRUNK},"{context}","{exten}","5000012345","","{extra}","n1-1795344567.0"\n'


def user_event(name: str, extra: str) -> str:
    return f'"USER_DEFINED","1795344574.323587",{TRUNK},"fallback-keys","1","5000012345","{name}","{extra}","n1"\n'


def call(**fields: object) -> Call:
    moment = datetime(2026, 11, 23, tzinfo=UTC)
    return Call("n1-1", "inbound", Origin.LINE, moment, **fields)


def test_the_configuration_writes_the_columns_we_read():
    conf = Path(__file__).parents[2] / "asterisk-conf" / "cel_custom.conf"
    [fields] = [line for line in conf.read_text(encoding="utf-8").splitlines() if line.startswith("fields")]
    assert fields.partition("=")[2].strip() == ",".join(COLUMNS)


def test_a_row_is_read_to_the_microsecond():
    [row], broken = rows_of(START)
    assert (row.event, row.context, row.exten, row.number, broken) == (
        "CHAN_START",
        "from-trunk",
        "1912",
        "5000012345",
        0,
    )
    assert row.at == datetime(2026, 11, 22, 10, 49, 27, 79100, tzinfo=UTC)


def test_quotes_commas_and_json_inside_a_field_are_kept():
    odd = START.replace('"5000012345"', '"a ""b"", c"')
    [row], _ = rows_of(odd)
    assert row.number == 'a "b", c'
    [row], _ = rows_of(hangup())
    assert row.extra == {"hangupcause": "16", "hangupsource": "PJSIP/trunk-00000000", "dialstatus": ""}


@pytest.mark.parametrize(
    "line",
    [
        '"CHAN_START","1795344567.0791',
        "\x00\x00\x00",
        START.replace("1795344567.079100", "yesterday"),
        START.replace("1795344567.079100", "9" * 30),
        START.replace("1795344567.079100", "٣٤٥.١"),
        START.strip() + ',"one column more"\n',
        '"x' + "y" * 200_000,
        START.replace('"1795344567.0","1795344567.0"', '"1795344567.0",""'),
    ],
)
def test_a_broken_line_is_counted_and_hinders_no_other(line: str):
    rows, broken = rows_of(f"{START}{line}\n{ANSWER}\n")
    assert ([row.event for row in rows], broken) == (["CHAN_START", "ANSWER"], 1)


def test_extra_that_is_no_json_object_is_left_out():
    for extra in ("{broken", "[1, 2]", "7"):
        [row], broken = rows_of(user_event("LINES_FULL", extra))
        assert (row.extra, broken) == ({}, 0)


def test_a_call_from_the_trunk_begins_a_row_of_the_ledger():
    [note] = notes_of(rows_of(START)[0], "n1")
    assert note.begins
    assert note.number == "5000012345"
    assert note.call == Call("n1-1795344567.0", "inbound", Origin.LINE, rows_of(START)[0][0].at, "n1")


def test_channels_that_we_made_are_no_calls_to_us():
    made = START.replace('"1912"', '"s"')
    agent = START.replace("from-trunk", "agents")
    ended = hangup(context="from-trunk", exten="s")
    assert notes_of(rows_of(made + agent + ended)[0], "n1") == []


def test_later_events_need_a_known_call():
    answered, ended = notes_of(rows_of(ANSWER + hangup())[0], "n1")
    assert (answered.begins, ended.begins) == (False, False)
    assert answered.call.answered_at == rows_of(ANSWER)[0][0].at
    assert ended.call.ended_at == rows_of(hangup())[0][0].at


def test_who_hung_up_is_told_by_the_source():
    by_caller, by_us = notes_of(rows_of(hangup() + hangup(BY_US))[0], "n1")
    assert (by_caller.call.ended_by, by_us.call.ended_by) == (EndedBy.CALLER, None)
    assert by_caller.call.flags == {HANGUP_CAUSE: "16"}


def test_a_call_turned_away_by_the_hard_limit_was_rejected():
    [note] = notes_of(rows_of(hangup(BY_US.replace("16", "42"), "from-trunk", "1912"))[0], "n1")
    assert note.begins
    assert set(note.call.flags) == {HANGUP_CAUSE, "rejected_capacity"}


@pytest.mark.parametrize(
    ("event", "flag"),
    [
        ("LINES_FULL", "rejected_capacity"),
        ("FALLBACK_CALLBACK", "callback_promised"),
        ("FALLBACK_MESSAGE", "message_left"),
    ],
)
def test_events_of_the_dialplan_become_deeds(event: str, flag: str):
    [note] = notes_of(rows_of(user_event(event, '{""extra"":""2026/11/22/m.wav""}'))[0], "n1")
    assert list(note.call.flags) == [flag]
    assert note.begins
    assert note.message == ("2026/11/22/m.wav" if event == "FALLBACK_MESSAGE" else None)


def test_other_events_say_nothing_to_the_ledger():
    bridge = START.replace("CHAN_START", "BRIDGE_ENTER")
    assert notes_of(rows_of(user_event("FALLBACK_ENTERED", "") + bridge)[0], "n1") == []


@pytest.mark.parametrize(
    ("kept", "end"),
    [
        (call(ended_by=EndedBy.CALLER, flags={HANGUP_CAUSE: "16"}), EndedBy.CALLER),
        (call(flags={HANGUP_CAUSE: "16"}), EndedBy.US),
        (call(ended_by=EndedBy.CALLER, flags={HANGUP_CAUSE: "102"}), EndedBy.NETWORK),
        (call(flags={HANGUP_CAUSE: "38"}), EndedBy.NETWORK),
        (call(ended_by=EndedBy.AGENT), EndedBy.AGENT),
    ],
)
def test_the_end_of_a_call_has_one_author(kept: Call, end: EndedBy):
    assert ended_by(kept) is end
