"""Markings: what a field is about, and what may be done with it.

One text spells a marking, for example ``finance.account TLP:AMBER+STRICT PAP:AMBER H1,H3
ORCON``: category, Traffic Light Protocol 2.0 (FIRST, 2022), Permissible Actions Protocol,
handling codes, and ``ORCON`` where passing on needs the originator's consent. ``H0``, the
rule that information serves only the purpose it was given for, always holds; it is written
where no other code is.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cached_property, lru_cache

from tearline.errors import MarkingMalformed
from tearline.limits import MAX_MARKING_BYTES, MAX_MARKINGS_KEPT
from tearline.policy.category import category_named, is_at_least_as_strict_category


class Tlp(IntEnum):
    """How far information may spread (TLP 2.0); a greater number spreads less."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def text(self) -> str:
        """The label's lower-case name, for example ``amber+strict``."""
        return self.name.lower().replace("_", "+")


class Pap(IntEnum):
    """What may be done with information that its subject could notice; greater allows less."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    RED = 3

    @property
    def text(self) -> str:
        """The label's lower-case name."""
        return self.name.lower()


HANDLING_CODES = ("H1", "H2", "H3")
"""What a handling code asks beyond ``H0``.

``H1``: not in evidence without the originator's permission. ``H2``: not passed on without
it. ``H3``: further conditions, which the narrative states.
"""

_TLP = {f"TLP:{level.text.upper()}": level for level in Tlp}
_PAP = {f"PAP:{level.text.upper()}": level for level in Pap}
_BASELINE = "H0"
_ORCON = "ORCON"


@dataclass(frozen=True, kw_only=True)
class Marking:
    """The marking of a field.

    Attributes:
        category: Name of the category, a leaf of the tree in ``tearline.policy.category``.
        tlp: How far it may spread.
        handling: Codes ``H1`` to ``H3``, ascending; none is ``H0``, which always holds.
        orcon: Whether passing on needs the originator's consent.
        pap: What may be done with it.

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

    def encode(self) -> str:
        """The marking's one spelling: a line of ASCII."""
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

    def raised_to(self, floor: "Marking") -> "Marking":
        """This marking, as strict as ``floor`` in each part.

        The category moves only where ``floor`` names a guarded one that outranks it: what a
        field is about does not change because a stricter field stood beside it.
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
"""The marking of a field that nobody marked."""


@lru_cache(maxsize=MAX_MARKINGS_KEPT)
def parse_marking(text: str) -> Marking:
    """The marking that ``text`` spells.

    Of hundreds of fields few differ in their marking, so each is parsed once.

    Raises:
        MarkingMalformed: If ``text`` is anything but the one spelling of a marking.
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
        raise MarkingMalformed("the marking is not in its one spelling")
    return marking


def parse_tlp(text: str) -> Tlp:
    """The TLP label of a lower-case name, for example ``amber+strict``.

    Raises:
        MarkingMalformed: If ``text`` names none.
    """
    level = next((level for level in Tlp if level.text == text), None)
    if level is None:
        raise MarkingMalformed("a TLP label is clear, green, amber, amber+strict or red")
    return level


def parse_pap(text: str) -> Pap:
    """The PAP label of a lower-case name.

    Raises:
        MarkingMalformed: If ``text`` names none.
    """
    level = next((level for level in Pap if level.text == text), None)
    if level is None:
        raise MarkingMalformed("a PAP label is clear, green, amber or red")
    return level


def is_at_least_as_strict(marking: Marking, other: Marking) -> bool:
    """Whether ``marking`` restricts everything that ``other`` restricts.

    A partial order: of two markings, each may be stricter in another part.
    """
    return (
        is_at_least_as_strict_category(marking.category, other.category)
        and marking.tlp >= other.tlp
        and set(marking.handling) >= set(other.handling)
        and marking.orcon >= other.orcon
        and marking.pap >= other.pap
    )


def is_stricter(marking: Marking, other: Marking) -> bool:
    """Whether ``marking`` is at least as strict as ``other``, and not the same."""
    return marking != other and is_at_least_as_strict(marking, other)


def strictest(markings: Iterable[Marking]) -> Marking:
    """A marking as strict in each part as the strictest of ``markings``.

    This is the floor for a packet derived from others: mark each of its fields, then raise
    it (``Marking.raised_to``). Of no markings at all it is ``STRICTEST``.
    """
    ordered = sorted(markings, key=lambda marking: category_named(marking.category).rank)
    if not ordered:
        return STRICTEST
    floor = ordered[-1]
    for marking in ordered[:-1]:
        floor = floor.raised_to(marking)
    return floor
