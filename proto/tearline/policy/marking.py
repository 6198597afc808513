"""Markings: the subject of a field, and its permitted uses.

One text spells a marking, for example ``finance.account TLP:AMBER+STRICT PAP:AMBER H1,H3 ORCON``:
category, Traffic Light Protocol 2.0 (FIRST, 2022), Permissible Actions Protocol, handling codes,
and ``ORCON`` if passing on needs the originator's consent. ``H0`` limits information to its
original purpose, and always applies; it is written if there is no other code. Packets carry its
number, and commit to the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache

from tearline.errors import MarkingMalformed
from tearline.limits import MAX_MARKING_BYTES, MAX_MARKINGS_KEPT
from tearline.policy.category import BY_NUMBER, category_named, is_at_least_as_strict_category


class Tlp(IntEnum):
    """Permitted spread of information (TLP 2.0); a greater number spreads less."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def text(self) -> str:
        """Returns the label's lower-case name, for example ``amber+strict``."""
        return self.name.lower().replace("_", "+")


class Pap(IntEnum):
    """Permitted actions that the subject could notice; a greater number allows less."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    RED = 3

    @property
    def text(self) -> str:
        """Returns the label's lower-case name."""
        return self.name.lower()


HANDLING_CODES = ("H1", "H2", "H3")
"""Requirements of a handling code beyond ``H0``.

``H1``: not in evidence without the originator's permission. ``H2``: not passed on without it.
``H3``: further conditions, which the narrative states.
"""

_TLP = {f"TLP:{level.text.upper()}": level for level in Tlp}
_PAP = {f"PAP:{level.text.upper()}": level for level in Pap}
_TLP_NAMED = {level.text: level for level in Tlp}
_PAP_NAMED = {level.text: level for level in Pap}
_BASELINE = "H0"
_ORCON = "ORCON"


@dataclass(frozen=True, kw_only=True)
class Marking:
    """Marking of a field.

    Attributes:
        category: Name of the category, a leaf of the tree in ``tearline.policy.category``.
        tlp: Its permitted spread.
        handling: Codes ``H1`` to ``H3``, ascending; none is ``H0``, which always applies.
        orcon: Whether passing on needs the originator's consent.
        pap: Its permitted actions.

    Raises:
        MarkingMalformed: On construction, if the category is unknown or a code is unknown,
            repeated or out of order.
    """

    category: str
    tlp: Tlp
    handling: tuple[str, ...]
    orcon: bool
    pap: Pap

    def __post_init__(self) -> None:
        category_named(self.category)
        if self.handling != tuple(code for code in HANDLING_CODES if code in self.handling):
            raise MarkingMalformed("handling codes are H1 to H3, each once, ascending")

    def __hash__(self) -> int:
        """Returns a hash that is computed once: markings are keys of every decision."""
        return self.number

    def encode(self) -> str:
        """Returns the marking's canonical form: a line of ASCII."""
        return self._spelling

    @cached_property
    def _spelling(self) -> str:
        parts = [
            self.category,
            f"TLP:{self.tlp.text.upper()}",
            f"PAP:{self.pap.text.upper()}",
            ",".join(self.handling) or _BASELINE,
        ]
        if self.orcon:
            parts.append(_ORCON)
        return " ".join(parts)

    @cached_property
    def number(self) -> int:
        """Returns the marking's number, which packets carry in place of its text (spec P-7)."""
        handling = sum(1 << HANDLING_CODES.index(code) for code in self.handling)
        parts = (self.tlp << 2 | self.pap) << 3 | handling
        return category_named(self.category).number << 9 | parts << 1 | self.orcon

    def raised_to(self, floor: "Marking") -> "Marking":
        """Returns this marking, as strict as ``floor`` in each part.

        The category changes only if ``floor`` names a guarded one that outranks it: a stricter
        field beside it does not change the subject of a field.
        """
        outranks = is_at_least_as_strict_category(floor.category, self.category)
        return replace(
            self,
            category=floor.category if outranks else self.category,
            tlp=max(self.tlp, floor.tlp),
            handling=tuple(c for c in HANDLING_CODES if c in self.handling + floor.handling),
            orcon=self.orcon or floor.orcon,
            pap=max(self.pap, floor.pap),
        )


STRICTEST = Marking(
    category="unmarked", tlp=Tlp.RED, handling=HANDLING_CODES, orcon=True, pap=Pap.RED
)
"""The marking of an unmarked field."""


@lru_cache(maxsize=MAX_MARKINGS_KEPT)
def parse_marking(text: str) -> Marking:
    """Returns the marking of ``text``.

    The result is cached, since most of a packet's fields have few different markings.

    Raises:
        MarkingMalformed: If ``text`` is not the canonical form of a marking.
    """
    if len(text) > MAX_MARKING_BYTES:
        raise MarkingMalformed(f"a marking has at most {MAX_MARKING_BYTES} characters")
    parts = text.split(" ")
    if len(parts) not in (4, 5) or parts[1] not in _TLP or parts[2] not in _PAP:
        raise MarkingMalformed("expected: category TLP:… PAP:… H… and perhaps ORCON")
    marking = Marking(
        category=parts[0],
        tlp=_TLP[parts[1]],
        handling=() if parts[3] == _BASELINE else tuple(parts[3].split(",")),
        orcon=len(parts) == 5,
        pap=_PAP[parts[2]],
    )
    if marking.encode() != text:
        raise MarkingMalformed("the marking is not in canonical form")
    return marking


@lru_cache(maxsize=MAX_MARKINGS_KEPT)
def marking_numbered(number: int) -> Marking:
    """Returns the marking with a number.

    Raises:
        MarkingMalformed: If no marking has it.
    """
    place, tlp, pap = number >> 9, number >> 6 & 7, number >> 4 & 3
    category = BY_NUMBER.get(place)
    if category is None or tlp >= len(Tlp):
        raise MarkingMalformed("no marking has that number")
    return Marking(
        category=category.name,
        tlp=Tlp(tlp),
        handling=tuple(code for bit, code in enumerate(HANDLING_CODES) if number >> bit + 1 & 1),
        orcon=bool(number & 1),
        pap=Pap(pap),
    )


def parse_tlp(text: str) -> Tlp:
    """Returns the TLP label of a lower-case name, for example ``amber+strict``.

    Raises:
        MarkingMalformed: If ``text`` names none.
    """
    level = _TLP_NAMED.get(text)
    if level is None:
        raise MarkingMalformed("a TLP label is clear, green, amber, amber+strict or red")
    return level


def parse_pap(text: str) -> Pap:
    """Returns the PAP label of a lower-case name.

    Raises:
        MarkingMalformed: If ``text`` names none.
    """
    level = _PAP_NAMED.get(text)
    if level is None:
        raise MarkingMalformed("a PAP label is clear, green, amber or red")
    return level


def is_at_least_as_strict(marking: Marking, other: Marking) -> bool:
    """Returns whether ``marking`` restricts everything that ``other`` restricts.

    It is a partial order: of two markings, each may be stricter in another part.
    """
    return (
        is_at_least_as_strict_category(marking.category, other.category)
        and marking.tlp >= other.tlp
        and set(marking.handling) >= set(other.handling)
        and marking.orcon >= other.orcon
        and marking.pap >= other.pap
    )


def strictest(markings: Iterable[Marking]) -> Marking:
    """Returns a marking as strict in each part as the strictest of ``markings``.

    It is the floor for a packet derived from others: each of its fields is marked, then raised
    (``Marking.raised_to``). For no markings at all it is ``STRICTEST``.
    """
    ordered = sorted(markings, key=lambda marking: category_named(marking.category).rank)
    if not ordered:
        return STRICTEST
    floor = ordered[-1]
    for marking in ordered[:-1]:
        floor = floor.raised_to(marking)
    return floor
