"""What the speech bench's callers say, and what happens to it on the way: synthetic voices that train no model.

The list is that of `tools/speech_model/voices.py` without the voice no throat could have; a test compares them.
"""

from __future__ import annotations

import math
import random
from array import array
from dataclasses import dataclass
from functools import cache

from dialplan.edition import Edition
from dialplan.flow import Flow, MenuNode
from dialplan.words import Words, choices, understood
from sunwai.render import phrase_of, run_tool, silence

RATE_HZ = 8000
HELD_OUT = ("f4", "m6", "klatt4", "Mario", "linda", "caleb", "pedro")
ACCENTS = {"hi": ("hi",), "ur": ("ur",), "en": ("en", "en-us", "en-gb-x-rp")}
SPEEDS = ("110", "135", "160", "185", "210", "235")
"""Words a minute."""
NONSENSE = {
    "hi": (
        "आज मौसम बहुत अच्छा था",
        "हम लोग बाज़ार घूमने निकले",
        "चाय में चीनी कम डालना",
        "कल रिश्तेदार आने वाले हैं",
        "किताब मेज़ पर रखी थी",
        "बच्चे मैदान में खेल रहे",
        "ट्रेन समय पर पहुँची",
        "सब्ज़ी ताज़ी लाया करो",
    ),
    "ur": (
        "آج موسم بہت اچھا تھا",
        "ہم لوگ بازار گھومنے نکلے",
        "چائے میں چینی کم ڈالنا",
        "کل رشتہ دار آنے والے ہیں",
        "کتاب میز پر رکھی تھی",
        "بچے میدان میں کھیل رہے",
        "ٹرین وقت پر پہنچی",
        "سبزی تازہ لایا کرو",
    ),
    "en": (
        "yesterday we walked through the garden",
        "put less sugar into my tea",
        "the children play in the meadow",
        "our relatives arrive on sunday",
        "a book was lying under the table",
        "the train came exactly in time",
        "bring fresh vegetables from the market",
        "he painted his window green",
    ),
}
"""Nothing that could be meant by any menu."""


@dataclass(frozen=True, slots=True)
class Question:
    """One menu of the release in one language, as one engine hears it: phrase -> key, and the key of danger."""

    name: str
    offered: dict[str, str]
    first: str | None


@dataclass(frozen=True, slots=True)
class Way:
    """From the mouth to us: noise so much below the voice (None: quiet), a codec of sox, packets lost (share)."""

    name: str
    snr_db: float | None = None
    codec: str = ""
    lost: float = 0.0


WAYS = (
    Way("quiet"),
    Way("20 dB", 20),
    Way("10 dB", 10),
    Way("20 dB, mu-law", 20, "ul"),
    Way("20 dB, A-law", 20, "al"),
    Way("20 dB, GSM", 20, "gsm"),
    Way("20 dB, 2 % lost", 20, "ul", 0.02),
    Way("20 dB, 5 % lost", 20, "ul", 0.05),
)


def questions(release: Edition, words: Words) -> list[Question]:
    """Every menu of every flow that asks for more than what works everywhere."""
    return [
        _question(flow, node, words)
        for flow in release.flows.values()
        for node in flow.nodes.values()
        if isinstance(node, MenuNode) and node.words
    ]


def _question(flow: Flow, node: MenuNode, words: Words) -> Question:
    meant = (*flow.words.items(), *node.words.items())
    first = next((key for key, meanings in flow.words.items() if "danger" in meanings.split()), None)
    return Question(f"{flow.name}.{node.name}", choices({*node.keys, *flow.always, "*"}, meant, words), first)


def voice_of(language: str, chance: random.Random) -> tuple[str, str]:
    """One of the held-out voices, and how fast it speaks."""
    return f"{chance.choice(ACCENTS[language])}+{chance.choice(HELD_OUT)}", chance.choice(SPEEDS)


@cache
def voiced(voice: str, speed: str, text: str) -> bytes:
    """16 bit, 8 kHz, without silence around it."""
    return phrase_of(voice, speed, text).tobytes()


def nonsense_for(language: str, question: Question, chance: random.Random) -> str:
    """Words that mean nothing there."""
    while understood(text := chance.choice(NONSENSE[language]), question.offered) is not None:
        pass
    return text


def through(spoken: bytes, way: Way, chance: random.Random) -> bytes:
    """What arrives: a third of a second of the line, what was said, a second of the line."""
    sound = array("h", silence(300).tobytes() + spoken + silence(1000).tobytes())
    if way.snr_db is not None:
        loudness = math.sqrt(sum(sample * sample for sample in array("h", spoken)) / max(len(spoken) // 2, 1))
        width = loudness * 10 ** (-way.snr_db / 20)
        sound = array("h", [max(-32768, min(32767, round(one + chance.gauss(0, width)))) for one in sound])
    arrived = _coded(sound.tobytes(), way.codec) if way.codec else sound.tobytes()
    return _with_losses(arrived, way.lost, chance) if way.lost else arrived


def _coded(sound: bytes, codec: str) -> bytes:
    plain = ["-t", "raw", "-r", str(RATE_HZ), "-e", "signed-integer", "-b", "16", "-L", "-c", "1", "-"]
    kind = ["-t", codec, "-r", str(RATE_HZ), "-c", "1", "-"]
    return run_tool(["sox", "-D", "-V1", *kind, *plain], run_tool(["sox", "-D", "-V1", *plain, *kind], sound))


def _with_losses(sound: bytes, share: float, chance: random.Random) -> bytes:
    """Packets of 20 ms that never came are silence."""
    packet = RATE_HZ // 50 * 2
    pieces = (sound[begin : begin + packet] for begin in range(0, len(sound), packet))
    return b"".join(bytes(len(piece)) if chance.random() < share else piece for piece in pieces)
