"""The floor: who is waiting, who is ready, who rings whom now. Live state in Redis, never restored from a dump.

(Design 3.8.) Every method raises FloorAway when Redis cannot be reached or does not answer in time. All times are
epoch seconds given by the caller.
Adding what is known already changes nothing, so that controllers and consoles may republish after Redis was lost.
What may be changed is compared inside Redis (`floor_lua`); who gets whom is decided in `dialplan/routing.py`.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import msgspec
from redis.commands.core import AsyncScript

from dialplan.routing import Ready, Waiting, one_line
from storage import floor_lua
from storage.floor_nodes import NodeLeases
from storage.floor_records import (
    AWAY,
    CONNECTED,
    OWN_MOVES,
    PHONE_LOST,
    Agent,
    AgentRefused,
    AgentState,
    FloorAway,
    FloorEvent,
    Lapse,
    Reservation,
    Swept,
    agent_from,
    bucket_of,
    fields_of,
    skills_of,
    waiting_from,
)
from storage.redis_door import LIMIT_S, open_redis, reached
from storage.together import Together

POP_KEPT_S = 2 * 3600
"""A screen pop is personal data: gone at the end of the wrap-up, and after this many seconds in any case."""

KEPT_APART_S = 60.0
"""An agent who let a caller ring is not offered the same caller again for this long."""

_HEARD_EVERY_S = 2.0
_RETRY_MAX_S = 2.0
_SWEPT_AT_ONCE = 100


class Floor:
    """The floor of one line; `prefix` keeps lines and tests apart in one Redis. `nodes` are the leases of its nodes."""

    def __init__(self, url: str, prefix: str) -> None:
        self._redis = open_redis(url)
        # Without repeats: a silent reconnect would hide that events were missed.
        self._listening = open_redis(url, repeats=0)
        self._scripts: dict[str, AsyncScript] = {}
        self._root = f"{{{prefix}}}"
        self._walks = Together(self._walks_of)
        self.nodes = NodeLeases(self._redis, self._root)

    def _key(self, *parts: str) -> str:
        return ":".join((self._root, *parts))

    async def _run(self, text: str, *words: str | float | bytes) -> Any:  # noqa: ANN401 - each script has its own answer
        """Run one of `floor_lua`'s scripts; numbers go as repr, which keeps every digit."""
        script = self._scripts.get(text)
        if script is None:
            script = self._scripts[text] = self._redis.register_script(floor_lua.SHARED + text)
        args = [repr(word) if isinstance(word, float) else word for word in words]
        async with reached():
            return await script(keys=[self._root], args=args)

    async def ping(self) -> None:
        """FloorAway unless Redis answers."""
        async with reached():
            await self._redis.ping()

    async def close(self) -> None:
        """Give the connections back; never raises because Redis is away."""
        try:
            async with reached():
                await self._redis.aclose()
                await self._listening.aclose()
        except FloorAway:
            return

    async def era(self) -> str:
        """A word that lasts as long as the memory of Redis; another one means: emptied, republish everything.

        It names the process as well: a replica that has become the master has the word, and not what was written last.
        """
        async with reached(), self._redis.pipeline(transaction=True) as batch:
            batch.setnx(self._key("era"), secrets.token_hex(8))
            batch.get(self._key("era"))
            batch.info("server")
            _, word, server = await batch.execute()
            return f"{word.decode()} {server['run_id']}"

    # --- callers -----------------------------------------------------------------------------------------------------

    async def enqueue(self, waiting: Waiting, node: str) -> bool:
        """Enter a caller held by `node`; False when he is known: only the node changes, key, skills and place stay."""
        key, bucket = float(waiting.key), bucket_of(waiting.skills)
        words = (key, bucket, float(waiting.entered_at), waiting.priority, node)
        return bool(await self._run(floor_lua.ENQUEUE, waiting.call_ref, *words))

    async def leave(self, call_ref: str) -> bool:
        """Take a caller out (hung up, left a message ...). An offer under way must still be settled with `refused`."""
        return bool(await self._run(floor_lua.LEAVE, call_ref))

    async def waiting_heads(self, now: float, per_bucket: int = 8, nodes: Collection[str] = ()) -> list[Waiting]:
        """The first of each skill set not being offered; callers kept from an agent come extra. Cost: what comes.

        `nodes`: only those who are held by one of these; none named means all. Who is left out hides nobody.
        """
        heads = await self._run(floor_lua.WAITING_HEADS, per_bucket, float(now), *nodes)
        return [waiting_from(call_ref.decode(), fields_of(fields), now) for call_ref, fields in heads]

    async def waiting_of(self, node: str, now: float) -> list[Waiting]:
        """Every caller the floor believes to be held by `node`, offered or not: for reconciling with Asterisk."""
        async with reached(), self._redis.pipeline(transaction=False) as batch:
            names = _words(await self._redis.zrange(self._key("waiting"), 0, -1))
            for name in names:
                batch.hgetall(self._key("call", name))
            found = zip(names, await batch.execute(), strict=True)
        callers = [waiting_from(name, _text(fields), now) for name, fields in found if fields]
        return [caller for caller in callers if caller.node == node]

    async def position(self, call_ref: str) -> int | None:
        """The place to be spoken, 1 is next, among callers in one line (routing.one_line); None: not waiting."""
        async with reached(), self._redis.pipeline(transaction=False) as batch:
            batch.hmget(self._key("call", call_ref), ["bucket", "key"])
            batch.smembers(self._key("buckets"))
            (bucket, key), buckets = await batch.execute()
            if bucket is None:
                return None
            skills = skills_of(bucket.decode())
            rivals = [name.decode() for name in buckets if one_line(skills, skills_of(name.decode()))]
            for name in rivals:
                batch.zcount(self._key("queue", name), "-inf", f"({key.decode()}")
            return 1 + sum(int(ahead) for ahead in await batch.execute())

    async def waiting_count(self) -> int:
        """Callers in the queue, those being offered included."""
        async with reached():
            return int(await self._redis.zcard(self._key("waiting")))

    async def longest_wait(self, now: float) -> float:
        """Seconds the longest waiting caller has waited; 0 when nobody waits."""
        async with reached():
            first = await self._redis.zrange(self._key("entered"), 0, 0, withscores=True)
        return max(0.0, now - float(first[0][1])) if first else 0.0

    # --- walk state --------------------------------------------------------------------------------------------------

    async def keep_walk(self, call_ref: str, state: bytes, ttl_s: int) -> None:
        """Keep the walk's JSON for `ttl_s` seconds, so that another controller can go on with it (design 3.8)."""
        async with reached():
            await self._redis.set(self._key("walk", call_ref), state, ex=ttl_s)

    async def walk(self, call_ref: str) -> bytes | None:
        return await self._walks.ask(call_ref)

    async def _walks_of(self, call_refs: Sequence[str]) -> dict[str, bytes | None]:
        async with reached():
            found = await self._redis.mget([self._key("walk", call_ref) for call_ref in call_refs])
        return dict(zip(call_refs, map(_bytes_or_none, found), strict=True))

    async def forget_walk(self, call_ref: str) -> None:
        async with reached():
            await self._redis.delete(self._key("walk", call_ref))

    # --- agents ------------------------------------------------------------------------------------------------------

    async def sign_in(
        self,
        agent: str,
        skills: Iterable[str],
        company: str,
        *,
        now: float,
        lease_s: float,
        node: str = "",
        state: Literal[AgentState.READY, AgentState.BREAK] = AgentState.BREAK,
    ) -> bool:
        """Sign an agent in as `state`; False when he is known: only skills, company, node and lease are renewed."""
        words = (bucket_of(skills), company, node, float(now + lease_s), float(now), state.value)
        return bool(await self._run(floor_lua.SIGN_IN, agent, *words))

    async def set_skills(self, agent: str, skills: Iterable[str]) -> bool:
        """Other skills for an agent who is signed in, from the next match on; False: the floor does not know him."""
        return bool(await self._run(floor_lua.SKILLS, agent, bucket_of(skills)))

    async def sign_out(self, agent: str) -> None:
        """Forget the agent and his screen pop. AgentRefused while he is offered or talking; twice is fine."""
        forbidding = (await self._run(floor_lua.SIGN_OUT, agent)).decode()
        if forbidding:
            raise AgentRefused(agent, AgentState(forbidding), AgentState.OFF)

    async def beat(self, agent: str, lease_s: float, now: float) -> bool:
        """Prolong the console's lease to `now + lease_s`; False: the floor does not know him, sign in again."""
        return bool(await self._run(floor_lua.BEAT, agent, float(now + lease_s), float(now)))

    async def contact(self, agent: str, *, ok: bool, node: str = "") -> None:
        """Whether the agent's phone is registered and qualified at `node`, of which nobody else can say that it is not.

        May be told before he signs in and outlives it.
        """
        await self.contacts({agent: ok}, node=node)

    async def contacts(self, ok: Mapping[str, bool], *, node: str = "") -> None:
        """The same of many agents at once."""
        words = [word for agent, there in ok.items() for word in (agent, "1" if there else "0")]
        await self._run(floor_lua.CONTACTS, node, *words)

    async def set_state(
        self,
        agent: str,
        state: AgentState,
        *,
        now: float,
        reason: str = "",
        only_from: frozenset[AgentState] | None = None,
    ) -> AgentState:
        """What the agent asks for himself (`OWN_MOVES`, narrowed by `only_from`); gives back the state before.

        AgentRefused otherwise, nothing changed. Being in `state` already is no error and does not start it anew.
        """
        allowed = OWN_MOVES.get(state, frozenset()) & (only_from if only_from is not None else frozenset(AgentState))
        words = (state.value, reason, float(now), *sorted(allowed))
        done, before = await self._run(floor_lua.SET_STATE, agent, *words)
        if not done:
            raise AgentRefused(agent, AgentState(before.decode()), state)
        return AgentState(before.decode())

    async def ready_agents(self, now: float, per_bucket: int = 8, nodes: Collection[str] = ()) -> list[Ready]:
        """Available agents (design 3.13), the longest idle of each skill set. Cost: number of skill sets.

        `nodes`: only those whose phone is registered at one of these; none named means all.
        """
        heads = await self._run(floor_lua.IDLE_HEADS, float(now), per_bucket, *nodes)
        return [Ready(agent.decode(), skills_of(bucket.decode()), float(since)) for agent, bucket, since in heads]

    async def agents(self) -> list[Agent]:
        """Everybody signed in, by code; `Agent.available(now)` says who can be offered a call."""
        async with reached(), self._redis.pipeline(transaction=False) as batch:
            codes = sorted(_words(await self._redis.smembers(self._key("agents"))))
            for code in codes:
                batch.hgetall(self._key("agent", code))
            batch.hgetall(self._key("contacts"))
            *hashes, contacts = await batch.execute()
        found = zip(codes, hashes, strict=True)
        return [agent_from(code, _text(fields), _word(contacts.get(code.encode()))) for code, fields in found if fields]

    async def agent(self, code: str) -> Agent | None:
        """One signed-in agent, or None."""
        async with reached(), self._redis.pipeline(transaction=False) as batch:
            batch.hgetall(self._key("agent", code))
            batch.hget(self._key("contacts"), code)
            fields, contact = await batch.execute()
        return agent_from(code, _text(fields), _word(contact)) if fields else None

    # --- offers and talks --------------------------------------------------------------------------------------------

    async def reserve(self, call_ref: str, agent: str, *, owner: str, lease_s: float, now: float) -> Reservation | None:
        """Put caller and agent aside for each other until `now + lease_s`; None when either is no longer free.

        The lease must be longer than the ring: an offer whose owner died is taken back by `sweep`.
        """
        offer = Reservation(secrets.token_hex(8), call_ref, agent, owner, float(now + lease_s))
        words = (offer.id, owner, offer.until, float(now))
        node = await self._run(floor_lua.RESERVE, call_ref, agent, *words)
        return None if node is None else replace(offer, node=node.decode())

    async def accepted(self, offer: Reservation, *, now: float) -> bool:
        """The agent is up: he talks, the caller leaves the queue. False: caller gone or offer taken back."""
        return bool(await self._run(floor_lua.ACCEPT, offer.id, offer.call_ref, offer.agent, float(now)))

    async def refused(
        self,
        offer: Reservation,
        agent_state: Literal[AgentState.NOT_ANSWERING, AgentState.READY],
        *,
        now: float,
        apart_s: float = KEPT_APART_S,
    ) -> bool:
        """The offer came to nothing: the caller stands where he stood, without this agent for `apart_s` seconds.

        READY (a caller who hung up, a fault of ours) keeps the agent's idle time. False: it was settled before.
        """
        words = (offer.id, offer.call_ref, offer.agent, agent_state.value, float(now), float(now + apart_s))
        return bool(await self._run(floor_lua.REFUSE, *words))

    async def take_back(self, owner: str, *, now: float) -> int:
        """End every offer of `owner`, whose process before this one died with them; how many there were.

        The callers stand where they stood and the agents are ready, at once and not when the offers lapse.
        """
        return int(await self._run(floor_lua.TAKE_BACK, owner, float(now)))

    async def talks(self, agent: str, call_ref: str, *, owner: str, since: float) -> None:
        """Republish a talk Asterisk has: the agent talks, whatever the floor thought; the caller does not wait."""
        await self._run(floor_lua.TALKS, agent, call_ref, owner, float(since))

    async def released(
        self, agent: str, call_ref: str, *, wrap_up_s: float | None, now: float, lost: bool = False
    ) -> bool:
        """The talk is over: wrap-up for `wrap_up_s` seconds (None: until he ends it himself; 0: ready at once).

        `lost`: his phone died in the talk (reason PHONE_LOST); he is offered nothing until he says that he is back.
        False when he does not have this call: a late message must not end another talk.
        """
        state = AgentState.READY if wrap_up_s == 0 else AgentState.WRAP_UP
        state = AgentState.NOT_ANSWERING if lost else state
        limit = repr(float(now + wrap_up_s)) if wrap_up_s else ""
        why = PHONE_LOST if lost else ""
        return bool(await self._run(floor_lua.RELEASE, agent, call_ref, state.value, float(now), limit, why))

    async def sweep(self, now: float) -> list[Swept]:
        """End what is over at `now`: offers not settled in time (agent ready again), wrap-ups. Many may sweep."""
        found = await self._run(floor_lua.SWEEP, float(now), _SWEPT_AT_ONCE)
        rows = ([word.decode() for word in row] for row in found)
        return [Swept(Lapse(kind), agent, call or None, offer or None) for kind, agent, call, offer in rows]

    # --- screen pops -------------------------------------------------------------------------------------------------

    async def show(self, agent: str, pop: bytes) -> bool:
        """Keep the agent's screen pop (JSON) for a reloaded page; False when he has no call it could be about."""
        return bool(await self._run(floor_lua.SHOW, agent, pop, POP_KEPT_S))

    async def pop(self, agent: str) -> bytes | None:
        """The screen pop of the call he is offered, in, or wrapping up; None otherwise."""
        async with reached():
            return _bytes_or_none(await self._redis.get(self._key("pop", agent)))

    # --- events ------------------------------------------------------------------------------------------------------

    async def publish(self, event: FloorEvent) -> None:
        """Wake whoever listens. Changes of callers and agents are told by the floor itself."""
        async with reached():
            await self._redis.publish(self._key("events"), msgspec.json.encode(event))

    async def listen(self) -> AsyncIterator[FloorEvent]:
        """Events without end: CONNECTED first and after each outage, AWAY once when Redis is lost (FloorEvent)."""
        pause_s, away = 0.05, False
        while True:
            try:
                async for event in self._heard():
                    yield event
                    pause_s, away = 0.05, False
            except FloorAway:
                if not away:
                    yield FloorEvent(AWAY)
                away = True
                await asyncio.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311 - spreads reconnects, guards no secret
                pause_s = min(_RETRY_MAX_S, 2 * pause_s)

    async def _heard(self) -> AsyncIterator[FloorEvent]:
        """Events of one connection; FloorAway when it breaks or Redis stays silent to a ping."""
        async with self._listening.pubsub() as line:
            async with reached():
                await line.subscribe(self._key("events"))
                confirmed = await line.get_message(timeout=LIMIT_S)
            if confirmed is None:
                raise FloorAway("the live floor (Redis) is away: silent")
            yield FloorEvent(CONNECTED)  # only now: what is read from here on cannot miss a later event
            asked = False
            while True:
                async with reached(2 * _HEARD_EVERY_S):
                    message = await line.get_message(timeout=_HEARD_EVERY_S)
                    if message is None and not asked:
                        await line.ping()
                        asked = True
                        continue
                if message is None:
                    raise FloorAway("the live floor (Redis) is away: silent")
                asked = False
                if message["type"] == "message":
                    yield msgspec.json.decode(message["data"], type=FloorEvent)


def _words(found: Iterable[Any]) -> list[str]:
    """Names from Redis as text; redis-py's types do not know that we never ask it to decode."""
    return [name.decode() for name in found]


def _text(fields: dict[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}


def _word(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _bytes_or_none(value: bytes | str | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
