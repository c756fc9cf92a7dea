"""`sunwai bench` works from end to end; whether its figures are good is not a test's business."""

from __future__ import annotations

import json
import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sunwai.bench.command import Asked, Part, run_bench
from sunwai.settings import ConsoleSettings, Line, Settings, TelephonySettings

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A TCP port with the one two above it free as well: ARI of ours and of the native side."""
    while True:
        with socket.socket() as door, socket.socket() as next_but_one:
            door.bind(("127.0.0.1", 0))
            port = int(door.getsockname()[1])
            try:
                next_but_one.bind(("127.0.0.1", port + 2))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture
def line():
    """A line that only lends its ports and its Asterisk."""
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
        yield Line(Settings(telephony=addresses, console=ConsoleSettings(port=free_port())), Path(folder), None)


def run_quick(line: Line, part: Part | None = None) -> tuple[int, dict[str, Any], str]:
    """Exit status, what the file tells, what people read."""
    paper, out = Console(record=True, width=150), line.var / "bench"
    status = run_bench(line, Asked(rounds=1, quick=True, part=part), paper, out)
    (file,) = out.glob("*.json")
    return status, json.loads(file.read_text()), paper.export_text()


@pytest.mark.timeout(180)
def test_a_quick_bench_measures_both_sides_and_tells_it(line):
    status, told, text = run_quick(line)
    assert {(run["flow"], run["who"]) for run in told["figures"]} == {
        (flow, who) for flow in ("play", "queue", "whole") for who in ("native", "ours")
    }
    assert all(run["calls"] > 0 and run["asterisk_ms"] > 0 for run in told["figures"])
    assert all(run["agent_up_ms"] is not None for run in told["figures"] if run["flow"] != "play")
    assert status == (1 if any(run["failed"] for run in told["figures"]) else 0)
    assert {row["what"] for row in told["rows"]} >= {"CPU per call, all (ms)", "INVITE to 200 (ms)"}
    assert set(told["added_ms_per_call"])
    assert {(one["spare"], one["live"], one["taken_up"]) for one in told["takeovers"]} == {
        (True, 10, 10),
        (False, 10, 10),
    }
    assert "ours / native" in text


@pytest.mark.timeout(180)
def test_a_quick_bench_of_the_wallboard_sees_every_change_on_every_page(line):
    status, told, text = run_quick(line, "wall")
    assert (status, told["faults"]) == (0, [])
    opened, closed = told["stretches"]
    assert (opened["open"], closed["open"]) == (True, False)
    assert opened["asked"]["changes"] > 0
    assert opened["by_line"]["changes"] > 0, "callers are offered to agents by their browsers' telephones"
    assert all(queue["changes"] > 0 and queue["missing"] == 0 for queue in told["queue"].values())
    assert all(stretch["cpu_percent"]["console"] > 0 for stretch in told["stretches"])
    assert "open - closed" in text
