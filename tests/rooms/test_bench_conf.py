"""What the bench adds to Asterisk's configuration, and what it reads of sipp's files."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from sunwai import asterisk_conf
from sunwai.asterisk_conf import etc_folder, write_asterisk_conf
from sunwai.asterisk_program import AsteriskProgram
from sunwai.bench import load
from sunwai.bench.asterisks import add_agents, add_flows, agent_codes
from sunwai.bench.load import SCENARIOS, Load
from sunwai.bench.plan import PLAY, QUEUE, whole_flow
from sunwai.errors import StartError
from sunwai.settings import Line, Settings


@pytest.fixture
def line(tmp_path, monkeypatch):
    """A line whose configuration has been written; no program is started."""
    program = AsteriskProgram(
        Path("/opt/a"), (22, 10, 1), ("/opt/a/ld.so",), Path("/opt/a/modules"), Path("/opt/a/share")
    )
    monkeypatch.setattr(asterisk_conf, "find_asterisk", lambda _line: program)
    line = Line(Settings(), tmp_path, None)
    write_asterisk_conf(line, etc_folder(line))
    return line


def conf(line: Line, name: str) -> str:
    return (etc_folder(line) / name).read_text()


def test_every_flow_can_be_dialled_on_both_sides(line):
    add_flows(line)
    text = conf(line, "extensions.conf")
    for flow in (PLAY, QUEUE, whole_flow("1912")):
        for extension in (flow.native, flow.ours):
            assert f"exten => {extension},1," in text
    assert not re.search(r"@[A-Z_]+@", text)
    assert "res_pjsip_dtmf_info.so" in conf(line, "modules.conf")


def test_the_lines_own_flow_stands_unchanged_in_front_of_what_is_added(line):
    before = {name: conf(line, name) for name in ("extensions.conf", "modules.conf", "pjsip.conf", "queues.conf")}
    add_flows(line)
    add_agents(line, 7000, agent_codes(2), agent_codes(1))
    for name, text in before.items():
        assert conf(line, name).startswith(text)
        assert conf(line, name) != text


def test_native_and_ours_begin_alike_and_both_record(line):
    add_flows(line)
    text = conf(line, "extensions.conf")
    begun = re.findall(r"exten => ((?:native|bare)-\w+),1,(.*)", text)
    assert {name for name, _ in begun} == {"native-play", "bare-play", "native-queue", "bare-queue", "native-whole"}
    assert {step for _, step in begun} == {"Gosub(bench-begin,s,1)"}
    assert "Gosub(recording,s,1)" in text.partition("[bench-begin]")[2]


def test_native_agents_have_a_phone_each_and_work_in_the_queues(line):
    codes = agent_codes(3)
    add_agents(line, 7000, codes, codes[:1])
    phones, queues = conf(line, "pjsip.conf"), conf(line, "queues.conf")
    assert codes == ["B001", "B002", "B003"]
    for code in codes:
        assert f"[agent-{code}](bench-agent)" in phones
        assert f"contact = sip:agent-{code}@127.0.0.1:7000" in phones
    of_all, of_whole = queues.partition("[bench](bench-queue)")[2].split("[bench-whole](bench-queue)")
    assert of_all.count("member => PJSIP/agent-") == 3
    assert of_whole.count("member => PJSIP/agent-") == 1


@pytest.mark.parametrize("name", ["caller.xml", "caller_with_keys.xml", "agents.xml"])
def test_a_scenario_waits_for_nothing_without_a_limit(name):
    waits = ET.parse(SCENARIOS / name).getroot().iter("recv")  # noqa: S314 - our own file
    endless = [wait.attrib for wait in waits if "timeout" not in wait.attrib]
    # An agent's phone waits for its next call for as long as the bench lasts.
    assert endless == ([{"request": "INVITE", "rrs": "true"}] if name == "agents.xml" else [])


COUNTS = """StartTime;CurrentTime;TotalCallCreated;SuccessfulCall(C);Retransmissions(C);
2026-11-22\t11:00:00.0\t100.0;2026-11-22\t11:00:00.0\t100.0;0;0;0;
2026-11-22\t11:00:00.0\t100.0;2026-11-22\t11:00:02.0\t102.0;{begun};70;1;
2026-11-22\t11:00:00.0\t100.0;2026-11-22\t11:00:05.0\t105.0;120;118;3;
"""


@pytest.mark.parametrize(("begun", "held"), [(78, True), (40, False)])
def test_what_sipp_counted_is_read_and_a_pace_it_did_not_keep_is_no_success(tmp_path, begun, held):
    (tmp_path / "counts.csv").write_text(COUNTS.format(begun=begun))
    carried = load._read(tmp_path, Load("bare-play", 40.0, 120, ["5000000001"]))
    assert (carried.failed, carried.retransmissions, carried.rate) == (2, 3, begun / 2)
    assert not carried.held(40.0)
    (tmp_path / "counts.csv").write_text(COUNTS.format(begun=begun).replace(";118;", ";120;"))
    assert load._read(tmp_path, Load("bare-play", 40.0, 120, ["5000000001"])).held(40.0) is held


def test_a_sipp_that_told_nothing_is_said_so(tmp_path):
    with pytest.raises(StartError, match="told nothing"):
        load._read(tmp_path, Load("bare-play", 40.0, 120, ["5000000001"]))
