"""Set up an Asterisk tree with mmdebstrap: Debian's own package in a folder, run from there without chroot or root.

Debian 12 and 13 carry no Asterisk and Ubuntu an older one; Debian's next release carries 22.10. No mirror is named:
mmdebstrap's own default is used. About 350 MB; several lines may share a tree
(SUNWAI_ASTERISK, telephony.asterisk_root).
"""

from __future__ import annotations

import fcntl
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sunwai.asterisk_program import AsteriskProgram, find_asterisk, in_tree, of_system, tree_place
from sunwai.distribution import Tell, find_program, install, run_as_root
from sunwai.errors import SetupError

if TYPE_CHECKING:
    from sunwai.settings import Line

SUITE = "forky"
_PACKAGES = "asterisk,asterisk-core-sounds-en-gsm,ca-certificates"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def setup_asterisk(line: Line, tell: Tell) -> AsteriskProgram:
    """The Asterisk this line will run, unpacked first when there is none. SetupError: it could not be had."""
    found = find_asterisk(line)
    if found is not None:
        return found
    root = tree_place(line)
    with _only_one(root):
        # Another line's set-up may have finished it while we waited for the lock.
        return find_asterisk(line) or _unpack(line, root, tell)


def _unpack(line: Line, root: Path, tell: Tell) -> AsteriskProgram:
    if root.exists():
        raise SetupError(
            f"{root} holds no whole Asterisk 22.10 or newer: remove it or name another folder, then start again"
        )
    old = of_system()
    reason = f"the system's Asterisk {old.version_text} is too old" if old else "the system has no Asterisk"
    needed = ["mmdebstrap"] if find_program("mmdebstrap") is None else []
    if not _is_debian() and not _KEYRING.exists():
        needed.append("debian-archive-keyring")
    install(needed, line, tell)
    tell(f"{reason}: unpacking one in {root} (a minute or two, about 350 MB)")
    # Beside its place and renamed at the end, so that half a tree is never taken for a whole one.
    unfinished = root.with_name(root.name + ".unfinished")
    if unfinished.exists():
        run_as_root(["rm", "-rf", "--one-file-system", str(unfinished)], line)
    run_as_root(mmdebstrap_command(unfinished), line)
    if in_tree(unfinished) is None:
        raise SetupError(f"the Asterisk unpacked in {unfinished} does not run: see {line.var / 'log' / 'setup.log'}")
    run_as_root(["mv", "--no-target-directory", str(unfinished), str(root)], line)
    made = in_tree(root)
    if made is None or not made.new_enough:
        raise SetupError(f"Debian's {SUITE} gave an Asterisk older than 22.10 in {root}")
    tell(f"Asterisk {made.version_text} is in {root}")
    return made


def mmdebstrap_command(folder: Path) -> list[str]:
    """The command that unpacks Asterisk in `folder`."""
    command = ["mmdebstrap", "--variant=minbase", f"--include={_PACKAGES}"]
    valid_until = _host_checks_valid_until()
    if valid_until is not None:
        command.append(f'--aptopt=Acquire::Check-Valid-Until "{valid_until}"')
    if not _is_debian():
        command.append(f"--keyring={_KEYRING}")
    return [*command, SUITE, str(folder)]


def _host_checks_valid_until() -> str | None:
    """What this machine's own apt says: a machine that uses a frozen copy of the archive has switched the check off."""
    if shutil.which("apt-config") is None:
        return None
    told = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S607 - found by PATH on purpose
    for entry in told.stdout.splitlines():
        name, _, value = entry.partition(" ")
        if name == "Acquire::Check-Valid-Until":
            return value.strip('";')
    return None


def _is_debian() -> bool:
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:
        return False


@contextmanager
def _only_one(root: Path) -> Iterator[None]:
    """Two set-ups of lines that share the tree wait for each other."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with root.with_name(root.name + ".lock").open("w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
