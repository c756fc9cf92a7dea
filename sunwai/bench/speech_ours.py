"""A recogniser process as the line runs it, for the speech bench; its callers' sound comes from the bench.

`python -m sunwai.bench.speech_ours SOCKET URL MODEL`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from ivr.speech.engine import Engine
from ivr.speech.service import SpeechService
from ivr.speech.wire import Serving

ENGINE, RATE_HZ = "bench", 8000


async def serve(socket: Path, url: str, model: Path) -> None:
    """Until cancelled."""
    engine, serving = {ENGINE: Engine(model)}, Serving({ENGINE: RATE_HZ}, {})
    threads = len(os.sched_getaffinity(0))
    await SpeechService(socket, url, "bench", "bench", engines=engine, serving=serving, threads=threads).run()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
