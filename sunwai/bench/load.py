"""Callers and agents by sipp: start it, wait for it, read what it counted."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sunwai.bench.asterisks import agents_port
from sunwai.distribution import find_program
from sunwai.errors import SetupError, StartError
from sunwai.lives import end_group
from sunwai.processes import Child
from sunwai.settings import Line

SCENARIOS = Path(__file__).parent / "scenarios"
COUNTS = "counts.csv"
"""What sipp counted, a row each second, in the folder of a load."""
PATIENCE_S = 15.0
_TAIL_LIMIT_S = 30.0
_END_S = 2.0
_SCENARIO = "scenario.xml"
_PATIENCE = "PATIENCE_MS"
ODD_MANNERS = (1, 97)
"""sipp's exit statuses for a run it finished: some calls failed; its own end of the run."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to put on a line: `calls` callers at `rate` per second dialling `extension`, with these numbers in turn.

    `patience_s`: a call without its end by then has failed.
    """

    extension: str
    rate: float
    calls: int
    numbers: Sequence[str]
    keys: bool = False
    patience_s: float = PATIENCE_S


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a load; `rate` is the one reached.

    How long a caller waits is the probe's to say: sipp's clock steps by 4 ms.
    """

    calls: int
    failed: int
    retransmissions: int
    rate: float

    def held(self, asked: float) -> bool:
        """Whether every call came through and sipp itself kept the pace."""
        return self.failed == 0 and self.rate >= 0.9 * asked


def sipp() -> str:
    """The program. SetupError names the package when it is missing."""
    found = find_program("sipp")
    if found is None:
        raise SetupError("sipp is missing: type `apt-get install sip-tester`, or `sunwai setup --for-tests`")
    return str(found)


def agents_child(ours: Line, work: Path) -> Child:
    """One sipp that answers for every agent of both sides; it sends a caller's sound back to him."""
    telephony = ours.settings.telephony
    where = ("-i", telephony.agent_address, "-mi", telephony.agent_address, "-p", str(agents_port(ours)))
    command = (
        sipp(),
        "-sf",
        str(SCENARIOS / "agents.xml"),
        *where,
        "-nostdin",
        "-aa",
        "-timer_resol",
        "1",
        "-rtp_echo",
    )
    work.mkdir(parents=True, exist_ok=True)
    return Child("agents", command, work / "agents.log", work)


async def carry(line: Line, load: Load, work: Path) -> Carried:
    """Run the load to the end of its last call. StartError when sipp does not come to an end or tells nothing."""
    try:
        async with calling(line, load, work) as process, asyncio.timeout(load.calls / load.rate + _TAIL_LIMIT_S):
            status = await process.wait()
    except TimeoutError as error:
        raise StartError(f"sipp did not end in time: see {work / 'sipp.log'}") from error
    if status not in (0, *ODD_MANNERS):
        raise StartError(f"sipp ended with status {status}: see {work / 'sipp.log'}")
    return _read(work, load)


@asynccontextmanager
async def calling(line: Line, load: Load, work: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """sipp with this load while the block runs; the folder `work` is made when it is not there."""
    _lay_out(load, work)
    with (work / "sipp.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *_command(line, load, work),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=work,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            await end_group(process, _END_S)


def _lay_out(load: Load, work: Path) -> None:
    """What sipp reads, in the folder `work`: the callers' numbers, and what they do."""
    work.mkdir(parents=True, exist_ok=True)
    scenario = SCENARIOS / ("caller_with_keys.xml" if load.keys else "caller.xml")
    told = scenario.read_text(encoding="utf-8").replace(_PATIENCE, f"{load.patience_s * 1000:.0f}")
    (work / _SCENARIO).write_text(told, encoding="utf-8")
    numbers = "".join(f"{number}\n" for number in load.numbers)
    (work / "numbers.csv").write_text(f"SEQUENTIAL\n{numbers}", encoding="ascii")


def _command(line: Line, load: Load, work: Path) -> list[str]:
    telephony = line.settings.telephony
    return [
        sipp(),
        f"{telephony.trunk_address}:{telephony.trunk_port}",
        *("-sf", str(work / _SCENARIO), "-s", load.extension, "-inf", str(work / "numbers.csv")),
        *("-i", telephony.trunk_peer, "-mi", telephony.trunk_peer, "-p", str(telephony.trunk_peer_port)),
        *("-r", str(load.rate), "-rp", "1000", "-m", str(load.calls), "-l", str(load.calls)),
        *("-nostdin", "-timer_resol", "1", "-trace_err", "-error_file", str(work / "errors.log")),
        *("-trace_stat", "-fd", "1", "-stf", str(work / COUNTS)),
    ]


def _read(work: Path, load: Load) -> Carried:
    try:
        with (work / COUNTS).open(encoding="utf-8", newline="") as counts:
            rows = list(csv.DictReader(counts, delimiter=";"))
        last = rows[-1]
        failed = load.calls - int(last["SuccessfulCall(C)"])
        again = int(last["Retransmissions(C)"])
        return Carried(load.calls, failed, again, _pace(rows, load))
    except (OSError, IndexError, KeyError, ValueError) as error:
        raise StartError(f"sipp told nothing that can be read: see {work}") from error


def _pace(rows: Sequence[dict[str, str]], load: Load) -> float:
    """Calls per second while they were being made: the count when all, or nearly, had begun, by the time until then.

    sipp counts once a second, so a run shorter than two seconds says nothing and counts as kept.
    """
    growing = [
        (float(row["CurrentTime"].split()[-1]) - float(row["StartTime"].split()[-1]), int(row["TotalCallCreated"]))
        for row in rows
    ]
    before_end = [(seconds, calls) for seconds, calls in growing if calls < load.calls and seconds >= 1.0]
    return before_end[-1][1] / before_end[-1][0] if before_end else load.rate
