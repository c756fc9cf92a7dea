"""The self-proof on real Asterisk: it passes on a line that works, says so when one does not, and leaves nothing."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from broken_line import a_folder, a_line, prepared

__all__ = ["prepared"]

pytestmark = pytest.mark.timeout(240)


def proof_of(folder: Path) -> tuple[int, str]:
    """Run the proof once; its exit status and all it said."""
    command = [sys.executable, "-m", "sunwai", "run", "--prove", "--once", "--settings", str(folder / "sunwai.toml")]
    told = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False
    )
    return told.returncode, told.stdout


def test_a_line_that_works_proves_itself_and_leaves_no_process(prepared):
    with a_folder(prepared) as folder:
        a_line(folder)
        status, said = proof_of(folder)
    assert status == 0, said
    assert "PASS" in said
    assert "✗" not in said


def test_a_line_without_its_agent_says_fail_and_leaves_no_process(prepared):
    with a_folder(prepared) as folder:
        a_line(folder)
        with sqlite3.connect(folder / "var" / "books" / "sunwai.db") as books:
            books.execute("UPDATE logins SET active = 0 WHERE name = 'P01'")
        books.close()
        status, said = proof_of(folder)
    assert status == 1, said
    assert "FAIL" in said
    assert "PASS" not in said


def test_a_live_line_refuses_the_proof_before_anything_is_started(tmp_path):
    file = tmp_path / "sunwai.toml"
    file.write_text('[line]\nkind = "live"\n', encoding="utf-8")
    status, said = proof_of(tmp_path)
    assert status == 2, said
    assert "demo lines only" in said
    assert not (tmp_path / "var").exists()
