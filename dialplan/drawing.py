"""Draws a flow for people: each node with what it says and where it leads, as an indented tree of text."""

from __future__ import annotations

from collections.abc import Iterator

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
)


def draw(flow: Flow) -> str:
    """The flow as a tree from its start; a node that was drawn already is only named, with an arrow up."""
    drawn: set[str] = set()
    lines = [f"{flow.name} (version {flow.digest})"]
    if flow.always:
        keys = ", ".join(f"{key} {target}" for key, target in flow.always.items())
        lines.append(f"everywhere: {keys}; three failures: {flow.failure}")
    for root in dict.fromkeys((flow.start, flow.home, flow.failure, *flow.always.values())):
        if root not in drawn:
            lines += _tree(flow, root, "", "", drawn)
    return "\n".join(lines) + "\n"


def _tree(flow: Flow, name: str, indent: str, road: str, drawn: set[str]) -> Iterator[str]:
    lead = f"{indent}{road} " if road else indent
    if name not in flow.nodes:
        yield f"{lead}(back to where he was)"
        return
    if name in drawn:
        yield f"{lead}{name} ↑"
        return
    drawn.add(name)
    node = flow.nodes[name]
    yield f"{lead}{name}: {_told(node)}"
    for label, target in _roads(node):
        yield from _tree(flow, target, indent + "    ", label, drawn)


def _told(node: AnyNode) -> str:
    match node:
        case SayNode(say=said):
            return f"says {', '.join(said)}"
        case MenuNode(menu=said):
            return f"asks {', '.join(said)}"
        case NumberNode(number=said, digits=digits):
            return f"asks for {digits} digits: {', '.join(said)}"
        case RecordNode(record=said, max_s=seconds):
            return f"records up to {seconds:g} s: {', '.join(said)}"
        case DoNode(do=deed):
            return f"does {deed}"
        case ConnectNode(connect=skill):
            return f"queue for a person ({skill})"
        case BranchNode(branch=fact):
            return f"by {fact}"
        case EndNode(end=said):
            return f"ends with {', '.join(said)}"


def _roads(node: AnyNode) -> list[tuple[str, str]]:
    match node:
        case SayNode(next=target):
            return [("→", target)]
        case MenuNode():
            chosen = [("1..n →", node.chosen)] if node.chosen else []
            silence = [("silence →", node.silence)] if node.silence else []
            keys = ((f"{_key(node, key)} →", target) for key, target in node.keys.items())
            return [*keys, *chosen, *silence]
        case NumberNode():
            return [("keyed →", node.next), ("failed →", node.failed)]
        case RecordNode():
            return [("→", node.next), *([("left →", node.left)] if node.left != node.next else [])]
        case DoNode() | ConnectNode():
            return [(f"{result} →", target) for result, target in node.then.items()]
        case BranchNode():
            return [*((f"{value} →", target) for value, target in node.cases.items()), ("else →", node.otherwise)]
        case EndNode():
            return []


def _key(node: MenuNode, key: str) -> str:
    """With what may be said for it."""
    return f"{key} ({node.words[key]})" if key in node.words else key
