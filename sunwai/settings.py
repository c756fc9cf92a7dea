"""Settings: one TOML file, secrets from the environment, read once into frozen structs; unknown keys are refused.

Every setting is described in docs/settings.md; a test fails when one is missing there.
Relative paths are relative to the folder of the settings file. Seconds are written `_s`, minutes `_min`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from storage import redis_address
from storage.phones import e164
from sunwai.errors import SettingsError
from sunwai.nodes import check_nodes

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]

PAGE_BEAT_S = 3.0
"""So often an agent's page says that it is there (agent_console/web)."""


class LineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is dialled and which kind of line this is."""

    kind: Literal["demo", "live"] = "demo"
    number: str = "1912"
    country: str = "IN"
    company: str = "PV"
    node: str = "n1"
    marker_prompts: bool = False
    languages: tuple[str, ...] = ("hi", "ur", "en")
    clock_offset_s: float = 0.0


class TrunkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A further trunk: another operator, another gateway. `peer` is the IP its calls come from."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]{0,15}$")]
    peer: str
    peer_port: Port = 5060
    soft_limit: Count
    hard_limit: Count


class TelephonySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Asterisk's own addresses and limits. The trunk has an address of its own (design 3.13).

    `nodes` are the other nodes of this line by name, as "address:port" of their inter-node trunk (design 3.22).
    """

    agent_address: str = "127.0.0.1"
    agent_port: Port = 5060
    trunk_address: str = "127.0.0.2"
    trunk_port: Port = 5060
    trunk_peer: str = "127.0.0.3"
    trunk_peer_port: Port = 5060
    trunk_number_format: Literal["national", "e164"] = "national"
    trunk_soft_limit: int = 0
    trunk_hard_limit: int = 0
    trunks: tuple[TrunkSettings, ...] = ()
    http_port: Port = 8088
    rtp_start: Port = 20000
    rtp_end: Port = 20999
    soft_limit: Count = 180
    hard_limit: Count = 250
    node_address: str = "127.0.0.4"
    node_port: Port = 5060
    nodes: dict[str, str] = {}
    fallback_wait_s: Count = 15
    dial_timeout_s: Seconds = 30.0
    asterisk_root: str = ""


class ConsoleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    address: str = "127.0.0.1"
    port: Port = 8912
    session_hours: Seconds = 12.0
    lease_s: Seconds = 15.0


class QueueSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long an agent rings, how long a caller may wait, how long wrap-up lasts."""

    ring_s: Seconds = 20.0
    danger_ring_s: Seconds = 8.0
    control_room: str = ""
    control_room_after_s: Seconds = 10.0
    max_wait_s: Seconds = 600.0
    announce_every_s: Seconds = 60.0
    wrapup_s: Seconds = 30.0
    nobody_after_s: Seconds = 5.0
    handle_time_s: Seconds = 180.0
    callback_agent_first: bool = True
    callbacks_at_once: Count = 20
    surge: Literal["by_hand", "automatic"] = "by_hand"
    patience_s: Seconds = 180.0


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`books` is a SQLAlchemy URL; empty means the SQLite file in `var`. `floor` likewise for Redis.

    Recordings of ordinary calls are deleted after `recording_days` days (domain.md 2.6); 0 keeps them for good.
    """

    books: str = ""
    floor: str = ""
    var: str = "var"
    recordings: str = ""
    recording_days: int = 90
    journal_after_s: Seconds = 0.3


class SpeechSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`models` are folders of Vosk models by the language they hear; without any the line goes by keys alone.

    `processes` hear beside each other, each at most `callers` at a time, with all models loaded once and `threads` at
    work. Of several `styles` each call gets one by lot (docs/speech.md).
    """

    models: dict[str, str] = {}
    processes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    threads: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    callers: Count = 60
    styles: Annotated[tuple[Literal["press_or_say", "say_or_press", "keys"], ...], msgspec.Meta(min_length=1)] = (
        "press_or_say",
    )


class MessageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    gateway: Literal["file", "console"] = "file"
    attempts: int = 5
    retry_s: Seconds = 60.0


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    format: Literal["json", "console"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class MetricsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Prometheus pages of the roles beside the console, on loopback: `console.port` + 1 for the controller, + 2 for
    notifications, + 3 for the worker. The console has its own at /metrics."""

    enabled: bool = True


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of `sunwai.toml`. `folder` is where it was read from; it is not a key of the file."""

    line: LineSettings = msgspec.field(default_factory=LineSettings)
    telephony: TelephonySettings = msgspec.field(default_factory=TelephonySettings)
    console: ConsoleSettings = msgspec.field(default_factory=ConsoleSettings)
    queue: QueueSettings = msgspec.field(default_factory=QueueSettings)
    storage: StorageSettings = msgspec.field(default_factory=StorageSettings)
    messages: MessageSettings = msgspec.field(default_factory=MessageSettings)
    metrics: MetricsSettings = msgspec.field(default_factory=MetricsSettings)
    speech: SpeechSettings = msgspec.field(default_factory=SpeechSettings)
    log: LogSettings = msgspec.field(default_factory=LogSettings)


class Line:
    """The settings with everything derived from them: paths below `var`, addresses, secrets."""

    def __init__(self, settings: Settings, folder: Path, file: Path | None) -> None:
        self.settings = settings
        self.folder = folder
        self.file = file
        self.var = (folder / settings.storage.var).resolve()

    @property
    def books_url(self) -> str:
        return self.settings.storage.books or f"sqlite:///{self.var / 'books' / 'sunwai.db'}"

    @property
    def floor_url(self) -> str:
        return self.settings.storage.floor or f"unix://{self.var / 'run' / 'redis.sock'}"

    @property
    def recordings(self) -> Path:
        return Path(self.settings.storage.recordings) if self.settings.storage.recordings else self.var / "recordings"

    @property
    def speech_models(self) -> dict[str, Path]:
        """Folders of Vosk models by the language each hears."""
        return {language: (self.folder / path).resolve() for language, path in self.settings.speech.models.items()}

    @property
    def prompts(self) -> Path:
        return self.var / "prompts"

    @property
    def ari_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.telephony.http_port}"

    def secret(self, name: str) -> str:
        """A secret: from SUNWAI_<NAME>, else from var/secrets/<name>, made there (0600) on first use."""
        given = os.environ.get(f"SUNWAI_{name.upper()}")
        if given:
            return given
        path = self.var / "secrets" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="ascii")
        return path.read_text(encoding="ascii").strip()


def read_settings(file: Path | None = None) -> Line:
    """Read `file`, else $SUNWAI_SETTINGS, else ./sunwai.toml, else defaults. SettingsError names file and reason."""
    chosen = file or (Path(os.environ["SUNWAI_SETTINGS"]) if "SUNWAI_SETTINGS" in os.environ else None)
    if chosen is None and Path("sunwai.toml").exists():
        chosen = Path("sunwai.toml")
    if chosen is None:
        return checked(Line(Settings(), Path.cwd(), None))
    try:
        settings = msgspec.toml.decode(chosen.read_bytes(), type=Settings)
    except FileNotFoundError as error:
        raise SettingsError(f"{chosen}: there is no such settings file") from error
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{chosen}: {error}") from error
    return checked(Line(settings, chosen.resolve().parent, chosen))


def checked(line: Line) -> Line:
    """Refuse settings that contradict each other, each with one sentence."""
    telephony = line.settings.telephony
    if telephony.soft_limit >= telephony.hard_limit:
        raise SettingsError("telephony.hard_limit must be well above telephony.soft_limit (design 3.4)")
    spoken = {"hi", "ur", "en"}
    if not line.settings.line.languages or set(line.settings.line.languages) - spoken:
        raise SettingsError(f"line.languages may hold {', '.join(sorted(spoken))}, at least one of them")
    if strange := set(line.settings.speech.models) - spoken:
        raise SettingsError(
            f"speech.models names {', '.join(sorted(strange))}: there are words for {', '.join(sorted(spoken))} only"
        )
    if telephony.http_port == line.settings.console.port:
        raise SettingsError("telephony.http_port and console.port must be different ports")
    if telephony.trunk_address == telephony.agent_address:
        raise SettingsError("telephony.trunk_address must not be the agents' address: trunk calls are told by it")
    if line.settings.line.kind == "demo" and not telephony.trunk_peer.startswith("127."):
        raise SettingsError("a demo line may only have a trunk on loopback: set telephony.trunk_peer to 127.x.x.x")
    if line.settings.line.kind == "live" and line.settings.line.clock_offset_s:
        raise SettingsError("line.clock_offset_s is for demo lines: a live line keeps the true time (design 3.16)")
    _trunks_agree(line.settings)
    _agree(line.settings)
    check_nodes(line.settings)
    try:
        redis_address.checked(line.floor_url)
    except ValueError as error:
        raise SettingsError(f"storage.floor: {error}") from error
    if telephony.rtp_end - telephony.rtp_start < 4 * telephony.soft_limit:
        raise SettingsError("telephony.rtp_start..rtp_end must hold four ports for each call of the soft limit")
    return line


def _trunks_agree(settings: Settings) -> None:
    """Each trunk is told by its own IP, and has a soft limit below its hard one."""
    telephony = settings.telephony
    soft, hard = (
        telephony.trunk_soft_limit or telephony.soft_limit,
        telephony.trunk_hard_limit or telephony.hard_limit,
    )
    limits = {"telephony.trunk": (soft, hard)} | {
        f"telephony.trunks {one.name}": (one.soft_limit, one.hard_limit) for one in telephony.trunks
    }
    for name, (soft, hard) in limits.items():
        if soft >= hard:
            raise SettingsError(
                f"{name}_hard_limit must be above {name}_soft_limit: {soft} calls hear a sentence first"
            )
    peers = [telephony.trunk_peer, *(one.peer for one in telephony.trunks)]
    for one in telephony.trunks:
        if peers.count(one.peer) > 1:
            raise SettingsError(
                f"telephony.trunks: {one.name} has the peer of another trunk; calls are told by it alone"
            )
        if settings.line.kind == "demo" and not one.peer.startswith("127."):
            raise SettingsError(
                f"a demo line may only have trunks on loopback: set the peer of {one.name} to 127.x.x.x"
            )
    if len({one.name for one in telephony.trunks}) < len(telephony.trunks):
        raise SettingsError("telephony.trunks: two trunks have the same name")


def _agree(settings: Settings) -> None:
    """Settings that are right alone and wrong together; SettingsError names both and says what to change."""
    queue, telephony, console = settings.queue, settings.telephony, settings.console
    if queue.callbacks_at_once > telephony.soft_limit:
        raise SettingsError(
            f"queue.callbacks_at_once = {queue.callbacks_at_once} is more than there are lines "
            f"(telephony.soft_limit = {telephony.soft_limit}): lower it"
        )
    if console.lease_s < 2 * PAGE_BEAT_S:
        raise SettingsError(
            f"console.lease_s = {console.lease_s:g} is shorter than two heartbeats of a page ({2 * PAGE_BEAT_S:g} s): "
            "agents at work would be taken for gone"
        )
    if queue.control_room and e164(queue.control_room, settings.line.country) is None:
        raise SettingsError(
            f"queue.control_room = {queue.control_room!r} is no telephone number that can be dialled in "
            f"{settings.line.country}: write it as the network does, or with + and the country's code"
        )
    if queue.danger_ring_s > queue.ring_s:
        raise SettingsError(
            "queue.danger_ring_s must not be longer than queue.ring_s: danger goes on to the next first"
        )
    if queue.announce_every_s > queue.max_wait_s:
        raise SettingsError("queue.announce_every_s is longer than queue.max_wait_s: nobody would ever hear his place")
