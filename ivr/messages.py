"""What a caller says to be listened to later: its name, and whether there is a word in it.

Asterisk goes on recording when its controller dies, and keeps what was said when the caller hangs up meanwhile.
"""

from __future__ import annotations

import asyncio

from ivr.ari.client import Ari
from ivr.ari.errors import AriError, Gone
from ivr.loudness import speech_s

SHORTEST_SPEECH_S = 0.3
"""A shorter sound is no word: a click, a breath."""
FILE_LIMIT_S = 10.0


def recording_of(call_ref: str, what: str) -> str:
    """The name under which Asterisk keeps what was said in this call; `what` is the flow's word for it."""
    return f"{call_ref}-{what}"


async def spoken_s(ari: Ari, name: str) -> float | None:
    """Seconds of speech in the stored recording `name`; 0.0 when there is no word in it, None when there is no such.

    A caller without sound leaves 44 bytes (asterisk.md 0.10), a quiet line leaves silence; neither is a word.
    """
    try:
        sound = await ari.recording_file(name, limit_s=FILE_LIMIT_S)
    except Gone:
        return None
    except AriError:
        return SHORTEST_SPEECH_S  # better a silent message in the inbox than a spoken one lost
    seconds = await asyncio.to_thread(speech_s, sound)
    return seconds if seconds >= SHORTEST_SPEECH_S else 0.0
