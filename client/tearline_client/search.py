"""Finding text in any script: what is sought and what is found are folded alike."""

import unicodedata

from anyascii import anyascii

from tearline.packet import TEXT, Field


def folded(text: str) -> str:
    """``text`` as plain letters: without case, accents or script; 李 and Li fold alike."""
    plain = anyascii(unicodedata.normalize("NFKD", text))
    return "".join(character for character in plain.casefold() if character.isalnum())


def matches(wanted: str, field: Field) -> bool:
    """Whether a value of ``field`` holds ``wanted``, which was folded.

    Nothing matches an empty text.
    """
    if not wanted or field.media_type != TEXT:
        return False
    return any(wanted in folded(text) for text in field.texts)
