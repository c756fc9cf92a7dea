"""The parent's promises (design 3.5), kept with small programs in the place of Asterisk and the roles."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import textwrap
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from asterisk_pair_fixture import a_line, silent_prompts

from sunwai import children, heartbeat, parent
from sunwai.errors import StartError
from sunwai.parent import keep_callers, keep_running, only_parent, ready, run_line
from sunwai.processes import Child, Keeper, Pace
from sunwai.settings import ConsoleSettings, Line, Settings, TelephonySettings

QUICK = Pace(
    silent_s=1.0,
    first_beat_s=10.0,
    probe_every_s=0.1,
    misses=3,
    probe_grace_s=10.0,
    end_s=1.0,
    backoff_s=0.05,
    backoff_limit_s=0.2,
    spare_after_s=0.1,
)
BEATS = """
    import os, time
    while True:
        os.write(int(os.environ["SUNWAI_HEARTBEAT_FD"]), b"%s\\n")
        time.sleep(0.1)
"""


class Told:
    """What the parent said, in order."""

    def __init__(self) -> None:
        self.lines = []

    def __call__(self, who: str, what: str) -> None:
        self.lines.append(f"{who}: {what}")

    def has(self, part):
        return any(part in line for line in self.lines)


def child(folder: Path, source: str, **more) -> Child:
    command = (sys.executable, "-c", textwrap.dedent(source))
    return Child(more.pop("name", "fake"), command, folder / "fake.log", folder, pace=QUICK, **more)


@asynccontextmanager
async def kept(one: Child, told: Told):
    keeper = Keeper(one, told)
    task = asyncio.create_task(keeper.run())
    try:
        yield keeper
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(truth, limit_s=20.0):
    async with asyncio.timeout(limit_s):
        while True:
            if truth():
                return
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    """A zombie is dead: only its parent has not looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def written(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def pid_written(path: Path) -> int:
    await until(lambda: written(path).endswith("\n"))
    return int(written(path))


async def test_a_child_that_dies_is_started_again(tmp_path):
    told = Told()
    async with kept(child(tmp_path, "raise SystemExit(3)"), told) as keeper:
        await until(lambda: keeper.starts >= 3)
    assert told.has("fake: ended with status 3; starting again in 0.1 s")


async def test_a_program_that_is_not_there_is_said_and_tried_again(tmp_path):
    told = Told()
    async with kept(Child("fake", ("/nowhere/program",), tmp_path / "fake.log", tmp_path, pace=QUICK), told) as keeper:
        await until(lambda: keeper.starts >= 2)
    assert told.has("ended with status 127")
    assert "/nowhere/program" in (tmp_path / "fake.log").read_text()


async def test_a_hung_child_is_killed_and_started_again(tmp_path):
    told = Told()
    async with kept(child(tmp_path, BEATS % "ready", heartbeat=True), told) as keeper:
        await keeper.in_service(20)
        hung = keeper.pid
        os.kill(hung, signal.SIGSTOP)
        await until(lambda: keeper.starts == 2)
        assert not lives(hung)
        await keeper.in_service(20)
    assert told.has("fake: silent for 1 s, killed")


SPARE = """
    import os, time
    beats, word = int(os.environ["SUNWAI_HEARTBEAT_FD"]), os.environ.get("SUNWAI_SPARE_FD")
    if word:
        os.write(beats, b"loaded\\n")
        if not os.read(int(word), 64):
            raise SystemExit(9)
    while True:
        os.write(beats, b"ready\\n")
        time.sleep(0.1)
"""


async def spare_ready(keeper: Keeper) -> int:
    await until(lambda: keeper.spare_ready)
    return keeper._spare.process.pid


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
async def test_the_spare_takes_over_at_once_whether_the_first_one_dies_or_hangs(tmp_path, number):
    told = Told()
    async with kept(child(tmp_path, SPARE, heartbeat=True, spare=True), told) as keeper:
        await keeper.in_service(20)
        for _ in range(2):
            spare = await spare_ready(keeper)
            os.kill(keeper.pid, number)
            await until(lambda spare=spare: keeper.pid == spare)
            await keeper.in_service(20)
    assert told.has("; the spare takes over")
    assert not told.has("starting again")


async def test_a_spare_that_dies_is_replaced_and_none_outlives_its_keeper(tmp_path):
    told = Told()
    async with kept(child(tmp_path, SPARE, heartbeat=True, spare=True), told) as keeper:
        await keeper.in_service(20)
        first = await spare_ready(keeper)
        os.kill(first, signal.SIGKILL)
        await until(lambda: keeper._spare is not None and keeper._spare.process.pid != first)
        second = await spare_ready(keeper)
        assert keeper.starts == 1
    assert told.has("fake: the spare has ended")
    assert not lives(second)


async def test_a_new_program_takes_over_only_when_it_has_loaded(tmp_path):
    source = tmp_path / "program.py"
    source.write_text(textwrap.dedent(SPARE))
    told, quick = Told(), Child("fake", (sys.executable, str(source)), tmp_path / "log", tmp_path, pace=QUICK)
    async with kept(replace(quick, heartbeat=True, spare=True), told) as keeper:
        await keeper.in_service(20)
        old = keeper.pid
        source.write_text("raise SystemExit(4)")
        with pytest.raises(StartError, match="the new fake did not load"):
            await keeper.renew(2.0)
        assert keeper.pid == old
        source.write_text(textwrap.dedent(SPARE) + "# changed")
        await keeper.renew(20.0)
        await keeper.in_service(20)
        assert keeper.pid != old
        assert not lives(old)
    assert not told.has("starting again")


async def test_a_child_that_beats_away_is_alive_but_not_in_service(tmp_path):
    async with kept(child(tmp_path, BEATS % "away", heartbeat=True), Told()) as keeper:
        with pytest.raises(StartError, match=r"fake did not start within 2 s: see .*fake\.log"):
            await keeper.in_service(2)
        assert keeper.starts == 1
        assert keeper.last_ready is None


async def test_a_child_that_stops_answering_is_killed_and_started_again(tmp_path):
    answers = True

    async def probe():
        return answers

    told = Told()
    async with kept(child(tmp_path, "import time; time.sleep(600)", probe=probe), told) as keeper:
        await keeper.in_service(20)
        answers = False
        await until(lambda: keeper.starts == 2)
        answers = True
        await keeper.in_service(20)
    assert told.has("fake: did not answer 3 times, killed")


async def test_the_end_leaves_no_process_even_of_a_child_that_will_not_go(tmp_path):
    source = """
        import pathlib, signal, subprocess, sys, time, os
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        pathlib.Path("below").write_text(f"{below.pid}\\n")
        time.sleep(600)
    """
    async with kept(child(tmp_path, source), Told()) as keeper:
        below = await pid_written(tmp_path / "below")
        own = keeper.pid
        assert lives(own)
        assert lives(below)
    assert not lives(own)
    await until(lambda: not lives(below))


async def test_a_killed_parent_takes_its_children_along(tmp_path):
    source = f"""
        import asyncio, pathlib, sys
        from sunwai.processes import Child, Keeper
        below = "import os, pathlib, time; pathlib.Path('below').write_text(f'{{os.getpid()}}\\\\n'); time.sleep(600)"
        folder = pathlib.Path({str(tmp_path)!r})
        child = Child("fake", (sys.executable, "-c", below), folder / "fake.log", folder)
        asyncio.run(Keeper(child, lambda who, what: None).run())
    """
    above = await asyncio.create_subprocess_exec(sys.executable, "-c", textwrap.dedent(source))
    try:
        below = await pid_written(tmp_path / "below")
        assert lives(below)
    finally:
        above.kill()
        await above.wait()
    await until(lambda: not lives(below))


def test_a_second_parent_of_the_same_line_is_refused_with_a_sentence(tmp_path):
    line = Line(Settings(), tmp_path, None)
    refused = pytest.raises(StartError, match=rf"this line runs already \(process {os.getpid()}\)")
    with only_parent(line), refused, only_parent(line):
        pass
    with only_parent(line):
        pass


async def test_the_callers_of_a_controller_that_stays_away_are_kept_by_the_parent(tmp_path, monkeypatch):
    monkeypatch.setattr(parent, "AWAY_LIMIT_S", 0.5)
    monkeypatch.setattr(parent, "_RESCUE_EVERY_S", 0.05)
    rescued, told = 0, Told()

    async def rescue():
        nonlocal rescued
        rescued += 1
        return 2

    for word, kept_by_parent in (("ready", False), ("away", True)):
        rescued = 0
        async with kept(child(tmp_path, BEATS % word, heartbeat=True), told) as keeper:
            await until(lambda keeper=keeper: keeper.starts == 1)
            if word == "ready":
                await keeper.in_service(20)
            guard = asyncio.create_task(keep_callers(keeper, rescue, told))
            done, _ = await asyncio.wait({guard}, timeout=1.5)
            assert not done
            guard.cancel()
            await asyncio.wait({guard})
        assert bool(rescued) is kept_by_parent
    assert told.has("parent: the controller is away: 2 callers sent to the fallback")


async def test_the_roles_start_only_when_what_they_stand_on_is_in_service(tmp_path):
    served, stop, told = asyncio.Event(), asyncio.Event(), Told()

    async def probe():
        return served.is_set()

    async def nobody():
        return 0

    under = child(tmp_path, "import time; time.sleep(600)", name="under", probe=probe)
    role = child(tmp_path, "import time; time.sleep(600)", name="role")
    running = asyncio.create_task(keep_running([[under], [role]], told, stop, nobody, asyncio.Event()))
    await until(lambda: told.has("under: starting"))
    assert not told.has("role: starting")
    served.set()
    await until(lambda: told.has("role: starting"))
    stop.set()
    await asyncio.wait_for(running, 20)


async def test_a_foundation_that_does_not_come_ends_the_start_with_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(parent, "_SERVICE_LIMIT_S", 0.5)

    async def no():
        return False

    async def nobody():
        return 0

    under = child(tmp_path, "import time; time.sleep(600)", name="under", probe=no)
    with pytest.raises(StartError, match="under did not start within"):
        await keep_running([[under], []], Told(), asyncio.Event(), nobody, asyncio.Event())


def processes_of(folder: Path) -> list[int]:
    """Processes with the line's folder in their command line: its Redis and its Asterisks."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.fixture
def short_folder():
    """Unix sockets need a short path."""
    folder = Path(tempfile.mkdtemp(prefix="sunwai"))
    yield folder
    shutil.rmtree(folder)


async def test_redis_and_asterisk_start_are_started_again_and_end_without_a_trace(short_folder):
    line = a_line(short_folder, floor="")
    silent_prompts(line)
    told, stop = Told(), asyncio.Event()
    running = asyncio.create_task(run_line(line, (), told, exchange=True, stop=stop))
    try:
        await until(lambda: all(told.has(f"{name}: in service") for name in ("redis", "asterisk", "exchange")), 40)
        assert len(processes_of(short_folder)) == 3
        with pytest.raises(StartError, match="this line runs already"):
            await run_line(line, ())
        for pid in processes_of(short_folder):
            os.kill(pid, signal.SIGKILL)
        await until(lambda: sum("in service" in line for line in told.lines) == 6, 40)
        assert {line for line in told.lines if "ended" in line} == {
            f"{name}: ended by signal 9; starting again in 0.5 s" for name in ("redis", "asterisk", "exchange")
        }
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)
    assert processes_of(short_folder) == []


async def test_a_ctrl_c_ends_the_line(short_folder):
    line = a_line(short_folder, floor="")
    told = Told()
    running = asyncio.create_task(run_line(line, (), told))
    await until(lambda: told.has("asterisk: in service"), 40)
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait_for(running, 30)
    assert processes_of(short_folder) == []


async def test_a_line_is_ready_when_the_app_is_registered_and_the_console_says_so(tmp_path):
    status = {"/ari/applications/sunwai": 404, "/readyz": 503}

    async def answer(request):
        return web.json_response({}, status=status[request.path])

    house = web.Application()
    house.router.add_get("/{path:.*}", answer)
    async with TestServer(house) as server:
        settings = Settings(
            telephony=TelephonySettings(http_port=server.port), console=ConsoleSettings(port=server.port)
        )
        line = Line(settings, tmp_path, None)
        with pytest.raises(StartError, match="not ready after 0 s: the controller is not registered"):
            await ready(line, 0.4)
        status["/ari/applications/sunwai"] = 200
        with pytest.raises(StartError, match=rf"the console does not answer at http://127.0.0.1:{server.port}/readyz"):
            await ready(line, 0.4)
        await ready(line, 10, with_console=False)
        status["/readyz"] = 200
        await ready(line, 10)


async def test_a_role_is_started_with_the_settings_of_its_parent_and_only_the_controller_beats(tmp_path):
    file = tmp_path / "sunwai.toml"
    roles = {role: children.role_child(Line(Settings(), tmp_path, file), role) for role in parent.ROLES}
    assert roles["console"].command == (sys.executable, "-m", "sunwai", "console", "--settings", str(file))
    assert [role for role, one in roles.items() if one.heartbeat] == ["controller"]
    assert children.role_child(Line(Settings(), tmp_path, None), "worker").command[-1] == "worker"


async def test_the_heartbeat_says_ready_only_while_registered(monkeypatch):
    reader, writer = os.pipe()
    monkeypatch.setattr(heartbeat, "BEAT_EVERY_S", 0.01)
    monkeypatch.setenv(heartbeat.HEARTBEAT_VARIABLE, str(writer))
    registered = iter([False, True])
    beating = asyncio.create_task(heartbeat.beat(lambda: next(registered, True)))
    try:
        heard = b""
        async with asyncio.timeout(10):
            while len(heard) < 20:
                heard += await asyncio.to_thread(os.read, reader, 100)
        assert heard.startswith(b"away\nready\nready\n")
        os.close(reader)
        await asyncio.wait_for(beating, 10)
    finally:
        beating.cancel()
        os.close(writer)


async def test_a_role_that_runs_alone_needs_no_heartbeat(monkeypatch):
    monkeypatch.delenv(heartbeat.HEARTBEAT_VARIABLE, raising=False)
    await asyncio.wait_for(heartbeat.beat(lambda: True), 10)
