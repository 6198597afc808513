"""Markings of objects of STIX 2.1, and whether the marking profile keeps each of them.

An import marks fields by the marking profile. A value with a stricter marking than that is not
carried, for it would be sent under a milder one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from tearline.limits import MAX_JSON_DEPTH
from tearline.policy.marking import Marking, Pap, Tlp
from tearline.policy.profile import FieldPath, marking_of
from tearline_client.connectors.exporters.stix_markings import (
    STATEMENTS,
    TLP_EXTENSION,
    TLP_IDS,
)

_TLP_1 = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": Tlp.CLEAR,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": Tlp.GREEN,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": Tlp.AMBER,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": Tlp.RED,
}
"""Ids that STIX 2.1 itself fixes, for TLP 1.0."""
_KNOWN = {**_TLP_1, **{ref: level for level, ref in TLP_IDS.items()}}
_TLP = {f"TLP:{level.text.upper()}": level for level in Tlp}
_PAP = {f"PAP:{level.text.upper()}": level for level in Pap} | {"PAP:WHITE": Pap.CLEAR}
_CODES = {text: code for code, text in STATEMENTS.items()}
_MAX_DOTS = 2 * MAX_JSON_DEPTH  # in a selector of a value; names have few
_REFS, _GRANULAR = "object_marking_refs", "granular_markings"
MARKINGS = frozenset({_REFS, _GRANULAR})
"""Properties of an object that hold its markings."""


class Definitions:
    """Marking definitions of a bundle, and those that bundles need not contain."""

    def __init__(self) -> None:
        self._labels = {ref: f"TLP:{level.text.upper()}" for ref, level in _KNOWN.items()}

    def add(self, definition: Mapping[str, Any]) -> bool:
        """Adds a definition, and returns whether it is a TLP, PAP or handling code."""
        ref = definition["id"]
        return bool(self._labels.setdefault(ref, _label(definition)))

    def labels(self, made: Mapping[str, Any], *, is_own: bool) -> "Labels":
        """Returns the labels of an object's values; see ``Labels``."""
        return Labels(self._labels, made, is_own=is_own)


class Labels:
    """Labels of an object's values, such as ``TLP:RED``.

    The label ``?`` stands for a marking without a definition, and for markings that cannot be read.

    Args:
        labels: Label by id of a marking definition, empty for one that is none of ours.
        made: The object.
        is_own: Whether it was made by Tearline: its granular markings name all properties that
            have a handling code, unless all have it.
    """

    def __init__(self, labels: Mapping[str, str], made: Mapping[str, Any], *, is_own: bool) -> None:
        refs, parts = made.get(_REFS, []), made.get(_GRANULAR, [])
        is_read = _are_texts(refs) and isinstance(parts, list) and all(map(_is_granular, parts))
        if not is_read:
            refs, parts = [""], []
        self._of_object = {labels.get(ref, "?") for ref in refs} - {""}
        self.has_languages = any("lang" in part for part in parts)
        """Whether some granular markings name a language."""
        self._granular: dict[str, set[str]] = {}  # selectors by label, of which there are few
        for part in parts:
            label = labels.get(part["marking_ref"], "?") if "marking_ref" in part else ""
            if label and part["selectors"]:
                self._granular.setdefault(label, set()).update(part["selectors"])
        self._ordered = {label: sorted(places) for label, places in self._granular.items()}
        told = self._granular.keys() if is_own else set()
        self._everywhere = {label for label in self._of_object if label not in told}

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
        return frozenset(own | inherited | parts)


def unkept(schema: str, prop: str, labels: frozenset[str]) -> str:
    """Returns a label that the profile's marking of a property does not keep, or empty text.

    Args:
        schema: Schema of the entity.
        prop: Name of the property.
        labels: Labels of its values in the source.
    """
    kept = marking_of(FieldPath(token="t", schema=schema, property=prop).encode())  # noqa: S106
    return next((label for label in sorted(labels) if not _keeps(kept, label)), "")


def _keeps(kept: Marking, label: str) -> bool:
    if label in _TLP:
        return kept.tlp >= _TLP[label]
    if label in _PAP:
        return kept.pap >= _PAP[label]
    return kept.orcon if label == "ORCON" else label in ("H0", *kept.handling)


def _label(definition: Mapping[str, Any]) -> str:
    """Returns the label that a definition states, or empty text if it is none of ours."""
    extension = _part(definition, "extensions", TLP_EXTENSION, "tlp_2_0")
    level = extension or _part(definition, "definition", "tlp")
    if isinstance(level, str):
        label = "TLP:" + level.upper().replace("WHITE", "CLEAR")
        return label if label in _TLP else ""
    statement = _part(definition, "definition", "statement")
    if not isinstance(statement, str):
        return ""
    return statement if statement in _PAP else _CODES.get(statement, "")


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


def _part(data: Mapping[str, Any], *names: str) -> Any:
    found: Any = data
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found
