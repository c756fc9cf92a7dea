"""The page's sources: typed, built for what they are now, and never served as something else."""

from __future__ import annotations

import pytest

from agent_console import built
from sunwai.setup_web import check_types


@pytest.mark.timeout(180)
def test_the_pages_sources_have_no_type_error(tmp_path):
    told = check_types()
    assert told.returncode == 0, told.stdout


def test_what_is_served_was_built_from_these_sources(monkeypatch, tmp_path):
    assert built.read()
    changed = tmp_path / "web"
    for name in built.sources():
        (changed / name).parent.mkdir(parents=True, exist_ok=True)
        (changed / name).write_bytes((built.SOURCES / name).read_bytes())
    monkeypatch.setattr(built, "SOURCES", changed)
    assert built.read(), "the same sources elsewhere are the same page"
    (changed / "src" / "main.tsx").write_text("export {};\n", encoding="utf-8")
    with pytest.raises(built.PageNotBuilt, match="sunwai setup"):
        built.read()
