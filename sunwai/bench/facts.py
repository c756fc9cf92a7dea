"""The machine a bench ran on: without it no figure means anything."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from sunwai.asterisk_program import find_asterisk
from sunwai.settings import Line

Facts = dict[str, str | int | float]


def machine(line: Line) -> Facts:
    """Cores, processor, kernel, versions; no name of the machine."""
    program = find_asterisk(line)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "asterisk": program.version_text if program else "none",
    }


def load_average() -> float:
    """Of the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
