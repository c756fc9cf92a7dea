"""The phone lane's fixtures: one running line for all its tests."""

from __future__ import annotations

from phone_line import books, exchange, house

__all__ = ["books", "exchange", "house"]
