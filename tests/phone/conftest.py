"""The phone lane's fixtures: one running line for all its tests."""

from __future__ import annotations

from callers import call
from line_report import pytest_runtest_makereport
from phone_line import books, exchange, house

__all__ = ["books", "call", "exchange", "house", "pytest_runtest_makereport"]
