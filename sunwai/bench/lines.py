"""The two lines of the bench: ours, and the native one beside it; settings and folders of their own, never the line's.

Both are made from the line's settings, so that they use its ports (which must be free: the line does not run) and its
Asterisk. Books, floor and recordings lie below the bench's folder and are made anew each time.
"""

from __future__ import annotations

import json
import math
import shutil
from array import array
from pathlib import Path

import msgspec

from ivr.tones import RATE_HZ, to_alaw, to_ulaw
from sunwai import wiring
from sunwai.asterisk_program import find_asterisk
from sunwai.errors import SetupError
from sunwai.reference import places
from sunwai.render import render
from sunwai.settings import Line, LogSettings, Settings, StorageSettings, TelephonySettings, read_settings

CALLS_AT_ONCE = 1000
"""Soft limit of both: the bench looks for the machine's limit, not for the line's."""
_RTP_PORTS = 6000
_LOOPBACK = TelephonySettings()
_TONE_HZ, _TONE_PEAK = 400, 8000
SECOND = "bench/second"
"""The prompt of the play flow, below the prompts' folder: one second of a tone."""


def our_line(line: Line, work: Path) -> Line:
    """Ours: the line's own ports, books and floor of its own, prompts in tones (design 3.21)."""
    return _written(line, work / "ours", 0)


def native_line(line: Line, work: Path) -> Line:
    """The native one: ports after ours (the exchange's, which is not started here, lie between)."""
    return _written(line, work / "native", 1)


def _written(line: Line, folder: Path, place: int) -> Line:
    """The settings in a file, which the controller's process reads as well; read back, so that they are checked."""
    settings = bench_settings(line, place)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "sunwai.toml"
    file.write_text(as_toml(settings), encoding="utf-8")
    return read_settings(file)


def bench_settings(line: Line, place: int) -> Settings:
    """The line's settings with everything replaced that could touch the line itself or anything beyond loopback."""
    given = line.settings.telephony
    addresses = {
        name: value if value.startswith("127.") else getattr(_LOOPBACK, name)
        for name in ("agent_address", "trunk_address", "trunk_peer")
        for value in (getattr(given, name),)
    }
    start = given.rtp_start + place * _RTP_PORTS
    return msgspec.structs.replace(
        line.settings,
        line=msgspec.structs.replace(
            line.settings.line, kind="demo", node="bench", company="PV", marker_prompts=True, clock_offset_s=0.0
        ),
        telephony=msgspec.structs.replace(
            given,
            **addresses,
            agent_port=given.agent_port + 2 * place,
            trunk_port=given.trunk_port + 2 * place,
            http_port=given.http_port + 2 * place,
            rtp_start=start,
            rtp_end=start + _RTP_PORTS - 1,
            trunks=(),
            trunk_soft_limit=0,
            trunk_hard_limit=0,
            soft_limit=CALLS_AT_ONCE,
            hard_limit=2 * CALLS_AT_ONCE,
            asterisk_root=asterisk_root(line),
        ),
        console=msgspec.structs.replace(line.settings.console, address="127.0.0.1"),
        storage=StorageSettings(var="."),
        metrics=msgspec.structs.replace(line.settings.metrics, enabled=True),
        log=LogSettings(level="warning"),
    )


def asterisk_root(line: Line) -> str:
    """The tree both will use, "" for the system's Asterisk. SetupError when the line has none."""
    program = find_asterisk(line)
    if program is None:
        raise SetupError("there is no Asterisk 22.10 or newer: type `sunwai setup`")
    return str(program.root) if program.root else ""


def as_toml(settings: Settings) -> str:
    """The text of a settings file. JSON's strings, numbers, truths and lists are TOML's; its objects are not."""
    text = ""
    for section, values in msgspec.to_builtins(settings).items():
        text += f"[{section}]\n"
        text += "".join(f"{name} = {_as_toml(value)}\n" for name, value in values.items())
    return text


def _as_toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)} = {json.dumps(each)}' for name, each in value.items())}}}"
    return json.dumps(value)


def prepare_prompts(ours: Line) -> None:
    """Prompts in tones, and holding music."""
    render(wiring.wording(), places(), ours.prompts, None, ("marker",))


def prepare_sounds(ours: Line, native: Line) -> None:
    """Prompts, holding music and the play flow's second; both lines read the same files."""
    prepare_prompts(ours)
    second = ours.prompts / SECOND
    second.parent.mkdir(exist_ok=True)
    turn = 2 * math.pi * _TONE_HZ / RATE_HZ
    samples = array("h", (round(_TONE_PEAK * math.sin(turn * n)) for n in range(RATE_HZ)))
    second.with_suffix(".ulaw").write_bytes(to_ulaw(samples))
    second.with_suffix(".alaw").write_bytes(to_alaw(samples))
    native.prompts.symlink_to(ours.prompts)


def clear(work: Path) -> None:
    """Remove what an earlier bench left: books, recordings, logs."""
    if work.exists():
        shutil.rmtree(work)
    work.mkdir(parents=True)
