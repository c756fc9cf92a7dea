"""How well a model hears the line's menus: `python tools/speech_model/judge.py MODEL`. Synthetic voices, never trained.

For each language every menu of the release is asked with its own grammar; a held-out voice says one of its phrases, or
something that is no choice. What counts is the choice, as `dialplan.words.understood` reads it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import numpy as np  # noqa: E402 - found by the path above
import vosk  # type: ignore[import-untyped] # noqa: E402 - no stubs; as above
from channel import Way, through  # noqa: E402 - as above
from espeak_voice import Synthesiser  # noqa: E402 - as above
from utterances import Utterance, heard, scripts, some_manner  # noqa: E402 - as above
from voices import HELD_OUT, STRANGE  # noqa: E402 - as above

from dialplan.edition import shipped  # noqa: E402 - as above
from dialplan.flow import Flow, MenuNode  # noqa: E402 - as above
from dialplan.words import Words, choices, grammar, understood  # noqa: E402 - as above

ROOM = HERE.parent.parent / "dialplan"
RELEASE = shipped(ROOM)
ASKED = 300
"""Answers of each language and each loudness of noise."""
NONSENSE = 0.2
SEED = 4711


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    asked = parser.parse_args()
    vosk.SetLogLevel(-1)
    model = vosk.Model(str(asked.model))
    print("language by engine   voices   noise   right  unsure   wrong  nothing   nonsense rejected  or asked back")
    people = tuple(voice for voice in HELD_OUT if voice not in STRANGE)
    for words in RELEASE.words.values():
        for voices, snr_db in ((people, None), (people, 20.0), (people, 10.0), (HELD_OUT, 20.0)):
            print(_line(words, len(voices), snr_db, _judged(model, words, voices, snr_db)), flush=True)
    return 0


def _judged(model: vosk.Model, words: Words, voices: tuple[str, ...], snr_db: float | None) -> Counter[str]:
    chance, noise, voice = random.Random(SEED), np.random.default_rng(SEED), Synthesiser()
    filler = scripts(ROOM / "words", HERE / "filler")[words.engine].filler
    menus = [
        (flow, node) for flow in RELEASE.flows.values() for node in flow.nodes.values() if isinstance(node, MenuNode)
    ]
    found: Counter[str] = Counter()
    while found.total() < ASKED:
        flow, node = chance.choice(menus)
        offered = _offered(flow, node, words)
        nonsense = chance.random() < NONSENSE
        begin = chance.randrange(len(filler) - 4)
        text = " ".join(filler[begin : begin + chance.randint(1, 4)]) if nonsense else chance.choice(sorted(offered))
        manner = some_manner(words.engine, voices, chance, trained=False)
        said = heard(voice.say(text, manner), text.split(), manner.voice)
        if said is None or (nonsense and understood(text, offered) is not None):
            continue  # the synthesiser failed, or chance has said something that is a choice
        told = understood(_recognised(model, said, snr_db, noise, offered), offered)
        if nonsense:
            found["rejected" if told is None else "taken" if told.sure else "asked back"] += 1
        elif told is None:
            found["nothing"] += 1
        elif told.key != offered[text]:
            found["wrong"] += 1
        else:
            found["right" if told.sure else "unsure"] += 1
    return found


def _offered(flow: Flow, node: MenuNode, words: Words) -> dict[str, str]:
    keys = {*node.keys, *flow.always, "*"}
    return choices(keys, (*flow.words.items(), *node.words.items()), words)


def _recognised(
    model: vosk.Model, said: Utterance, snr_db: float | None, noise: np.random.Generator, offered: dict[str, str]
) -> str:
    way = Way(snr_db, 0.4, 0.8, -10, mu_law=True)
    listener = vosk.KaldiRecognizer(model, 8000, json.dumps(grammar(offered), ensure_ascii=False))
    sound = through(said.samples, way, noise).tobytes()
    pieces = (sound[begin : begin + 1600] for begin in range(0, len(sound), 1600))
    ended = [json.loads(listener.Result())["text"] for piece in pieces if listener.AcceptWaveform(piece)]
    return " ".join([*ended, json.loads(listener.FinalResult())["text"]])


def _line(words: Words, voices: int, snr_db: float | None, found: Counter[str]) -> str:
    answers = sum(found[name] for name in ("right", "unsure", "wrong", "nothing"))
    shares = "  ".join(f"{found[name] / answers:6.1%}" for name in ("right", "unsure", "wrong", "nothing"))
    nonsense = max(found["rejected"] + found["asked back"] + found["taken"], 1)
    rejected, not_taken = found["rejected"] / nonsense, 1 - found["taken"] / nonsense
    noise = "quiet" if snr_db is None else f"{snr_db:.0f} dB"
    pair = f"{words.language} by {words.engine}"
    return f"{pair:<21}{voices:>5}   {noise:>6}  {shares}             {rejected:6.1%}        {not_taken:6.1%}"


if __name__ == "__main__":
    sys.exit(main())
