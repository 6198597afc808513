"""Caveats: the handling of a value as another program states it, as labels such as ``TLP:RED``.

An import marks fields by the marking profile. A value with a stricter caveat than that is not
carried, for it would be sent under a milder one. ``UNKNOWN`` is stricter than every marking.
"""

import re
import unicodedata
from collections.abc import Iterable

from tearline.errors import MarkingMalformed
from tearline.policy.marking import HANDLING_CODES, Marking, Pap, Tlp, parse_marking
from tearline.policy.profile import FieldPath, marking_of

Caveats = frozenset[str]

UNKNOWN = "?"
"""Label of a marking that is not understood."""
ORCON = "ORCON"

_TLP = {f"TLP:{level.text.upper()}": level for level in Tlp}
_PAP = {f"PAP:{level.text.upper()}": level for level in Pap}
_CODES = frozenset({"H0", *HANDLING_CODES, ORCON})
_LEVEL = re.compile(r"(TLP|PAP)(?: ?[12]\.0)?[ :=_-]+(.+)")
_JOINS = re.compile(r"[ _+-]+")
_BETWEEN = re.compile(r"[,;/|\n]|(?= PAP)", re.IGNORECASE)
_STATES_LEVEL = re.compile(r"\b(?:TLP|PAP)(?:\b|_)")


def plain(text: str) -> str:
    """Returns a text in capitals and one width, without marks of format and repeated blanks."""
    shown = (each for each in unicodedata.normalize("NFKC", text) if _is_shown(each))
    return " ".join("".join(shown).upper().split())


def states_level(text: str) -> bool:
    """Returns whether a text names TLP or PAP, or is the name of a level of TLP."""
    return bool(_STATES_LEVEL.search(plain(text))) or caveat(f"TLP:{text}") != UNKNOWN


def caveat(text: str) -> str:
    """Returns the label of a level or handling code, however it is spelled; else ``UNKNOWN``."""
    spelled = plain(text)
    if spelled in _CODES:
        return spelled
    match = _LEVEL.fullmatch(spelled)
    if match is None:
        return UNKNOWN
    label = f"{match[1]}:{_JOINS.sub('+', match[2]).replace('WHITE', 'CLEAR')}"
    return label if label in _TLP or label in _PAP else UNKNOWN


def level_caveat(kind: str, text: str) -> str:
    """Returns the caveat of a level of ``TLP`` or ``PAP``, with or without that name before it."""
    own = caveat(text)
    return caveat(f"{kind}:{text}") if own == UNKNOWN else own


def marking_caveats(text: str) -> Caveats | None:
    """Returns the caveats of a whole marking as text, None if it is none."""
    try:
        return caveats_of(parse_marking(text))
    except MarkingMalformed:
        return None


def cell_caveats(text: str) -> Caveats:
    """Returns the caveats in a cell of a table: a whole marking, or levels and codes."""
    parts = (part for part in _BETWEEN.split(text) if part.strip())
    whole = marking_caveats(text.strip())
    return whole or frozenset(level_caveat("TLP", part) for part in parts)


def caveats_of(marking: Marking) -> Caveats:
    """Returns the caveats that a marking states."""
    levels = (f"TLP:{marking.tlp.text.upper()}", f"PAP:{marking.pap.text.upper()}")
    return frozenset((*levels, *marking.handling, *((ORCON,) if marking.orcon else ())))


def unkept(schema: str, prop: str, caveats: Iterable[str]) -> str:
    """Returns a caveat that the profile's marking of a property does not keep, or empty text.

    Args:
        schema: Schema of the entity.
        prop: Name of the property.
        caveats: Caveats of its values in the source.
    """
    kept = marking_of(FieldPath(token="t", schema=schema, property=prop).encode())  # noqa: S106
    return next((label for label in sorted(caveats) if not _keeps(kept, label)), "")


def _keeps(kept: Marking, label: str) -> bool:
    if label in _TLP:
        return kept.tlp >= _TLP[label]
    if label in _PAP:
        return kept.pap >= _PAP[label]
    return kept.orcon if label == ORCON else label in ("H0", *kept.handling)


def _is_shown(character: str) -> bool:
    return unicodedata.category(character) != "Cf"
