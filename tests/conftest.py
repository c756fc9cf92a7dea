"""Lanes by folder, enforced: a test's lane is the folder it lies in, and no test lies outside one (design 5.12)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import settings

# Hypothesis' deadline would be a performance assert; each test has a limit of its own.
settings.register_profile("line", deadline=None)
settings.load_profile("line")

LANES = ("unit", "rooms", "calls", "phone", "browser")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        lane = item.path.relative_to(HERE).parts[0]
        if lane not in LANES:
            raise pytest.UsageError(f"{item.path}: tests lie in {', '.join(LANES)}; {lane} is no lane")
        item.add_marker(getattr(pytest.mark, lane))
    items.sort(key=lambda item: LANES.index(item.path.relative_to(HERE).parts[0]))


@pytest.fixture(autouse=True)
async def no_task_outlives_its_test():
    """A task left behind would run into the next test, or hide a loop nobody ends."""
    before = asyncio.all_tasks()
    yield
    left = [task for task in asyncio.all_tasks() - before if not task.done() and task is not asyncio.current_task()]
    for task in left:
        task.cancel()
    assert not left, f"tasks outlived their test: {left}"
