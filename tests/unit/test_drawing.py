"""A drawn flow shows a person every node, every key and every road of it."""

import re
from pathlib import Path

import pytest

from dialplan.drawing import draw
from dialplan.flow import BACK, EndNode, Flow, MenuNode, SayNode
from dialplan.loading import load_flows
from dialplan.wording import load

ROOM = Path(__file__).parents[2] / "dialplan"
FLOWS = load_flows(ROOM / "flows", load(ROOM / "prompts").catalogue)


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_node_is_told_exactly_once(name):
    drawing = draw(FLOWS[name])
    for node in FLOWS[name].nodes:
        assert len(re.findall(rf"(?:^|\s){node}: ", drawing)) == 1, node


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_every_key_of_a_menu_and_every_everywhere_key_is_shown(name):
    flow, drawing = FLOWS[name], draw(FLOWS[name])
    for node in flow.nodes.values():
        if isinstance(node, MenuNode):
            for key, target in node.keys.items():
                words = rf" \({node.words[key]}\)" if key in node.words else ""
                assert re.search(rf"{key}{words} → {target}[: ]", drawing), (node.name, key)
    everywhere = drawing.splitlines()[1]
    assert all(f"{key} {target}" in everywhere for key, target in flow.always.items())
    assert everywhere.endswith(f"three failures: {flow.failure}")


def test_the_drawing_begins_with_the_name_and_the_version():
    flow = FLOWS["inbound"]
    assert draw(flow).splitlines()[0] == f"inbound (version {flow.digest})"


def test_a_road_back_to_what_was_drawn_is_an_arrow_and_not_a_second_tree():
    nodes = {
        "ask": MenuNode("ask", 1, ("ask",), {"1": "ask", "2": BACK, "3": "bye"}, silence="bye"),
        "bye": EndNode("bye", 2, ("bye",)),
    }
    assert draw(Flow("small", "ask", "ask", "bye", {}, nodes, "d1")).splitlines()[1:] == [
        "ask: asks ask",
        "    1 → ask ↑",
        "    2 → (back to where he was)",
        "    3 → bye: ends with bye",
        "    silence → bye ↑",
    ]


def test_what_only_an_everywhere_key_leads_to_is_drawn_as_well():
    nodes = {
        "hello": SayNode("hello", 1, ("hello",), "bye"),
        "bye": EndNode("bye", 2, ("bye",)),
        "help": SayNode("help", 3, ("help",), "bye"),
    }
    assert "help: says help" in draw(Flow("small", "hello", "hello", "bye", {"9": "help"}, nodes, "d1"))
