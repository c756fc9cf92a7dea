"""The one guarded door: who may do which deed. Every request passes here before anything is read or changed.

RIGHTS says what a role may do at all; `scope.py` says on which dockets. What is refused is audited (`answering.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from agent_console import sessions
from agent_console.errors import NotAllowed, NotLoggedIn
from agent_console.plan import Console
from storage.people import Login, Role


class Deed(StrEnum):
    """What may be asked of the console."""

    LOG_IN = "log_in"
    SEE_PUBLIC = "see_public"
    LOG_OUT = "log_out"
    SEE_SELF = "see_self"
    WATCH = "watch"
    BE_AGENT = "be_agent"
    HAVE_TELEPHONE = "have_telephone"
    LISTEN_IN = "listen_in"
    SEE_DOCKETS = "see_dockets"
    REGISTER = "register"
    WORK_IN_FIELD = "work_in_field"
    CLAIM = "claim"
    ADD_NOTE = "add_note"
    PRESS = "press"
    CLOSE = "close"
    SEE_LEDGER = "see_ledger"
    SEE_AGENTS = "see_agents"
    SEE_WALL = "see_wall"
    SUSPEND = "suspend"
    SETTLE_INBOX = "settle_inbox"
    VERIFY_REGISTER = "verify_register"
    SEE_SURGE = "see_surge"
    SWITCH_SURGE = "switch_surge"
    SEARCH_RECORDINGS = "search_recordings"
    HEAR = "hear"
    SCORE = "score"
    ANSWER_CONTEST = "answer_contest"
    SEE_OWN_SCORES = "see_own_scores"
    INSPECT = "inspect"
    CALL_BACK = "call_back"
    KEEP_PROMISED_TIMES = "keep_promised_times"
    OWN_PASSWORD = "own_password"  # noqa: S105  # a deed, not a password
    OWN_SECOND_FACTOR = "own_second_factor"
    TAKE_SECOND_FACTOR = "take_second_factor"
    KEEP_PEOPLE = "keep_people"
    KEEP_CONSUMERS = "keep_consumers"
    KEEP_EDITIONS = "keep_editions"


_ALL = frozenset(Role)
_AGENT = frozenset({Role.AGENT})
_OFFICER = frozenset({Role.OFFICER})
_OVERSIGHT = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.INSPECTOR, Role.ADMINISTRATOR})
_LISTENERS = frozenset({Role.SUPERVISOR, Role.AUDITOR, Role.INSPECTOR, Role.VIGILANCE})

OPEN = frozenset({Deed.LOG_IN, Deed.SEE_PUBLIC})
"""Deeds that need no session."""

RIGHTS: dict[Deed, frozenset[Role]] = {
    Deed.LOG_OUT: _ALL,
    Deed.SEE_SELF: _ALL,
    Deed.WATCH: _ALL,
    Deed.BE_AGENT: _AGENT,
    Deed.HAVE_TELEPHONE: _AGENT | {Role.SUPERVISOR},
    Deed.LISTEN_IN: frozenset({Role.SUPERVISOR}),
    Deed.SEE_DOCKETS: _ALL,
    Deed.REGISTER: _AGENT,
    Deed.WORK_IN_FIELD: _OFFICER,
    Deed.CLAIM: _OFFICER,
    Deed.ADD_NOTE: frozenset({Role.AGENT, Role.OFFICER, Role.SUPERVISOR}),
    Deed.PRESS: _AGENT,
    Deed.CLOSE: _ALL,  # everybody may ask, and everybody gets the same no (I2)
    Deed.SEE_LEDGER: _OVERSIGHT,
    Deed.SEE_AGENTS: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Deed.SUSPEND: frozenset({Role.SUPERVISOR}),
    Deed.SEE_WALL: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Deed.SETTLE_INBOX: frozenset({Role.AGENT, Role.SUPERVISOR, Role.VIGILANCE}),
    Deed.VERIFY_REGISTER: _OVERSIGHT | {Role.VIGILANCE},
    Deed.SEE_SURGE: _OVERSIGHT | _AGENT,
    Deed.SWITCH_SURGE: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Deed.SEARCH_RECORDINGS: _LISTENERS,
    Deed.HEAR: _LISTENERS | _OFFICER | _AGENT,  # which of them, `scope.py` says
    Deed.SCORE: frozenset({Role.AUDITOR, Role.SUPERVISOR}),
    Deed.ANSWER_CONTEST: frozenset({Role.SUPERVISOR}),
    Deed.SEE_OWN_SCORES: _AGENT,
    Deed.INSPECT: frozenset({Role.INSPECTOR}),
    Deed.CALL_BACK: frozenset({Role.AGENT, Role.SUPERVISOR}),
    Deed.KEEP_PROMISED_TIMES: frozenset({Role.ADMINISTRATOR}),
    Deed.OWN_PASSWORD: _ALL,
    Deed.OWN_SECOND_FACTOR: _ALL,
    Deed.TAKE_SECOND_FACTOR: frozenset({Role.ADMINISTRATOR}),
    Deed.KEEP_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Deed.KEEP_CONSUMERS: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Deed.KEEP_EDITIONS: frozenset({Role.ADMINISTRATOR}),
}

_ACTOR_ORDER = (Role.SUPERVISOR, Role.VIGILANCE, Role.INSPECTOR, Role.AUDITOR, Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is asking, with which session. `token` stays in this process's memory for the length of one request."""

    login: Login
    token: str

    @property
    def session(self) -> str:
        """The digest the books know the session by."""
        return sessions.digest(self.token)

    @property
    def actor(self) -> str:
        """How timelines and audit name this person: "agent:A17", "officer:J09", else "<role>:<log-in>"."""
        return actor_of(self.login)

    def agent(self) -> str:
        """The agent's code; NotAllowed for a log-in that is no agent's."""
        if self.login.agent is None:
            raise NotAllowed("This log-in belongs to no agent.")
        return self.login.agent

    def telephone(self) -> str:
        """The code his telephone has: the agent's own, or one made of the log-in for who listens in."""
        return telephone_of(self.login)

    def officer(self) -> str:
        """The officer's code; NotAllowed for a log-in that is no officer's."""
        if self.login.officer is None:
            raise NotAllowed("This log-in belongs to no officer.")
        return self.login.officer


def telephone_of(login: Login) -> str:
    """See `Visitor.telephone`; a log-in's name may hold what no name of an endpoint may."""
    return login.agent or f"w-{hashlib.sha256(login.name.encode()).hexdigest()[:16]}"


def actor_of(login: Login) -> str:
    """The actor of a log-in: its code as agent or officer before any other role."""
    if Role.AGENT in login.roles and login.agent:
        return f"agent:{login.agent}"
    if Role.OFFICER in login.roles and login.officer:
        return f"officer:{login.officer}"
    role = next((role for role in _ACTOR_ORDER if role in login.roles), "nobody")
    return f"{role}:{login.name}"


async def visitor_of(console: Console, request: web.Request) -> Visitor:
    """The person behind a request; NotLoggedIn when there is no valid session."""
    token = sessions.token_of(request, console.plan)
    if not token:
        raise NotLoggedIn("Please log in.")
    session = await console.books.people.session(sessions.digest(token), console.clock.wall_now())
    if session is None:
        raise NotLoggedIn("Your session has ended: please log in again.")
    return Visitor(session.login, token)


def admit(visitor: Visitor, request: web.Request, deed: Deed) -> None:
    """NotAllowed unless this person may do `deed`, and asks for it from a page of ours."""
    if request.method not in ("GET", "HEAD"):
        said = request.headers.get(sessions.CSRF_HEADER, "")
        if not sessions.csrf_fits(visitor.token, said):
            sentence = "The header {header} is missing or wrong: open the page again."
            raise NotAllowed(sentence, header=sessions.CSRF_HEADER)
    if request.headers.get("Upgrade", "").lower() == "websocket":
        _from_our_own_page(request)
    if not visitor.login.roles & RIGHTS[deed]:
        raise NotAllowed("Your log-in may not do this: it is for {roles}.", roles=tuple(sorted(RIGHTS[deed])))


def _from_our_own_page(request: web.Request) -> None:
    """Browsers let any page open a WebSocket anywhere; only its Origin tells whose page it is."""
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise NotAllowed("This page may not be fed from another site.")
