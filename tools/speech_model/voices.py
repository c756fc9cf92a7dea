"""Whose voices: variants of the synthesiser for training, and others, never trained on, for tests."""

from __future__ import annotations

ACCENTS = {"hi": ("hi",), "ur": ("ur",), "en": ("en", "en-us", "en-029", "en-gb-scotland", "en-gb-x-rp")}
"""The synthesiser's voices of each language."""

HELD_OUT = ("f4", "m6", "klatt4", "Mario", "linda", "caleb", "pedro", "shelby")
"""For tests alone."""

STRANGE = ("shelby",)
"""Of those: the first formant lower and the second 1.4 times higher than the plain voice's, which no throat can do. A
third of what it says is understood; figures are given without it and with it."""

TRAINING = (
    "",
    *("Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Gene2", "Henrique", "Hugo", "Jacky"),
    *("Lee", "Marco", "Michael", "Mike", "RicishayMax", "RicishayMax2", "RicishayMax3", "adam", "anika", "announcer"),
    *("antonio", "aunty", "belinda", "benjamin", "boris", "david", "ed", "edward", "edward2", "f1", "f2", "f3", "f5"),
    *("grandma", "grandpa", "gustave", "john", "klatt", "klatt2", "klatt3", "klatt5", "klatt6", "m1", "m2", "m3"),
    *("m4", "m5", "m7", "m8", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul", "quincy", "rob"),
    *("robert", "sandro", "steph", "steph2", "steph3", "travis", "victor", "zac"),
)
"""Every variant of espeak-ng 1.51 that is not held out, but for whispers, robots, animals and the like."""
