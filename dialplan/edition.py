"""What the line says and asks, as one whole: the release's prompts and flows, and what an administrator changed.

An edition holds changes only, so that a new release brings its own new prompts along. What a docket's closing rests on
is no edition's business: the flow `satisfaction` and the keys that lead everywhere to danger and to a person stay as
the release has them (design I2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dialplan.deeds import FIRST_FACTS
from dialplan.flow import AnyNode, ConnectNode, EndNode, Flow, MenuNode, targets
from dialplan.loading import FlowError, load_flow, load_flows, read_flow
from dialplan.wording import Wording, WordingError, load
from dialplan.words import Words, clash, load_words

WordsHeard = Mapping[tuple[str, str], Words]
"""What may be said, by language and engine."""

SHIPPED = 0
"""The number of the edition that the release brought."""
FIXED_FLOWS = frozenset({"satisfaction"})
PERSON_KEYS = frozenset("09")
"""The everywhere-keys that lead to a person: to anybody, and to whoever answers for danger."""
MAX_ADDED = 60
"""Prompts that the release does not have, in one edition."""
MAX_FLOW = 60_000
"""Characters of a flow's text."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What an edition says otherwise than the release: language → prompt → words, and flow → its whole text (TOML)."""

    prompts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    flows: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Edition:
    """Checked whole. `digest` tells one from another, whatever release its changes stand on."""

    number: int
    wording: Wording
    flows: Mapping[str, Flow]
    flow_texts: Mapping[str, str]
    words: WordsHeard
    digest: str


@dataclass(frozen=True, slots=True)
class Fault:
    """`field` is "prompts.<lang>.<key>" or "flows.<name>"; `line` (from 1) only of a flow's text."""

    field: str
    reason: str
    line: int | None = None


class EditionError(Exception):
    """An edition is refused: all of its faults that can be told at once."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.reason}" for fault in faults))
        self.faults = faults


def shipped(room: Path) -> Edition:
    """The release's own, from this room's folders. FlowError, WordingError or WordsError."""
    wording, words = load(room / "prompts"), load_words(room / "words")
    texts = {
        load_flow(file, wording.catalogue).name: file.read_text(encoding="utf-8")
        for file in sorted((room / "flows").glob("*.toml"))
    }
    flows = load_flows(room / "flows", wording.catalogue)
    for flow in flows.values():
        for line, reason in _clashes(flow, words):
            raise FlowError(flow.name, line, reason)
    return _edition(SHIPPED, wording, flows, texts, words)


def changed(release: Edition, number: int, changes: Changes) -> Edition:
    """The release with these changes. EditionError names every prompt and the first fault of every flow."""
    try:
        wording = release.wording.changed(changes.prompts)
    except WordingError as error:
        faults = [line.partition(": ") for line in str(error).splitlines()]
        raise EditionError(tuple(Fault(f"prompts.{where}", reason) for where, _, reason in faults)) from error
    added = wording.keys - release.wording.keys
    if len(added) > MAX_ADDED:
        reason = f"{len(added)} new prompts; more than {MAX_ADDED} are not taken"
        raise EditionError((Fault("prompts", reason),))
    texts, flows = {**release.flow_texts, **changes.flows}, dict(release.flows)
    found: list[Fault] = []
    for name, text in texts.items():
        try:
            flows[name] = _flow(release, name, text, wording)
        except FlowError as error:
            found.append(Fault(f"flows.{name}", error.reason, error.line))
    if found:
        raise EditionError(tuple(found))
    return _edition(number, wording, flows, texts, release.words)


def _flow(release: Edition, name: str, text: str, wording: Wording) -> Flow:
    """A flow that is not changed is read again too: a changed prompt may hold what it does not provide."""
    before = release.flows.get(name)
    if before is None:
        raise FlowError(name, 1, f"no flow is called {name}: {', '.join(FIRST_FACTS)}")
    if name in FIXED_FLOWS and text != release.flow_texts[name]:
        raise FlowError(name, 1, "what a docket's closing rests on is the release's: only its words may be changed")
    if len(text) > MAX_FLOW:
        raise FlowError(name, 1, f"{len(text)} characters; more than {MAX_FLOW} are not taken")
    flow = read_flow(name, text, wording.catalogue)
    if flow.name != name:
        raise FlowError(name, 1, f'its name must stay "{name}"')
    for line, reason in (*_lost_promises(before, flow), *_clashes(flow, release.words)):
        raise FlowError(name, line, reason)
    return flow


def _clashes(flow: Flow, heard: WordsHeard) -> Iterator[tuple[int, str]]:
    """What is said in a menu must choose one key, whoever listens."""
    for node in flow.nodes.values():
        if not isinstance(node, MenuNode):
            continue
        for words in heard.values():
            if (found := clash([*node.words.items()], words)) is not None:
                phrase, one, other = found
                yield node.line, f"{node.name}: {phrase!r} ({words.language}) would mean both {one} and {other}"


def _lost_promises(before: Flow, flow: Flow) -> Iterator[tuple[int, str]]:
    """The keys that work everywhere, what they lead to, and the way to a person after three failures are promises of
    the line: a caller in danger, or lost, comes to a person whatever an edition says."""
    for key, target in before.always.items():
        if flow.always.get(key) != target:
            yield 1, f"the key {key} leads to {target} from everywhere, in every edition"
    if flow.failure != before.failure:
        yield 1, f"three failures lead to {before.failure}, in every edition"
    for name in sorted(_promised(before)):
        node = flow.nodes.get(name)
        if node is None or _as_told(node) != _as_told(before.nodes[name]):
            yield node.line if node else 1, f"{name} leads to a person, and stays as the release has it"
    for node in flow.nodes.values():
        if isinstance(node, MenuNode):
            yield from ((node.line, reason) for reason in _against_promises(before, flow, node))


def _promised(flow: Flow) -> set[str]:
    """The places from the everywhere-keys and three failures to the queue."""
    found: set[str] = set()
    todo = [flow.failure, *(target for key, target in flow.always.items() if key in PERSON_KEYS)]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        node = flow.nodes[name]
        if not isinstance(node, ConnectNode | EndNode):
            todo += [target for target in targets(flow, node) if target not in flow.always.values()]
    return found


def _as_told(node: AnyNode) -> AnyNode:
    """Where it leads and what it asks: words were no part of a flow in older editions."""
    return replace(node, line=0, words={}, confirm=()) if isinstance(node, MenuNode) else replace(node, line=0)


def _against_promises(before: Flow, flow: Flow, node: MenuNode) -> Iterator[str]:
    """A menu's own keys come before those that work everywhere."""
    known = before.nodes.get(node.name)
    released = known if isinstance(known, MenuNode) else None
    for key, target in node.keys.items():
        if key in flow.always and target not in (flow.always[key], released.keys.get(key) if released else None):
            yield f"{node.name}: the key {key} leads to {flow.always[key]} in every menu"
    if node.failure is not None and node.failure != (released.failure if released else None):
        yield f"{node.name}: three failures lead to {before.failure}, not to {node.failure}"


def differences(release: Edition, edition: Edition) -> Changes:
    """What an edition says otherwise; words that stand as in the release are no change."""
    prompts = {
        lang: {key: text for key, text in texts.items() if release.wording.texts[lang].get(key) != text}
        for lang, texts in edition.wording.texts.items()
    }
    flows = {name: text for name, text in edition.flow_texts.items() if release.flow_texts[name] != text}
    return Changes({lang: texts for lang, texts in prompts.items() if texts}, flows)


def _edition(
    number: int, wording: Wording, flows: Mapping[str, Flow], texts: Mapping[str, str], words: WordsHeard
) -> Edition:
    told = json.dumps([wording.texts, texts], sort_keys=True, ensure_ascii=False)
    return Edition(number, wording, flows, texts, words, hashlib.sha256(told.encode()).hexdigest()[:16])
