"""A small real Asterisk of a test's own: found, configured, started on free loopback ports, and ended by its pid.

Asterisk 22 or newer is looked for, in this order, in the folder named by SUNWAI_ASTERISK (a tree made by mmdebstrap),
in `var/asterisk/root` below the checkout, and on the system. It runs without root: every path of its own lies in the
folder given by the test. ARI's wire needs no SIP: a caller is a Local channel (`ari_lines.RealLine`).
"""

import contextlib
import http.client
import math
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
USER = "line"
PASSWORD = "loopback-test-only"
MUSIC_HZ = 1300
PROMPTS = {"tone-500": (500, 0.4), "tone-700": (700, 0.4), "tone-900": (900, 0.4), "tone-long": (400, 3.0)}
"""Prompt name → (frequency in Hz, length in seconds); played as `sound:tone-500`."""

MODULES = (
    "app_dial app_echo app_playback app_senddtmf app_stasis app_stack app_verbose app_queue "
    "bridge_holding bridge_simple bridge_softmix chan_bridge_media chan_pjsip "
    "codec_alaw codec_resample codec_ulaw format_pcm format_sln format_wav func_callerid func_channel func_logic "
    "func_timeout pbx_config res_ari res_ari_applications res_ari_asterisk res_ari_bridges res_ari_channels "
    "res_ari_endpoints res_ari_events res_ari_model res_ari_playbacks res_ari_recordings res_crypto "
    "res_http_websocket res_websocket_client res_musiconhold res_pjproject res_pjsip "
    "res_pjsip_authenticator_digest res_pjsip_caller_id "
    "res_pjsip_endpoint_identifier_ip res_pjsip_endpoint_identifier_user res_pjsip_header_funcs res_pjsip_pubsub "
    "res_pjsip_registrar res_pjsip_sdp_rtp res_pjsip_session res_rtp_asterisk res_rtp_multicast "
    "res_sorcery_astdb res_sorcery_config res_sorcery_memory res_stasis res_stasis_answer res_stasis_device_state "
    "res_stasis_playback res_stasis_recording res_stasis_snoop res_timing_timerfd"
)

EXTENSIONS = """\
[general]
static = yes
[from-trunk]
exten => _X.,1,Stasis({app},${{EXTEN}})
 same => n,GotoIf($["${{STASISSTATUS}}"="FAILED"]?fallback,s,1)
 same => n,Hangup()
[fallback]
exten => s,1,Answer()
 same => n,Wait(30)
[peers]
exten => answer,1,Answer()
 same => n,Wait(60)
exten => busy,1,Wait(0.2)
 same => n,Busy(0)
exten => noanswer,1,Ringing()
 same => n,Wait(60)
"""

PJSIP = """\
[udp]
type = transport
protocol = udp
bind = 127.0.0.1:{sip_port}
"""

SORCERY = """\
[res_pjsip]
endpoint = config,pjsip.conf,criteria=type=endpoint
endpoint = memory
aor = config,pjsip.conf,criteria=type=aor
aor = memory
auth = config,pjsip.conf,criteria=type=auth
auth = memory
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one Asterisk lies: the command that starts it, its modules, its data (`documentation/`, `rest-api/`)."""

    command: tuple[str, ...]
    modules: Path
    share: Path


@dataclass(slots=True)
class RealAsterisk:
    """A running Asterisk: its folder, its ports, its process, and the installation it was started from."""

    folder: Path
    http_port: int
    sip_port: int
    process: subprocess.Popen[bytes]
    installation: Installation
    user: str = USER
    password: str = PASSWORD

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "console.log"

    @property
    def recordings(self) -> Path:
        return self.folder / "spool" / "recording"


def find_asterisk() -> Installation:
    """The first Asterisk found; FileNotFoundError with what to type when there is none."""
    for root in (os.environ.get("SUNWAI_ASTERISK"), CHECKOUT / "var" / "asterisk" / "root"):
        if root and (Path(root) / "usr/sbin/asterisk").is_file():
            return _in_tree(Path(root))
    system = shutil.which("asterisk", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if system and _major_version(system) >= 22:
        modules = next(Path("/usr/lib").glob("**/asterisk/modules"), None)
        if modules is not None:
            return Installation((system,), modules, Path("/usr/share/asterisk"))
    raise FileNotFoundError(
        "No Asterisk 22 or newer: run `sunwai setup`, or name a tree in SUNWAI_ASTERISK, then run the tests again."
    )


def _in_tree(root: Path) -> Installation:
    modules = next((root / "usr/lib").glob("*/asterisk/modules"))
    libraries = modules.parent.parent
    loader = next(libraries.glob("ld-linux*.so.*"))
    path = f"{libraries}:{root / 'lib' / libraries.name}"
    return Installation(
        (str(loader), "--library-path", path, str(root / "usr/sbin/asterisk")), modules, root / "usr/share/asterisk"
    )


def _major_version(program: str) -> int:
    told = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10, check=False).stdout
    found = re.search(r"Asterisk (\d+)", told)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def start_asterisk(
    folder: Path, *, app: str = "line", http_port: int = 0, files: Mapping[str, str] | None = None
) -> Iterator[RealAsterisk]:
    """Run an Asterisk out of `folder` for the length of the block; ready when ARI answers.

    `app` is the Stasis application of context `from-trunk`; `files` replaces or adds configuration files (name →
    text); `http_port` 0 takes a free one. RuntimeError with the end of its console when it does not come up in 20 s.
    """
    installation = find_asterisk()
    http_port = http_port or _free_port(socket.SOCK_STREAM)
    sip_port = _free_port(socket.SOCK_DGRAM)
    etc = _write_configuration(
        folder, installation, _texts(folder, installation, app, http_port, sip_port) | dict(files or {})
    )
    with (folder / "console.log").open("wb") as console:
        process = subprocess.Popen(
            [*installation.command, "-C", str(etc / "asterisk.conf"), "-f", "-n"],
            stdout=console,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    asterisk = RealAsterisk(folder, http_port, sip_port, process, installation)
    try:
        _wait_until_ready(asterisk)
        yield asterisk
    finally:
        process.kill()
        process.wait(10)


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _texts(folder: Path, installation: Installation, app: str, http_port: int, sip_port: int) -> dict[str, str]:
    places = {
        "astetcdir": folder / "etc",
        "astmoddir": installation.modules,
        "astvarlibdir": folder / "lib",
        "astdbdir": folder / "lib",
        "astkeydir": folder / "lib",
        "astdatadir": folder / "data",
        "astagidir": folder / "lib",
        "astspooldir": folder / "spool",
        "astrundir": folder / "run",
        "astlogdir": folder / "log",
        "astsbindir": folder / "run",
    }
    directories = "".join(f"{name} => {place}\n" for name, place in places.items())
    return {
        "asterisk.conf": f"[directories](!)\n{directories}\n[options]\nverbose = 0\nlive_dangerously = no\n".replace(
            "(!)", ""
        ),
        "modules.conf": "[modules]\nautoload = no\n" + "".join(f"load = {name}.so\n" for name in MODULES.split()),
        "logger.conf": "[general]\n[logfiles]\nconsole => notice,warning,error\n",
        "http.conf": f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nbindport = {http_port}\nsessionlimit = 1000\n",
        "ari.conf": "[general]\nenabled = yes\nwebsocket_write_timeout = 1000\nchannelvars = CALL_REF\n"
        f"[{USER}]\ntype = user\npassword = {PASSWORD}\npassword_format = plain\n",
        "extensions.conf": EXTENSIONS.format(app=app),
        "pjsip.conf": PJSIP.format(sip_port=sip_port),
        "sorcery.conf": SORCERY,
        "musiconhold.conf": f"[default]\nmode = files\ndirectory = {folder / 'data' / 'music'}\n",
        "queues.conf": "[general]\n[empty]\nstrategy = rrmemory\njoinempty = yes\n",
        "rtp.conf": "[general]\nrtpstart = 20000\nrtpend = 20200\n",
        "stasis.conf": "[threadpool]\n",
        "features.conf": "",
        "indications.conf": "",
        "cel.conf": "",
        "cdr.conf": "",
        "manager.conf": "[general]\nenabled = no\n",
        "ccss.conf": "",
        "udptl.conf": "",
        "acl.conf": "",
        "pjproject.conf": "",
    }


def _write_configuration(folder: Path, installation: Installation, texts: Mapping[str, str]) -> Path:
    for name in ("etc", "lib", "data/sounds/en", "data/music", "lib/keys", "spool/recording", "run", "log"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / "etc" / name).write_text(text)
    for name in ("documentation", "rest-api"):
        (folder / "data" / name).symlink_to(installation.share / name)
    for name, (hertz, seconds) in PROMPTS.items():
        (folder / "data/sounds/en" / f"{name}.ulaw").write_bytes(ulaw_tone(hertz, seconds))
    (folder / "data/music/music.ulaw").write_bytes(ulaw_tone(MUSIC_HZ, 5.0))
    return folder / "etc"


def _wait_until_ready(asterisk: RealAsterisk) -> None:
    give_up = time.monotonic() + 20
    pause = threading.Event()
    while time.monotonic() < give_up and asterisk.process.poll() is None:
        with contextlib.suppress(OSError):
            wire = http.client.HTTPConnection("127.0.0.1", asterisk.http_port, timeout=2)
            wire.request("GET", f"/ari/asterisk/ping?api_key={USER}:{PASSWORD}")
            ready = wire.getresponse().status == 200
            wire.close()
            if ready:
                return
        pause.wait(0.05)
    raise RuntimeError("Asterisk did not come up: " + asterisk.log_file.read_text(errors="replace")[-2000:])


def ulaw_tone(hertz: int, seconds: float) -> bytes:
    """A sine of half the full level at 8000 samples a second, µ-law (ITU-T G.711)."""
    samples = (int(16000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(int(8000 * seconds)))
    return bytes(_ulaw(sample) for sample in samples)


def _ulaw(sample: int) -> int:
    sign = 0x80 if sample < 0 else 0
    size = min(abs(sample), 32635) + 132
    exponent = max(size.bit_length() - 8, 0)
    return ~(sign | (exponent << 4) | ((size >> (exponent + 3)) & 0x0F)) & 0xFF


def loudness(ulaw: bytes, hertz: int) -> float:
    """How much of one frequency a µ-law recording holds: 0 is nothing, 1 the tone of `ulaw_tone` all through."""
    if not ulaw:
        return 0.0
    turn = 2 * math.pi * hertz / 8000
    real = sum(_linear(byte) * math.cos(turn * n) for n, byte in enumerate(ulaw))
    imaginary = sum(_linear(byte) * math.sin(turn * n) for n, byte in enumerate(ulaw))
    return math.hypot(real, imaginary) / (len(ulaw) * 8000)


def _linear(byte: int) -> int:
    byte = ~byte & 0xFF
    size = (((byte & 0x0F) << 3) + 132 << ((byte & 0x70) >> 4)) - 132
    return -size if byte & 0x80 else size
