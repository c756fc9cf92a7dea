"""Both Asterisks of the bench: the line's own configuration, with the bench's flows and agents added to it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sunwai.asterisk_conf import TEMPLATES, etc_folder, fill_in
from sunwai.settings import Line

ADDED = TEMPLATES / "bench"
BARE_QUEUE, WHOLE_QUEUE = "bench", "bench-whole"


def agent_codes(number: int) -> list[str]:
    """B001 …: codes, no persons."""
    return [f"B{n:03}" for n in range(1, number + 1)]


def endpoint(code: str) -> str:
    """An agent's endpoint, named as the line names them."""
    return f"agent-{code}"


def agents_port(ours: Line) -> int:
    """Where one sipp answers for all agents of both sides, on the agents' address."""
    return ours.settings.telephony.agent_port + 4


def add_flows(line: Line) -> None:
    """Add the bench's extensions and modules to a configuration that has just been written."""
    names = {
        "NODE": line.settings.line.node,
        "PROMPTS": str(line.prompts),
        "SAID": str(line.prompts / "marker"),
        "SOFT_LIMIT": str(line.settings.telephony.soft_limit),
    }
    for name in ("extensions.conf", "modules.conf"):
        text = (ADDED / name).read_text(encoding="utf-8")
        _append(etc_folder(line) / name, fill_in(text, names, f"bench/{name}"))


def add_agents(native: Line, contact_port: int, codes: Sequence[str], of_whole: Sequence[str]) -> None:
    """Give the native Asterisk its agents and the two queues they work in."""
    etc, address = etc_folder(native), native.settings.telephony.agent_address
    phones = "".join(
        f"\n[{name}](bench-agent)\naors = {name}\n"
        f"\n[{name}]\ntype = aor\ncontact = sip:{name}@{address}:{contact_port}\n"
        for name in map(endpoint, codes)
    )
    _append(etc / "pjsip.conf", (ADDED / "pjsip.conf").read_text(encoding="utf-8") + phones)
    queues = "".join(
        f"\n[{queue}](bench-queue)\n" + "".join(f"member => PJSIP/{endpoint(code)}\n" for code in members)
        for queue, members in ((BARE_QUEUE, codes), (WHOLE_QUEUE, of_whole))
    )
    _append(etc / "queues.conf", (ADDED / "queues.conf").read_text(encoding="utf-8") + queues)


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as conf:
        conf.write(f"\n{text}")
