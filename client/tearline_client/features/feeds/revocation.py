"""Revocations: objects that tell readers that an object was recalled, without its contents."""

from collections.abc import Mapping
from typing import Any

from tearline_client.connectors.exporters.stix_shapes import ENTITY, OBJECT_EXTENSION

TEXT = "recalled"
"""Value of a text that a type requires: STIX has no such object without it."""

_OWN_ID = "{id}"
_LINK = {"relationship_type": "related-to", "source_ref": _OWN_ID, "target_ref": _OWN_ID}
_REQUIRED: Mapping[str, Mapping[str, Any]] = {
    "identity": {"name": TEXT},
    "location": {"name": TEXT, "latitude": 0.0, "longitude": 0.0},
    "relationship": _LINK,
    ENTITY: {"extensions": {OBJECT_EXTENSION: {"extension_type": "new-sdo"}}},
}
"""Required properties of each type with versions, with values that are of no packet."""


def revocation(told: Mapping[str, str], modified: str) -> dict[str, Any]:
    """Returns the last version of an object, which says that it was revoked.

    Args:
        told: Its id, type, time of creation, and creator.
        modified: The time of the revocation.
    """
    required = _REQUIRED[told["type"]]
    return {
        **told,
        "spec_version": "2.1",
        "modified": modified,
        "revoked": True,
        **{name: told["id"] if value == _OWN_ID else value for name, value in required.items()},
    }
