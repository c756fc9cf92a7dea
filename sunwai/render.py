"""Turns the wording into sound files: 8 kHz, µ-law and A-law, one pair of files per clip, made once.

Each clip has a recipe (what to say, by which voice, how fast; a human file; tones). A manifest keeps the digest of
the recipe each file was made from, so that only what changed is made again. A human recording wins over synthesis:
`<recordings>/<lang>/<clip>.wav`, or `<key>.wav` for a prompt with one fixed piece.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from operator import mul
from pathlib import Path

from rich.console import Console
from rich.progress import track

from dialplan.clips import BEEP, MARKER, PAUSE, SHORT_PAUSE, SLOW, Place
from dialplan.spoken import TONGUES
from dialplan.wording import Fixed, Wording, heard
from ivr.tones import FRAME, RATE_HZ, to_alaw, to_ulaw, tone

RECIPES = "1"
"""Raised when the making itself changes (levels, pauses, trimming): everything is made again."""
HOLDING = "moh/holding"
MANIFEST = "manifest.json"
_CHOICE_PAUSE_MS = 500
"""Between spoken choices (domain.md 2.7: 500-750 ms)."""
_PAIR_PAUSE_MS = 120
_LOUDNESS, _PEAK = 3700, 29000
"""Of a human recording: effective value of the sounding part (-19 dB below full scale), highest sample allowed."""
_VOICE_GAIN_DB = "-1"
"""espeak-ng's voices are even in themselves (measured: phrases within 4 dB); this brings them to the same -19 dB."""
_TOOL_LIMIT_S = 60
_SENTENCE_ENDS = tuple(".?!।۔")
_NUMBER_CLIPS = ("n/", "p/", "day/", "hour/")

Recipe = tuple[str, ...]
"""Kind first: speech, human, tone, silence, beep or music; then what `_make` needs."""


class RenderError(Exception):
    """The prompts cannot be rendered; one sentence says what is missing."""


@dataclass(frozen=True, slots=True)
class RenderReport:
    """Clips made now, kept from before, taken from human recordings (of all), stale ones removed; seconds it took."""

    rendered: int
    kept: int
    human: int
    removed: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice of espeak-ng 1.51; rates in words per minute, its normal being 175 (domain.md 2.7: 15-20 % slower)."""

    name: str
    rate: int = 145
    slow_rate: int = 115
    numerals: bool = False
    """Numbers are given to it as figures: Urdu is written without its short vowels, which the voice must guess."""


VOICES: Mapping[str, Voice] = {"hi": Voice("hi"), "ur": Voice("ur", numerals=True), "en": Voice("en-gb")}


def render(
    wording: Wording,
    places: Mapping[str, Mapping[str, str]],
    out: Path,
    recordings: Path | None,
    languages: Sequence[str],
    *,
    base: Path | None = None,
    at_once: int | None = None,
) -> RenderReport:
    """Make every missing or changed clip of `languages` (and the holding music) below `out`.

    `places`: place id → language → its name. Files of other languages in `out` stay as they are. What another folder
    `base` has by the same recipe is shared with it (hard links) and not made again. `at_once`: so many cores are used,
    None for all. RenderError when a tool, a voice or a place's name is missing. A terminal sees a progress bar.
    """
    start = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    plan = {HOLDING: ("music",)} | {
        f"{lang}/{name}": recipe for lang in languages for name, recipe in _recipes(wording, places, recordings, lang)
    }
    tools = _tools(languages)
    digests = {path: _digest(recipe, tools) for path, recipe in plan.items()}
    manifest = _read_manifest(out)
    there = _files(out)
    work = [path for path in plan if manifest.get(path) != digests[path] or not _both(path) <= there]
    if base is not None:
        shared = _shared(base, out, {path: digests[path] for path in work})
        manifest |= {path: digests[path] for path in shared}
        work = [path for path in work if path not in shared]
    stale = [path for path in manifest if path.partition("/")[0] in languages and path not in plan]
    _remove(out, stale)
    manifest = {path: digest for path, digest in manifest.items() if path not in stale and path not in work}
    try:
        for path in _made(out, plan, work, at_once):
            manifest[path] = digests[path]
    finally:
        _replace(out / MANIFEST, json.dumps(manifest, indent=0, sort_keys=True).encode())
    human = sum(recipe[0] == "human" for recipe in plan.values())
    return RenderReport(len(work), len(plan) - len(work), human, len(stale), time.monotonic() - start)


def is_whole(out: Path) -> bool:
    """True when every file is there that was made below `out`, by its manifest."""
    made, there = _read_manifest(out), _files(out)
    return bool(made) and all(_both(path) <= there for path in made)


def missing_recordings(wording: Wording, recordings: Path | None) -> list[tuple[str, str]]:
    """(language, prompt) of every prompt that is not wholly spoken by a human recording, sorted."""
    return [
        (lang, key)
        for lang in wording.languages
        for key, sentence in sorted(wording.sentences[lang].items())
        if any(
            isinstance(piece, Fixed) and _human_file(wording, recordings, lang, piece.clip) is None
            for piece in sentence
        )
    ]


# -- recipes: what each file is made of


def _recipes(
    wording: Wording, places: Mapping[str, Mapping[str, str]], recordings: Path | None, lang: str
) -> Iterator[tuple[str, Recipe]]:
    yield PAUSE, ("silence", "500")
    yield SHORT_PAUSE, ("silence", "250")
    if lang == MARKER:
        table = wording.marker(places)
        for name in [*wording.clips(MARKER), BEEP, *(f"place/{place}" for place in places)]:
            yield name, ("tone", *map(str, table[heard(name)]))
        return
    yield BEEP, ("beep",)
    if lang not in VOICES:
        raise RenderError(f"there is no voice for the language {lang!r}")
    texts = wording.clips(lang) | {f"place/{place}": _place(place, names, lang) for place, names in places.items()}
    for name, text in texts.items():
        yield name, _human(wording, recordings, lang, name) or _speech(lang, name, text)


def _place(place: str, names: Mapping[str, str], lang: str) -> str:
    if lang not in names:
        raise RenderError(f"the place {Place(place).id} has no name in {lang!r}")
    return names[lang]


def _speech(lang: str, name: str, text: str) -> Recipe:
    voice = VOICES[lang]
    rate = voice.slow_rate if name.endswith(SLOW) else voice.rate
    if name.startswith("p/"):
        gap, phrases = _PAIR_PAUSE_MS, text.split(", ")
    else:
        gap, phrases = _CHOICE_PAUSE_MS, [phrase.strip() for phrase in text.split("|")]
    if voice.numerals and name.startswith(_NUMBER_CLIPS):
        phrases = [_figures(lang, phrase) for phrase in phrases]
    return ("speech", voice.name, str(rate), str(gap), *phrases)


def _figures(lang: str, phrase: str) -> str:
    figures = {word: str(n) for n, word in enumerate(TONGUES[lang].numbers)}
    return " ".join(figures.get(word, word) for word in phrase.split())


def _human(wording: Wording, recordings: Path | None, lang: str, name: str) -> Recipe | None:
    """A slow clip is the human's own slow reading, or else his normal one stretched.

    He read the release's words: where an edition has others, the machine reads them.
    """
    key = name.partition(".")[0]
    before = wording.before
    if before is not None and before.texts[lang].get(key) != wording.texts[lang].get(key):
        return None
    for clip, tempo in ((name, "1"), (name.removesuffix(SLOW), "0.82")):
        file = _human_file(wording, recordings, lang, clip)
        if file is not None:
            return ("human", str(file), hashlib.sha256(file.read_bytes()).hexdigest(), tempo)
    return None


def _human_file(wording: Wording, recordings: Path | None, lang: str, clip: str) -> Path | None:
    if recordings is None:
        return None
    names = [clip]
    key, dot, rest = clip.partition(".")
    pieces = wording.sentences[lang].get(key, ())
    if dot and sum(isinstance(piece, Fixed) for piece in pieces) == 1:
        names.append(key + rest.removeprefix("0"))
    return next((file for name in names if (file := recordings / lang / f"{name}.wav").is_file()), None)


# -- the manifest and the files


def _digest(recipe: Recipe, tools: str) -> str:
    of_tools = tools if recipe[0] in ("speech", "human") else ""
    # Where a human file lies does not matter, only what is in it.
    told = ("human", *recipe[2:]) if recipe[0] == "human" else recipe
    return hashlib.sha256(json.dumps([RECIPES, of_tools, told]).encode()).hexdigest()


def _read_manifest(out: Path) -> dict[str, str]:
    try:
        known = json.loads((out / MANIFEST).read_bytes())
    except (FileNotFoundError, ValueError):
        # An unreadable manifest only costs the time to render again.
        return {}
    return known if isinstance(known, dict) else {}


def _files(out: Path) -> set[str]:
    return {os.path.relpath(Path(folder) / file, out) for folder, _, files in os.walk(out) for file in files}


def _both(path: str) -> set[str]:
    return {f"{path}.ulaw", f"{path}.alaw"}


def _remove(out: Path, paths: Sequence[str]) -> None:
    for path in paths:
        for file in _both(path):
            (out / file).unlink(missing_ok=True)


def _replace(file: Path, content: bytes) -> None:
    """A running Asterisk may be playing the file: it is exchanged whole."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_bytes(content)
    fresh.replace(file)


def _shared(base: Path, out: Path, wanted: Mapping[str, str]) -> set[str]:
    """Links to the files that `base` has by the recipes wanted (path → digest); which they are."""
    there = _read_manifest(base)
    found = {path for path, digest in wanted.items() if there.get(path) == digest}
    for folder in {(out / path).parent for path in found}:
        folder.mkdir(parents=True, exist_ok=True)
    for path in found:
        for file in _both(path):
            fresh = out / f"{file}.new"
            fresh.unlink(missing_ok=True)
            fresh.hardlink_to(base / file)
            fresh.replace(out / file)
            fresh.unlink(missing_ok=True)  # a link replaced by another link to the same file stays
    return found


def _made(out: Path, plan: Mapping[str, Recipe], work: Sequence[str], at_once: int | None) -> Iterator[str]:
    """Make the clips on all cores, or so many; yields each as it is done."""
    if not work:
        return
    for folder in {(out / path).parent for path in work}:
        folder.mkdir(parents=True, exist_ok=True)
    console = Console(stderr=True)
    with ThreadPoolExecutor(at_once or os.cpu_count()) as pool:
        done = pool.map(partial(_store, out, plan), work)
        yield from track(
            done, "Prompts", total=len(work), console=console, transient=True, disable=not console.is_terminal
        )


def _store(out: Path, plan: Mapping[str, Recipe], path: str) -> str:
    samples = _make(plan[path])
    samples.extend([0] * (-len(samples) % FRAME))
    _replace(out / f"{path}.ulaw", to_ulaw(samples))
    _replace(out / f"{path}.alaw", to_alaw(samples))
    return path


# -- sound


def _make(recipe: Recipe) -> array[int]:
    kind, *rest = recipe
    if kind == "tone":
        return tone((int(rest[0]), int(rest[1])))
    if kind == "silence":
        return silence(int(rest[0]))
    if kind == "beep":
        return _beep()
    if kind == "music":
        return _music()
    if kind == "human":
        file, _, tempo = rest
        return _framed(_level(_trim(_sox([file], ["gain", "-3", "tempo", "-s", tempo]))), sentence=True)
    voice, rate, gap, *phrases = rest
    sound = array("h")
    for place, phrase in enumerate(phrases):
        # An empty first phrase: the piece begins with a pause.
        sound += silence(int(gap) if place else 0) + (phrase_of(voice, rate, phrase) if phrase else array("h"))
    return _framed(sound, sentence=phrases[-1].endswith(_SENTENCE_ENDS))


def silence(ms: int) -> array[int]:
    return array("h", [0] * (RATE_HZ * ms // 1000))


def _framed(sound: array[int], *, sentence: bool) -> array[int]:
    """Words of one sentence follow closely, after a sentence there is a breath."""
    return silence(30) + sound + silence(250 if sentence else 60)


@cache
def phrase_of(voice: str, rate: str, phrase: str) -> array[int]:
    # A piece in front of a value must not sound like the end of the sentence.
    text = phrase if re.search(r"[\W_]$", phrase) or " " not in phrase else phrase + ","
    wav = run_tool(["espeak-ng", "-v", voice, "-s", rate, "--stdin", "--stdout"], text.encode())
    sound = _trim(_sox(["--ignore-length", "-t", "wav", "-"], ["gain", _VOICE_GAIN_DB], wav))
    if not sound:
        raise RenderError(f"the voice {voice} has nothing to say for {phrase!r}")
    return sound


def _sox(source: list[str], effects: list[str], stdin: bytes = b"") -> array[int]:
    raw = ["-t", "raw", "-r", str(RATE_HZ), "-e", "signed-integer", "-b", "16", "-L", "-c", "1", "-"]
    # -D: no dither, so that the same source always gives the same file.
    sound = run_tool(["sox", "-D", "-V1", *source, *raw, *effects, "highpass", "150"], stdin)
    return array("h", sound)


def run_tool(command: list[str], stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own command line; text goes in by stdin, never through a shell
            command, input=stdin, capture_output=True, timeout=_TOOL_LIMIT_S, check=True
        )
    except FileNotFoundError as error:
        raise RenderError(f"{command[0]} is not installed (apt install {command[0]})") from error
    except subprocess.CalledProcessError as error:
        raise RenderError(f"{command[0]} failed: {error.stderr.decode(errors='replace').strip()}") from error
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"{command[0]} did not finish within {_TOOL_LIMIT_S} s") from error
    return done.stdout


def _tools(languages: Sequence[str]) -> str:
    if all(lang == MARKER for lang in languages):
        return ""
    for tool in ("espeak-ng", "sox"):
        if shutil.which(tool) is None:
            raise RenderError(f"{tool} is not installed (apt install {tool})")
    versions = run_tool(["espeak-ng", "--version"]) + run_tool(["sox", "--version"])
    # The folder of its data is part of espeak's answer and says nothing about the sound.
    return versions.decode(errors="replace").replace("\n", " ").partition("Data at")[0]


def _trim(sound: array[int]) -> array[int]:
    """Without the silence that the voice leaves before and after."""
    steps = range(0, len(sound), FRAME // 2)
    parts = ((at, sound[at : at + FRAME // 2]) for at in steps)
    loud = [at for at, part in parts if max(part) > 250 or min(part) < -250]
    return sound[loud[0] : loud[-1] + FRAME // 2] if loud else array("h")


def _level(sound: array[int]) -> array[int]:
    """Recordings come at any level: the frames that sound are brought to one effective value, peaks stay whole."""
    frames = [sound[at : at + FRAME] for at in range(0, len(sound), FRAME)]
    energies = [sum(map(mul, frame, frame)) / len(frame) for frame in frames]
    loudest = max(energies, default=0.0)
    sounding = [energy for energy in energies if energy > loudest / 50]
    if not sounding:
        return sound
    peak = max(map(abs, sound))
    gain = min(_LOUDNESS / math.sqrt(sum(sounding) / len(sounding)), _PEAK / peak)
    return array("h", [int(sample * gain) for sample in sound])


def _beep() -> array[int]:
    """The tone after which one speaks: 0.3 s, soft edges."""
    length = RATE_HZ * 3 // 10
    ramp = 80
    edges = (min(1.0, n / ramp, (length - n) / ramp) for n in range(length))
    return array("h", (int(6000 * edge * math.sin(2 * math.pi * 1000 * n / RATE_HZ)) for n, edge in enumerate(edges)))


_STEP_S = 0.5
# A slow walk up and down a five-tone scale (half tones above the lowest d), "." a rest; made for this line.
_TUNE = "0 7 12 . 14 12 . 7 9 . 12 16 . 14 12 . 9 7 . 12 14 . 19 16 14 . 12 . 9 12 7 . 5 9 12 . 7 4 . 2 0 . 7 . 0 . . ."


def _music() -> array[int]:
    """Holding music: 24 s of quiet plucked notes, ending in silence so that it can begin again."""
    notes = _TUNE.split()
    sound = [0.0] * int(len(notes) * _STEP_S * RATE_HZ)
    for place, note in enumerate(notes):
        if note == ".":
            continue
        start = int(place * _STEP_S * RATE_HZ)
        hz = 293.66 * 2 ** (int(note) / 12)
        for at, sample in enumerate(_pluck(hz, min(len(sound) - start, 2 * RATE_HZ)), start):
            sound[at] += sample
    return array("h", map(int, sound))


def _pluck(hz: float, length: int) -> Iterator[float]:
    turn = 2 * math.pi * hz / RATE_HZ
    for n in range(length):
        fade = math.exp(-2.6 * n / RATE_HZ) * min(1.0, n / 60)
        yield 1500 * fade * (math.sin(turn * n) + 0.5 * math.sin(2 * turn * n) + 0.3 * math.sin(3 * turn * n))
