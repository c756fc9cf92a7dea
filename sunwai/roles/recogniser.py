"""A recogniser: hears callers for the controllers of this node; started only where speech models are set.

`SUNWAI_NUMBER` tells several of them apart. A model that cannot serve is told in one sentence, and the others serve on.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from dialplan.words import Words
from ivr.speech.engine import Engine
from ivr.speech.models import ModelRefused, look_at, vocabulary
from ivr.speech.service import SpeechService
from ivr.speech.wire import Serving
from sunwai import wiring
from sunwai.asterisk_conf import ARI_USER
from sunwai.children import NUMBER_VARIABLE
from sunwai.heartbeat import Word, beat
from sunwai.settings import Line

log = structlog.get_logger(__name__)

NICE = 5
"""Calls come before words: Asterisk and the controller are served first."""


async def run(line: Line, word: Word) -> None:
    await word()
    os.nice(NICE)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beat(lambda: True))  # large models are read for longer than a process may be silent
        engines, serving = await asyncio.to_thread(_load, line)
        service = SpeechService(
            wiring.recogniser_socket(line, int(os.environ.get(NUMBER_VARIABLE, "1"))),
            line.ari_url,
            ARI_USER,
            line.secret("ari"),
            engines=engines,
            serving=serving,
            threads=line.settings.speech.threads,
        )
        tasks.create_task(service.run())


def _load(line: Line) -> tuple[dict[str, Engine], Serving]:
    """The models that serve, by the language they hear; one that hears several is in memory once."""
    heard = wiring.release().words
    engines: dict[str, Engine] = {}
    rates: dict[str, int] = {}
    refused: dict[str, str] = {}
    loaded: dict[Path, Engine] = {}
    for language, folder in line.speech_models.items():
        try:
            rates[language] = _looked_at(language, folder, heard)
        except ModelRefused as why:
            log.error("speech_model_refused", language=language, why=str(why))
            refused[language] = str(why)
            continue
        engines[language] = loaded[folder] = loaded.get(folder) or Engine(folder)
    return engines, Serving(rates, refused)


def _looked_at(language: str, folder: Path, heard: Mapping[tuple[str, str], Words]) -> int:
    """The rate it wants. ModelRefused."""
    words = frozenset().union(*(vocabulary(one) for (_, engine), one in heard.items() if engine == language))
    facts = look_at(folder, words)
    if not facts.has_unknown:
        raise ModelRefused(f"{folder}: the model has no word [unk]: any noise would be a choice; take another one")
    if facts.missing:
        log.warning("speech_model_lacks_words", language=language, missing=len(facts.missing), of=len(words))
    return facts.rate_hz
