"""Fill in the templates of asterisk-conf/ for one line: Asterisk's own configuration, and that of the demo's exchange.

The folder given as `out` is Asterisk's `etc`; run, log, spool, lib, cache and data stand beside it.
Why the templates say what they say: design 3.2-3.7 and 3.13.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sunwai.ari_password import crypted
from sunwai.asterisk_program import AsteriskProgram, find_asterisk
from sunwai.errors import SetupError
from sunwai.nodes import NODE_NAME, address_of

if TYPE_CHECKING:
    from sunwai.settings import Line, TrunkSettings

TEMPLATES = Path(__file__).resolve().parent.parent / "asterisk-conf"
ARI_USER = "sunwai"
"""Controller and parent log in to ARI with this name and `line.secret("ari")`."""
ARI_WATCH_USER = "sunwai-watch"
"""For dashboards: may only read; `line.secret("ari_watch")`."""
EXCHANGE_USER = "exchange"
"""Of the demo's exchange; `line.secret("ari_exchange")`."""
EXCHANGE_APP = "exchange"

_OF_THE_LINE_ONLY = ("cel_custom.conf", "musiconhold.conf", "queuerules.conf", "queues.conf")
_PLACEHOLDER = re.compile(r"@([A-Z][A-Z_]*)@")
_RISKY = re.compile(r"[^\w./+~-]", re.ASCII)
"""What means something to Asterisk's configuration or its dialplan, or might one day."""
_BESIDE = ("run", "log", "log/cel-custom", "spool", "spool/recording", "lib/keys", "cache", "data")


def etc_folder(line: Line) -> Path:
    """Where the line's rendered configuration is: var/asterisk/etc."""
    return line.var / "asterisk" / "etc"


def exchange_etc_folder(line: Line) -> Path:
    """Where the exchange's rendered configuration is: var/exchange/etc."""
    return line.var / "exchange" / "etc"


def cel_file(line: Line) -> Path:
    """The file cel_custom writes: the first record of every call (design 3.2)."""
    return line.var / "asterisk" / "log" / "cel-custom" / "sunwai.csv"


def spool(line: Line) -> Path:
    """Where Asterisk keeps what its controller records of a question's answer."""
    return line.var / "asterisk" / "spool" / "recording"


def recording_path(line: Line, call_ref: str) -> Path:
    """Where the dialplan records a call: <recordings>/<yyyy>/<mm>/<dd>/<call_ref>.raw; the day (UTC) is in the id."""
    return line.recordings / _day_of(call_ref) / f"{call_ref}.raw"


def exchange_url(line: Line) -> str:
    """ARI of the exchange: the port after the line's own."""
    return f"http://127.0.0.1:{line.settings.telephony.http_port + 1}"


def write_asterisk_conf(line: Line, out: Path) -> None:
    """Render the line's configuration into `out`; make the folders beside it. SetupError: a value cannot be written."""
    program = _program(line)
    names = _common_names(line, out, program) | _line_names(line) | _passwords(line)
    texts = _filled({path.name: path for path in sorted(TEMPLATES.glob("*.conf"))}, names)
    texts["pjsip_trunks.conf"] = "".join(_trunk(trunk) for trunk in line.settings.telephony.trunks)
    texts["pjsip_nodes.conf"] = _nodes(line)
    _write(texts, out, program)


def write_exchange_conf(line: Line, out: Path) -> None:
    """Render the exchange's configuration into `out`: a second Asterisk that plays the network and agents' phones."""
    program = _program(line)
    telephony = line.settings.telephony
    span = telephony.rtp_end - telephony.rtp_start
    names = _common_names(line, out, program) | {
        "HTTP_PORT": str(telephony.http_port + 1),
        "HARD_LIMIT": "0",
        "RTP_START": str(telephony.rtp_end + 1),
        "RTP_END": str(telephony.rtp_end + 1 + span),
        "PHONES_ADDRESS": telephony.agent_address,
        "PHONES_PORT": str(telephony.agent_port + 1),
        "ARI_USER": EXCHANGE_USER,
        "ARI_PASSWORD": crypted(line.secret("ari_exchange")),
        "ARI_WATCH_USER": f"{EXCHANGE_USER}-watch",
        "ARI_WATCH_PASSWORD": crypted(line.secret("ari_exchange_watch")),
    }
    templates = {path.name: path for path in sorted(TEMPLATES.glob("*.conf")) if path.name not in _OF_THE_LINE_ONLY}
    templates |= {path.name: path for path in sorted((TEMPLATES / "exchange").glob("*.conf"))}
    _write(_filled(templates, names), out, program)


def fill_in(text: str, names: Mapping[str, str], where: str) -> str:
    """Replace each @NAME@; SetupError names the file and the line of a name that is not known."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in names:
            raise SetupError(f"{where}:{text.count(chr(10), 0, found.start()) + 1}: @{found[1]}@ is not known")
        return names[found[1]]

    return _PLACEHOLDER.sub(value, text)


def _nodes(line: Line) -> str:
    """The inter-node trunk, a door for each other node; without any there is not even its transport (design 3.22)."""
    telephony, folder = line.settings.telephony, TEMPLATES / "nodes"
    own = {"NODE_ADDRESS": telephony.node_address, "NODE_PORT": str(telephony.node_port)}
    texts = [_filled_one(folder / "transport.conf", own)] if telephony.nodes else []
    for name, written in telephony.nodes.items():
        address, port = address_of(name, written)
        names = own | {"PEER": name, "PEER_ADDRESS": address, "PEER_PORT": str(port)}
        texts.append(_filled_one(folder / "peer.conf", names))
    return "\n".join(texts)


def _program(line: Line) -> AsteriskProgram:
    program = find_asterisk(line)
    if program is None:
        raise SetupError("there is no Asterisk 22.10 or newer: type `sunwai setup`")
    return program


def _common_names(line: Line, out: Path, program: AsteriskProgram) -> dict[str, str]:
    telephony = line.settings.telephony
    return {
        "ETC": str(out),
        "BASE": str(out.parent),
        "MODULES": str(program.modules),
        "TRUNK_ADDRESS": telephony.trunk_address,
        "TRUNK_PORT": str(telephony.trunk_port),
        "TRUNK_PEER": telephony.trunk_peer,
        "TRUNK_PEER_PORT": str(telephony.trunk_peer_port),
        "AGENT_ADDRESS": telephony.agent_address,
        "AGENT_PORT": str(telephony.agent_port),
    }


def _line_names(line: Line) -> dict[str, str]:
    settings, telephony = line.settings.line, line.settings.telephony
    if not re.fullmatch(r"[0-9]{2,15}", settings.number):
        raise SetupError("line.number must be the digits that are dialled, such as 1912")
    if not NODE_NAME.fullmatch(settings.node):
        raise SetupError("line.node must be letters and digits: it is the first part of every call's id")
    return {
        "NUMBER": settings.number,
        "NODE": settings.node,
        "HTTP_PORT": str(telephony.http_port),
        "RTP_START": str(telephony.rtp_start),
        "RTP_END": str(telephony.rtp_end),
        "SOFT_LIMIT": str(telephony.soft_limit),
        "TRUNK_SOFT_LIMIT": str(telephony.trunk_soft_limit or telephony.soft_limit),
        "TRUNK_HARD_LIMIT": str(telephony.trunk_hard_limit or telephony.hard_limit),
        "HARD_LIMIT": str(telephony.hard_limit),
        "FALLBACK_WAIT": str(telephony.fallback_wait_s),
        "RECORDINGS": str(line.recordings.resolve()),
        "PROMPTS": str(line.prompts),
        "BEEP": f"{_languages(line)[0]}/beep",
        "SAY_LINES_FULL": _spoken(line, "lines_full"),
        "SAY_CONTROLLER_AWAY": _spoken(line, "controller_away"),
        "SAY_LEAVE_MESSAGE": _spoken(line, "leave_message"),
        "SAY_MESSAGE_SAVED": _spoken(line, "message_saved"),
    }


def _passwords(line: Line) -> dict[str, str]:
    return {
        "ARI_USER": ARI_USER,
        "ARI_PASSWORD": crypted(line.secret("ari")),
        "ARI_WATCH_USER": ARI_WATCH_USER,
        "ARI_WATCH_PASSWORD": crypted(line.secret("ari_watch")),
    }


def _languages(line: Line) -> tuple[str, ...]:
    return ("marker",) if line.settings.line.marker_prompts else line.settings.line.languages


def _spoken(line: Line, key: str) -> str:
    """The dialplan's list of files that say `key` in every language of the line, one after the other."""
    return "&".join(str(line.prompts / language / f"{key}.0") for language in _languages(line))


def _day_of(call_ref: str) -> str:
    seconds = call_ref.rpartition("-")[2].partition(".")[0]
    if not seconds.isdecimal():
        raise ValueError("a call's id ends with -<seconds since the epoch>.<anything>")
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y/%m/%d")


def _trunk(trunk: TrunkSettings) -> str:
    """The endpoint of one of the further trunks."""
    names = {
        "TRUNK_NAME": trunk.name,
        "TRUNK_PEER": trunk.peer,
        "TRUNK_PEER_PORT": str(trunk.peer_port),
        "TRUNK_SOFT_LIMIT": str(trunk.soft_limit),
        "TRUNK_HARD_LIMIT": str(trunk.hard_limit),
    }
    return _filled_one(TEMPLATES / "trunks" / "pjsip_trunk.conf", names)


def _filled_one(template: Path, names: Mapping[str, str]) -> str:
    return _filled({template.name: template}, names)[template.name]


def _filled(templates: Mapping[str, Path], names: Mapping[str, str]) -> dict[str, str]:
    """The files' texts. SetupError for a value that could mean something to Asterisk."""
    for name, value in names.items():
        # "&" parts the files of a prompt; `_spoken` puts it in, a setting must not.
        checked = value.replace("&", "") if name.startswith("SAY_") else value
        if "PASSWORD" not in name and _RISKY.search(checked):
            raise SetupError(
                f"Asterisk's configuration cannot carry the value {value!r}: use letters, digits and . / _ - only"
            )
    return {name: fill_in(path.read_text(encoding="utf-8"), names, path.name) for name, path in templates.items()}


def _write(rendered: Mapping[str, str], out: Path, program: AsteriskProgram) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for folder in _BESIDE:
        (out.parent / folder).mkdir(parents=True, exist_ok=True)
    for name in ("documentation", "rest-api"):
        _link(out.parent / "data" / name, program.data / name)
    for old in out.glob("*.conf"):
        if old.name not in rendered:
            old.unlink()
    for name, text in rendered.items():
        path = out / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def _link(link: Path, target: Path) -> None:
    """Asterisk looks for its API description in its data folder; ours holds nothing else."""
    if link.is_symlink() and link.readlink() == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
