"""The calls this controller holds, by their reference."""

from __future__ import annotations

from ivr.ari_line import AriLine

Lines = dict[str, AriLine]
