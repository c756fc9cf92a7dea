"""What the front door refuses, each in one sentence that says what is wrong, where and what to do."""

from __future__ import annotations


class SunwaiError(Exception):
    """Base of the front door's errors; the command line prints its text and exits with 2."""


class SettingsError(SunwaiError):
    """The settings file is wrong."""


class SetupError(SunwaiError):
    """Something the line needs is missing or could not be set up."""


class StartError(SunwaiError):
    """The line was set up but did not start."""
