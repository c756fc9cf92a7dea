"""What the front door refuses, each in one sentence that says what is wrong, where and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from storage.errors import StorageError
from storage.floor_records import FloorError


class SunwaiError(Exception):
    """Base of the front door's errors; the command line prints its text and exits with 2."""


class SettingsError(SunwaiError):
    """The settings file is wrong."""


class SetupError(SunwaiError):
    """Something the line needs is missing or could not be set up."""


class StartError(SunwaiError):
    """The line was set up but did not start."""


@contextmanager
def one_sentence() -> Iterator[None]:
    """Task groups wrap what is raised inside them; people need the one sentence."""
    try:
        yield
    except BaseExceptionGroup as several:
        told = several.subgroup((SunwaiError, StorageError, FloorError))
        if told is None:
            raise
        one: BaseException = told
        while isinstance(one, BaseExceptionGroup):
            one = one.exceptions[0]
        raise StartError(str(one)) from several
