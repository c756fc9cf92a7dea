"""The line's Asterisk and the exchange, both real, configured by sunwai/asterisk_conf.py and kept by the parent.

Fixtures `house` (one per test module; a Line) and `ask` (ARI of both, and the exchange's events). The tree is that of
SUNWAI_ASTERISK, of var/asterisk/root or of the system; without one the tests fail with a sentence.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import aiohttp
import pytest

from sunwai import children as programs
from sunwai import parent
from sunwai.asterisk_conf import ARI_USER, EXCHANGE_USER, exchange_url
from sunwai.asterisk_program import find_asterisk
from sunwai.rescue import AsteriskWatch
from sunwai.settings import (
    Line,
    LineSettings,
    Settings,
    StorageSettings,
    TelephonySettings,
    TrunkSettings,
    read_settings,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SPOKEN = ("controller_away.0", "lines_full.0", "leave_message.0", "message_saved.0", "beep")


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def free_pair() -> int:
    """A TCP port whose successor is free as well, for the line's and the exchange's ARI."""
    while True:
        port = free_port()
        with suppress(OSError), socket.socket() as door:
            door.bind(("127.0.0.1", port + 1))
            return port


def a_line(folder: Path, *, floor: str = "unix:///nowhere", **telephony) -> Line:
    root = find_asterisk(read_settings_of_checkout())
    assert root is not None, "these tests need Asterisk 22.10 or newer: type `sunwai setup` or set SUNWAI_ASTERISK"
    sip = free_pair()
    settings = Settings(
        line=LineSettings(languages=("en",)),
        telephony=TelephonySettings(
            agent_port=sip,
            trunk_port=sip,
            trunk_peer_port=sip,
            http_port=free_pair(),
            rtp_start=24000,
            rtp_end=25999,
            fallback_wait_s=1,
            asterisk_root=str(root.root) if root.root else "",
            **telephony,
        ),
        storage=StorageSettings(floor=floor),
    )
    return Line(settings, folder, None)


def read_settings_of_checkout() -> Line:
    return Line(read_settings(REPOSITORY / "sunwai.example.toml").settings, REPOSITORY, None)


def silent_prompts(line: Line) -> None:
    """Half a second of silence in the place of every prompt, two seconds of it as music."""
    english = line.prompts / "en"
    english.mkdir(parents=True)
    (line.prompts / "moh").mkdir()
    for name in SPOKEN:
        (english / f"{name}.ulaw").write_bytes(b"\xff" * 4000)
    (line.prompts / "moh" / "holding.ulaw").write_bytes(b"\xff" * 16000)


@pytest.fixture(scope="module")
def house():
    """The line's Asterisk (two calls at most) and the exchange, kept by the parent in a thread of their own."""
    # A short path: Asterisk's control socket must fit into 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="sunwai"))
    second = TrunkSettings(name="second", peer="127.0.0.4", soft_limit=1, hard_limit=2)
    line = a_line(folder, soft_limit=2, hard_limit=4, trunks=(second,))
    silent_prompts(line)
    up, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()
    failed: list[BaseException] = []

    async def keep():
        async with (
            AsteriskWatch(line.ari_url, ARI_USER, line.secret("ari")) as near,
            AsteriskWatch(exchange_url(line), EXCHANGE_USER, line.secret("ari_exchange")) as far,
        ):
            children = [programs.asterisk_child(line, near.alive), programs.exchange_child(line, far.alive)]

            async def nobody():
                return 0

            async def tell_when_up():
                while not (await near.alive() and await far.alive()):  # noqa: ASYNC110 - another process is waited for
                    await asyncio.sleep(0.05)
                up.set()

            waiting = asyncio.ensure_future(tell_when_up())
            await parent.keep_running([children, []], parent.silent, stop, nobody, asyncio.Event())
            waiting.cancel()
            await asyncio.wait({waiting})

    def body():
        try:
            loop.run_until_complete(keep())
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread below
            failed.append(error)
        finally:
            loop.close()

    thread = threading.Thread(target=body)
    thread.start()
    try:
        assert up.wait(40), failed or [path.read_text() for path in (line.var / "log").glob("*.log")]
        yield line
    finally:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        shutil.rmtree(folder)
    assert not failed


@pytest.fixture
async def ask(house):
    """Two ARI clients and the exchange's events: `near`, `far` (method, path, query, body) → (status, JSON)."""
    async with aiohttp.ClientSession() as session:

        def client(url: str, user: str, secret: str):
            async def request(method: str, path: str, body=None, **query):
                login = {"Authorization": aiohttp.encode_basic_auth(user, secret)}
                async with session.request(
                    method, f"{url}/ari/{path}", params=query, json=body, headers=login
                ) as answer:
                    text = await answer.text()
                    return answer.status, (await answer.json() if text.startswith(("{", "[")) else text)

            return request

        near = client(house.ari_url, ARI_USER, house.secret("ari"))
        far = client(exchange_url(house), EXCHANGE_USER, house.secret("ari_exchange"))
        events: list[dict] = []
        login = {"Authorization": aiohttp.encode_basic_auth(EXCHANGE_USER, house.secret("ari_exchange"))}
        async with session.ws_connect(f"{exchange_url(house)}/ari/events?app=exchange", headers=login) as wire:

            async def hear():
                while not (message := await wire.receive()).type.name.startswith("CLOS"):
                    events.append(message.json())

            hearing = asyncio.create_task(hear())
            yield SimpleNamespace(near=near, far=far, events=events, line=house)
            for channel in (await far("GET", "channels"))[1]:
                await far("DELETE", f"channels/{channel['id']}")
            await until(lambda: nobody_on(near))
            hearing.cancel()
            await asyncio.wait({hearing})


async def nobody_on(client) -> bool:
    return (await client("GET", "channels"))[1] == []


async def until(truth: Callable, limit_s: float = 20.0):
    async with asyncio.timeout(limit_s):
        while True:
            found = truth()
            if asyncio.iscoroutine(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.05)
