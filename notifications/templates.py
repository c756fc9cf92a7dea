"""The registered words of written messages: `notifications/templates/<lang>.toml`, read once and checked whole.

A message is a template id and variables, never free text (domain.md 2.5): what is not registered cannot be sent.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from complaints.records import Message
from notifications.errors import Refused, TemplateError
from notifications.letter import Letter
from notifications.segments import segments
from storage.outbox import Registration

FOLDER = Path(__file__).with_name("templates")
LANGUAGES = ("hi", "ur", "en")
FALL_BACK = "en"
"""For a message in a language without script of its own (`marker`) or not written yet."""

VARIABLES: Mapping[str, frozenset[str]] = {
    "docket_registered": frozenset({"docket", "category", "due"}),
    "docket_reopened": frozenset({"docket", "level"}),
    "docket_closed": frozenset({"docket"}),
    "satisfaction_missed": frozenset({"docket"}),
    "officer_assigned": frozenset({"docket", "category", "level"}),
    "officer_not_satisfied": frozenset({"docket", "category", "level"}),
    "callback_promised": frozenset({"due"}),
    "callback_missed": frozenset(),
    "call_cut": frozenset({"docket"}),
}
"""The templates there must be, and the variables each text holds. A message may bring more than its text needs."""

SUFFIX = {"service": "S", "transactional": "T"}
"""A header tells its category by its last letter (TCCCPR as amended in 2025)."""

_SLOT = re.compile(r"\{(\w*)\}")
_DLT = re.compile(r"\d{19}")
_HEADER = re.compile(r"[A-Z]{6}-[ST]")
_E164 = re.compile(r"\+\d{8,15}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    dlt: str
    header: str
    category: Literal["service", "transactional"]
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """One template in one language, and as what it is registered."""

    text: str
    registration: Registration


class Templates:
    """All templates by language and id."""

    def __init__(self, templates: Mapping[tuple[str, str], Template]) -> None:
        self._templates = templates

    def get(self, language: str, template: str) -> Template:
        """The template in this language, else in English. Refused when nothing is registered under this id."""
        found = self._templates.get((language, template)) or self._templates.get((FALL_BACK, template))
        if found is None:
            raise Refused("the template is not registered")
        return found

    def letter(self, message: Message, to: str, *, probe: bool = False) -> Letter:
        """The message in words, addressed to `to` (E.164). Refused: no number, no such template, unfit variables."""
        if not _E164.fullmatch(to):
            raise Refused("there is no number to send to")
        template = self.get(message.language, message.template)
        missing = [name for name in _SLOT.findall(template.text) if not message.variables.get(name, "").strip()]
        if missing:
            raise Refused(f"variables are missing: {', '.join(missing)}")
        if any(_CONTROL.search(value) for value in message.variables.values()):
            raise Refused("a variable holds a control character")
        text = _SLOT.sub(lambda slot: message.variables[slot[1]], template.text)
        language = message.language if (message.language, message.template) in self._templates else FALL_BACK
        return Letter(
            key=message.cause,
            to=to,
            text=text,
            language=language,
            template=message.template,
            variables=dict(message.variables),
            registration=template.registration,
            segments=segments(text),
            probe=probe,
        )


def load_templates(folder: Path = FOLDER) -> Templates:
    """Reads every language; TemplateError names each fault with file, line and reason."""
    faults: list[str] = []
    found = {
        (language, name): template
        for language in LANGUAGES
        for name, template in _Source(folder / f"{language}.toml", faults).templates()
    }
    if faults:
        raise TemplateError("\n".join(faults))
    return Templates(found)


class _Source:
    """One language's file while it is read; `faults` collects what is wrong."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        self._path = path
        self._faults = faults
        self._text = ""

    def templates(self) -> list[tuple[str, Template]]:
        """What is right in the file."""
        try:
            self._text = self._path.read_text(encoding="utf-8")
            data = tomllib.loads(self._text)
        except FileNotFoundError:
            self._faults.append(f"{self._path}: this language is missing")
            return []
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self._faults.append(f"{self._path}: {error}")
            return []
        entity = data.pop("entity", None)
        if not isinstance(entity, str) or not _DLT.fullmatch(entity):
            self._faults.append(f"{self._path}:1: entity must be the sender's number of 19 digits")
        for name in sorted(VARIABLES.keys() - data.keys()):
            self._faults.append(f"{self._path}:1: the template {name} is missing")
        read = [(name, self._template(name, raw, str(entity))) for name, raw in data.items()]
        return [(name, template) for name, template in read if template]

    def _template(self, name: str, raw: object, entity: str) -> Template | None:
        """One template; None with a fault noted."""
        try:
            entry = msgspec.convert(raw, _Entry)
        except msgspec.ValidationError as error:
            self._fault(name, f"it is not registered: {error}")
            return None
        reason = _wrong(name, entry)
        if reason:
            self._fault(name, reason)
            return None
        return Template(entry.text, Registration(entity, entry.dlt, entry.header, entry.category))

    def _fault(self, name: str, reason: str) -> None:
        lines = self._text.splitlines()
        line = next((number for number, text in enumerate(lines, 1) if text.strip() == f"[{name}]"), 1)
        self._faults.append(f"{self._path}:{line}: {name}: {reason}")


def _wrong(name: str, entry: _Entry) -> str | None:
    """Why this template cannot be used."""
    if name not in VARIABLES:
        return "no message of ours has this template"
    if not _DLT.fullmatch(entry.dlt):
        return "it is not registered: dlt must be its number of 19 digits"
    if not _HEADER.fullmatch(entry.header) or entry.header[-1] != SUFFIX[entry.category]:
        return f"the header of a {entry.category} message is six letters and -{SUFFIX[entry.category]}"
    rest = _SLOT.sub("", entry.text)
    if set(_SLOT.findall(entry.text)) != VARIABLES[name] or "{" in rest or "}" in rest:
        wanted = ", ".join(sorted(VARIABLES[name])) or "none"
        return f"the text must hold these variables and no others: {wanted}"
    return None if entry.text.strip() else "the text is empty"
