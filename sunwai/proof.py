"""The self-proof of a demo line: a synthetic SIP caller goes the whole way, on real Asterisk, in the company PROBE.

First ring, menu, docket before waiting, a person in the browser's place, "work done" that only claims, a close that is
refused, the satisfaction callback, the consumer's own yes, and the books afterwards. Each step is shown as it happens.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.console import Console

from ivr.errors import TelephoneError
from ivr.exchange import Exchange, NotHeard, Phone
from ivr.tones import to_ulaw, tone
from sunwai import wiring
from sunwai.asterisk_conf import EXCHANGE_USER, exchange_url, recording_path
from sunwai.console_client import ConsolePerson, ConsoleRefused
from sunwai.errors import SunwaiError
from sunwai.reference import places
from sunwai.settings import Line

CALLER, AGENT, OFFICER = "5000000001", "P01", "P-L1"
CONSUMER_SAYS, AGENT_SAYS = "goodbye", "agent_coming"
"""Markers said by the two people themselves, so that each is known to have heard the other."""

SAID_TIMES = 10
FIRST_AUDIO_LIMIT_S = 1.0


class ProofFailed(SunwaiError):
    """A step of the proof did not come out; the text says which and what was found."""


class Steps:
    """Prints each step with its time since the proof began."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    @asynccontextmanager
    async def step(self, text: str) -> AsyncIterator[list[str]]:
        """Show the step as passed with what was put into the list, or raise ProofFailed naming it."""
        found: list[str] = []
        started = time.monotonic()
        try:
            yield found
        except (TelephoneError, SunwaiError, TimeoutError) as error:
            self._show("red", "✗", text, str(error) or "it took too long", started)
            raise ProofFailed(f"{text}: {error or 'it took too long'}") from error
        self._show("green", "✓", text, "; ".join(found), started)

    def _show(self, colour: str, mark: str, text: str, found: str, started: float) -> None:
        since, took = time.monotonic() - self._began, (time.monotonic() - started) * 1000
        self._console.print(
            f"[dim]{since:6.2f} s[/dim] [{colour}]{mark}[/{colour}] {text} [dim]({took:.0f} ms)[/dim] {found}"
        )


async def prove(line: Line, console: Console) -> bool:
    """Go the whole way once; True for PASS. The line and its exchange are running."""
    tones = wiring.wording().marker(places())
    password = line.secret("demo_password")
    web = line.settings.console
    url = f"http://{web.address}:{web.port}"
    steps = Steps(console)
    try:
        async with (
            Exchange(exchange_url(line), EXCHANGE_USER, line.secret("ari_exchange"), tones) as exchange,
            ConsolePerson(url, AGENT, password) as agent,
            ConsolePerson(url, OFFICER, password) as officer,
        ):
            await Proof(line, steps, exchange, agent, officer).go()
    except (SunwaiError, ExceptionGroup) as error:
        console.print(f"[bold red]FAIL[/bold red] {_first(error)}")
        return False
    console.print("[bold green]PASS[/bold green] the line answered, registered, connected, asked, and was told yes")
    return True


class Proof:
    """One run; holds what one step finds for the next."""

    def __init__(
        self, line: Line, steps: Steps, exchange: Exchange, agent: ConsolePerson, officer: ConsolePerson
    ) -> None:
        self._line = line
        self._step = steps.step
        self._exchange = exchange
        self._agent = agent
        self._officer = officer
        self._docket = ""
        self._call_ref = ""

    async def go(self) -> None:
        await self._agent_ready()
        caller = await self._caller_answered()
        await self._registered(caller)
        await self._talk(caller)
        await self._claimed()
        await self._close_refused()
        await self._consumer_says_yes()
        await self._books()

    async def _agent_ready(self) -> None:
        async with self._step("an agent signs in, his SIP phone registers, he is ready") as found:
            await self._agent.open_page()
            phone = await self._agent.post("/api/agent/phone")
            await self._exchange.register_phone(phone["user"], phone["password"], f"{phone['address']}:{phone['port']}")
            await self._agent.until(lambda page: bool(page["agent"] and page["agent"]["phone_reachable"]), 15)
            if self._agent.page["agent"]["disposition_missing"]:
                call_ref = self._agent.page["agent"]["call_ref"]
                await self._agent.post(f"/api/calls/{call_ref}/disposition", {"disposition": "test/practice"})
            await self._agent.post("/api/agent/state", {"state": "ready"})
            found.append(phone["user"])

    async def _caller_answered(self) -> Phone:
        async with self._step("a caller dials the line and hears the greeting") as found:
            began = time.monotonic()
            caller = await self._exchange.call(CALLER, self._line.settings.line.number)
            await caller.hear("greet", limit_s=10)
            heard_s = time.monotonic() - began
            found.append(f"greeting {heard_s * 1000:.0f} ms after the first ring")
            if heard_s > 5 * FIRST_AUDIO_LIMIT_S:
                raise ProofFailed(f"the greeting took {heard_s:.1f} s")
        async with self._step("recognised by number, spoken to in his language, main menu") as found:
            heard = await caller.hear("main_menu", "open_docket")
            if heard == "open_docket":
                await caller.hear("status_menu")
                await caller.press("2")
                await caller.hear("main_menu")
                found.append("an open docket of an earlier run was told first")
        return caller

    async def _registered(self, caller: Phone) -> None:
        async with self._step("1 supply, 1 only my house: two keys, and the docket is registered") as found:
            await caller.press("1")
            await caller.hear("supply_menu")
            await caller.press("1")
            await caller.hear("registered")
            spoken = await caller.hear_pairs(8)
            self._docket = spoken[:8]
            if spoken[8:] != self._docket:
                raise ProofFailed(f"the number was spoken as {self._docket} and then as {spoken[8:]}")
            await caller.hear("promised")
            found.append(f"docket {self._docket}, spoken twice in pairs, with the promised time")
        async with self._step("the docket stands in the books before anybody waits") as found:
            docket = await self._agent.get(f"/api/dockets/{self._docket}")
            self._call_ref = docket["call_ref"]
            found.append(f"{docket['category']}, {docket['state']}, due {docket['due_at'][:16]}Z")

    async def _talk(self, caller: Phone) -> None:
        async with self._step("0 a person: holding, place told, the agent's phone rings with the screen pop") as found:
            await caller.press("0")
            await caller.hear("to_person")
            ringing = await self._exchange.rung(f"agent-{AGENT}")
            page = await self._agent.until(lambda page: bool(page.get("pop")), 5)
            if page["pop"]["docket"]["number"] != self._docket:
                raise ProofFailed("the screen pop shows another docket")
            found.append("the pop came before the answer")
        async with self._step("the agent answers; both hear each other") as found:
            await ringing.answer()
            await ringing.until_answered()
            await self._agent.until(lambda page: page["agent"]["state"] == "talking", 5)
            await self._hears(ringing, caller, CONSUMER_SAYS)
            await self._hears(caller, ringing, AGENT_SAYS)
            found.append("tones went through both ways")
        async with self._step("the caller hangs up; the agent must give a disposition before the next call"):
            await caller.hang_up()
            await ringing.until_ended()
            await self._agent.until(lambda page: page["agent"]["state"] == "wrap_up", 5)
            try:
                await self._agent.post("/api/agent/state", {"state": "ready"})
            except ConsoleRefused:
                pass
            else:
                raise ProofFailed("the agent could leave the wrap-up without a disposition")
            await self._agent.post(f"/api/calls/{self._call_ref}/disposition", {"disposition": "test/practice"})
            await self._agent.post("/api/agent/state", {"state": "ready"})

    async def _hears(self, listener: Phone, speaker: Phone, marker: str) -> None:
        """The speaker says it again and again, as people do, until the listener has heard it."""
        for _ in range(SAID_TIMES):
            speaker.media.say(to_ulaw(tone(self._exchange.tones[marker])))
            with suppress(NotHeard):
                await listener.hear(marker, limit_s=1.0)
                return
        await listener.hear(marker, limit_s=1.0)

    async def _claimed(self) -> None:
        async with self._step("the officer says work done: that only claims") as found:
            claimed = await self._officer.post(
                f"/api/dockets/{self._docket}/claim", {"cause_code": "fuse/MCB", "note": "self-proof"}
            )
            if claimed["state"] != "resolution_claimed":
                raise ProofFailed(f"the docket is {claimed['state']}")
            found.append(claimed["state"])

    async def _close_refused(self) -> None:
        async with self._step("nobody can close it by the console") as found:
            for person in (self._officer, self._agent):
                try:
                    await person.post(f"/api/dockets/{self._docket}/close", {"reason": "done"})
                except ConsoleRefused as refused:
                    if refused.status != 409:
                        raise
                else:
                    raise ProofFailed("the console closed a docket without the consumer")
            found.append("409 for officer and agent")

    async def _consumer_says_yes(self) -> None:
        async with self._step("the satisfaction callback rings the consumer") as found:
            consumer = await self._exchange.rung(CALLER, limit_s=30)
            await consumer.answer()
            await consumer.hear("sat_greet")
            number = await consumer.hear_pairs(4)
            if number != self._docket:
                raise ProofFailed(f"the callback spoke of docket {number}")
            await consumer.hear("sat_question")
            found.append(f"about docket {number}")
        async with self._step("1 yes: closed by the consumer's own word"):
            await consumer.press("1")
            await consumer.hear("sat_service")
            await consumer.press("1")
            await consumer.hear("sat_closed")
            await consumer.until_ended()

    async def _books(self) -> None:
        async with self._step("the books: closed_satisfied, register row, chain, recordings, one outcome") as found:
            docket = await self._agent.get(f"/api/dockets/{self._docket}")
            if docket["state"] != "closed_satisfied":
                raise ProofFailed(f"the docket is {docket['state']}")
            books = wiring.make_books(self._line)
            await books.open()
            try:
                rows = await books.register.rows(self._docket)
                call = await books.calls.get(self._call_ref)
            finally:
                await books.close()
            if not rows or call is None or call.outcome != "talked":
                raise ProofFailed("a register row or the call's outcome is missing")
            for call_ref in (self._call_ref, rows[-1].attempt.call_ref):
                raw = recording_path(self._line, call_ref)
                if not any(path.stat().st_size > 1000 for path in raw.parent.glob(f"{raw.stem}*")):
                    raise ProofFailed(f"the recording of call {call_ref} is missing")
            found.append(f"outcome {call.outcome}; register row {rows[-1].n}: {rows[-1].attempt.verdict}")


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
