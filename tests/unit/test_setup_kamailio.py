"""Which Kamailio the dispatcher's test runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sunwai import setup_kamailio
from sunwai.setup_kamailio import find_kamailio


@pytest.fixture
def without_the_systems(monkeypatch):
    monkeypatch.setattr(setup_kamailio, "find_program", lambda _: None)


def unpack(var: Path, *parts: str) -> None:
    for part in parts:
        file = var / "kamailio" / "root" / part
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


PROGRAM, MODULE = "usr/sbin/kamailio", "usr/lib/aarch64-linux-gnu/kamailio/modules/tm.so"


def test_an_unpacked_one_is_found_with_its_modules_and_their_libraries(tmp_path, without_the_systems):
    unpack(tmp_path, PROGRAM, MODULE)
    found = find_kamailio(tmp_path)
    root = tmp_path / "kamailio" / "root"
    assert found is not None
    assert found.program == root / PROGRAM
    assert found.modules == (root / MODULE).parent
    assert found.environment == {"LD_LIBRARY_PATH": str(found.modules.parent)}


@pytest.mark.parametrize("there", [(), (PROGRAM,), (MODULE,)])
def test_half_an_unpacked_one_is_none(tmp_path, without_the_systems, there):
    unpack(tmp_path, *there)
    assert find_kamailio(tmp_path) is None
