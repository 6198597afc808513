"""Distribution in MISP: the organisations that may read an event, an object or an attribute."""

from collections.abc import Mapping
from typing import Any

DISTRIBUTION = ("distribution", "SharingGroup")
"""Keys of a record that tell its own."""

_ALL_COMMUNITIES, _SHARING_GROUP, _INHERITED = "3", "4", "5"
NOT_SHARED = "MISP does not share it with this sharing group"
_READERS = {
    "0": "its own organisation",
    "1": "the communities of its instance",
    "2": "connected communities",
    _SHARING_GROUP: "a sharing group",
}


def restriction(level: Any) -> str:
    """Returns why a distribution is reported: the values of its record are sent to others, too.

    It is empty for a record that is for all, or as strict as the one around it.
    """
    if str(level) in (_ALL_COMMUNITIES, _INHERITED):
        return ""
    readers = _READERS.get(str(level), "readers that are not known")
    return (
        f"MISP gives it to {readers} alone; --sharing-group keeps others' values home, in each line"
        " that has it"
    )


def is_shared(record: Mapping[str, Any], group: str, *, is_event: bool = False) -> bool:
    """Returns whether MISP shares a record with a sharing group, as far as its own keys tell.

    The communities of an instance, and those connected to it, may lack an organisation of the
    group. So a record for them is not shared with it, nor is one of another distribution or group,
    or without its group's description.

    Args:
        record: An event, object or attribute.
        group: Name or UUID of the sharing group.
        is_event: Whether it is an event, which inherits no distribution.
    """
    level = str(record.get("distribution", _INHERITED))
    if level != _SHARING_GROUP:
        return level == _ALL_COMMUNITIES or (level == _INHERITED and not is_event)
    described = record.get("SharingGroup")
    if not isinstance(described, dict):
        return False
    return group == described.get("name") or group.lower() == str(described.get("uuid")).lower()
