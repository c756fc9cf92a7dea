"""The line under soak, whole and alone: Asterisk, agents by sipp, Redis, books, controller, worker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from sunwai.asterisk_conf import ARI_USER
from sunwai.bench import asterisks
from sunwai.bench.door import door_of
from sunwai.bench.houses import kept, with_whole_line
from sunwai.bench.lines import our_line, prepare_prompts
from sunwai.bench.load import agents_child
from sunwai.bench.plan import WHOLE_AGENTS
from sunwai.bench.runs import ASTERISK, Side
from sunwai.children import asterisk_child, role_child
from sunwai.rescue import AsteriskWatch
from sunwai.settings import Line

WORKER = "worker"


@asynccontextmanager
async def a_whole_line(line: Line, folder: Path) -> AsyncIterator[Side]:
    """Everything in `folder`, made anew; ended with the block."""
    ours = our_line(line, folder)
    prepare_prompts(ours)
    codes, port = asterisks.agent_codes(WHOLE_AGENTS), asterisks.agents_port(ours)
    async with AsteriskWatch(ours.ari_url, ARI_USER, ours.secret("ari")) as watch:
        asterisk = asterisk_child(ours, watch.alive)
        async with kept(asterisk, agents_child(ours, folder / "agents")) as (keeper, _), door_of(ours) as door:
            await door.make_phones(codes, ours.settings.telephony.agent_address, port)
            async with (
                with_whole_line(Side("ours", ours, door, {ASTERISK: keeper})) as whole,
                kept(role_child(ours, WORKER)) as (worker,),
            ):
                yield replace(whole, programs={**whole.programs, WORKER: worker})
