r"""Safe display of text on a terminal, in a log or on a page.

Names, titles and values come from partners. Some characters are written as ``\u001b``, as JSON
writes them: controls that a terminal obeys (escapes), marks that reorder others (bidirectional
marks), and invisible ones (zero-width signs, fillers, variation selectors, tags). So are combining
marks beyond the number that a letter bears in any script: stacked, they cover the lines above and
below.
"""

import json
import unicodedata
from collections.abc import Iterator

from tearline.limits import MAX_COMBINING_MARKS

# Printable but invisible characters: fillers of Hangul, the blank of
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
    r"""Returns ``text`` on one line, with each unsafe or invisible character as ``\u….``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(text))


def visible_lines(text: str) -> str:
    """Returns a text of several lines, each as ``visible`` writes it."""
    return "\n".join(map(visible, text.split("\n")))


def _shown(text: str) -> Iterator[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        # Spaces other than ASCII's are not "printable", but stand in Chinese and French texts.
        is_seen = (character.isprintable() and character not in _UNSEEN) or category == "Zs"
        yield character if is_seen and marks <= MAX_COMBINING_MARKS else json.dumps(character)[1:-1]
