"""The bare controller as a program of its own, so that its CPU can be told apart: `python -m sunwai.bench.bare`."""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

import uvloop

from ivr.bare import BareController
from sunwai.asterisk_conf import ARI_USER
from sunwai.bench.asterisks import agent_codes, endpoint
from sunwai.bench.lines import SECOND
from sunwai.heartbeat import beat
from sunwai.logs import start_logs
from sunwai.settings import Line, read_settings


def main() -> None:
    """Until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", type=Path, required=True)
    parser.add_argument("--agents", type=int, required=True)
    given = parser.parse_args()
    line = read_settings(given.settings)
    start_logs(line.settings.log)
    uvloop.run(_until_told(line, given.agents))


async def _until_told(line: Line, agents: int) -> None:
    work = asyncio.ensure_future(_serve(line, agents))
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, work.cancel)
    await asyncio.wait({work})
    if not work.cancelled():
        work.result()


async def _serve(line: Line, agents: int) -> None:
    controller = BareController(
        line.ari_url,
        ARI_USER,
        line.secret("ari"),
        agents=[endpoint(code) for code in agent_codes(agents)],
        sound=f"sound:{line.prompts / SECOND}",
    )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beat(lambda: controller.ari.registered))
        tasks.create_task(controller.run())


if __name__ == "__main__":
    main()
