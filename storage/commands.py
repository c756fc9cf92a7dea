"""The way from the console to the controller that has the call (design 3.14): a Redis stream per controller.

A command is carried out at most once: its id is claimed inside Redis before anything is done, and whoever asks with the
same id again gets the first answer. A command older than its deadline is not carried out any more: the person who
pressed the button has been told that nothing happened. Age is measured by the clock of Redis alone.

    <root>:commands:<controller>  stream  {body: JSON of the command, deadline_ms}
    <root>:taken:<id>             string  claimed; lasts for KEPT_S
    <root>:answer:<id>            stream  one entry {body: JSON of the answer}; lasts for KEPT_S
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import structlog

from storage.floor_records import FloorAway, FloorError
from storage.redis_door import LIMIT_S, open_redis, reached

DEADLINE_S = 2.0
KEPT_S = 300
"""For this long a repeated id gets the first answer."""

CARRY_OUT_S = 10.0
"""A handler that takes longer is cut off; the answer says so."""

TOO_LONG, FAILED = "too_long", "failed"
_LOOKED_BACK_MS = 60_000
_BLOCK_MS = 1_000
_PAUSE_S = 0.2
_STREAM_KEPT_S = 600
_STREAM_LENGTH = 1_000
_AT_ONCE = 32
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_log = structlog.get_logger()

Value = str | int | float | bool | None
"""What arguments and results may hold."""


class NoAnswer(FloorError):
    """The controller did not answer in time: it is not known whether the command was carried out."""


@dataclass(frozen=True, slots=True)
class Command:
    """A deed asked of a controller. `id` (1-64 letters, digits, - or _) makes it idempotent; `call` is a call_ref.

    `actor` is who asks ("agent:A17", "supervisor:S02"); `deed` and `args` are the controller's own words.
    """

    id: str
    actor: str
    call: str | None
    deed: str
    args: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command; `reason` is a word the console turns into a sentence (TOO_LONG and FAILED are ours)."""

    ok: bool
    reason: str = ""
    result: Mapping[str, Value] = field(default_factory=dict)


Handler = Callable[[Command], Awaitable[Answer]]

# KEYS taken, answer; ARGV entry's milliseconds, deadline in ms, seconds to keep -> run | late | known
_CLAIM: Final = """
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 'known' end
local clock = redis.call('TIME')
if clock[1] * 1000 + clock[2] / 1000 > ARGV[1] + ARGV[2] then return 'late' end
redis.call('SET', KEYS[1], '1', 'EX', ARGV[3])
return 'run'
"""


class Commands:
    """Both ends of the command path; `prefix` as in `Floor`. FloorAway when Redis cannot be reached."""

    def __init__(self, url: str, prefix: str) -> None:
        # Without repeats: a claim or a command sent twice could be lost or doubled; the console asks again by id.
        self._redis = open_redis(url, repeats=0)
        # Waiting for an answer or a command holds a connection for longer than a command may take.
        self._waiting = open_redis(url, limit_s=_BLOCK_MS / 1000 + LIMIT_S, connections=200)
        self._root = f"{{{prefix}}}"
        self._claim = self._redis.register_script(_CLAIM)

    def _key(self, kind: str, name: str) -> str:
        return f"{self._root}:{kind}:{name}"

    async def close(self) -> None:
        """Give the connections back; never raises because Redis is away."""
        try:
            async with reached():
                await self._redis.aclose()
                await self._waiting.aclose()
        except FloorAway:
            return

    # --- the console's end -------------------------------------------------------------------------------------------

    async def ask(self, controller: str, command: Command, deadline_s: float = DEADLINE_S) -> Answer:
        """Send and wait for the answer. NoAnswer after `deadline_s` seconds; ValueError for an unfit id."""
        if not _ID.fullmatch(command.id):
            raise ValueError("a command's id is 1-64 letters, digits, - or _")
        stream = self._key("commands", controller)
        fields: dict[Any, Any] = {"body": msgspec.json.encode(command), "deadline_ms": int(deadline_s * 1000)}
        try:
            async with asyncio.timeout(deadline_s):
                async with reached(), self._redis.pipeline(transaction=True) as batch:
                    batch.xadd(stream, fields, maxlen=_STREAM_LENGTH, approximate=True)
                    batch.expire(stream, _STREAM_KEPT_S)
                    await batch.execute()
                return await self._answer(command.id)
        except TimeoutError as error:
            raise NoAnswer(f"controller {controller} did not answer within {deadline_s:g} s") from error

    async def _answer(self, command_id: str) -> Answer:
        """Wait until the answer is there; the limit is the asker's deadline."""
        while True:
            entries = await self._read(self._key("answer", command_id), "0-0")
            if entries:
                return msgspec.json.decode(entries[0][1][b"body"], type=Answer)

    # --- the controller's end ----------------------------------------------------------------------------------------

    async def serve(self, controller: str, handler: Handler, stop: asyncio.Event) -> None:
        """Carry out this controller's commands until `stop`; those begun are finished first.

        A command arriving while Redis was away or the controller down is carried out if its deadline allows it.
        """
        async with asyncio.TaskGroup() as group:
            reader = group.create_task(self._serve(controller, handler, group), name=f"commands of {controller}")
            await stop.wait()
            reader.cancel()

    async def _serve(self, controller: str, handler: Handler, group: asyncio.TaskGroup) -> None:
        """Read for ever; each command is a task, so that a slow one does not make the others late."""
        places = asyncio.Semaphore(_AT_ONCE)
        last: str | None = None
        while True:
            try:
                last = last or await self._start()
                for entry, fields in await self._read(self._key("commands", controller), last):
                    await places.acquire()
                    task = group.create_task(self._carry_out(entry.decode(), fields, handler))
                    task.add_done_callback(lambda _: places.release())
                    last = entry.decode()
            except FloorAway:
                last = None
                await asyncio.sleep(_PAUSE_S)

    async def _start(self) -> str:
        """Where reading begins: a little in the past, since claims sort out what is done or late."""
        async with reached():
            seconds, _ = await self._redis.time()
        return f"{max(0, int(seconds) * 1000 - _LOOKED_BACK_MS)}-0"

    async def _carry_out(self, entry: str, fields: Mapping[bytes, bytes], handler: Handler) -> None:
        """Claim, do, answer. Redis lost in between: the asker gets NoAnswer, nothing is done twice."""
        try:
            command = msgspec.json.decode(fields[b"body"], type=Command)
            deadline_ms = int(fields[b"deadline_ms"])
        except (KeyError, ValueError, msgspec.MsgspecError):
            _log.warning("a command that cannot be read was left out", entry=entry)
            return
        keys = [self._key("taken", command.id), self._key("answer", command.id)]
        try:
            async with reached():
                verdict = await self._claim(keys=keys, args=[entry.partition("-")[0], deadline_ms, KEPT_S])
            if verdict != b"run":
                _log.info("a command was not carried out", deed=command.deed, verdict=verdict.decode())
                return
            await self._tell(command.id, await _done(command, handler))
        except FloorAway:
            _log.warning("the floor went away during a command", deed=command.deed)

    async def _tell(self, command_id: str, answer: Answer) -> None:
        """Keep the answer for its asker and for whoever asks again."""
        key = self._key("answer", command_id)
        async with reached(), self._redis.pipeline(transaction=True) as batch:
            batch.xadd(key, {"body": msgspec.json.encode(answer)})
            batch.expire(key, KEPT_S)
            await batch.execute()

    async def _read(self, stream: str, after: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """The entries after `after`; waits up to _BLOCK_MS for the first, then gives back none."""
        async with reached(_BLOCK_MS / 1000 + LIMIT_S):
            found: Any = await self._waiting.xread({stream: after}, count=_AT_ONCE, block=_BLOCK_MS)
        if not found:
            return []
        streams = found.values() if isinstance(found, dict) else (entries for _, entries in found)
        return [entry for entries in streams for entry in entries]


async def _done(command: Command, handler: Handler) -> Answer:
    """Run the handler within its limit; whatever it raises becomes an answer."""
    try:
        async with asyncio.timeout(CARRY_OUT_S):
            return await handler(command)
    except TimeoutError:
        _log.warning("a command took too long", deed=command.deed)
        return Answer(ok=False, reason=TOO_LONG)
    except Exception:  # noqa: BLE001 - top of one command: the asker is told, the others go on
        _log.exception("a command failed", deed=command.deed)
        return Answer(ok=False, reason=FAILED)
