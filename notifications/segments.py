"""How many messages the network counts for one text (domain.md 2.5). Pure.

A text in the GSM alphabet has 160 places, or 153 in each part of a longer one; any other character makes it Unicode,
with 70 places, or 67. Characters that take two places are never divided between parts.
"""

from __future__ import annotations

from collections.abc import Iterable

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_OF_TWO = frozenset("\f^{}\\[~]|€")
"""GSM 03.38's extension table: an escape and a character."""


def is_unicode(text: str) -> bool:
    """True when the text needs more than the GSM alphabet."""
    return any(char not in _GSM and char not in _GSM_OF_TWO for char in text)


def segments(text: str) -> int:
    """The number of parts the text is sent in; 0 for an empty one."""
    if is_unicode(text):
        return _parts([2 if ord(char) > 0xFFFF else 1 for char in text], 70, 67)
    return _parts([2 if char in _GSM_OF_TWO else 1 for char in text], 160, 153)


def _parts(widths: Iterable[int], alone: int, part: int) -> int:
    widths = list(widths)
    if sum(widths) <= alone:
        return min(1, len(widths))
    parts, filled = 1, 0
    for width in widths:
        if filled + width > part:
            parts, filled = parts + 1, 0
        filled += width
    return parts
