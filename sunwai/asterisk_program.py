"""Which Asterisk this line runs: the system's when it is new enough, else a tree that `sunwai setup` unpacked.

A tree runs without chroot and without root, with its own loader and libraries (docs/operations.md, "Asterisk").
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sunwai.settings import Line

LEAST_VERSION = (22, 10)
"""Older ones lack `report_events` variables and the DSV form of cel_custom."""

_VERSION = re.compile(r"Asterisk\s+(?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?")
_TREE_PROGRAM = "usr/sbin/asterisk"
_SYSTEM_MODULES = ("/usr/lib/*-linux-*/asterisk/modules", "/usr/lib/asterisk/modules", "/usr/lib64/asterisk/modules")
_SYSTEM_DATA = ("/usr/share/asterisk", "/var/lib/asterisk")


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be started. `root` is the tree's folder, None for the system's own."""

    root: Path | None
    version: tuple[int, int, int]
    start: tuple[str, ...]
    modules: Path
    data: Path

    @property
    def new_enough(self) -> bool:
        return self.version[:2] >= LEAST_VERSION

    @property
    def version_text(self) -> str:
        return ".".join(str(part) for part in self.version)

    def command(self, etc: Path) -> list[str]:
        """The command line that runs it in the foreground with the configuration in `etc`, without a console."""
        return [*self.start, "-C", str(etc / "asterisk.conf"), "-f", "-n"]


def tree_place(line: Line) -> Path:
    """Where this line's tree is or will be: $SUNWAI_ASTERISK, telephony.asterisk_root, else var/asterisk/root."""
    given = os.environ.get("SUNWAI_ASTERISK") or line.settings.telephony.asterisk_root
    return (line.folder / given).resolve() if given else line.var / "asterisk" / "root"


def find_asterisk(line: Line) -> AsteriskProgram | None:
    """The Asterisk this line will run, or None. A tree that was named is preferred to the system's."""
    named = bool(os.environ.get("SUNWAI_ASTERISK") or line.settings.telephony.asterisk_root)
    places = (in_tree(tree_place(line)), None) if named else (of_system(), in_tree(tree_place(line)))
    return next((found for found in places if found is not None and found.new_enough), None)


def in_tree(root: Path) -> AsteriskProgram | None:
    """The Asterisk unpacked in `root`, or None when there is no whole one."""
    loader = _first(root, ("lib64/ld-linux-*.so.2", "lib/ld-linux-*.so.1", "usr/lib/ld-linux-*.so.1"))
    modules = _first(root, ("usr/lib/*-linux-*/asterisk/modules",))
    if loader is None or modules is None or not (root / _TREE_PROGRAM).exists():
        return None
    triplet = modules.parent.parent.name
    libraries = f"{root}/usr/lib/{triplet}:{root}/lib/{triplet}"
    start = (str(loader), "--library-path", libraries, str(root / _TREE_PROGRAM))
    version = _version_of(start)
    return AsteriskProgram(root, version, start, modules, root / "usr/share/asterisk") if version else None


def of_system() -> AsteriskProgram | None:
    """The system's Asterisk of whatever version, or None."""
    program = shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin")
    modules = _first(Path("/"), tuple(pattern[1:] for pattern in _SYSTEM_MODULES))
    data = next((Path(place) for place in _SYSTEM_DATA if Path(place, "rest-api").is_dir()), None)
    if program is None or modules is None or data is None:
        return None
    version = _version_of((program,))
    return AsteriskProgram(None, version, (program,), modules, data) if version else None


def read_version(text: str) -> tuple[int, int, int] | None:
    """`Asterisk 22.10.1~dfsg…` → (22, 10, 1); None when the text is no version of Asterisk."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _first(root: Path, patterns: tuple[str, ...]) -> Path | None:
    return next((path for pattern in patterns for path in sorted(root.glob(pattern))), None)


@functools.cache
def _version_of(start: tuple[str, ...]) -> tuple[int, int, int] | None:
    try:
        told = subprocess.run([*start, "-V"], capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - our own command line
    except (OSError, subprocess.TimeoutExpired):
        return None
    return read_version(told.stdout)
