"""Markings as marking definitions of STIX 2.1: TLP 2.0 by the ids of OASIS, others as statements.

A field's category is not carried: readers compute it from schema and property.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tearline.policy.marking import HANDLING_CODES, Marking, Tlp

NAMESPACE = uuid.UUID("f676a9e6-a375-4629-9c2d-1278cedadd24")
"""Namespace of the ids of our own objects (UUID version 5)."""

CREATED = "2026-01-01T00:00:00.000Z"
"""Time of the objects that define our vocabulary; it never changes."""

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
TLP_IDS: Mapping[Tlp, str] = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""Ids of the TLP 2.0 markings that OASIS publishes for STIX 2.1."""

_TLP_CREATED = "2022-10-01T00:00:00.000Z"
STATEMENTS: Mapping[str, str] = {
    "H0": "H0: only for the purpose for which it was sent",
    "H1": "H1: not in evidence without the originator's permission",
    "H2": "H2: not passed on without the originator's permission",
    "H3": "H3: further conditions of the originator",
    "ORCON": "ORCON: its originator controls who gets it",
}
"""Statement of each handling code, and of ``ORCON``; ``H0`` always applies."""


def own_id(kind: str, *parts: str) -> str:
    """Returns the id of an object of ours: equal for equal parts.

    Args:
        kind: Its STIX type.
        *parts: The texts that identify it; none is empty or contains a line end.
    """
    return f"{kind}--{uuid.uuid5(NAMESPACE, chr(10).join(parts))}"


def marking_refs(marking: Marking) -> tuple[str, ...]:
    """Returns the ids of the marking definitions that a marking consists of."""
    return (TLP_IDS[marking.tlp], *map(_statement_id, statements(marking)))


def definitions(markings: Iterable[Marking]) -> Iterator[dict[str, Any]]:
    """Yields the marking definitions of some markings, each once."""
    ordered = list(markings)
    for level in sorted({marking.tlp for marking in ordered}):
        yield {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": TLP_IDS[level],
            "created": _TLP_CREATED,
            "name": f"TLP:{level.text.upper()}",
            "extensions": {
                TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": level.text}
            },
        }
    for statement in sorted({text for marking in ordered for text in statements(marking)}):
        yield {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": _statement_id(statement),
            "created": CREATED,
            "definition_type": "statement",
            "definition": {"statement": statement},
        }


def statements(marking: Marking) -> Iterator[str]:
    """Yields the statements of a marking: its PAP, handling codes and ``ORCON``."""
    yield f"PAP:{marking.pap.text.upper()}"
    yield STATEMENTS["H0"]
    for code in HANDLING_CODES:
        if code in marking.handling:
            yield STATEMENTS[code]
    if marking.orcon:
        yield STATEMENTS["ORCON"]


def _statement_id(statement: str) -> str:
    return own_id("marking-definition", "statement", statement)
