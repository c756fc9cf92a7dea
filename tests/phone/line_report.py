"""A failed test shows what the line said meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from phone_line import House

LAST_LINES = 60


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    lines = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, House)]
    for line in lines if report.failed else ():
        for log in sorted([*line.line.var.glob("log/*.log"), *line.line.var.glob("*/log/messages")]):
            node = line.line.settings.line.node
            report.sections.append((f"{node}: {log.relative_to(line.line.var)}, its end", last_lines(log)))
    return report


def last_lines(log: Path) -> str:
    try:
        return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:])
    except OSError as error:
        return f"cannot be read: {error}"
