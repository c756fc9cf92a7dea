"""The browser lane: real Chromium with a fake microphone at the console of a running line, real callers beside it."""

from __future__ import annotations

import sys
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

sys.path.insert(0, str(Path(__file__).parent.parent / "phone"))

from callers import call
from desk_page import LISTEN, Desk, speak
from line_report import pytest_runtest_makereport
from phone_line import House, a_running_line, books, exchange, put_to_rest, settings_text, until

from ivr.tones import tone
from sunwai import wiring
from sunwai.distribution import find_program
from sunwai.reference import places

__all__ = ["books", "call", "exchange", "house", "pytest_runtest_makereport"]

SPOKEN = "agent_coming"
"""What every fake microphone says again and again: a tone that the exchange's phones know."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    """A line that rings an agent for longer and waits a while for one to come back: browsers share a busy machine."""
    text = settings_text()
    for impatient, patient in (
        ("\nring_s = 3\n", "\nring_s = 8\n"),
        ("\ndanger_ring_s = 3\n", "\ndanger_ring_s = 8\n"),
        ("nobody_after_s = 2\n", "nobody_after_s = 15\n"),
    ):
        assert text.count(impatient) == 1
        text = text.replace(impatient, patient)
    with a_running_line(text) as running:
        yield running


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sound of the fake microphone: its marker, a second of silence, and again."""
    path = tmp_path_factory.mktemp("sound") / "microphone.wav"
    samples = tone(wiring.wording().marker(places())[SPOKEN]).tobytes() * 2
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(samples + bytes(8000))
    return path


@pytest.fixture
async def browser(microphone: Path) -> AsyncIterator[Browser]:
    chromium = find_program("chromium")
    assert chromium is not None, "there is no Chromium: type `sunwai setup --for-tests`"
    async with async_playwright() as playwright:
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
        started = await playwright.chromium.launch(executable_path=str(chromium), args=flags)
        yield started
        await started.close()


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def desk(house: House, browser: Browser) -> AsyncIterator[OpenDesk]:
    """Opens a page of its own for an agent, logged in with his telephone on; he leaves at the end of the test."""
    opened: list[tuple[str, Desk]] = []

    async def open_desk(name: str, *, language: str = "en", on: bool = True) -> Desk:
        context = await browser.new_context(permissions=["microphone"])
        await context.add_init_script(LISTEN)
        await context.add_init_script(speak(language))
        here = Desk(context, await context.new_page(), house.url)
        opened.append((name, here))
        await here.log_in(name, house.line.secret("demo_password"))
        if on:
            await here.switch_on()
        return here

    yield open_desk
    for name, here in opened:
        await here.context.close()
        async with house.person(name) as agent:
            await until(lambda agent=agent: _at_rest(agent), 20)
        assert here.errors == []


async def _at_rest(agent) -> bool:
    await put_to_rest(agent)
    return (await agent.get("/api/agent"))["state"] == "break"
