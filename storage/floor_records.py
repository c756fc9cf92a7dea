"""What the floor hands out: agents, reservations, events, and the errors of live state.

All times are epoch seconds (float), given by whoever calls the floor; the floor itself has no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType

from dialplan.routing import Waiting


class FloorError(Exception):
    """Base of the errors of live state."""


class FloorAway(FloorError):
    """Redis cannot be reached, does not answer in time or cannot take writes: nobody is matched now (design 3.8)."""


class AgentRefused(FloorError):
    """The agent may not change like this; `state` is the one he is in (OFF: he is not signed in)."""

    def __init__(self, agent: str, state: AgentState, wanted: AgentState) -> None:
        super().__init__(f"agent {agent} is {state}: cannot become {wanted}")
        self.agent = agent
        self.state = state
        self.wanted = wanted


class AgentState(StrEnum):
    """What an agent is doing. OFFERED, TALKING and WRAP_UP come from calls; OFF means not signed in."""

    READY = "ready"
    BREAK = "break"
    WRAP_UP = "wrap_up"
    OFFERED = "offered"
    TALKING = "talking"
    NOT_ANSWERING = "not_answering"
    OFF = "off"


PHONE_LOST = "phone_lost"
"""The reason of NOT_ANSWERING when his phone died in a talk."""

_AT_REST = frozenset({AgentState.READY, AgentState.BREAK, AgentState.WRAP_UP, AgentState.NOT_ANSWERING})
OWN_MOVES: Mapping[AgentState, frozenset[AgentState]] = MappingProxyType(
    {AgentState.READY: _AT_REST, AgentState.BREAK: _AT_REST}
)
"""What a person at the console may ask for, and from where; an offered or talking agent is moved by the call alone."""


@dataclass(frozen=True, slots=True)
class Agent:
    """One signed-in agent. `since` is when `state` began, `idle_since` when he last became ready.

    `node` is where his phone registers (design 3.22), `owner` the controller of the call he has, if any.
    `wrap_up_until` is None when the wrap-up has no limit or there is none.
    """

    code: str
    state: AgentState
    since: float
    idle_since: float
    lease_until: float
    contact_ok: bool
    reason: str = ""
    skills: frozenset[str] = frozenset()
    company: str = ""
    node: str = ""
    call_ref: str | None = None
    owner: str | None = None
    wrap_up_until: float | None = None

    def available(self, now: float) -> bool:
        """Design 3.13: ready, and his console's lease alive, and his phone's contact qualified."""
        return self.state is AgentState.READY and self.contact_ok and self.lease_until > now


@dataclass(frozen=True, slots=True)
class Reservation:
    """A caller and an agent put aside for each other by the controller `owner` until `until`.

    `node` is where the agent's phone is registered; empty when that was not told: here.
    """

    id: str
    call_ref: str
    agent: str
    owner: str
    until: float
    node: str = ""


class Lapse(StrEnum):
    """What `sweep` found to be over."""

    OFFER = "offer"
    WRAP_UP = "wrap_up"


@dataclass(frozen=True, slots=True)
class Swept:
    """One thing `sweep` ended: an offer nobody settled (caller is waiting again) or a wrap-up whose time was over."""

    lapse: Lapse
    agent: str
    call_ref: str | None
    reservation: str | None = None


CONNECTED = "connected"
AWAY = "away"
CALLER_WAITING = "caller_waiting"
CALLER_LEFT = "caller_left"
AGENT_CHANGED = "agent_changed"
POP_SHOWN = "pop_shown"


@dataclass(frozen=True, slots=True)
class FloorEvent:
    """A wake-up: something changed, read the floor again. No personal data besides the call's reference.

    CONNECTED comes first and after each outage (events were missed: read everything, republish); AWAY when Redis is
    lost; both are made by the listener itself. Other types are free words of whoever publishes them.
    """

    type: str
    agent: str | None = None
    call_ref: str | None = None
    state: str | None = None
    node: str | None = None


def bucket_of(skills: Iterable[str]) -> str:
    """The name of a skill set: its tokens sorted, joined by spaces. ValueError for a token that is not one word."""
    tokens = sorted(skills)
    if any(not token or token.split() != [token] for token in tokens):
        raise ValueError("a skill is a word without spaces")
    return " ".join(tokens)


@cache
def skills_of(bucket: str) -> frozenset[str]:
    """The skill set of a bucket's name; kept, since a line has few and reads them with every decision."""
    return frozenset(bucket.split())


def fields_of(flat: Iterable[bytes]) -> dict[str, str]:
    """A hash as Lua returns it (name, value, name, value ...) as text."""
    words = [word.decode() for word in flat]
    return dict(zip(words[::2], words[1::2], strict=True))


_NOT = "not:"


def waiting_from(call_ref: str, fields: Mapping[str, str], now: float) -> Waiting:
    """A caller from his hash; agents he is kept from until a moment that is over are left out."""
    kept_from = (
        name.removeprefix(_NOT) for name, until in fields.items() if name.startswith(_NOT) and float(until) > now
    )
    return Waiting(
        call_ref=call_ref,
        key=float(fields["key"]),
        skills=skills_of(fields["bucket"]),
        entered_at=float(fields["entered_at"]),
        priority=int(fields["priority"]),
        not_agents=frozenset(kept_from),
        node=fields["node"],
    )


def agent_from(code: str, fields: Mapping[str, str], contact: str | None) -> Agent:
    """An agent from his hash. A talk republished before its agent signed in again has no lease yet: 0.

    `contact` is the node at which his phone can be reached; None when it cannot be reached at all.
    """
    limit = fields.get("wrap_up_until")
    return Agent(
        code=code,
        state=AgentState(fields["state"]),
        since=float(fields["since"]),
        idle_since=float(fields["idle_since"]),
        lease_until=float(fields.get("lease_until", 0)),
        contact_ok=contact is not None,
        reason=fields.get("reason", ""),
        skills=skills_of(fields.get("bucket", "")),
        company=fields.get("company", ""),
        node=contact or fields.get("node", ""),
        call_ref=fields.get("call_ref"),
        owner=fields.get("owner"),
        wrap_up_until=None if limit is None else float(limit),
    )
