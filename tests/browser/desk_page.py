"""An agent's page as a person uses it: what he sees by its names, what he presses, and what he hears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from playwright.async_api import BrowserContext, Page, expect

LISTEN = """
window.connections = [];
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) { super(...given); window.connections.push(this); }
};
"""
"""Before any script of the page: a test wants to hear what the page plays."""

HEARD = """
async (hertz) => {
  const live = window.connections.filter((one) => one.connectionState === "connected").at(-1);
  if (!live) return 0;
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 4096;
  context.createMediaStreamSource(new MediaStream([live.getReceivers()[0].track])).connect(ear);
  const spectrum = new Float32Array(ear.frequencyBinCount);
  const width = context.sampleRate / ear.fftSize;
  let most = -Infinity;
  for (let look = 0; look < 40; look += 1) {
    await new Promise((done) => setTimeout(done, 25));
    ear.getFloatFrequencyData(spectrum);
    const bin = Math.round(hertz / width);
    most = Math.max(most, ...spectrum.slice(bin - 1, bin + 2));
  }
  await context.close();
  return most;
}
"""
"""The loudest this frequency was within a second, in dB below full scale."""

LOUD_DB = -45.0


def speak(language: str) -> str:
    """A script that gives a new page its language; a change by hand afterwards stays."""
    return f"localStorage.getItem('sunwai.language') ?? localStorage.setItem('sunwai.language', '{language}')"


class Desk:
    """One page of one agent, in English. `errors` are what the page's console complained of."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self._url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def open(self) -> None:
        await self.page.goto(self._url)

    async def log_in(self, name: str, password: str) -> None:
        await self.open()
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(password)
        await self.button("Log in").click()

    async def switch_on(self) -> None:
        """The microphone test, and then the telephone."""
        await self.button("Test the microphone").click()
        await self.button("Switch the telephone on").click()
        await self.says("On: calls can reach you")

    async def be_ready(self) -> None:
        await self.button("Ready").click()
        await self.state("Ready")

    async def answer(self) -> None:
        await self.button("Answer").click(timeout=15_000)
        await self.state("In a call")

    def button(self, name: str):
        return self.page.get_by_role("button", name=name)

    async def state(self, name: str, limit_s: float = 15.0) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_contain_text(name, timeout=limit_s * 1000)

    async def says(self, text: str, limit_s: float = 15.0) -> None:
        await expect(self.page.get_by_text(text).first).to_be_visible(timeout=limit_s * 1000)

    async def hears(self, hertz: int, limit_s: float = 15.0) -> None:
        """Until the page plays this frequency."""
        await within(limit_s, self._loud, hertz)

    async def silent_at(self, hertz: int) -> bool:
        return not await self._loud(hertz)

    async def _loud(self, hertz: int) -> bool:
        return float(await self.page.evaluate(HEARD, hertz)) > LOUD_DB


async def within(limit_s: float, fits: Callable[..., Awaitable[bool]], *given: object) -> float:
    """Ask again and again until it fits; how many seconds it took. AssertionError after `limit_s`."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s:
        if await fits(*given):
            return time.monotonic() - began
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {limit_s:g} s: {fits.__qualname__}{given}")
