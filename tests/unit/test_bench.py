"""The bench's own arithmetic: what it reads, what it makes of it; nothing is started."""

from __future__ import annotations

import os

import pytest
from rich.console import Console

from sunwai.bench import measure
from sunwai.bench.lines import as_toml, bench_settings
from sunwai.bench.load import Carried
from sunwai.bench.measure import agent_up_ms, cpu_s, new_rows, ratios, spread
from sunwai.bench.plan import make_plan
from sunwai.bench.report import Knee, Results, added, as_json, rows, show
from sunwai.bench.runs import Figures
from sunwai.settings import ConsoleSettings, Line, LineSettings, Settings, StorageSettings, TelephonySettings


def row(event: str, moment: float, unique: str, channel: str, *, linked: str = "", user_type: str = "") -> list[str]:
    return [event, str(moment), linked or unique, unique, channel, "", "", "", user_type, "", ""]


def figures(who: str, number: int, *, flow: str = "queue", asterisk: float = 6.0, controller: float = 0.0, **more):
    told = {
        "asked_rate": 40.0,
        "rate": 40.0,
        "calls": 240,
        "failed": 0,
        "retransmissions": 0,
        "books_ms": 0.0,
        "redis_ms": 0.0,
        "answered_ms": 3.0,
        "sound_ms": None,
        "agent_up_ms": 5.0,
    }
    return Figures(flow=flow, who=who, round=number, asterisk_ms=asterisk, controller_ms=controller, **(told | more))


def results(*runs: Figures, knees: tuple[Knee, ...] = ()) -> Results:
    facts = {"cores": 2, "asterisk": "22.10.1", "kernel": "6", "load_before": 0.1, "load_after": 1.0}
    return Results("2026-11-22T00:00:00+00:00", 60.0, False, facts, runs, knees)


def test_cpu_is_read_whatever_the_programs_name_holds(tmp_path):
    stat = tmp_path / "stat"
    fields = " ".join(["S", *["0"] * 10, "250", "50", *["0"] * 30])
    stat.write_text(f"17 (a) b) {fields}")
    assert measure._used(stat) == pytest.approx(300 / os.sysconf("SC_CLK_TCK"))
    assert cpu_s(os.getpid()) > 0


def test_a_call_natively_queued_is_linked_to_its_agent_by_asterisk():
    told = [
        row("CHAN_START", 10.0, "c.1", "PJSIP/trunk-1"),
        row("ANSWER", 10.001, "c.1", "PJSIP/trunk-1"),
        row("CHAN_START", 10.002, "c.2", "PJSIP/agent-B001-2", linked="c.1"),
        row("ANSWER", 10.006, "c.2", "PJSIP/agent-B001-2", linked="c.1"),
    ]
    assert agent_up_ms(told, since_queued=False) == [pytest.approx(6.0)]


def test_our_agents_leg_is_known_by_its_name_before_both_are_bridged():
    told = [
        row("CHAN_START", 10.0, "c.1", "PJSIP/trunk-1"),
        row("BRIDGE_ENTER", 10.5, "c.1", "PJSIP/trunk-1"),
        row("ANSWER", 10.52, "n1-c.1.agent1", "PJSIP/agent-B001-2"),
        row("BRIDGE_ENTER", 10.53, "c.1", "PJSIP/trunk-1"),
    ]
    assert agent_up_ms(told, since_queued=False) == [pytest.approx(520.0)]
    assert agent_up_ms(told, since_queued=True) == [pytest.approx(20.0)]


def test_the_native_dialplan_says_itself_when_a_caller_entered_the_queue():
    told = [
        row("CHAN_START", 10.0, "c.1", "PJSIP/trunk-1"),
        row("USER_DEFINED", 10.4, "c.1", "PJSIP/trunk-1", user_type="QUEUED"),
        row("ANSWER", 10.41, "c.2", "PJSIP/agent-B001-2", linked="c.1"),
        row("BRIDGE_ENTER", 10.42, "c.1", "PJSIP/trunk-1"),
        row("ANSWER", 11.0, "c.9", "PJSIP/agent-B002-9", linked="c.8"),
    ]
    assert agent_up_ms(told, since_queued=True) == [pytest.approx(10.0)]


def test_only_whole_new_lines_of_the_log_are_read(tmp_path):
    log = tmp_path / "cel.csv"
    log.write_text('"OLD","1"\n')
    offset = log.stat().st_size
    with log.open("a") as more:
        more.write('"NEW","2"\n"HALF","3')
    assert new_rows(log, offset) == [["NEW", "2"]]


def test_before_the_first_call_there_is_no_log_and_no_row(tmp_path):
    assert new_rows(tmp_path / "cel.csv", 0) == []


def test_a_ratio_is_taken_within_a_round_and_a_round_with_one_side_gives_none():
    assert ratios({1: 2.0, 2: 4.0, 3: 5.0}, {1: 3.0, 2: 4.0}) == [1.5, 1.0]
    assert spread([]) is None
    assert spread([3.0, None, 1.0, 2.0]) == measure.Spread(2.0, 1.0, 3.0, (3.0, 1.0, 2.0))


def test_cpu_of_a_call_counts_asterisk_controller_and_redis():
    done = results(
        figures("native", 1),
        figures("ours", 1, asterisk=6.0, controller=1.0),
        figures("ours", 1, flow="whole", asterisk=8.0, controller=5.0, books_ms=1.5, redis_ms=0.5),
    )
    table = {(one.flow, one.what): one for one in rows(done)}
    assert table["queue", "CPU per call, all (ms)"].ratio.median == pytest.approx(7 / 6)
    assert table["whole", "CPU per call, all (ms)"].ours.median == pytest.approx(13.5)
    assert table["whole", "CPU per call, all (ms)"].ratio is None
    assert {what: found.median for what, found in added(done)} == {
        "controller of the whole line above the bare one": pytest.approx(4.0),
        "of it: threads that keep the books": pytest.approx(1.5),
        "of it: conversation, flow, floor, waiting for the books": pytest.approx(2.5),
        "Redis, beside it": pytest.approx(0.5),
    }


def test_the_knee_is_the_highest_rate_without_a_failed_call():
    def carried(failed: int, again: int, rate: float) -> Carried:
        return Carried(100, failed, again, rate)

    knee = Knee("play", "ours").after(100, carried(0, 0, 99.0)).after(150, carried(0, 7, 149.0))
    assert (knee.rate, knee.clean, knee.limit) == (150, 100, None)
    assert knee.after(200, carried(1, 90, 199.0)) == Knee("play", "ours", 150, 100, 200)
    assert knee.after(200, carried(0, 0, 140.0)).limit == 200, "a load that sipp could not make proves nothing"


def test_the_table_has_a_row_for_each_figure_and_the_file_has_every_run():
    done = results(
        figures("native", 1),
        figures("ours", 1, controller=1.0, failed=2),
        knees=(Knee("queue", "native", 100, 80, 150), Knee("queue", "ours", 150, 150, None)),
    )
    paper = Console(record=True, width=140)
    show(done, paper)
    text = paper.export_text()
    assert "CPU per call, all (ms)" in text
    assert "calls/s, none failed" in text
    assert "150/s was the highest step" in text
    assert "2 calls failed" in text
    assert as_json(done).decode().count('"asterisk_ms"') == 2


def test_a_quick_plan_is_one_round_and_the_whole_one_has_as_many_as_asked():
    assert make_plan(3, quick=True).rounds == 1
    assert make_plan(5, quick=False).rounds == 5


def test_the_bench_touches_neither_the_lines_books_nor_anything_beyond_loopback(tmp_path, monkeypatch):
    monkeypatch.setattr("sunwai.bench.lines.asterisk_root", lambda _line: "")
    live = Line(
        Settings(
            line=LineSettings(kind="live"),
            telephony=TelephonySettings(trunk_address="192.0.2.1", trunk_peer="192.0.2.2", agent_address="192.0.2.3"),
            console=ConsoleSettings(address="192.0.2.4"),
            storage=StorageSettings(books="postgresql://books", floor="redis://floor", recordings="/recordings"),
        ),
        tmp_path,
        None,
    )
    for place in (0, 1):
        settings = bench_settings(live, place)
        telephony = settings.telephony
        assert all(
            address.startswith("127.")
            for address in (
                telephony.trunk_address,
                telephony.trunk_peer,
                telephony.agent_address,
                settings.console.address,
            )
        )
        assert (settings.line.kind, settings.storage) == ("demo", StorageSettings(var="."))


def test_the_two_sides_share_no_port(tmp_path, monkeypatch):
    monkeypatch.setattr("sunwai.bench.lines.asterisk_root", lambda _line: "")
    line = Line(Settings(), tmp_path, None)
    ours, native = bench_settings(line, 0).telephony, bench_settings(line, 1).telephony
    assert ours.http_port != native.http_port
    assert (ours.trunk_address, ours.trunk_port) != (native.trunk_address, native.trunk_port)
    assert (ours.agent_address, ours.agent_port) != (native.agent_address, native.agent_port)
    assert ours.rtp_end < native.rtp_start


def test_settings_written_for_the_controllers_process_are_the_same_when_read(tmp_path):
    from sunwai.settings import read_settings  # noqa: PLC0415  # only this test reads a file

    settings = Settings(
        line=LineSettings(languages=("hi", "en"), marker_prompts=True, clock_offset_s=1.5),
        telephony=TelephonySettings(nodes={"n2": "192.0.2.12:5060", "n3": "192.0.2.13:5060"}),
        storage=StorageSettings(books="postgresql://books.example/books", floor="redis://floor.example"),
    )
    (tmp_path / "s.toml").write_text(as_toml(settings))
    assert read_settings(tmp_path / "s.toml").settings == settings
