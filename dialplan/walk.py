"""The walker: a flow, a place in it and what is known; it gives the next step for each reply. Pure.

Error ladder of every menu (domain.md 3.1): silence -> the options again, slower; silence -> "press any key if you hear
me"; wrong key -> "this key has no use here". Three failures anywhere in a call lead to the flow's `failure` node, a
person: nobody is hung up on. Where a menu names `silence`, silence is an answer there and no failure.

Words (domain.md 3.1): one that was not heard for certain is asked back once, by yes and no; two answers that were none
lead to the same question by keys. Neither is a failure: noise is nobody's wrong key.

Slow mode: with the fact `slow_mode` every prompt is read slowly and every wait for a key is twice as long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from dialplan.deeds import HEARD_IN, PROMPT_STYLE, SLOW_MODE
from dialplan.flow import (
    BACK,
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
from dialplan.steps import (
    Ask,
    Collect,
    Connect,
    Do,
    Done,
    End,
    Fact,
    Facts,
    Keyed,
    Left,
    Misheard,
    Pressed,
    Record,
    Recorded,
    Reply,
    Say,
    Silent,
    Spoken,
    Step,
)
from dialplan.words import asked_back

MAX_FAILURES = 3
NUMBER_S = 8.0
"""So long the first digit of a number is waited for, and each further one `GAP_S`."""
GAP_S = 4.0
SLOWER = 2.0
"""So many times longer than others a caller in slow mode is waited for."""
YES, NO = "1", "2"
"""Keys that answer whether something was meant."""
STYLES = {"press_or_say": "press_or_say", "say_or_press": "say_or_press"}
"""How callers are told that they may speak, as prompts; any other style says nothing of it."""
DOUBT_S = 6.0
MOST_DOUBTS = 1
"""So often a question may be asked back in vain; once more is a failure, as a wrong key is."""
FIRST = "danger"
"""Of several things said at once this one counts."""
MAX_HOPS = 50
"""Branches passed without a step; more means a flow that turns in a circle, which the loader should have refused."""


class WalkError(Exception):
    """A reply that does not fit the step: a fault of ours, never of the caller."""


class Walk:
    """One talk through one flow. `facts` hold plain values only, so that the whole walk can be kept as JSON."""

    def __init__(self, flow: Flow, language: str, facts: Facts) -> None:
        self.flow = flow
        self.language = language
        self.facts: dict[str, Fact] = dict(facts)
        self.node = flow.start
        self.failures = 0
        self.left = False
        self._visits: dict[str, int] = {}
        self._back = flow.home
        self._silences = 0
        self._by_keys = False
        self._doubts = 0
        self._invited = False
        self._doubted: str | None = None
        self._restored = False
        self._begun_before = ""
        self.begun = ""
        """The digits keyed so far of the number asked for now, as the loop hears them."""
        self.path: list[str] = []

    def start(self) -> Step:
        """The first step; after `restore`, the last question again."""
        return self._arrive(self.node)

    def reply(self, reply: Reply) -> Step:
        """The step that follows this reply."""
        if isinstance(reply, Left):
            self.left = True
        node = self.flow.nodes[self.node]
        before, self._begun_before, self.begun, self._restored = self._begun_before, "", "", False
        doubted, self._doubted = self._doubted, None
        if doubted is not None and isinstance(node, SayNode | MenuNode) and not isinstance(reply, Left):
            return self._answered(node, doubted, reply)
        match node, reply:
            case (EndNode(), _):
                raise WalkError(f"the walk of {self.flow.name} has ended")
            case (RecordNode(), Left(recording=recording)):
                self.facts[node.into] = recording
                return self._arrive(node.left)
            case (_, Left()):
                return End(self.node, ())
            case (SayNode(), Silent()):
                return self._arrive(node.next)
            case (SayNode() | MenuNode(), Pressed(key=key)):
                return self._pressed(node, key)
            case (SayNode() | MenuNode(), Spoken(key=key, sure=sure)):
                return self._pressed(node, key) if sure and not _asks_back(node, key) else self._doubt(node, key)
            case (MenuNode(), Misheard()):
                return self._keys_instead(node)
            case (MenuNode(), Silent()):
                return self._silent(node)
            case (NumberNode(), Keyed(digits=digits)):
                return self._keyed(node, before, digits)
            case (NumberNode(), Pressed()):
                return self._collect(node, (node.help,))
            case (NumberNode(), Silent()):
                return self._arrive(node.name)
            case (RecordNode(), Recorded(recording=recording)):
                self.facts[node.into] = recording
                return self._arrive(node.next)
            case (DoNode() | ConnectNode(), Done()):
                return self._done(node, reply)
            case _:
                raise WalkError(f"{type(reply).__name__} is no reply to {self.node} of {self.flow.name}")

    def keep(self) -> str:
        """The walk as JSON: flow and version, place, answers (design 3.8)."""
        return json.dumps(
            {
                "flow": self.flow.name,
                "digest": self.flow.digest,
                "node": self.node,
                "language": self.language,
                "facts": self.facts,
                "failures": self.failures,
                "visits": self._visits,
                "back": self._back,
                "begun": self._begun_before + self.begun,
                "invited": self._invited,
            },
            ensure_ascii=False,
        )

    def _arrive(self, target: str) -> Step:
        """Go to `target` and on through branches until there is something to do or say."""
        name = self._back if target == BACK else target
        for _ in range(MAX_HOPS):
            node = self.flow.nodes[name]
            if isinstance(node, BranchNode):
                name = node.cases.get(_as_case(self.facts.get(node.branch)), node.otherwise)
                continue
            self.node = name
            self._silences = 0
            self._by_keys = False
            self._doubts = 0
            self.path.append(name)
            if not isinstance(node, NumberNode | DoNode):
                self._visits.clear()  # a number that was right does not count against the next one
            if self.left and not isinstance(node, DoNode):
                return End(name, ())
            return self._step(node)
        raise WalkError(f"{self.flow.name} turns in a circle at {name}")

    def _step(self, node: AnyNode) -> Step:
        match node:
            case SayNode():
                keys = frozenset({*self.flow.always, "*"})
                return self._asked(node, self._say(node.say), keys, 0.0, flush=False)
            case MenuNode():
                return self._ask(node, ())
            case NumberNode():
                visits = self._visits[node.name] = self._visits.get(node.name, 0) + 1
                if visits > node.tries:
                    return self._arrive(node.failed)
                return self._collect(node, (node.again,) if visits > 1 else ())
            case RecordNode():
                return Record(node.name, self._say(node.record), node.into, node.max_s, again=self._restored)
            case DoNode():
                args = {
                    name: self.facts.get(value[1:]) if value[:1] == "$" else value for name, value in node.args.items()
                }
                return Do(node.name, node.do, args)
            case ConnectNode():
                return Connect(node.name, node.connect)
            case EndNode():
                return End(node.name, self._say(node.end))
            case BranchNode():
                raise WalkError("a branch is never a step")

    @property
    def _slow(self) -> bool:
        return self.facts.get(SLOW_MODE) is True

    def _wait_s(self, seconds: float) -> float:
        """How long this caller is waited for, where others are for `seconds`."""
        return seconds * SLOWER if self._slow else seconds

    def _ask(self, node: MenuNode, lead: tuple[str, ...], *, slow: bool = False) -> Ask:
        slow = slow or self._slow
        said = [*self._say((*self._invitation(node, lead), *lead)), *self._say(node.menu, slow=slow)]
        keys = set(node.keys) | set(self.flow.always) | {"*"}
        for number, item in enumerate(self._options(node), start=1):
            said.append(Say(self.language, node.each or "", {**item, "key": str(number)}, slow))
            keys.add(str(number))
        for key, prompt in node.others.items():
            said.append(Say(self.language, prompt, {**self.facts, "key": key}, slow))
        wait_s = self._wait_s(node.timeout_s)
        return self._asked(node, tuple(said), frozenset(keys), wait_s, flush=node.flush, words=node.words)

    def _invitation(self, node: MenuNode, lead: tuple[str, ...]) -> tuple[str, ...]:
        """Once in a talk, before the main menu: that he may speak, in the words of the style his call was given."""
        style = self.facts.get(PROMPT_STYLE)
        is_heard = self.language in str(self.facts.get(HEARD_IN) or "").split()
        if not node.root or lead or self._invited or not is_heard or style not in STYLES:
            return ()
        self._invited = True
        return (STYLES[str(style)],)

    def _asked(
        self,
        node: SayNode | MenuNode,
        said: tuple[Say, ...],
        keys: frozenset[str],
        wait_s: float,
        *,
        flush: bool,
        words: Mapping[str, str] | None = None,
    ) -> Ask:
        """`words` beside those that can be said everywhere."""
        return Ask(
            node.name,
            said,
            keys,
            wait_s,
            flush=flush,
            words=(*self.flow.words.items(), *(words or {}).items()),
            language=self.language,
            first=self._first,
            by_keys=self._by_keys,
            patient=(*((self._first,) if self._first else ()), *_confirmed(node)),
            late=bool(_confirmed(node)),
        )

    @property
    def _first(self) -> str | None:
        """The key of danger."""
        return next((key for key, meanings in self.flow.words.items() if FIRST in meanings.split()), None)

    def _keys_instead(self, node: MenuNode) -> Step:
        """He speaks and is not understood: the same question once more, and the keys are pointed out."""
        self._by_keys = True
        return self._ask(node, ("use_keys",))

    def _doubt(self, node: SayNode | MenuNode, key: str) -> Step:
        """Ask back whether this was meant, once."""
        self._doubted = key
        meanings = {**self.flow.words, **(node.words if isinstance(node, MenuNode) else {})}.get(key)
        asked = Say(self.language, asked_back(meanings) if meanings else "meant_key", {"key": key}, self._slow)
        said = (*self._say(("doubt_lead",)), asked, *self._say(("doubt_keys",)))
        keys = frozenset({YES, NO, *self.flow.always, "*"})
        wait_s = self._wait_s(DOUBT_S)
        asking = self._asked(node, said, keys, wait_s, flush=True, words={YES: "yes correct", NO: "no incorrect"})
        return replace(asking, asked_back=True, patient=(*asking.patient, YES), late=True)

    def _answered(self, node: SayNode | MenuNode, doubted: str, reply: Reply) -> Step:
        """What he says to "You said: ...": only his yes makes it an answer.

        Whoever says the same once more means it; of danger that is also true of whoever goes on speaking.
        """
        if doubted == self._first and isinstance(reply, Misheard):
            return self._pressed(node, doubted)
        match reply:
            case Spoken(key=key) if key == doubted and key not in (YES, NO) and not _asks_back(node, key):
                return self._pressed(node, doubted)
            case Pressed(key=key) | Spoken(key=key, sure=True) if key == YES:
                return self._pressed(node, doubted)
            case Pressed(key="*") | Spoken(key="*"):
                return self._doubt(node, doubted)
            case Pressed(key=key) | Spoken(key=key, sure=True) if key != NO:
                return self._pressed(node, key)
        if isinstance(node, SayNode):
            return self._arrive(node.next)  # it is not said again for a television
        self._doubts += 1
        if isinstance(reply, Silent) or self._doubts > MOST_DOUBTS:
            return self._failed(node, ("silence_slow",), slow=True)
        return self._keys_instead(node)

    def _collect(self, node: NumberNode, lead: tuple[str, ...]) -> Collect:
        said = self._say((*lead, *node.number))
        wait_s, gap_s = self._wait_s(NUMBER_S), self._wait_s(GAP_S)
        return Collect(node.name, said, node.digits, wait_s, gap_s, flush=not self._begun_before)

    def _keyed(self, node: NumberNode, before: str, digits: str) -> Step:
        """A number, whole or ended early. `before` was keyed to a controller that died in the middle of it.

        Who heard the question again begins anew, who did not notice goes on: the length tells which. Anything else has
        lost digits between the two, which is our fault: he is asked again, it is no wrong number and no try of his.
        """
        if before and len(digits) != node.digits:
            digits = before + digits
            if len(digits) != node.digits:
                return self._collect(node, ())
        if not digits:
            return self._arrive(node.failed)  # "if you cannot find it, press only hash"
        self.facts[node.into] = digits
        return self._arrive(node.next)

    def _pressed(self, node: SayNode | MenuNode, key: str) -> Step:
        if isinstance(node, MenuNode):
            if key in node.keys:
                return self._arrive(node.keys[key])
            if key.isdigit() and 1 <= int(key) <= len(self._options(node)) and node.chosen:
                self.facts["choice"] = int(key)
                return self._arrive(node.chosen)
        if key == "*":
            return self._step(node)
        if key in self.flow.always:
            if self.flow.always[key] != node.name:  # asked for twice, it still leads back to where he was
                self._back = node.name
            return self._arrive(self.flow.always[key])
        if isinstance(node, SayNode):
            return self._arrive(node.next)
        return self._failed(node, ("wrong_key",), slow=False)

    def _silent(self, node: MenuNode) -> Step:
        if node.silence is not None:
            return self._arrive(node.silence)
        self._silences += 1
        return self._failed(node, ("silence_slow",) if self._silences == 1 else ("silence_anykey",), slow=True)

    def _failed(self, node: MenuNode, lead: tuple[str, ...], *, slow: bool) -> Step:
        self.failures += 1
        if self.failures >= MAX_FAILURES:
            return self._arrive(node.failure or self.flow.failure)
        return self._ask(node, lead, slow=slow)

    def _done(self, node: DoNode | ConnectNode, done: Done) -> Step:
        self.facts.update(done.facts)
        language = done.facts.get("language")
        if isinstance(language, str):
            self.language = language
        if done.result not in node.then:
            raise WalkError(f"{self.flow.name}: {node.name} has no road for the result {done.result}")
        return self._arrive(node.then[done.result])

    def _options(self, node: MenuNode) -> tuple[Mapping[str, Fact], ...]:
        items = self.facts.get(node.over) if node.over else ()
        return items if isinstance(items, tuple) else ()

    def _say(self, keys: tuple[str, ...], *, slow: bool = False) -> tuple[Say, ...]:
        """Prompts as data: "hi:language_choice" fixes the language; "{category_prompt}" takes the key from a fact."""
        said = []
        for text in keys:
            language, _, key = text.rpartition(":")
            if key.startswith("{"):
                key = str(self.facts.get(key[1:-1]) or "")
            if key:
                said.append(Say(language or self.language, key, self.facts, slow or self._slow))
        return tuple(said)


def restore(flow: Flow, kept: str) -> Walk:
    """The walk kept by `keep`. In a flow that has changed since, it starts at the beginning with its facts known."""
    state = json.loads(kept)
    facts = {name: _plain(value) for name, value in state["facts"].items()}
    walk = Walk(flow, state["language"], facts)
    if state["digest"] == flow.digest and state["node"] in flow.nodes:
        walk.node = state["node"]
        walk.failures = state["failures"]
        # Asked again after a restart: that is no try of the caller's.
        visits = {name: count - (name == walk.node) for name, count in state["visits"].items()}
        walk._visits = visits  # noqa: SLF001  # restoring a walk is the walk's own business
        walk._back = state["back"]  # noqa: SLF001  # as above
        walk._invited = state.get("invited", False)  # noqa: SLF001  # as above; as below
        walk._begun_before = state.get("begun", "")  # noqa: SLF001  # as above; a controller before it kept none
        walk._restored = True  # noqa: SLF001  # as above
    return walk


def _asks_back(node: SayNode | MenuNode, key: str) -> bool:
    return key in _confirmed(node)


def _confirmed(node: SayNode | MenuNode) -> tuple[str, ...]:
    return node.confirm if isinstance(node, MenuNode) else ()


def _plain(value: object) -> Fact:
    """JSON knows lists where facts are tuples."""
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]  # JSON of our own making


def _as_case(value: Fact) -> str:
    """A fact as the word a branch compares with: yes/no for booleans, none for what is not known."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == "" else str(value)
