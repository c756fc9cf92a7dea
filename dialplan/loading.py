"""Reads the flows and refuses a broken one, naming file, line and reason; nothing is ever half loaded."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, get_type_hints

from dialplan.deeds import (
    CATEGORY,
    CONNECT_RESULTS,
    CONNECTIONS,
    DEEDS,
    FIRST_FACTS,
    KEYED,
    LANGUAGE,
    OPTION_FACTS,
    PROMPT_FACTS,
    SEALED_CATEGORIES,
    SPOKEN,
)
from dialplan.flow import (
    AnyNode,
    BranchNode,
    ConnectNode,
    DoNode,
    EndNode,
    Flow,
    MenuNode,
    NumberNode,
    RecordNode,
    SayNode,
    targets,
)
from dialplan.flow_facts import facts_at
from dialplan.words import MEANINGS, REPEAT, asked_back

KINDS: dict[str, type[AnyNode]] = {
    "say": SayNode,
    "menu": MenuNode,
    "number": NumberNode,
    "record": RecordNode,
    "do": DoNode,
    "connect": ConnectNode,
    "branch": BranchNode,
    "end": EndNode,
}
MAX_DEPTH = 3
MAX_KEYS = 9
MAX_NODES = 400
KEYS = frozenset("0123456789*#")
BOUNDS = {"timeout_s": (1, 30), "digits": (1, 20), "tries": (1, 5), "max_s": (1, 180)}
"""Least and most of a node's numbers: nobody waits in silence for longer, or is asked more often."""
LADDER_PROMPTS = ("silence_slow", "silence_anykey", "wrong_key")
SPEECH_PROMPTS = ("press_or_say", "say_or_press", "use_keys", "doubt_lead", "doubt_keys", "meant_key")
"""Said in a flow that has words: that he may speak, when nothing was understood, and to ask back what was."""

Prompts = Mapping[str, Mapping[str, frozenset[str]]]
"""language -> prompt key -> names of its placeholders"""


class FlowError(Exception):
    """A flow is refused: where (a file, or the flow's name), in which line, and why."""

    def __init__(self, where: object, line: int, reason: str) -> None:
        super().__init__(f"{where}:{line}: {reason}")
        self.line = line
        self.reason = reason


def load_flows(folder: Path, prompts: Prompts) -> dict[str, Flow]:
    """All flows of a folder by name. FlowError for the first that is broken."""
    flows: dict[str, Flow] = {}
    for file in sorted(folder.glob("*.toml")):
        flow = load_flow(file, prompts)
        if flow.name in flows:
            raise FlowError(file, 1, f"another file tells the flow {flow.name} already")
        flows[flow.name] = flow
    for name in FIRST_FACTS.keys() - flows.keys():
        raise FlowError(folder, 1, f"the flow {name} is missing")
    return flows


def load_flow(file: Path, prompts: Prompts) -> Flow:
    """One flow of a file, checked whole."""
    return read_flow(file, file.read_text(encoding="utf-8"), prompts)


def read_flow(where: object, text: str, prompts: Prompts) -> Flow:
    """One flow from its text, checked whole; `where` is named in what FlowError says."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise FlowError(where, int(found[1]) if found else 1, str(error)) from error
    except RecursionError as error:
        raise FlowError(where, 1, "tables within tables without end") from error
    flow = _read(where, text, data)
    for line, reason in _faults(flow, prompts):
        raise FlowError(where, line, reason)
    return flow


def _read(where: object, text: str, data: dict[str, Any]) -> Flow:
    lines = {
        found[1]: text.count("\n", 0, found.start()) + 1
        for found in re.finditer(r"^\[node\.(\w+)\]", text, re.MULTILINE)
    }
    for key in data.keys() - {"name", "start", "home", "failure", "always", "words", "node"}:
        raise FlowError(where, 1, f"a flow has no setting {key}")
    for key in ("name", "start", "failure", "node"):
        if key not in data:
            raise FlowError(where, 1, f"the flow lacks {key}")
    for key in ("name", "start", "home", "failure"):
        if not isinstance(data.get(key, ""), str):
            raise FlowError(where, 1, f"{key} must be a text")
    for key in ("always", "words"):
        if _misfit(data.get(key, {}), Mapping[str, str]):
            raise FlowError(where, 1, f"{key} must be a table of texts")
    nodes = {name: _node(where, name, lines.get(name, 1), body) for name, body in _nodes(where, data["node"])}
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    home = data.get("home", data["start"])
    always, words = data.get("always", {}), data.get("words", {})
    return Flow(data["name"], data["start"], home, data["failure"], always, nodes, digest, words)


def _nodes(where: object, told: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Whoever writes a flow may write anything: what is no table of nodes is refused before it is read."""
    if not isinstance(told, dict):
        raise FlowError(where, 1, "node must be a table: [node.name]")
    if len(told) > MAX_NODES:
        raise FlowError(where, 1, f"{len(told)} nodes; more than {MAX_NODES} nobody can look over")
    for name, body in told.items():
        if not isinstance(body, dict):
            raise FlowError(where, 1, f"{name} must be a table: [node.{name}]")
        yield name, body


def _node(where: object, name: str, line: int, body: dict[str, Any]) -> AnyNode:
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) != 1:
        raise FlowError(where, line, f"{name} must have exactly one of {', '.join(KINDS)}")
    kind = KINDS[kinds[0]]
    known = {field.name: field for field in fields(kind) if field.name not in ("name", "line")}
    for key in body.keys() - known.keys():
        raise FlowError(where, line, f"{name} is a {kinds[0]} node and has no setting {key}")
    for key, field in known.items():
        if key in body:
            continue
        if field.default is MISSING and field.default_factory is MISSING:
            raise FlowError(where, line, f"{name} lacks {key}")
    hints = get_type_hints(kind)
    for key, value in body.items():
        wanted = _misfit(value, hints[key])
        if wanted:
            raise FlowError(where, line, f"{name}: {key} must be {wanted}")
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
    make: Callable[..., AnyNode] = kind
    return make(name=name, line=line, **values)


def _misfit(value: object, hint: object) -> str | None:
    """What the value should have been, in words, or None when it fits the field's type."""
    if hint == tuple[str, ...]:
        fits = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
        return None if fits else "a list of texts"
    if hint == Mapping[str, str]:
        fits = isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
        return None if fits else "a table of texts"
    if hint is bool:
        return None if isinstance(value, bool) else "true or false"
    if hint in (int, float):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return None if whole or (hint is float and isinstance(value, float)) else "a number"
    return None if isinstance(value, str) else "a text"


def _faults(flow: Flow, prompts: Prompts) -> Iterator[tuple[int, str]]:
    """Every fault with its line; the first is the one told."""
    if flow.name not in FIRST_FACTS:
        yield 1, f"no flow is called {flow.name}: {', '.join(FIRST_FACTS)}"
        return
    if lost := [*_lost_roads(flow)]:
        yield from lost
        return  # nothing that follows roads could be said
    yield from _bad_keys(flow)
    yield from _bad_words(flow)
    if bad := [*_bad_deeds(flow)]:
        yield from bad
        return  # what a deed would leave is not known
    yield from _bad_arguments(flow, prompts)
    yield from _out_of_bounds(flow)
    yield from _bad_prompts(flow, prompts)
    yield from _dead_ends(flow)
    yield from _silence_circles(flow)
    yield from _too_deep(flow)


def _lost_roads(flow: Flow) -> Iterator[tuple[int, str]]:
    for name in (flow.start, flow.home, flow.failure, *flow.always.values()):
        if name not in flow.nodes:
            yield 1, f"there is no node {name}"
    for node in flow.nodes.values():
        for target in targets(flow, node):
            if target not in flow.nodes:
                yield node.line, f"{node.name} leads to {target}, which is not there"


def _bad_keys(flow: Flow) -> Iterator[tuple[int, str]]:
    for key in flow.always:
        if key not in KEYS:
            yield 1, f"{key} is not a key of a telephone"
    for node in flow.nodes.values():
        if not isinstance(node, MenuNode):
            continue
        for key in node.keys:
            if key not in KEYS:
                yield node.line, f"{node.name}: {key} is not a key of a telephone"
        if len(node.keys) > MAX_KEYS:
            yield node.line, f"{node.name} has {len(node.keys)} keys; more than {MAX_KEYS} nobody remembers"
        if not node.keys and not node.chosen:
            yield node.line, f"{node.name} offers no key"
        if (node.each is None) != (node.over is None) or (node.each is None) != (node.chosen is None):
            yield node.line, f"{node.name}: each, over and chosen belong together"


def _bad_words(flow: Flow) -> Iterator[tuple[int, str]]:
    everywhere = {*flow.always, REPEAT}
    for key, meanings in flow.words.items():
        if key not in everywhere:
            yield 1, f"words: {key} works nowhere, so nothing can be said for it"
        yield from ((1, f"words: {reason}") for reason in _no_meaning(meanings))
    for node in flow.nodes.values():
        if not isinstance(node, MenuNode):
            continue
        for key, meanings in node.words.items():
            if key not in {*node.keys, *everywhere}:
                yield node.line, f"{node.name}: {key} is no key here, so nothing can be said for it"
            yield from ((node.line, f"{node.name}: {reason}") for reason in _no_meaning(meanings))
        yield from _never_asked_back(node)


def _never_asked_back(node: MenuNode) -> Iterator[tuple[int, str]]:
    for key in node.confirm:
        if key not in node.words:
            yield node.line, f"{node.name}: confirm names the key {key}, for which nothing can be said"


def _no_meaning(meanings: str) -> Iterator[str]:
    if not meanings.split():
        yield "words must name a meaning"
    for name in meanings.split():
        if name not in MEANINGS:
            yield f"there are no words for {name}: {', '.join(sorted(MEANINGS))}"


def _bad_deeds(flow: Flow) -> Iterator[tuple[int, str]]:
    for node in flow.nodes.values():
        match node:
            case DoNode():
                if node.do not in DEEDS:
                    yield node.line, f"{node.name} asks for {node.do}, which nobody does"
                    continue
                wanted = set(DEEDS[node.do].results)
            case ConnectNode():
                wanted = set(CONNECT_RESULTS)
            case _:
                continue
        for result in sorted(wanted ^ node.then.keys()):
            fault = "has no road for" if result in wanted else "waits in vain for"
            yield node.line, f"{node.name} {fault} the result {result}"


def _bad_arguments(flow: Flow, prompts: Prompts) -> Iterator[tuple[int, str]]:
    """What a deed is told must be what it understands: a wrong word would be found out by a caller."""
    for node in flow.nodes.values():
        match node:
            case DoNode():
                deed = DEEDS[node.do]
                if deed.flows and flow.name not in deed.flows:
                    yield node.line, f"{node.name}: {node.do} is done in {', '.join(deed.flows)} alone"
                for name in sorted(deed.needs.keys() - node.args.keys()):
                    yield node.line, f"{node.name}: {node.do} lacks the argument {name}"
                for name, value in node.args.items():
                    allowed = {**deed.needs, **deed.takes}.get(name)
                    if allowed is None:
                        yield node.line, f"{node.name}: {node.do} takes no argument {name}"
                    elif not _may_be(value, allowed, prompts):
                        yield node.line, f"{node.name}: {name} cannot be {value}; it is {' or '.join(allowed)}"
                if node.args.get("category") in SEALED_CATEGORIES and node.args.get("sealed") != "yes":
                    yield node.line, f'{node.name}: who informs is written nowhere: sealed = "yes" is missing'
            case ConnectNode() if node.connect not in CONNECTIONS:
                yield node.line, f"{node.name}: nobody is there for {node.connect}, only for {', '.join(CONNECTIONS)}"
            case NumberNode() if node.into not in KEYED:
                yield node.line, f"{node.name}: a number is collected into {', '.join(KEYED)}"
            case RecordNode() if node.into not in SPOKEN:
                yield node.line, f"{node.name}: a recording is made into {', '.join(SPOKEN)}"


def _may_be(value: str, allowed: tuple[str, ...], prompts: Prompts) -> bool:
    if LANGUAGE in allowed and value in prompts:
        return True
    if CATEGORY in allowed:
        key = f"category_{value.lower().replace('-', '_')}"
        if all(key in known for known in prompts.values()):
            return True
    return value in allowed


def _out_of_bounds(flow: Flow) -> Iterator[tuple[int, str]]:
    for node in flow.nodes.values():
        for name, (least, most) in BOUNDS.items():
            value = getattr(node, name, None)
            if value is not None and not least <= value <= most:
                yield node.line, f"{node.name}: {name} must lie between {least:g} and {most:g}"


def _bad_prompts(flow: Flow, prompts: Prompts) -> Iterator[tuple[int, str]]:
    for language, key in ((language, key) for language in prompts for key in _of_speech(flow)):
        if key not in prompts[language]:
            yield 1, f"{key}, said when words are not understood for certain, has no text in language {language}"
    facts = facts_at(flow)
    for node, text in _said(flow):
        options = OPTION_FACTS if isinstance(node, MenuNode) and node.each else ()
        given = facts.get(node.name, frozenset()) | {*options}
        only, _, key = text.rpartition(":")
        if key.startswith("{"):
            if key[1:-1] not in PROMPT_FACTS or key[1:-1] not in given:
                yield node.line, f"{node.name} says the prompt named by {key}, a fact that nothing provides"
            continue
        for language in (only,) if only else prompts:
            if key not in prompts.get(language, {}):
                yield node.line, f"{node.name} says {key}, which has no text in language {language}"
                continue
            for placeholder in sorted(prompts[language][key] - given):
                yield node.line, f"{node.name} says {key}, whose {{{placeholder}}} nothing provides on every road there"


def _of_speech(flow: Flow) -> Iterator[str]:
    """What is said beside the nodes' own prompts because the flow has words."""
    tables = [flow.words, *(node.words for node in flow.nodes.values() if isinstance(node, MenuNode))]
    if any(tables):
        yield from SPEECH_PROMPTS
    for table in tables:
        yield from (asked_back(meanings) for meanings in table.values())


def _said(flow: Flow) -> Iterator[tuple[AnyNode, str]]:
    for node in flow.nodes.values():
        match node:
            case SayNode():
                said = node.say
            case MenuNode():
                said = (*node.menu, *((node.each,) if node.each else ()), *node.others.values(), *LADDER_PROMPTS)
            case NumberNode():
                said = (*node.number, node.again, node.help)
            case RecordNode():
                said = node.record
            case EndNode():
                said = node.end
            case _:
                continue
        for text in said:
            yield node, text


def _dead_ends(flow: Flow) -> Iterator[tuple[int, str]]:
    """Every node must be reachable, and from every node some road must lead to an end."""
    reached = _reach(flow, {flow.start, flow.failure, *flow.always.values()})
    leads: dict[str, set[str]] = {}
    for node in flow.nodes.values():
        for target in targets(flow, node):
            leads.setdefault(target, set()).add(node.name)
    alive = {name for name, node in flow.nodes.items() if isinstance(node, EndNode)}
    todo = deque(alive)
    while todo:
        for name in leads.get(todo.popleft(), set()) - alive:
            alive.add(name)
            todo.append(name)
    for node in flow.nodes.values():
        if node.name not in reached:
            yield node.line, f"no road leads to {node.name}"
        if node.name not in alive:
            yield node.line, f"{node.name} is a dead end: no road from it leads to an end"


def _reach(flow: Flow, start: set[str]) -> set[str]:
    seen, todo = set(start), deque(start)
    while todo:
        for target in targets(flow, flow.nodes[todo.popleft()]):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _silence_circles(flow: Flow) -> Iterator[tuple[int, str]]:
    """A caller who never presses anything must come to an end: the roads of silence may not turn in a circle."""
    done: set[str] = set()

    def circle(name: str, trail: tuple[str, ...]) -> tuple[str, ...] | None:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        if name in done:
            return None
        for target in _silent_roads(flow, flow.nodes[name]):
            found = circle(target, (*trail, name))
            if found:
                return found
        done.add(name)
        return None

    for node in flow.nodes.values():
        found = circle(node.name, ())
        if found:
            yield node.line, f"silence goes round for ever: {' > '.join(found)}"


def _silent_roads(flow: Flow, node: AnyNode) -> list[str]:
    match node:
        case MenuNode():
            return [node.silence or node.failure or flow.failure]
        case NumberNode():
            return [node.failed]
        case _:
            return targets(flow, node)


def _too_deep(flow: Flow) -> Iterator[tuple[int, str]]:
    """Choices among things from the main menu on; a yes/no confirmation is not a level (issue: never over three)."""
    roots = [node.name for node in flow.nodes.values() if isinstance(node, MenuNode) and node.root]
    best = dict.fromkeys(roots, 1)
    todo = deque(roots)
    while todo:
        name = todo.popleft()
        for target in targets(flow, flow.nodes[name]):
            node = flow.nodes[target]
            deeper = best[name] + (isinstance(node, MenuNode) and len(node.keys) > 2)
            if deeper < best.get(target, MAX_DEPTH * 100):
                best[target] = deeper
                todo.append(target)
    for name, depth in best.items():
        if depth > MAX_DEPTH:
            yield flow.nodes[name].line, f"{name} lies {depth} menus deep; more than {MAX_DEPTH} loses the caller"
