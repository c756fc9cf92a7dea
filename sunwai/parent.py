"""`sunwai run`: the parent of Redis, Asterisk and the line's own roles (design 3.5).

Start order: Redis, Asterisk (and the demo's exchange), then the roles; the end goes the other way round.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import aiohttp

from sunwai.asterisk_conf import ARI_USER, EXCHANGE_USER, exchange_url
from sunwai.children import (
    CONTROLLER,
    asterisk_child,
    exchange_child,
    recogniser_children,
    redis_child,
    role_child,
)
from sunwai.errors import StartError, SunwaiError
from sunwai.processes import Child, Keeper, Probe, Say
from sunwai.rescue import APP, AsteriskWatch

if TYPE_CHECKING:
    from sunwai.settings import Line

RENEW = signal.SIGUSR1
"""The roles shall make room for new ones: the program has changed (`sunwai renew`)."""
ROLES = ("controller", "console", "notifications", "worker")
AWAY_LIMIT_S = 15.0
"""How long the controller may be unregistered before the parent itself keeps its callers."""
_RESCUE_EVERY_S = 1.0
_SERVICE_LIMIT_S = 30.0
_RENEW_LIMIT_S = 30.0
_FILES = 65536


def silent(_who: str, _what: str) -> None:
    """A `Say` for those who want no status lines."""


async def run_line(
    line: Line,
    roles: Sequence[str] = ROLES,
    say: Say = silent,
    *,
    exchange: bool = False,
    stop: asyncio.Event | None = None,
) -> None:
    """Run the whole line until SIGINT, SIGTERM or `stop`; nothing is left running when this returns.

    `exchange` adds the second Asterisk that plays network and phones. StartError, SetupError: it did not start.
    """
    stop, renew = stop or asyncio.Event(), asyncio.Event()
    raise_file_limit()
    os.umask(0o077)  # books, recordings and the event log are personal data: for this user alone
    with only_parent(line), _signals(stop, renew):
        async with AsyncExitStack() as stack:
            watch = await stack.enter_async_context(AsteriskWatch(line.ari_url, ARI_USER, line.secret("ari")))
            far = await stack.enter_async_context(
                AsteriskWatch(exchange_url(line), EXCHANGE_USER, line.secret("ari_exchange"))
            )
            foundations = [child for child in (redis_child(line),) if child is not None]
            foundations.append(asterisk_child(line, watch.alive))
            if exchange:
                foundations.append(exchange_child(line, far.alive))
            ours = [role_child(line, role) for role in roles]
            if CONTROLLER in roles:
                ours += recogniser_children(line)
            layers = [foundations, ours]
            await keep_running(layers, say, stop, watch.rescue, renew)


async def keep_running(
    layers: Sequence[Sequence[Child]],
    say: Say,
    stop: asyncio.Event,
    rescue: Callable[[], Awaitable[int]],
    renew: asyncio.Event,
) -> None:
    """Start the layers one after the other, each in service before the next; wait for `stop`; end them, last one first.

    Each time `renew` is set the last layer's programs make room for new ones (a deploy).

    The last layer, the roles, is not waited for: `ready` says when the line answers.
    """
    try:
        async with AsyncExitStack() as stack:
            keepers: list[Keeper] = []
            for layer in layers:
                await _served_or_stopped(keepers, stop)
                if stop.is_set():
                    return
                keepers = await stack.enter_async_context(_kept(layer, say))
            await _guarded(keepers, say, stop, rescue, renew)
    except BaseExceptionGroup as several:
        # Task groups wrap what is raised inside them; people need the one sentence.
        told = several.subgroup(SunwaiError)
        if told is None:
            raise
        raise _first(told) from several


async def _guarded(
    roles: Sequence[Keeper],
    say: Say,
    stop: asyncio.Event,
    rescue: Callable[[], Awaitable[int]],
    renew: asyncio.Event,
) -> None:
    controller = next((keeper for keeper in roles if keeper.child.name == CONTROLLER), None)
    async with asyncio.TaskGroup() as group:
        guards = [group.create_task(_renewed(roles, say, renew))]
        if controller is not None:
            guards.append(group.create_task(keep_callers(controller, rescue, say)))
        await stop.wait()
        for guard in guards:
            guard.cancel()


async def _renewed(roles: Sequence[Keeper], say: Say, renew: asyncio.Event) -> None:
    """One program after the other, so that a new one that does not load leaves the others as they are."""
    while True:
        await renew.wait()
        renew.clear()
        try:
            for keeper in roles:
                await keeper.renew(_RENEW_LIMIT_S)
                await keeper.in_service(_SERVICE_LIMIT_S)
        except StartError as error:
            say("parent", str(error))


async def keep_callers(controller: Keeper, rescue: Callable[[], Awaitable[int]], say: Say) -> None:
    """While the controller has not been in service for AWAY_LIMIT_S, send its callers to the fallback."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(_RESCUE_EVERY_S)
        if time.monotonic() - (controller.last_ready or began) < AWAY_LIMIT_S:
            continue
        if sent := await rescue():
            say("parent", f"the controller is away: {sent} callers sent to the fallback")


async def ready(line: Line, limit_s: float = 60.0, *, with_console: bool = True) -> None:
    """Wait until the controller's app is registered and the console's /readyz says 200. StartError after `limit_s`."""
    console = line.settings.console
    url = f"http://{console.address}:{console.port}/readyz"
    missing = "the controller is not registered with Asterisk"
    try:
        async with asyncio.timeout(limit_s), AsteriskWatch(line.ari_url, ARI_USER, line.secret("ari")) as watch:
            await _until(lambda: watch.knows_app(APP))
            missing = f"the console does not answer at {url}"
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2.0)) as session:
                if with_console:
                    await _until(lambda: _says_yes(session, url))
    except TimeoutError as error:
        raise StartError(f"the line is not ready after {limit_s:.0f} s: {missing}; see {line.var / 'log'}") from error


@contextmanager
def only_parent(line: Line) -> Iterator[None]:
    """Hold var/run/parent.lock while this parent runs. StartError names the process that holds it already."""
    path = line.var / "run" / "parent.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            held.seek(0)
            raise StartError(f"this line runs already (process {held.read().strip() or 'unknown'})") from error
        held.truncate(0)
        held.write(f"{os.getpid()}\n")
        held.flush()
        yield


def tell_parent(line: Line, number: signal.Signals) -> int:
    """Signal the parent of this running line; its process id. StartError when the line does not run."""
    path = line.var / "run" / "parent.lock"
    try:
        with path.open("r+", encoding="ascii") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = int(path.read_text(encoding="ascii"))
        os.kill(pid, number)
        return pid
    except FileNotFoundError:
        pass
    raise StartError("this line does not run: type `sunwai run`")


def raise_file_limit() -> None:
    """A call takes a dozen open files in Asterisk; the usual limit of 1024 would end at 80 calls."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@asynccontextmanager
async def _kept(layer: Sequence[Child], say: Say) -> AsyncIterator[list[Keeper]]:
    """Keepers of one layer at work; leaving the block ends their programs, all at the same time."""
    keepers = [Keeper(child, say) for child in layer]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(keeper.run(), name=f"keeper {keeper.child.name}") for keeper in keepers]
        try:
            yield keepers
        finally:
            for task in tasks:
                task.cancel()


async def _served_or_stopped(keepers: Sequence[Keeper], stop: asyncio.Event) -> None:
    """Return when all are in service or when `stop` is set, whichever is first. StartError: one did not come."""

    async def all_served() -> None:
        async with asyncio.TaskGroup() as group:
            for keeper in keepers:
                group.create_task(keeper.in_service(_SERVICE_LIMIT_S))

    serving, stopping = asyncio.ensure_future(all_served()), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
    finally:
        serving.cancel()
        stopping.cancel()
        await asyncio.wait({serving, stopping})


@contextmanager
def _signals(stop: asyncio.Event, renew: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    told = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGHUP: stop, RENEW: renew}
    for number, event in told.items():
        loop.add_signal_handler(number, event.set)
    try:
        yield
    finally:
        for number in told:
            loop.remove_signal_handler(number)


async def _says_yes(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False


async def _until(probe: Probe) -> None:
    while True:
        if await probe():
            return
        await asyncio.sleep(0.1)


def _first(errors: BaseExceptionGroup[SunwaiError]) -> SunwaiError:
    one: BaseException = errors
    while isinstance(one, BaseExceptionGroup):
        one = one.exceptions[0]
    return one if isinstance(one, SunwaiError) else StartError(str(one))
