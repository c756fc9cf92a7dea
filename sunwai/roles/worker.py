"""The worker: escalations, the event log of Asterisk, recordings."""

from __future__ import annotations

from sunwai import wiring
from sunwai.asterisk_conf import cel_file, spool
from sunwai.heartbeat import Word
from sunwai.settings import Line
from sunwai.worker import Worker, WorkerPlan


async def run(line: Line, word: Word) -> None:
    await word()
    books = wiring.make_books(line)
    await books.open()
    try:
        await Worker(books, wiring.make_clock(line), make_plan(line)).run()
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
