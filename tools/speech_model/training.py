"""From utterances to a trained network: frames with the sound of each, noise of many kinds, and garbage learnt beside.

Some frames of speech, most of them in words that are no choice, are given to GBG instead of their sound: so the engine
has something that fits any speech a little, and a word nobody asked for is heard as [unk].
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from channel import some_way, through
from features import STEP, WINDOW, cepstra
from graph import GARBAGE, SILENCE, Sounds
from network import CONTEXT, EVERY, Network
from numpy.typing import NDArray
from torch.nn import functional
from utterances import EVERY_WORD, Utterance

Frames = NDArray[np.float16]
Labels = NDArray[np.int64]
Tell = Callable[[str], None]

ANSWERS, BATCH, RATE = 48, 48, 1.5e-3
GARBAGE_IN_WORDS, GARBAGE_ELSEWHERE = 0.1, 0.6
_ELSEWHERE = 1000
"""Added to the label of a frame in a word that is no choice."""
_NOTHING = -100
_SEEN_OFTEN = EVERY_WORD // 2
"""A sound that comes more seldom cannot be learnt; utterances with it are left out."""


@dataclass(frozen=True, slots=True)
class Trained:
    network: Network
    sounds: Sounds
    priors: NDArray[np.float64]
    accuracy: float


def sounds_of(spoken: Sequence[Utterance]) -> Sounds:
    """All sounds that come often, with how long each lasts."""
    lasting: dict[str, list[float]] = {}
    for each in spoken:
        for begin, end, sound in each.sounds:
            lasting.setdefault(sound, []).append((end - begin) / (STEP * EVERY))
    often = sorted(sound for sound, lengths in lasting.items() if len(lengths) >= _SEEN_OFTEN)
    stay = {sound: float(np.clip(1 - 1 / max(np.mean(lasting[sound]), 1.05), 0.05, 0.9)) for sound in often}
    return Sounds([*often, GARBAGE], stay | {SILENCE: 0.9, GARBAGE: 0.9})


def train(
    spoken: Sequence[Utterance],
    judged: Sequence[Utterance],
    vocabulary: frozenset[str],
    copies: int,
    rounds: int,
    tell: Tell,
) -> Trained:
    """`judged` are of voices that were not trained; how many of their frames are right is told as it grows."""
    torch.manual_seed(7)
    torch.set_num_threads(2)
    chance = np.random.default_rng(7)
    sounds = sounds_of(spoken)
    usable = [each for each in spoken if all(sound in sounds.distribution for _, _, sound in each.sounds)]
    known = [each for each in judged if all(sound in sounds.distribution for _, _, sound in each.sounds)]
    tell(f"{len(usable)} utterances, {len(sounds.names)} sounds")
    heard = [[_frames(each, usable, vocabulary, sounds, chance) for each in usable] for _ in range(copies)]
    asked = [_frames(each, usable, vocabulary, sounds, chance) for each in known]
    tell("their frames are made")
    random = torch.Generator().manual_seed(7)
    priors = np.ones(len(sounds.names))
    for copy in heard:
        for _, labels in copy:
            told = _with_garbage(torch.from_numpy(labels), sounds, random).numpy()
            priors += np.bincount(told, minlength=len(priors))
    network = Network(len(sounds.names))
    steps = rounds * (sum(len(labels) for _, labels in heard[0]) // (ANSWERS * EVERY) // BATCH)
    learning = torch.optim.AdamW(network.parameters(), RATE, weight_decay=1e-3)
    pace = torch.optim.lr_scheduler.LambdaLR(learning, lambda step: _pace(step, steps))
    accuracy = 0.0
    for number in range(rounds):
        network.train()
        loss = _one_round(network, learning, pace, heard[number % copies], sounds, chance, random)
        if number % 4 == 3 or number == rounds - 1:
            accuracy = _accuracy(network, asked)
            tell(f"round {number + 1} of {rounds}: loss {loss:.3f}, {accuracy:.1%} of frames of other voices right")
    return Trained(network, sounds, priors / priors.sum(), accuracy)


def _pace(step: int, steps: int) -> float:
    return min(1.0, step / 40) * 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(steps, 1))))


def _frames(
    each: Utterance,
    others: Sequence[Utterance],
    vocabulary: frozenset[str],
    sounds: Sounds,
    chance: np.random.Generator,
) -> tuple[Frames, Labels]:
    """Once through a telephone: frames, and the sound of each."""
    way = some_way(chance)
    talkers = [others[int(place)].samples for place in chance.integers(len(others), size=3)]
    found = cepstra(through(each.samples, way, chance, talkers))
    before = int(way.before_s * 8000)
    labels = np.full(len(found), sounds.distribution[SILENCE], np.int64)
    place = 0
    for word, spoken in zip(each.words, each.spoken, strict=True):
        apart = 0 if word in vocabulary else _ELSEWHERE
        for begin, end, sound in each.sounds[place : place + len(spoken)]:
            first, last = (math.ceil((at + before - WINDOW / 2) / STEP) for at in (begin, end))
            labels[max(first, 0) : max(last, 0)] = sounds.distribution[sound] + apart
        place += len(spoken)
    return found.astype(np.float16), labels


def _with_garbage(labels: torch.Tensor, sounds: Sounds, random: torch.Generator) -> torch.Tensor:
    """Labels with the right share of frames given to GBG."""
    elsewhere = labels >= _ELSEWHERE
    plain = torch.where(elsewhere, labels - _ELSEWHERE, labels)
    share = torch.where(elsewhere, GARBAGE_ELSEWHERE, GARBAGE_IN_WORDS) * (plain > 0)
    drawn = torch.rand(labels.shape, generator=random) < share
    return torch.where(drawn, sounds.distribution[GARBAGE], plain)


def _pieces(copy: Sequence[tuple[Frames, Labels]], shift: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Equal pieces for batches: frames with their context, and one label for each answer."""
    length = (ANSWERS - 1) * EVERY + 2 * CONTEXT + 1
    frames, labels = [], []
    for found, told in copy:
        padded = np.concatenate([np.repeat(found[:1], CONTEXT, 0), found, np.repeat(found[-1:], CONTEXT + length, 0)])
        filled = np.concatenate([told, np.full(length, _NOTHING)])
        for begin in range(shift, len(found), ANSWERS * EVERY):
            frames.append(padded[begin : begin + length])
            labels.append(filled[begin : begin + ANSWERS * EVERY : EVERY])
    stacked = torch.from_numpy(np.stack(frames).astype(np.float32)).transpose(1, 2)
    return stacked, torch.from_numpy(np.stack(labels))


def _one_round(
    network: Network,
    learning: torch.optim.Optimizer,
    pace: torch.optim.lr_scheduler.LambdaLR,
    copy: Sequence[tuple[Frames, Labels]],
    sounds: Sounds,
    chance: np.random.Generator,
    random: torch.Generator,
) -> float:
    frames, labels = _pieces(copy, int(chance.integers(EVERY)))
    order, losses = torch.randperm(len(frames), generator=random), []
    for begin in range(0, len(order) - BATCH + 1, BATCH):
        picked = order[begin : begin + BATCH]
        told = _with_garbage(labels[picked], sounds, random)
        loss = functional.cross_entropy(network(frames[picked]), told, ignore_index=_NOTHING, label_smoothing=0.02)
        learning.zero_grad()
        loss.backward()
        learning.step()
        pace.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def _accuracy(network: Network, asked: Sequence[tuple[Frames, Labels]]) -> float:
    """Of frames with speech or silence, as if there were no garbage."""
    network.eval()
    count: Counter[bool] = Counter()
    with torch.no_grad():
        for found in asked:
            frames, labels = _pieces([found], 0)
            said = network(frames)[:, :-1].argmax(1)
            plain = torch.where(labels >= _ELSEWHERE, labels - _ELSEWHERE, labels)
            count.update((said == plain)[plain >= 0].tolist())
    return count[True] / max(count.total(), 1)
