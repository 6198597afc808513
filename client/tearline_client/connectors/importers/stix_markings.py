"""Markings of objects of STIX 2.1, as caveats of their values."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from tearline.limits import MAX_JSON_DEPTH
from tearline.policy.marking import Tlp
from tearline_client.connectors.exporters.stix_markings import (
    STATEMENTS,
    TLP_EXTENSION,
    TLP_IDS,
)
from tearline_client.connectors.exporters.stix_shapes import ENTITY_EXTENSION, OBJECT_EXTENSION
from tearline_client.connectors.importers.caveats import (
    UNKNOWN,
    Caveats,
    caveat,
    level_caveat,
    plain,
    states_level,
)

_TLP_1 = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
"""Ids that STIX 2.1 itself fixes, for TLP 1.0."""
_KNOWN = {**_TLP_1, **{ref: level for level, ref in TLP_IDS.items()}}
_CODES = {text.upper(): code for code, text in STATEMENTS.items()}
_OURS = frozenset({ENTITY_EXTENSION, OBJECT_EXTENSION})
_OPENCTI = frozenset(
    {
        "extension-definition--ea279b3e-5c71-4632-ac08-831c66a786ba",
        "extension-definition--f93e2c80-4231-4f9a-af8b-95c9bd566a82",
    }
)
"""Extensions of OpenCTI. In a definition, they hold its order and colour, and state no marking."""
_MARKS = re.compile(
    r"(?:\A|_)(?:tlp|pap|markings?|classification|handling|caveats?|dissemination|distribution"
    r"|granted_refs|restrictions?|sharing|releasab\w*)(?:\Z|_)",
    re.IGNORECASE,
)
"""Names of properties of other programs that mark, such as ``x_opencti_granted_refs``."""
_HOLDER = (
    r"(?:[A-Z][A-Z&'-]* ){0,5}"
    r"(?:AGENCY|BUREAU|CORP(?:ORATION|\.)?|COMPANY|FOUNDATION|GMBH|INC\.?|INSTITUTE|LLC|LTD\.?"
    r"|UNIVERSITY)"
)
_MARK = r"(?:[A-Z][A-Z&]* )?[A-Z][A-Z&]*"
_COPYRIGHT = re.compile(
    rf"(?:COPYRIGHT|©|COPYRIGHT (?:©|\(C\)))(?: \d{{4}}(?:[-–]\d{{4}})?,?)? {_HOLDER}\.?"
    r"(?:,? ALL RIGHTS RESERVED\.?)?"
    rf"(?: {_MARK}(?: AND {_MARK})? (?:IS A REGISTERED TRADEMARK|ARE REGISTERED TRADEMARKS)"
    rf" OF {_HOLDER}\.?)?"
)
"""Statement in capitals that names a holder of copyright and of trademarks, and says no more.

Any further word may be a caveat, such as "FOUO" or "RED". A holder ends in the word of its form.
"""
_MAX_DOTS = 2 * MAX_JSON_DEPTH  # in a selector of a value; names have few
_INDEX = re.compile(r"\[(?:0|[1-9]\d{0,6})\]\Z", re.ASCII)
_REFS, _GRANULAR = "object_marking_refs", "granular_markings"
MARKINGS = frozenset({_REFS, _GRANULAR})
"""Properties of an object that hold its markings."""


class Definitions:
    """Marking definitions of a bundle, and those that bundles need not contain."""

    def __init__(self) -> None:
        self._labels = {
            ref: frozenset({f"TLP:{level.text.upper()}"}) for ref, level in _KNOWN.items()
        }

    def add(self, definition: Mapping[str, Any]) -> str:
        """Adds a definition, and returns why it is not carried; empty text if it is.

        Several definitions with one id state the caveats of each.
        """
        parts = _parts(definition)
        others = {name: value for name, value in parts.items() if not _is_copyright(name, value)}
        is_copyright = len(others) < len(parts)
        stated = frozenset(_stated(definition, others))
        if not (stated or is_copyright):
            stated = frozenset({UNKNOWN})
        ref = definition["id"]
        self._labels[ref] = self._labels.get(ref, frozenset()) | stated
        if UNKNOWN in stated:
            return "a marking that is not understood, so values with it stay"
        return "a statement of copyright, which restricts no reader" if is_copyright else ""

    def labels(self, made: Mapping[str, Any], *, is_own: bool) -> "Labels":
        """Returns the labels of an object's values; see ``Labels``."""
        return Labels(self._labels, made, is_own=is_own)


class Labels:
    """Labels of an object's values, such as ``TLP:RED``.

    ``UNKNOWN`` stands for a marking without a definition, and for markings that cannot be read. A
    granular marking concerns the whole object if a selector of it finds no value.

    Args:
        labels: Labels by id of a marking definition.
        made: The object.
        is_own: Whether it was made by Tearline: its granular markings name all properties that
            have a handling code, unless all have it.
    """

    def __init__(
        self, labels: Mapping[str, Caveats], made: Mapping[str, Any], *, is_own: bool
    ) -> None:
        refs, parts = made.get(_REFS, []), made.get(_GRANULAR, [])
        is_read = _are_texts(refs) and isinstance(parts, list) and all(map(_is_granular, parts))
        if not is_read:
            refs, parts = [""], []
        unknown = frozenset({UNKNOWN})
        self._of_object = {label for ref in refs for label in labels.get(ref, unknown)}
        self._of_object.update(_more(made))
        self.has_languages = any("lang" in part for part in parts)
        """Whether some granular markings name a language."""
        self._granular: dict[str, set[str]] = {}  # selectors by label, of which there are few
        lost: set[str] = set()
        for part in parts:
            for label in labels.get(part["marking_ref"], unknown) if "marking_ref" in part else ():
                self._granular.setdefault(label, set()).update(part["selectors"])
                if not all(_finds(made, each) for each in part["selectors"]):
                    lost.add(label)
        self._ordered = {label: sorted(places) for label, places in self._granular.items()}
        told = self._granular.keys() if is_own else set()
        self._everywhere = {label for label in self._of_object if label not in told}
        self._lost = frozenset(lost)

    def at(self, selector: str) -> frozenset[str]:
        """Returns the labels of the value at a selector, and of each part of it.

        A granular level takes precedence over that of the object.
        """
        around = tuple(_around(selector))
        own = {label for label, some in self._granular.items() if not some.isdisjoint(around)}
        parts = {label for label, some in self._ordered.items() if _has_part(some, selector)}
        levels = {label.partition(":")[0] for label in own if ":" in label}
        inherited = {
            label
            for label in self._everywhere | {each for each in self._of_object if ":" in each}
            if label.partition(":")[0] not in levels
        }
        return frozenset(own | inherited | parts) | self._lost


def _parts(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the parts of a definition by their names, such as ``tlp`` and ``statement``."""
    stated = definition.get("definition", {})
    return stated if isinstance(stated, dict) else {"": stated}


def _is_copyright(name: str, value: Any) -> bool:
    """Returns whether a part of a definition states a copyright, and restricts no reader."""
    if plain(name) != "STATEMENT" or not isinstance(value, str):
        return False
    return bool(_COPYRIGHT.fullmatch(plain(value)))


def _stated(definition: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    """Yields the labels that a definition states: each part of it that is not ours is unknown.

    Args:
        definition: The definition.
        parts: Those of its parts that may mark.
    """
    for name, value in parts.items():
        kind = plain(name)
        if not isinstance(value, str):
            yield UNKNOWN
        elif kind in ("TLP", "PAP"):
            yield level_caveat(kind, value)
        else:
            yield _CODES.get(plain(value)) or caveat(value)
    told = definition.get("extensions", {})
    extensions = told if isinstance(told, dict) else {"": told}
    for name, part in extensions.items():
        level = part.get("tlp_2_0") if isinstance(part, dict) and name == TLP_EXTENSION else None
        if isinstance(level, str):
            yield level_caveat("TLP", level)
        elif name not in _OPENCTI:
            yield UNKNOWN
    yield from _more(definition)
    # The name repeats the others, and may be the only one.
    is_alone = not (parts or extensions.keys() - _OPENCTI)
    for name, value in [("name", definition.get("name")), *_foreign(definition)]:
        is_name = name == "name" and not _is_copyright("statement", value)
        if isinstance(value, str) and (states_level(value) or (is_name and is_alone)):
            yield level_caveat("TLP", value)


def _foreign(made: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields the properties of an object that other programs added, with their values."""
    yield from ((name, value) for name, value in made.items() if name.startswith("x_"))
    extensions = made.get("extensions")
    for name, part in extensions.items() if isinstance(extensions, dict) else ():
        if name not in _OURS and isinstance(part, dict):
            yield from part.items()


def _more(made: Mapping[str, Any]) -> Iterator[str]:
    """Yields the labels of properties by which other programs mark an object."""
    for name, value in _foreign(made):
        if value and _MARKS.search(name):
            yield level_caveat("TLP", value) if isinstance(value, str) else UNKNOWN


def _finds(made: Mapping[str, Any], selector: str) -> bool:
    """Returns whether an object has a value at a selector."""
    found: Any = made
    for part in selector.split("."):
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and _INDEX.match(part) and int(part[1:-1]) < len(found):
            found = found[int(part[1:-1])]
        else:
            return False
    return True


def _around(selector: str) -> Iterator[str]:
    """Yields a selector, and those of the values around it."""
    parts = selector.split(".", _MAX_DOTS)
    yield from accumulate(parts, lambda place, part: f"{place}.{part}")


def _has_part(ordered: Sequence[str], selector: str) -> bool:
    """Returns whether one of some selectors in order names a part of a selector's value."""
    begin = f"{selector}."
    place = bisect_left(ordered, begin)
    return place < len(ordered) and ordered[place].startswith(begin)


def _is_granular(part: Any) -> bool:
    """Returns whether a part of the granular markings has selectors of a marking or a language."""
    if not isinstance(part, dict) or not _are_texts(part.get("selectors")):
        return False
    if any(each.count(".") >= _MAX_DOTS for each in part["selectors"]):
        return False
    return isinstance(part.get("marking_ref", part.get("lang")), str)


def _are_texts(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(each, str) for each in data)
