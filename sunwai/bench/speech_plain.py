"""The reference of the speech bench: one process that hears over WebSockets as vosk-server's users run it.

One recogniser for each connection with its grammar, threads as many as cores, an answer to each chunk; a word counts at
the engine's own end of speech. `python -m sunwai.bench.speech_plain PORT MODEL`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import vosk  # type: ignore[import-untyped]  # no stubs
from aiohttp import WSMsgType, web

LOOPBACK = "127.0.0.1"


async def serve(port: int, folder: str) -> None:
    """Until cancelled."""
    vosk.SetLogLevel(-1)
    model, pool = vosk.Model(model_path=folder), ThreadPoolExecutor(os.cpu_count())

    async def hear(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        config = json.loads(await socket.receive_str())["config"]
        phrases = json.dumps(config["phrase_list"], ensure_ascii=False)
        recogniser = vosk.KaldiRecognizer(model, config["sample_rate"], phrases)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                loop = asyncio.get_running_loop()
                await socket.send_str(await loop.run_in_executor(pool, _heard, recogniser, message.data))
        return socket

    app = web.Application()
    app.router.add_get("/", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    await asyncio.Event().wait()


def _heard(recogniser: vosk.KaldiRecognizer, sound: bytes) -> str:
    return str(recogniser.Result() if recogniser.AcceptWaveform(sound) else recogniser.PartialResult())


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2]))
