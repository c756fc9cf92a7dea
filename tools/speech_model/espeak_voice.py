"""The synthesiser, called in its library: sound, and when which phoneme begins."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RETRIEVAL, _BUFFER_MS, _PHONEME_EVENTS = 1, 200, 1
_WORD, _PHONEME = 1, 7
_RATE, _PITCH, _RANGE = 1, 3, 4
_UTF8, _AT_CHARACTER = 1, 1


class _Name(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("letters", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Name),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True, slots=True)
class Manner:
    """How something is said: the variant of a voice, words a minute, pitch and its range (0 to 100)."""

    voice: str
    words_a_minute: int
    pitch: int
    pitch_range: int


@dataclass(frozen=True, slots=True)
class Said:
    """`samples` at `rate`; `events` in order: the sample at which a phoneme (its name) or a word (None) begins."""

    samples: NDArray[np.int16]
    rate: int
    events: tuple[tuple[int, str | None], ...]


class Synthesiser:
    """One per process: the library keeps its state to itself."""

    def __init__(self) -> None:
        self._library: Any = ctypes.CDLL("libespeak-ng.so.1")
        self._rate = int(self._library.espeak_Initialize(_RETRIEVAL + 1, _BUFFER_MS, None, _PHONEME_EVENTS))
        self._library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        self._pieces: list[NDArray[np.int16]] = []
        self._events: list[tuple[int, str | None]] = []
        self._voice = ""
        self._callback = _CALLBACK(self._hear)  # kept: the library holds no reference of its own
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, manner: Manner) -> Said:
        """The text in this manner. LookupError when there is no such voice."""
        if manner.voice != self._voice:
            if self._library.espeak_SetVoiceByName(manner.voice.encode()) != 0:
                raise LookupError(f"the synthesiser has no voice {manner.voice}")
            self._voice = manner.voice
        for parameter, value in (
            (_RATE, manner.words_a_minute),
            (_PITCH, manner.pitch),
            (_RANGE, manner.pitch_range),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces, self._events = [], []
        told = text.encode() + b"\0"
        if self._library.espeak_Synth(told, len(told), 0, _AT_CHARACTER, 0, _UTF8, None, None) != 0:
            raise OSError("the synthesiser could not say it")
        self._library.espeak_Synchronize()
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.int16)
        return Said(samples, self._rate, tuple(self._events))

    def _hear(self, wave: Any, count: int, events: Any) -> int:  # noqa: ANN401 - pointers of the library
        if count > 0:
            self._pieces.append(np.ctypeslib.as_array(wave, (count,)).copy())
        place = 0
        while events[place].type:
            event = events[place]
            if event.type == _PHONEME:
                self._events.append((event.sample, event.id.letters.decode("utf-8", "replace")))
            elif event.type == _WORD:
                self._events.append((event.sample, None))
            place += 1
        return 0
