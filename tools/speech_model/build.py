"""Makes the speech model for tests: `python tools/speech_model/build.py FOLDER` (README.md beside this says what for).

Synthetic voices only: what it recognises says nothing about human callers.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

from graph import GARBAGE, Pronunciation, Sounds, write_model  # noqa: E402 - found by the path above
from training import train  # noqa: E402 - as above
from utterances import Script, Utterance, scripts, utterances  # noqa: E402 - as above
from voices import HELD_OUT, TRAINING  # noqa: E402 - as above

from dialplan.words import UNKNOWN  # noqa: E402 - as above

SEED = 20261123
TRAINED, JUDGED = 3300, 60
"""Utterances of each language."""
COPIES, ROUNDS = 3, 16
GARBAGE_LENGTH, GARBAGE_EASE = 4, 1.2
"""[unk] is so many garbage sounds; the more ease, the more is rejected, right or wrong."""
_SELDOM = 0.04
"""A pronunciation heard less often than this share of the usual one is a slip of the synthesiser."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the model is written; it must not exist")
    parser.add_argument("--utterances", type=int, default=TRAINED, help="of each language (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of training (default %(default)s)")
    asked = parser.parse_args()
    if asked.folder.exists():
        parser.error(f"{asked.folder} is there already: name a new folder")
    build(asked.folder, asked.utterances, asked.rounds)
    return 0


def build(folder: Path, count: int, rounds: int) -> None:
    began = time.monotonic()

    def tell(sentence: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {sentence}", flush=True)

    told = scripts(HERE.parent.parent / "dialplan" / "words", HERE / "filler")
    spoken = _all_said(told, TRAINING, count, SEED, trained=True)
    judged = _all_said(told, HELD_OUT, JUDGED, SEED + 1, trained=False)
    seconds = sum(len(each.samples) for each in spoken) / 8000
    tell(f"{len(spoken)} utterances of {', '.join(told)} synthesised, {seconds / 60:.0f} min of sound")
    vocabulary = frozenset(word for script in told.values() for word in script.words)
    trained = train(spoken, judged, vocabulary, COPIES, rounds, tell)
    lexicon = _lexicon(spoken, vocabulary, trained.sounds)
    if missing := sorted(vocabulary - {each.word for each in lexicon}):
        raise SystemExit(f"never said by the synthesiser, so nobody can say them: {', '.join(missing)}")
    priors = trained.priors.copy()
    priors[trained.sounds.distribution[GARBAGE]] *= math.exp(-GARBAGE_EASE)
    about = _about(count, rounds, trained.accuracy)
    write_model(folder, trained.sounds, lexicon, trained.network.layers(), priors / priors.sum(), about)
    with (folder / "README.md").open("a", encoding="utf-8") as readme:
        readme.write(f"\nSHA-256 of its files, in the order of their names: `{digest_of(folder)}`\n")
    tell(f"written: {folder}, {len(vocabulary)} words")


def _all_said(
    told: Mapping[str, Script], variants: Sequence[str], count: int, seed: int, *, trained: bool
) -> list[Utterance]:
    return [each for script in told.values() for each in utterances(script, variants, count, seed, trained=trained)]


def _lexicon(spoken: Sequence[Utterance], vocabulary: frozenset[str], sounds: Sounds) -> list[Pronunciation]:
    """As the synthesiser spoke each word, the usual way first; and [unk], which is garbage."""
    heard: dict[str, Counter[tuple[str, ...]]] = {}
    for each in spoken:
        for word, sounded in zip(each.words, each.spoken, strict=True):
            if word in vocabulary and all(sound in sounds.distribution for sound in sounded):
                heard.setdefault(word, Counter())[sounded] += 1
    found = [
        Pronunciation(word, sounded, -math.log(times / most))
        for word, ways in sorted(heard.items())
        for most in [max(ways.values())]
        for sounded, times in sorted(ways.items())
        if times >= _SELDOM * most
    ]
    return [*found, Pronunciation(UNKNOWN, (GARBAGE,) * GARBAGE_LENGTH, 0.0)]


def _about(count: int, rounds: int, accuracy: float) -> str:
    return (
        "# A speech model for tests: synthetic voices only\n\n"
        "Made by `tools/speech_model/build.py` from the phrases of `dialplan/words`, spoken by a synthesiser. What it\n"
        "recognises says nothing about human callers; a line uses an official model instead.\n\n"
        f"Seed {SEED}, {count} utterances of each language, {rounds} rounds; of the frames of voices that were not\n"
        f"trained {accuracy:.1%} are right.\n"
    )


def digest_of(folder: Path) -> str:
    """Over the contents of all files but the README."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.name != "README.md":
            digest.update(file.read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
