"""`sunwai speech check`: will this model hear the line's menus? Read by people, or as JSON by scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from dialplan.words import Words
from ivr.speech.models import ModelFacts, ModelRefused, look_at, vocabulary
from sunwai.errors import SunwaiError


@dataclass(frozen=True, slots=True)
class Checked:
    """`by_language`: words of each language that the model does not know, each with words like it."""

    rate_hz: int
    resampled: bool
    has_unknown: bool
    by_language: Mapping[str, Mapping[str, tuple[str, ...]]]

    @property
    def serves(self) -> bool:
        return self.has_unknown and not any(self.by_language.values())


def check(folder: Path, heard: Mapping[tuple[str, str], Words], engine: str | None) -> Checked:
    """Of all languages that `engine` hears, or of those the model knows a word of. SunwaiError when it cannot serve."""
    engines = sorted({one for _, one in heard})
    if engine is not None and engine not in engines:
        raise SunwaiError(f"nothing is said to an engine of the language {engine}: there are {', '.join(engines)}")
    wanted = {pair: words for pair, words in heard.items() if engine in (None, pair[1])}
    spoken = {pair: vocabulary(words) for pair, words in wanted.items()}
    try:
        facts = look_at(folder, frozenset().union(*spoken.values()))
    except ModelRefused as refused:
        raise SunwaiError(str(refused)) from refused
    served = {pair: words for pair, words in spoken.items() if engine or not words <= facts.missing.keys()}
    return Checked(facts.rate_hz, facts.resampled, facts.has_unknown, _missing(served, facts))


def _missing(
    served: Mapping[tuple[str, str], frozenset[str]], facts: ModelFacts
) -> dict[str, Mapping[str, tuple[str, ...]]]:
    return {
        f"{language} by {engine}": {word: facts.missing[word] for word in sorted(words & facts.missing.keys())}
        for (language, engine), words in served.items()
    }


def show(checked: Checked, console: Console) -> None:
    """For people: what it is, and what it lacks."""
    rate = f"{checked.rate_hz} Hz" + (": telephone sound is brought to it first" if checked.resampled else "")
    console.print(f"sound          {rate}")
    console.print("grammars       made for each question")
    if not checked.has_unknown:
        console.print("[red]unknown speech  the model has no word [unk]: any noise would be a choice[/red]")
    for language, missing in checked.by_language.items():
        if not missing:
            console.print(f"{language:<14} knows every word")
            continue
        table = Table("word it does not know", "words like it", title=f"{language}: {len(missing)} words missing")
        for word, like in missing.items():
            table.add_row(word, ", ".join(like) or "-")
        console.print(table)
    console.print("it will serve" if checked.serves else "it will NOT serve: phrases with these words cannot be heard")
