"""The worker: escalations, the event log of Asterisk, recordings."""

from __future__ import annotations

from dialplan.clips import MARKER
from sunwai import wiring
from sunwai.asterisk_conf import cel_file, spool
from sunwai.edition_voices import EditionVoices, VoicesPlan
from sunwai.heartbeat import Word
from sunwai.reference import places
from sunwai.settings import Line
from sunwai.worker import Worker, WorkerPlan


async def run(line: Line, word: Word) -> None:
    await word()
    books = wiring.make_books(line)
    await books.open()
    try:
        clock = wiring.make_clock(line)
        await Worker(books, clock, make_plan(line), EditionVoices(books, clock, make_voices_plan(line))).run()
    finally:
        await books.close()


def make_plan(line: Line) -> WorkerPlan:
    return WorkerPlan(
        node=line.settings.line.node,
        company=line.settings.line.company,
        country=line.settings.line.country,
        cel_file=cel_file(line),
        recordings=line.recordings,
        spool=spool(line),
        recording_days=line.settings.storage.recording_days or None,
    )


def make_voices_plan(line: Line) -> VoicesPlan:
    return VoicesPlan(
        node=line.settings.line.node,
        release=wiring.release(),
        places=places(),
        prompts=line.prompts,
        recordings=line.var / "voices",
        languages=(MARKER,) if line.settings.line.marker_prompts else wiring.spoken_languages(line),
    )
