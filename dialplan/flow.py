"""A flow as data: the nodes that a TOML file of `dialplan/flows` may hold. Loading and refusing is in `loading.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

BACK = "back"
"""The target that means: the node where the caller was when an everywhere-key took him away."""


@dataclass(frozen=True, slots=True)
class Node:
    """Common to all nodes; `line` is its line in the file, for sentences about it."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class SayNode(Node):
    """Say something and go on; the everywhere-keys work meanwhile."""

    say: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True)
class MenuNode(Node):
    """A question answered by one key.

    `each`/`over`: one more option per item of a fact, keyed 1..n, leading to `chosen` with the fact `choice` = n.
    `words`: what may be said instead of a key, as meanings joined by spaces (`dialplan/words.py`); of the keys in
    `confirm` a spoken one is always asked back, however clearly it was heard.
    `others`: said after those, key -> prompt whose {key} it is. `silence`: where silence leads at once, in place of
    the error ladder; `failure`: where three failures lead from here, in place of the flow's. `root` marks the main
    menu: depth is counted from there. `flush` menus throw away keys pressed before the question: confirmations,
    verdicts, the language (design 3.18).
    """

    menu: tuple[str, ...]
    keys: Mapping[str, str]
    silence: str | None = None
    failure: str | None = None
    each: str | None = None
    over: str | None = None
    others: Mapping[str, str] = field(default_factory=dict)
    chosen: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    confirm: tuple[str, ...] = ()
    root: bool = False
    flush: bool = False
    timeout_s: float = 6.0


@dataclass(frozen=True, slots=True)
class NumberNode(Node):
    """A number keyed by the caller into the fact `into`. Entered more than `tries` times, it leads to `failed`.

    `again` is said first from the second try on; `help` answers `*`, the only key that acts here.
    """

    number: tuple[str, ...]
    digits: int
    into: str
    next: str
    failed: str
    again: str
    help: str
    tries: int = 2


@dataclass(frozen=True, slots=True)
class RecordNode(Node):
    """A recording by the caller. `left` is where deeds go on when he hangs up while he speaks."""

    record: tuple[str, ...]
    into: str
    next: str
    left: str
    max_s: float = 20.0


@dataclass(frozen=True, slots=True)
class DoNode(Node):
    do: str
    then: Mapping[str, str]
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ConnectNode(Node):
    connect: str
    then: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BranchNode(Node):
    """Go where the fact's value says; `otherwise` for any other value."""

    branch: str
    cases: Mapping[str, str]
    otherwise: str


@dataclass(frozen=True, slots=True)
class EndNode(Node):
    end: tuple[str, ...]


AnyNode = SayNode | MenuNode | NumberNode | RecordNode | DoNode | ConnectNode | BranchNode | EndNode


@dataclass(frozen=True, slots=True)
class Flow:
    """`always` are the everywhere-keys of menus, `words` what may be said for those and for `*`, as in menus; a menu's
    own words come before them. `failure` is where three failures lead.

    `home` is where BACK leads before any everywhere-key was pressed; `digest` names this version of the flow.
    """

    name: str
    start: str
    home: str
    failure: str
    always: Mapping[str, str]
    nodes: Mapping[str, AnyNode]
    digest: str
    words: Mapping[str, str] = field(default_factory=dict)


def targets(flow: Flow, node: AnyNode) -> list[str]:
    """Every node this one can lead to; BACK counts as the flow's home, the everywhere-keys are left out."""
    match node:
        case SayNode():
            found = [node.next]
        case MenuNode():
            chosen = [node.chosen] if node.chosen else []
            found = [*node.keys.values(), node.silence or flow.failure, node.failure or flow.failure, *chosen]
        case NumberNode():
            found = [node.next, node.failed]
        case RecordNode():
            found = [node.next, node.left]
        case DoNode() | ConnectNode():
            found = [*node.then.values()]
        case BranchNode():
            found = [*node.cases.values(), node.otherwise]
        case EndNode():
            found = []
    return [flow.home if target == BACK else target for target in found]
