"""A fresh line with a small town for each test of this lane."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from calls_house import Scene

from ivr import holding
from storage.books import Books
from storage.journal import Journal
from storage.migrations import migrate


@pytest.fixture(scope="session")
def empty_books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("calls") / "empty.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture
async def scene(empty_books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(holding, "FLOOR_PATIENCE_S", -1.0)  # this lane's floor is away for good
    shutil.copy(empty_books, tmp_path / "books.db")
    books = Books(f"sqlite:///{tmp_path / 'books.db'}")
    await books.open()
    made = Scene(books, tmp_path / "books.db", Journal(tmp_path / "journal"))
    await made.found()
    yield made
    await books.close()
