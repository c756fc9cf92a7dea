"""Which facts a flow has for certain at each of its places: those that every road from its start has brought along.

A prompt that holds a value nothing has given there would leave the caller in silence: such a flow is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from dialplan.deeds import DEEDS, DOCKET_FACTS, FIRST_FACTS, KEPT, MAYBE_FACTS
from dialplan.flow import BACK, AnyNode, BranchNode, DoNode, Flow, MenuNode, NumberNode, RecordNode, SayNode, targets

Facts = frozenset[str]


def facts_at(flow: Flow) -> dict[str, Facts]:
    """Place → the facts it has whatever road led there. All roads of the flow lead to places that exist."""
    found: dict[str, Facts] = {flow.start: frozenset(FIRST_FACTS[flow.name]) - MAYBE_FACTS}
    todo = deque([flow.start])
    while todo:
        node = flow.nodes[todo.popleft()]
        for target, brought in _roads(flow, node, found[node.name]):
            known = brought if target not in found else found[target] & brought
            if found.get(target) != known:
                found[target] = known
                todo.append(target)
    return found


def _roads(flow: Flow, node: AnyNode, here: Facts) -> Iterator[tuple[str, Facts]]:
    """Every road from a place, with the facts whoever goes it has then."""
    match node:
        case DoNode():
            for result, target in node.then.items():
                yield _place(flow, target), _after(node, result, here)
        case BranchNode():
            told = {node.branch}
            for value, target in node.cases.items():
                yield _place(flow, target), here - told if value == "none" else here | told
            if node.branch == KEPT and KEPT in here:
                here |= {*DOCKET_FACTS}
            yield _place(flow, node.otherwise), here | told if "none" in node.cases else here
        case NumberNode():
            yield _place(flow, node.next), here | {node.into}
            yield _place(flow, node.failed), here
        case RecordNode():
            for target in (node.next, node.left):
                yield _place(flow, target), here | {node.into}
        case _:
            chosen = node.chosen if isinstance(node, MenuNode) else None
            for target in targets(flow, node):
                yield target, here | {"choice"} if target == chosen else here
    if isinstance(node, SayNode | MenuNode):  # the everywhere-keys act here
        for target in flow.always.values():
            yield target, here


def _after(node: DoNode, result: str, here: Facts) -> Facts:
    """What a deed leaves; a connection that is given up takes what was known of it away."""
    deed = DEEDS[node.do]
    if result in deed.nothing:
        return here | ({KEPT} & {*deed.gives}) if result == "noted" else here
    return (here | set(deed.gives)) - set(deed.takes_away)


def _place(flow: Flow, target: str) -> str:
    return flow.home if target == BACK else target
