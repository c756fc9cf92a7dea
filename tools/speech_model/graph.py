"""The model's folder: sounds, words and how they hang together, as Vosk wants them with a grammar made at run time.

One emitting state for each sound; a sound at the begin, inside, at the end of a word or alone is a phone of its own
with the same distribution, so that the engine can tell where words begin and end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from kaldi_files import Arc, KaldiFile, Transducer
from network import Layer, Offsets
from numpy.typing import NDArray

from dialplan.words import UNKNOWN

SILENCE, GARBAGE = "SIL", "GBG"
_SILENCE_CHANCE = 0.5
_PLACES = (("B", "begin"), ("I", "internal"), ("E", "end"), ("S", "singleton"))
MFCC = """--sample-frequency=8000
--use-energy=false
--num-mel-bins=40
--num-ceps=40
--low-freq=60
--high-freq=3800
--dither=0
"""
DECODING = """--min-active=200
--max-active=3000
--beam=10.0
--lattice-beam=6.0
--acoustic-scale=0.5
--frame-subsampling-factor=3
--endpoint.rule2.min-trailing-silence=0.5
--endpoint.rule3.min-trailing-silence=0.75
--endpoint.rule4.min-trailing-silence=1.0
"""


@dataclass(frozen=True, slots=True)
class Pronunciation:
    """One way a word is spoken; `cost` is 0 for the usual one."""

    word: str
    sounds: tuple[str, ...]
    cost: float


class Sounds:
    """Sounds, their phones, and the numbers Kaldi gives to each. `stay`: chance that a sound goes on for a frame."""

    def __init__(self, names: Sequence[str], stay: Mapping[str, float]) -> None:
        self.names = (SILENCE, *names)
        self.stay = {name: stay[name] for name in self.names}
        self.distribution = {name: place for place, name in enumerate(self.names)}
        self.phones: list[tuple[str, str, str]] = [(SILENCE, SILENCE, "nonword")]
        for name in names:
            self.phones += [(f"{name}_{letter}", name, kind) for letter, kind in _PLACES]
        self.number = {phone: place for place, (phone, _, _) in enumerate(self.phones, start=1)}

    def transitions(self, phone: str) -> tuple[int, int]:
        """The ids of going on and of leaving."""
        place = self.number[phone] - 1
        return 2 * place + 1, 2 * place + 2


def write_model(
    folder: Path,
    sounds: Sounds,
    lexicon: Sequence[Pronunciation],
    layers: Sequence[Layer],
    priors: NDArray[np.float64],
    about: str,
) -> None:
    """The whole folder; `about` becomes its README."""
    for part in ("am", "conf", "graph/phones"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    words = [UNKNOWN, *sorted({each.word for each in lexicon} - {UNKNOWN})]
    number = {word: place for place, word in enumerate(words, start=1)}
    (folder / "am" / "final.mdl").write_bytes(_acoustic(sounds, layers, priors))
    _spoken(sounds, lexicon, number).write(folder / "graph" / "HCLr.fst", sorted_by_told=True)
    _any_word(number).write(folder / "graph" / "Gr.fst", sorted_by_told=False)
    for name, text in {
        "graph/disambig_tid.int": f"{2 * len(sounds.phones) + 10}\n",
        "graph/words.txt": "<eps> 0\n" + "".join(f"{word} {place}\n" for word, place in number.items()),
        "graph/phones/word_boundary.int": "".join(
            f"{place} {kind}\n" for place, (_, _, kind) in enumerate(sounds.phones, start=1)
        ),
        "conf/mfcc.conf": MFCC,
        "conf/model.conf": f"{DECODING}--endpoint.silence-phones={sounds.number[SILENCE]}\n",
        "README.md": about,
    }.items():
        (folder / name).write_text(text, encoding="utf-8")


def _acoustic(sounds: Sounds, layers: Sequence[Layer], priors: NDArray[np.float64]) -> bytes:
    file = KaldiFile()
    _topology(file, sounds)
    _network(file, layers)
    file.tokens("<LeftContext>")
    file.whole(0)  # both are found anew when it is read
    file.tokens("<RightContext>")
    file.whole(0)
    file.tokens("<Priors>")
    file.vector(priors.astype(np.float32))
    return file.bytes()


def _topology(file: KaldiFile, sounds: Sounds) -> None:
    place = {name: number for number, name in enumerate(sounds.names)}
    file.tokens("<TransitionModel>", "<Topology>")
    file.wholes(range(1, len(sounds.phones) + 1))
    file.wholes([-1, *(place[name] for _, name, _ in sounds.phones)])
    file.whole(len(sounds.names))
    for name in sounds.names:
        file.whole(2)  # states: the one that emits, and the end
        file.whole(0)
        file.whole(2)
        file.whole(0)
        file.real(sounds.stay[name])
        file.whole(1)
        file.real(1 - sounds.stay[name])
        file.whole(-1)
        file.whole(0)
    file.tokens("</Topology>", "<Triples>")
    file.whole(len(sounds.phones))
    for number, (_, name, _) in enumerate(sounds.phones, start=1):
        file.whole(number)
        file.whole(0)
        file.whole(sounds.distribution[name])
    file.tokens("</Triples>", "<LogProbs>")
    chances = [chance for _, name, _ in sounds.phones for chance in (sounds.stay[name], 1 - sounds.stay[name])]
    file.vector([0.0, *(math.log(chance) for chance in chances)])
    file.tokens("</LogProbs>", "</TransitionModel>")


def _network(file: KaldiFile, layers: Sequence[Layer]) -> None:
    told, before = ["input-node name=input dim=40"], "input"
    for place, layer in enumerate(layers):
        name = f"layer{place}"
        told.append(f"component-node name={name} component={name} input={_input(before, layer.offsets)}")
        before = name
    told.append(f"output-node name=output input={before} objective=linear")
    file.tokens("<Nnet3>")
    file.raw(b"\n" + "\n".join(told).encode() + b"\n\n")
    file.tokens("<NumComponents>")
    file.whole(len(layers))
    for place, layer in enumerate(layers):
        file.tokens("<ComponentName>", f"layer{place}")
        _component(file, layer)
    file.tokens("</Nnet3>")


def _input(before: str, offsets: Offsets) -> str:
    if offsets == (0,):
        return before
    return "Append(" + ", ".join(before if at == 0 else f"Offset({before}, {at})" for at in offsets) + ")"


def _component(file: KaldiFile, layer: Layer) -> None:
    if layer.weights is not None and layer.bias is not None:
        file.tokens("<FixedAffineComponent>", "<LinearParams>")
        file.matrix(layer.weights)
        file.tokens("<BiasParams>")
        file.vector(layer.bias)
        file.tokens("</FixedAffineComponent>")
        return
    file.tokens(f"<{layer.kind}>", "<Dim>")
    file.whole(layer.size)
    for name in ("<ValueAvg>", "<DerivAvg>"):
        file.tokens(name)
        file.vector([])
    file.tokens("<Count>")
    file.double(0)
    file.tokens("<OderivRms>")
    file.vector([])
    file.tokens("<OderivCount>")
    file.double(0)
    file.tokens(f"</{layer.kind}>")


def _spoken(sounds: Sounds, lexicon: Sequence[Pronunciation], number: Mapping[str, int]) -> Transducer:
    """From sounds to words: silence or none, then a word, and again. A word is told at its first sound."""
    graph = Transducer()
    start, between = graph.state(), graph.state()
    graph.ends[between] = 0.0
    graph.arc(start, Arc(0, 0, -math.log(1 - _SILENCE_CHANCE), between))
    quiet = _sounded(graph, sounds, start, (SILENCE,), 0, -math.log(_SILENCE_CHANCE))
    graph.arc(quiet, Arc(0, 0, 0.0, between))
    for each in lexicon:
        last = len(each.sounds) - 1
        letters = ["S"] if last == 0 else ["B", *["I"] * (last - 1), "E"]
        phones = tuple(f"{sound}_{letter}" for sound, letter in zip(each.sounds, letters, strict=True))
        graph.arc(_sounded(graph, sounds, between, phones, number[each.word], each.cost), Arc(0, 0, 0.0, start))
    return graph


def _sounded(graph: Transducer, sounds: Sounds, start: int, phones: Sequence[str], word: int, cost: float) -> int:
    """The state after these phones. A phone's leaving comes first and its going on after it: lattices are read so."""
    state = start
    for place, phone in enumerate(phones):
        stay = sounds.stay[sounds.phones[sounds.number[phone] - 1][1]]
        on, leave = sounds.transitions(phone)
        first = place == 0
        to = graph.state()
        graph.arc(state, Arc(leave, word if first else 0, -math.log(1 - stay) + (cost if first else 0.0), to))
        graph.arc(to, Arc(on, 0, -math.log(stay), to))
        state = to
    return state


def _any_word(number: Mapping[str, int]) -> Transducer:
    """Without a grammar any word may follow any."""
    graph = Transducer()
    only = graph.state()
    graph.ends[only] = math.log(2)
    for place in number.values():
        graph.arc(only, Arc(place, place, math.log(2 * len(number)), only))
    return graph
