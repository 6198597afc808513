r"""Text as a terminal, a log or a page shows it: every character is seen as itself, or by its code.

Names, titles and values come from partners. A character that a reader's terminal would obey
(escapes and other controls), that changes the order of others (bidirectional marks), or that is
not seen at all (zero-width signs, fillers, variation selectors, tags) is written as ``\u001b``, as
JSON writes it. So is a combining mark beyond those that a letter bears in any script: piled up,
they cover the lines above and below.
"""

import json
import unicodedata
from collections.abc import Iterator

from tearline.limits import MAX_COMBINING_MARKS

# Characters that count as printable and leave nothing to see: fillers of Hangul, the blank of
# Braille, and marks and selectors of Unicode's Default_Ignorable_Code_Point.
_UNSEEN = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
            *range(0x180B, 0x1810),
            *range(0xFE00, 0xFE10),
            *range(0xE0100, 0xE01F0),
        ),
    )
)


def visible(text: str) -> str:
    r"""Returns ``text`` on one line, each character that is not seen as itself as ``\u….``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text))


def visible_lines(text: str) -> str:
    """Returns a text of several lines, each of them as ``visible`` writes it."""
    return "\n".join(map(visible, text.split("\n")))


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        # Spaces other than ASCII's are not "printable", but stand in Chinese and French texts.
        is_seen = (character.isprintable() and character not in _UNSEEN) or category == "Zs"
        yield character if is_seen and marks <= MAX_COMBINING_MARKS else json.dumps(character)[1:-1]
