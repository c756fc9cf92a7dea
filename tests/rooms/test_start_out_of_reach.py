"""Books or Redis that cannot be reached at the start: said, where and what to do, and no reason to die."""

from __future__ import annotations

import pytest
from asterisk_pair_fixture import a_line, free_port, silent_prompts

from sunwai.errors import StartError
from sunwai.running import preflight
from sunwai.settings import Line, Settings, StorageSettings


def line_with(tmp_path, **storage: str) -> Line:
    given = a_line(tmp_path)
    settings = Settings(
        line=given.settings.line, telephony=given.settings.telephony, storage=StorageSettings(**storage)
    )
    line = Line(settings, tmp_path, None)
    silent_prompts(line)
    return line


async def test_a_database_and_a_redis_out_of_reach_are_named_without_their_password_and_the_line_starts(tmp_path):
    database, redis = free_port(), free_port()
    line = line_with(
        tmp_path,
        books=f"postgresql+asyncpg://sunwai:hidden@127.0.0.1:{database}/sunwai",
        floor=f"redis://:hidden@127.0.0.1:{redis}/0",
    )
    books, floor = await preflight(line)
    assert books.startswith(f"the books at 127.0.0.1:{database}/sunwai cannot be reached: look at storage.books")
    assert floor.startswith(f"Redis at 127.0.0.1:{redis}/0 cannot be reached: look at storage.floor")
    assert "hidden" not in books + floor


async def test_books_of_our_own_that_are_not_there_are_set_up_first(tmp_path):
    with pytest.raises(StartError, match="type `sunwai setup`"):
        await preflight(line_with(tmp_path))
