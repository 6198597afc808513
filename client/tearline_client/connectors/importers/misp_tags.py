"""Tags of MISP that mark: TLP, PAP, and the handling codes of Tearline's exports."""

import re
from collections.abc import Iterator
from typing import Any

from tearline.dataclass.immutable import immutable
from tearline.errors import MarkingMalformed
from tearline.policy.marking import (
    HANDLING_CODES,
    Marking,
    Pap,
    Tlp,
    parse_marking,
    parse_pap,
    parse_tlp,
)

_HANDLING = re.compile(r'tearline:handling="(H[0-3]|ORCON)"\Z')
_WHOLE = "tearline:category="
_MARKING = re.compile(r"(?:tlp|pap|tearline):", re.IGNORECASE)
_ORCON = "ORCON"
_OLD_NAMES = {"white": "clear"}  # of TLP 1.0 and the first PAP


@immutable
class Caveats:
    """Strictest caveats of some tags.

    Attributes:
        tlp: Permitted spread.
        pap: Permitted actions.
        codes: Handling codes, and ``ORCON``.
    """

    tlp: Tlp = Tlp.CLEAR
    pap: Pap = Pap.CLEAR
    codes: frozenset[str] = frozenset()

    def with_tags(self, tags: Any) -> "Caveats":
        """Returns these caveats, as strict as those of an attribute's tags.

        Tags of an export of Tearline state the whole marking of their attribute.
        """
        more = read_tags(tags)
        if any(name.startswith(_WHOLE) for name in _names(tags)):
            return more
        return Caveats(
            tlp=max(self.tlp, more.tlp),
            pap=max(self.pap, more.pap),
            codes=self.codes | more.codes,
        )

    def exceed(self, marking: Marking) -> bool:
        """Returns whether they restrict more than a marking."""
        allowed = {*marking.handling, *((_ORCON,) if marking.orcon else ())}
        return self.tlp > marking.tlp or self.pap > marking.pap or not self.codes <= allowed


def read_tags(tags: Any) -> Caveats:
    """Returns the caveats of tags as MISP lists them.

    The strictest stand for a level that none knows, and for tags that cannot be read.
    """
    tlp, pap, codes = Tlp.CLEAR, Pap.CLEAR, set[str]()
    for name in _names(tags):
        kind, _, level = name.partition(":")
        level = _OLD_NAMES.get(level.strip().lower(), level.strip().lower())
        try:
            if kind.lower() == "tlp":
                tlp = max(tlp, parse_tlp(level))
            elif kind.lower() == "pap":
                pap = max(pap, parse_pap(level))
        except MarkingMalformed:
            tlp, pap = Tlp.RED, Pap.RED
        if match := _HANDLING.match(name):
            codes |= {match[1]} & {*HANDLING_CODES, _ORCON}
    return Caveats(tlp=tlp, pap=pap, codes=frozenset(codes))


def has_other_tags(tags: Any) -> bool:
    """Returns whether a tag is neither a marking nor of an export of Tearline."""
    return any(not _MARKING.match(name) for name in _names(tags))


def read_marking(text: Any) -> Caveats | None:
    """Returns the caveats of a marking as text, None if it is none."""
    if not isinstance(text, str):
        return None
    try:
        marking = parse_marking(text)
    except MarkingMalformed:
        return None
    codes = {*marking.handling, *((_ORCON,) if marking.orcon else ())}
    return Caveats(tlp=marking.tlp, pap=marking.pap, codes=frozenset(codes))


def _names(tags: Any) -> Iterator[str]:
    """Yields the names of tags; ``tlp:?``, a level that none knows, for what is no tag."""
    for tag in tags if isinstance(tags, list) else () if tags is None else (tags,):
        name = tag.get("name") if isinstance(tag, dict) and isinstance(tags, list) else None
        yield name if isinstance(name, str) else "tlp:?"
