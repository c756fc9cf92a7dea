"""Flows: the real ones load, and a broken one of every kind is refused naming file, line and reason."""

from dataclasses import fields
from pathlib import Path

import pytest

from complaints.records import State
from dialplan.deeds import CONNECT_RESULTS, DEEDS, FIRST_FACTS
from dialplan.flow import ConnectNode, DoNode, MenuNode
from dialplan.loading import KINDS, FlowError, load_flow, load_flows
from dialplan.wording import load

ROOM = Path(__file__).parents[2] / "dialplan"
WORDS = ("hello", "ask", "bye", "silence_slow", "silence_anykey", "wrong_key")
PROMPTS = {
    language: {**dict.fromkeys(WORDS, frozenset()), "told": frozenset({"pairs"}), "odd": frozenset({"since"})}
    for language in ("hi", "en")
}
HEAD = 'name = "callback"\nstart = "hello"\nfailure = "bye"\n'
GOOD = """
[always]
"0" = "bye"

[node.hello]
say = ["hello"]
next = "ask"

[node.ask]
menu = ["ask"]
keys = { 1 = "deed", 2 = "bye" }

[node.deed]
do = "promise_callback"
then = { ok = "queue", withheld = "bye", trouble = "bye" }

[node.queue]
connect = "general"
then = { talked = "bye", nobody = "bye", callback = "bye" }

[node.bye]
end = ["bye"]
"""


@pytest.fixture(scope="module")
def catalogue():
    return load(ROOM / "prompts").catalogue


@pytest.fixture
def refused(tmp_path):
    """Writes a flow and gives back the sentence it is refused with, without the folder."""

    def attempt(text, prompts=PROMPTS):
        file = tmp_path / "broken.toml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(FlowError) as refusal:
            load_flow(file, prompts)
        assert str(refusal.value).startswith(f"{file}:")
        return str(refusal.value).removeprefix(f"{tmp_path}/")

    return attempt


def line_of(text, piece):
    return text[: text.index(piece)].count("\n") + 1


def with_node(body):
    """The good flow, and one more node that its menu leads to on key 3."""
    return HEAD + GOOD.replace('2 = "bye"', '2 = "bye", 3 = "extra"') + "\n[node.extra]\n" + body


# -- the real ones


def test_the_three_real_flows_load_with_the_real_prompts(catalogue):
    assert load_flows(ROOM / "flows", catalogue).keys() == {"inbound", "satisfaction", "callback"} == FIRST_FACTS.keys()


def test_every_deed_of_the_contract_is_asked_for_by_a_flow_and_every_road_of_it_leads_somewhere(catalogue):
    flows = load_flows(ROOM / "flows", catalogue).values()
    asked = {node.do for flow in flows for node in flow.nodes.values() if isinstance(node, DoNode)}
    assert asked == DEEDS.keys()
    for flow in flows:
        for node in flow.nodes.values():
            if isinstance(node, ConnectNode):
                assert node.then.keys() == set(CONNECT_RESULTS)


def test_the_main_menu_has_the_keys_every_bill_will_print(catalogue):
    main = load_flows(ROOM / "flows", catalogue)["inbound"].nodes["main_full"]
    assert isinstance(main, MenuNode)
    assert main.keys == {
        "1": "supply",
        "2": "bill",
        "3": "meter",
        "4": "newcon",
        "5": "theft",
        "6": "status",
        "9": "danger",
        "0": "person",
    }


def test_confirmations_and_verdicts_forget_what_was_pressed_before(catalogue):
    flows = load_flows(ROOM / "flows", catalogue)
    questions = [("inbound", "readback"), ("inbound", "language"), ("satisfaction", "question")]
    assert all(flows[flow].nodes[name].flush for flow, name in questions)


def test_what_is_said_of_a_docket_exists_in_every_language_for_every_state_and_rung(catalogue):
    wanted = {f"docket_status_{state}" for state in State} | {f"role_L{level}" for level in range(1, 7)}
    wanted |= {"status_due", "status_overdue"}
    for prompts in catalogue.values():
        assert wanted <= prompts.keys()


def test_a_version_of_a_flow_has_a_digest_of_its_own(tmp_path):
    file = tmp_path / "flow.toml"
    file.write_text(HEAD + GOOD, encoding="utf-8")
    first = load_flow(file, PROMPTS).digest
    assert load_flow(file, PROMPTS).digest == first
    file.write_text(HEAD + GOOD.replace("2 =", "4 ="), encoding="utf-8")
    assert load_flow(file, PROMPTS).digest != first


# -- the broken ones


def test_the_flow_the_broken_ones_are_made_from_is_good(tmp_path):
    file = tmp_path / "good.toml"
    file.write_text(HEAD + GOOD, encoding="utf-8")
    assert load_flow(file, PROMPTS).nodes.keys() == {"hello", "ask", "deed", "queue", "bye"}


def test_bad_toml_is_refused_with_its_line(refused):
    assert "line 4" in refused(HEAD + "[node.hello\n")


def test_a_dead_end_is_refused(refused):
    text = with_node('say = ["hello"]\nnext = "extra2"\n[node.extra2]\nsay = ["hello"]\nnext = "extra"\n')
    assert refused(text) == (
        f"broken.toml:{line_of(text, '[node.extra]')}: extra is a dead end: no road from it leads to an end"
    )


def test_a_node_no_road_leads_to_is_refused(refused):
    text = HEAD + GOOD + '\n[node.lonely]\nend = ["bye"]\n'
    assert refused(text) == f"broken.toml:{line_of(text, '[node.lonely]')}: no road leads to lonely"


def test_a_prompt_that_is_nowhere_is_refused(refused):
    text = with_node('end = ["shout"]\n')
    line = line_of(text, "[node.extra]")
    assert refused(text) == f"broken.toml:{line}: extra says shout, which has no text in language hi"


def test_a_prompt_that_one_language_lacks_is_refused_and_the_language_named(refused):
    text = with_node('end = ["only"]\n')
    prompts = {**PROMPTS, "hi": {**PROMPTS["hi"], "only": frozenset()}}
    assert refused(text, prompts).endswith("extra says only, which has no text in language en")


def test_a_prompt_asked_for_in_one_language_must_exist_there(refused):
    assert refused(with_node('end = ["ur:hello"]\n')).endswith("says hello, which has no text in language ur")


@pytest.mark.parametrize("ladder", ["silence_slow", "silence_anykey", "wrong_key"])
def test_a_menu_without_the_words_of_the_error_ladder_is_refused(refused, ladder):
    prompts = {language: {k: v for k, v in said.items() if k != ladder} for language, said in PROMPTS.items()}
    text = HEAD + GOOD
    assert refused(text, prompts) == (
        f"broken.toml:{line_of(text, '[node.ask]')}: ask says {ladder}, which has no text in language hi"
    )


def test_a_value_that_nothing_provides_is_refused(refused):
    assert refused(with_node('end = ["odd"]\n')).endswith(
        "extra says odd, whose {since} nothing provides on every road there"
    )


def test_a_prompt_named_by_a_fact_that_nothing_provides_is_refused(refused):
    said = refused(with_node('end = ["{mood_prompt}"]\n'))
    assert said.endswith("says the prompt named by {mood_prompt}, a fact that nothing provides")


def test_a_deed_nobody_does_is_refused(refused):
    said = refused(with_node('do = "dance"\nthen = { ok = "bye" }\n'))
    assert said.endswith("extra asks for dance, which nobody does")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('do = "register"\nthen = { ok = "bye" }\n', "extra has no road for the result noted"),
        ('do = "note_service"\nthen = { ok = "bye", no = "bye" }\n', "extra waits in vain for the result no"),
        ('connect = "x"\nthen = { talked = "bye", callback = "bye" }\n', "extra has no road for the result nobody"),
    ],
)
def test_a_result_without_a_road_or_a_road_without_a_result_is_refused(refused, body, reason):
    text = with_node(body)
    assert refused(text) == f"broken.toml:{line_of(text, '[node.extra]')}: {reason}"


def test_a_menu_of_more_than_nine_keys_is_refused(refused):
    keys = ", ".join(f'{key} = "bye"' for key in range(10))
    text = with_node(f'menu = ["ask"]\nkeys = {{ {keys} }}\n')
    line = line_of(text, "[node.extra]")
    assert refused(text) == f"broken.toml:{line}: extra has 10 keys; more than 9 nobody remembers"


def test_a_menu_without_a_key_is_refused(refused):
    assert refused(with_node('menu = ["ask"]\nkeys = {}\n')).endswith("extra offers no key")


@pytest.mark.parametrize("key", ["A", "10", "x"])
def test_a_key_no_telephone_has_is_refused(refused, key):
    text = with_node(f'menu = ["ask"]\nkeys = {{ {key} = "bye" }}\n')
    assert refused(text).endswith(f"extra: {key} is not a key of a telephone")
    everywhere = HEAD + GOOD.replace('"0" = "bye"', f'"{key}" = "bye"')
    assert refused(everywhere) == f"broken.toml:1: {key} is not a key of a telephone"


def test_options_without_a_list_to_take_them_from_are_refused(refused):
    body = 'menu = ["ask"]\nkeys = { 1 = "bye" }\neach = "told"\n'
    assert refused(with_node(body)).endswith("each, over and chosen belong together")


def menus(depth):
    """A main menu and menus below it, `depth` levels in all."""
    nodes = []
    for level in range(1, depth + 1):
        below = f"menu{level + 1}" if level < depth else "bye"
        root = "root = true\n" if level == 1 else ""
        keys = f'{{ 1 = "{below}", 2 = "bye", 3 = "bye" }}'
        nodes.append(f'[node.menu{level}]\nmenu = ["ask"]\nkeys = {keys}\n{root}')
    return HEAD.replace('"hello"', '"menu1"') + "\n".join([*nodes, '[node.bye]\nend = ["bye"]\n'])


def test_a_menu_more_than_three_levels_deep_is_refused(refused):
    text = menus(4)
    line = line_of(text, "[node.menu4]")
    assert refused(text) == f"broken.toml:{line}: menu4 lies 4 menus deep; more than 3 loses the caller"


def test_three_levels_of_menus_are_allowed(tmp_path):
    file = tmp_path / "deep.toml"
    file.write_text(menus(3), encoding="utf-8")
    assert "menu3" in load_flow(file, PROMPTS).nodes


def test_a_circle_of_silence_is_refused(refused):
    body = 'menu = ["ask"]\nkeys = { 1 = "bye" }\nsilence = "round"\n[node.round]\nsay = ["hello"]\nnext = "extra"\n'
    assert "silence goes round for ever: extra > round > extra" in refused(with_node(body))


def test_three_failures_may_not_lead_back_into_the_same_silence(refused):
    text = HEAD.replace('failure = "bye"', 'failure = "ask"') + GOOD
    assert "silence goes round for ever: ask > ask" in refused(text)


@pytest.mark.parametrize("name", ["start", "home", "failure"])
def test_an_unknown_start_home_or_failure_is_refused(refused, name):
    head = "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(name)) + f'{name} = "nowhere"\n'
    assert refused(head + GOOD) == "broken.toml:1: there is no node nowhere"


def test_an_everywhere_key_that_leads_nowhere_is_refused(refused):
    assert refused(HEAD + GOOD.replace('"0" = "bye"', '"0" = "nowhere"')) == "broken.toml:1: there is no node nowhere"


@pytest.mark.parametrize(
    "body",
    [
        'say = ["hello"]\nnext = "nowhere"\n',
        'menu = ["ask"]\nkeys = { 1 = "nowhere" }\n',
        'menu = ["ask"]\nkeys = { 1 = "bye" }\nsilence = "nowhere"\n',
        'branch = "purpose"\ncases = { cut = "bye" }\notherwise = "nowhere"\n',
        'record = ["hello"]\ninto = "reason"\nnext = "bye"\nleft = "nowhere"\n',
        'number = ["ask"]\ndigits = 8\ninto = "x"\nagain = "ask"\nhelp = "ask"\nnext = "bye"\nfailed = "nowhere"\n',
        'connect = "general"\nthen = { talked = "bye", nobody = "nowhere", callback = "bye" }\n',
    ],
)
def test_a_target_that_is_not_there_is_refused(refused, body):
    text = with_node(body)
    line = line_of(text, "[node.extra]")
    assert refused(text) == f"broken.toml:{line}: extra leads to nowhere, which is not there"


def test_an_unknown_setting_of_the_flow_or_of_a_node_is_refused(refused):
    assert refused('colour = "red"\n' + HEAD + GOOD) == "broken.toml:1: a flow has no setting colour"
    text = with_node('end = ["bye"]\ntries = 3\n')
    line = line_of(text, "[node.extra]")
    assert refused(text) == f"broken.toml:{line}: extra is a end node and has no setting tries"


@pytest.mark.parametrize("lacking", ["name", "start", "failure"])
def test_a_flow_that_lacks_what_every_flow_has_is_refused(refused, lacking):
    head = "".join(line + "\n" for line in HEAD.splitlines() if not line.startswith(lacking))
    assert refused(head + GOOD) == f"broken.toml:1: the flow lacks {lacking}"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_node_that_lacks_what_its_kind_needs_is_refused(refused, kind):
    needed = [field.name for field in fields(KINDS[kind])][2:]
    text = with_node(f'{kind} = ["hello"]\n')
    if needed == [kind]:  # an end needs nothing else
        return
    assert f":{line_of(text, '[node.extra]')}: extra lacks " in refused(text)


@pytest.mark.parametrize("body", ['next = "bye"\n', 'say = ["hello"]\nend = ["bye"]\nnext = "bye"\n'])
def test_a_node_of_no_kind_or_of_two_is_refused(refused, body):
    assert "extra must have exactly one of say, menu" in refused(with_node(body))


def test_a_flow_of_an_unknown_name_is_refused(refused):
    assert refused(HEAD.replace("callback", "tea") + GOOD).startswith("broken.toml:1: no flow is called tea")


@pytest.mark.parametrize(
    "body",
    [
        'menu = ["ask"]\nkeys = 3\n',
        'menu = "ask"\nkeys = { 1 = "bye" }\n',
        'menu = ["ask"]\nkeys = { 1 = "bye" }\ntimeout_s = "soon"\n',
        'number = ["ask"]\ndigits = "ten"\ninto = "x"\nagain = "ask"\nhelp = "ask"\nnext = "bye"\nfailed = "bye"\n',
        'say = [3]\nnext = "bye"\n',
        'say = ["hello"]\nnext = ["bye"]\n',
        'do = "note_service"\nthen = ["ok"]\n',
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_its_line(refused, body):
    text = with_node(body)
    assert f"broken.toml:{line_of(text, '[node.extra]')}: " in refused(text)


def test_two_files_cannot_tell_the_same_flow(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(HEAD + GOOD, encoding="utf-8")
    with pytest.raises(FlowError, match=r"two\.toml"):
        load_flows(tmp_path, PROMPTS)
