"""Programs of the distribution: where one is, and having apt-get install what is missing (as root, or through sudo)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sunwai.errors import SetupError

if TYPE_CHECKING:
    from sunwai.settings import Line

Tell = Callable[[str], None]
"""One sentence about what is being done, for the person who waits."""

_INSTALL_LIMIT_S = 1800.0
_SYSTEM_FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


def find_program(name: str) -> Path | None:
    """Where a program is, or None. Folders of the system's own programs count even when they are not in PATH."""
    found = shutil.which(name) or shutil.which(name, path=_SYSTEM_FOLDERS)
    if found is None and name == "postgres":
        # Debian keeps PostgreSQL's programs by version, outside PATH.
        found = next((str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))[::-1]), None)
    return Path(found) if found else None


def install(packages: Iterable[str], line: Line, tell: Tell) -> None:
    """Install the distribution's packages; nothing happens when there are none."""
    names = sorted(set(packages))
    if not names:
        return
    if shutil.which("apt-get") is None:
        raise SetupError(f"missing: {', '.join(names)}; this system has no apt-get: install them by its own means")
    tell(f"installing from the distribution: {', '.join(names)}")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
    try:
        run_as_root(command, line)
    except SetupError:
        # A fresh machine has no lists of packages yet; an old one may have outdated ones.
        tell("reading the distribution's lists of packages")
        run_as_root(["apt-get", "update"], line)
        run_as_root(command, line)


def run_as_root(command: Sequence[str], line: Line) -> None:
    """Run a command as root, through sudo when we are not; what it prints goes to var/log/setup.log."""
    run_logged([*_as_root(command), *command], line, told=command)


def run_logged(
    command: Sequence[str], line: Line, folder: Path | None = None, *, told: Sequence[str] | None = None
) -> None:
    """Run a command in `folder`; what it prints goes to var/log/setup.log. SetupError names it (or `told`)."""
    name = " ".join(told or command)
    log = line.var / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as written:
        try:
            subprocess.run(  # noqa: S603 - fixed command lines and package names of our own
                command, stdout=written, stderr=written, timeout=_INSTALL_LIMIT_S, check=True, cwd=folder
            )
        except FileNotFoundError as error:
            raise SetupError(f"`{name}` cannot be run: this system has no {command[0]}") from error
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"`{name}` took more than {_INSTALL_LIMIT_S / 60:.0f} min: see {log}") from error
        except subprocess.CalledProcessError as error:
            raise SetupError(f"`{name}` failed: {_last_line(log)} (all of it: {log})") from error


def _as_root(command: Sequence[str]) -> list[str]:
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return quiet
    if shutil.which("sudo") is None:
        raise SetupError(f"this needs root and there is no sudo: type as root `{' '.join(command)}`, then start again")
    return ["sudo", *quiet]


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else "it said nothing"
