"""Where the built page is: beside this Python, named for its sources: an old bundle is never served for new ones.

It is made by `sunwai setup` (`sunwai/setup_web.py`); nothing built is committed.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

SOURCES = Path(__file__).parent / "web"
BUNDLE = "desk.js"
_PARTS = ("package.json", "package-lock.json", "tsconfig.json", "words.*.json", "src/**/*.ts", "src/**/*.tsx")


class PageNotBuilt(Exception):
    """There is no bundle of these sources; the text says what to type."""


def sources() -> list[Path]:
    """The files a bundle is made of, relative to SOURCES."""
    found = {path for part in _PARTS for path in SOURCES.glob(part)}
    return sorted(path.relative_to(SOURCES) for path in found)


def place() -> Path:
    """The folder of all that is built here: of the virtual environment, whatever lines are run from it."""
    return Path(sys.prefix) / "share" / "sunwai" / "web"


def bundle() -> Path:
    """Where the bundle of the present sources is, or will be."""
    digest = hashlib.sha256()
    for name in sources():
        digest.update(str(name).encode() + b"\0" + (SOURCES / name).read_bytes() + b"\0")
    return place() / digest.hexdigest()[:16] / BUNDLE


def read() -> bytes:
    """The bundle. PageNotBuilt when it has not been made, or the sources have changed since."""
    try:
        return bundle().read_bytes()
    except FileNotFoundError:
        raise PageNotBuilt("the console's page has not been built from these sources: type `sunwai setup`") from None
