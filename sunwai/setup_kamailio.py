"""Kamailio for the dispatcher's test: the system's, or Debian's package unpacked in a folder, run from there.

Installing the package would start it as a service, which takes the line's own SIP port on every address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sunwai.distribution import Tell, find_program, run_as_root, run_logged
from sunwai.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sunwai.settings import Line

PACKAGE = "kamailio"


@dataclass(frozen=True, slots=True)
class Kamailio:
    """Where program and modules are, and what its environment needs beside."""

    program: Path
    modules: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_kamailio(var: Path) -> Kamailio | None:
    """The system's, else the one unpacked below `var`, else None."""
    program = find_program("kamailio")
    if program is not None:
        return _whole(program, Path("/usr/lib"))
    root = _tree(var)
    return _whole(root / "usr" / "sbin" / "kamailio", root / "usr" / "lib")


def setup_kamailio(line: Line, tell: Tell) -> Kamailio:
    """Find or unpack it; no root is needed unless the lists of packages are missing. SetupError: it cannot be had."""
    found = find_kamailio(line.var)
    if found is not None:
        return found
    root = _tree(line.var)
    folder = root.parent
    folder.mkdir(parents=True, exist_ok=True)
    tell(f"unpacking the distribution's {PACKAGE} in {root}")
    download = ["apt-get", "download", PACKAGE]
    try:
        run_logged(download, line, folder)
    except SetupError:
        tell("reading the distribution's lists of packages")
        run_as_root(["apt-get", "update"], line)
        run_logged(download, line, folder)
    for package in folder.glob(f"{PACKAGE}_*.deb"):
        run_logged(["dpkg-deb", "--extract", str(package), str(root)], line, folder)
        package.unlink()
    found = find_kamailio(line.var)
    if found is None:
        raise SetupError(f"the distribution's {PACKAGE} has no program and modules where they are looked for: {root}")
    return found


def _tree(var: Path) -> Path:
    return var / "kamailio" / "root"


def _whole(program: Path, libraries: Path) -> Kamailio | None:
    modules = next(iter(sorted(libraries.glob("*/kamailio/modules"))), None)
    if modules is None or not program.exists():
        return None
    # Modules share libraries which the package looks for in the system's folder only.
    return Kamailio(program, modules, {"LD_LIBRARY_PATH": str(modules.parent)})
