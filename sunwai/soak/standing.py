"""What a line holds at one moment: memory, open files, tasks, channels, bridges, keys. Read from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from ivr.house import HOLDING_BRIDGE
from storage.floor_census import census
from sunwai import wiring
from sunwai.bench.door import Door
from sunwai.errors import StartError
from sunwai.role_process import METRICS_PORT_AFTER
from sunwai.settings import Line

CONTROLLER, ASTERISK, REDIS = "controller", "asterisk", "redis"
CONNECTION, FILE, OTHER = "connections", "files", "others"
UDP, BOOKS = "udp sockets", "books' files"
_LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Standing:
    """`open` counts open descriptors by program and kind; `keys` those of Redis by kind; `bridges` without holding."""

    open: Mapping[str, Mapping[str, int]]
    tasks: int
    calls: int
    channels: tuple[str, ...]
    bridges: tuple[str, ...]
    keys: Mapping[str, int]


async def stand(line: Line, door: Door, pids: Mapping[str, int]) -> Standing:
    """Everything at once. StartError when the controller's metrics cannot be had."""
    told = await metrics(line)
    return Standing(
        {name: open_files(pid) for name, pid in pids.items()},
        int(told["sunwai_tasks"]),
        int(told["sunwai_calls"]),
        tuple(await door.names("channels")),
        tuple(name for name in await door.names("bridges") if name != HOLDING_BRIDGE),
        await census(line.floor_url, wiring.prefix_of(line)),
    )


async def metrics(line: Line) -> dict[str, float]:
    """The controller's own gauges by name."""
    port = line.settings.console.port + METRICS_PORT_AFTER[CONTROLLER]
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_LIMIT_S)) as session,
            session.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            text = await answer.text()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise StartError(f"the controller's metrics cannot be read on port {port}") from error
    families = text_string_to_metric_families(text)
    return {sample.name: sample.value for family in families for sample in family.samples if not sample.labels}


def open_files(pid: int) -> Mapping[str, int]:
    """Open descriptors by kind. Speech comes by UDP: one socket more for each call that is forgotten."""
    udp = _udp_inodes(pid)
    found: Counter[str] = Counter()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue  # closed while we looked
        if target == "/dev/null":
            continue  # the worker gives it to each program it starts, and packing goes on after the calls
        found[_kind(target, udp)] += 1
    return dict(found)


def _kind(target: str, udp: frozenset[str]) -> str:
    if target.startswith("socket:["):
        return UDP if target[8:-1] in udp else CONNECTION
    if target.endswith((".db", ".db-wal", ".db-shm")):
        return BOOKS
    return FILE if target.startswith("/") else OTHER


def _udp_inodes(pid: int) -> frozenset[str]:
    tables = [Path(f"/proc/{pid}/net/{name}") for name in ("udp", "udp6")]
    rows = [row.split() for table in tables if table.exists() for row in table.read_text("ascii").splitlines()[1:]]
    return frozenset(row[9] for row in rows)


def as_data(standing: Standing) -> object:
    return msgspec.to_builtins(standing)
