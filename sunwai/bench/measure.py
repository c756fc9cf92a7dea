"""What is read after a run: CPU and memory of programs from /proc, moments of calls from Asterisk's call event log."""

from __future__ import annotations

import csv
import io
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sunwai.errors import StartError

_TICKS = os.sysconf("SC_CLK_TCK")
_EVENT, _TIME, _LINKED, _UNIQUE, _CHANNEL, _USER_TYPE = 0, 1, 2, 3, 4, 8
QUEUED = "QUEUED"
"""User event of the native dialplan just before Queue()."""


def cpu_s(pid: int) -> float:
    """CPU seconds a process has used so far, user and system, with its ended threads; in steps of 10 ms."""
    return _used(Path(f"/proc/{pid}/stat"))


def rss_kb(pid: int) -> int:
    """Resident memory of a process. StartError when it has ended."""
    try:
        for text in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if text.startswith("VmRSS:"):
                return int(text.split()[1])
    except (OSError, ValueError, IndexError) as error:
        raise StartError("a program of the line ended under the load: see its log") from error
    raise StartError("a program of the line ended under the load: see its log")


def machine_busy_s() -> float:
    """CPU seconds of all cores since the machine started, whoever used them."""
    first = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    user, nice, system, _idle, _waiting, irq, softirq = (int(ticks) for ticks in first[1:8])
    return (user + nice + system + irq + softirq) / _TICKS


def other_threads_cpu_s(pid: int) -> float:
    """CPU seconds of a process's living threads but the first; of our controller: the threads that keep the books."""
    return sum(_used(task / "stat") for task in Path(f"/proc/{pid}/task").iterdir() if task.name != str(pid))


def _used(stat: Path) -> float:
    # The program's name is in parentheses and may hold anything: fields are counted from the last one on.
    fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def new_rows(file: Path, offset: int) -> list[list[str]]:
    """Rows written to a call event log since it was `offset` bytes long; a last line without its end is left out.

    Without a call there is no file.
    """
    if not file.exists():
        return []
    with file.open("rb") as log:
        log.seek(offset)
        text = log.read().decode("utf-8", errors="replace")
    return list(csv.reader(io.StringIO(text[: text.rfind("\n") + 1])))


def agent_up_ms(rows: Iterable[Sequence[str]], *, since_queued: bool) -> list[float]:
    """For each call, ms from its first event (or from entering the queue) until its agent was up.

    Entering the queue is the native dialplan's QUEUED, or our caller's first BRIDGE_ENTER: the holding bridge.
    """
    came: dict[str, float] = {}
    queued: dict[str, float] = {}
    up: dict[str, float] = {}
    for row in rows:
        caller, moment = row[_CHANNEL].startswith("PJSIP/trunk-"), float(row[_TIME])
        match row[_EVENT]:
            case "CHAN_START" if caller:
                came[row[_UNIQUE]] = moment
            case "BRIDGE_ENTER" if caller:
                queued.setdefault(row[_UNIQUE], moment)
            case "USER_DEFINED" if caller and row[_USER_TYPE] == QUEUED:
                queued[row[_UNIQUE]] = moment
            case "ANSWER" if not caller:
                up.setdefault(_caller_of(row), moment)
    since = queued if since_queued else came
    return [1000 * (moment - since[call]) for call, moment in up.items() if call in since]


_AGENTS_LEG = ".agent"


def is_agents_leg(channel: str) -> bool:
    """Whether a channel of ours is an agent's leg: its id is one that we chose, `<call's id>.agent1`."""
    return _AGENTS_LEG in channel


def _caller_of(row: Sequence[str]) -> str:
    """The unique id of the caller an agent's leg was rung for.

    Queue() links the legs; ours has the call's id in its own, and is linked only when both are bridged.
    """
    call, made_by_us, _ = row[_UNIQUE].partition(_AGENTS_LEG)
    return call.rpartition("-")[2] if made_by_us else row[_LINKED]


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, least and most of some values, which are kept."""

    median: float
    least: float
    most: float
    values: tuple[float, ...]


def spread(values: Iterable[float | None]) -> Spread | None:
    """None when there are no values; None among them is left out."""
    there = tuple(value for value in values if value is not None)
    return Spread(statistics.median(there), min(there), max(there), there) if there else None


def median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def ratios(native: Mapping[int, float], ours: Mapping[int, float]) -> list[float]:
    """Ours by native, round by round: both runs of a round had the same neighbours on the machine."""
    return [ours[number] / native[number] for number in sorted(native.keys() & ours.keys()) if native[number]]
