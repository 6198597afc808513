"""Partial removal of a release: some of its slots are erased."""

from collections.abc import Set

from tearline.sealing.slots import release_slot
from tearline.wire.packets import Release


def redact_release(release: Release, packet_id: bytes, slots: Set[int]) -> Release:
    """Returns a release without the secrets of some slots.

    The key of a compartment opens all of its fields. If one field is erased, the key is removed
    too, and the secrets of the remaining fields replace it.

    Args:
        release: The release of a grant.
        packet_id: 16 bytes, the packet's.
        slots: The slots to erase.
    """
    singles = {item.slot: item for item in release.fields}
    compartments = []
    for item in release.compartments:
        opening = item.opening
        if slots.isdisjoint(opening.slots):
            compartments.append(item)
            continue
        for slot in opening.slots:
            singles[slot] = release_slot(packet_id, opening, item.key, slot)
    return Release(
        openings=release.openings,
        compartments=tuple(compartments),
        fields=tuple(singles[slot] for slot in sorted(singles.keys() - slots)),
    )


def opened_slots(release: Release) -> frozenset[int]:
    """Returns every slot that a release opens."""
    whole = (slot for item in release.compartments for slot in item.opening.slots)
    return frozenset(item.slot for item in release.fields).union(whole)
