"""`sunwai soak` works from end to end: a few calls leave nothing on a whole line. Memory is for minutes to tell."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from rich.console import Console
from test_bench_runs import free_port

from sunwai.settings import ConsoleSettings, Line, Settings, TelephonySettings
from sunwai.soak import command
from sunwai.soak.command import Asked, run_soak

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)
def test_a_few_calls_leave_nothing_behind_and_a_short_soak_does_not_judge_memory(monkeypatch):
    monkeypatch.setattr(command, "WARM_UP_S", 2.0)
    # A short path: Asterisk's control socket must fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sunwai") as folder:
        port = free_port()
        addresses = TelephonySettings(
            agent_port=port,
            trunk_port=port,
            trunk_peer_port=port,
            http_port=free_port(),
            rtp_start=12000,
            rtp_end=12999,
            asterisk_root=os.environ.get("SUNWAI_ASTERISK") or str(ROOT / "var" / "asterisk" / "root"),
        )
        line = Line(Settings(telephony=addresses, console=ConsoleSettings(port=free_port())), Path(folder), None)
        paper = Console(record=True, width=150)
        status = run_soak(line, Asked(0.05, 2.0, as_json=False), paper)
        (file,) = (line.var / "soak").glob("*.json")
        told = json.loads(file.read_text())
    assert status == 1
    assert [law["law"] for law in told["laws"] if not law["holds"]] == ["memory read"], told["laws"]
    assert told["calls"] == sum(told["outcomes"].values()) == 10
    assert told["before"]["tasks"] > 5
    assert set(told["after"]["open"]) == {"asterisk", "controller", "redis", "worker"}
    assert "what the line holds" in paper.export_text()
