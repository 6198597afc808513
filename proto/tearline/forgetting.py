"""What is left of a release once some of its slots are to be forgotten."""

from collections.abc import Set

from tearline.commitments import field_secret
from tearline.wire.packets import FieldRelease, Release


def without(release: Release, packet_id: bytes, slots: Set[int]) -> Release:
    """A release that no longer opens some slots, and everything else as before.

    The key of a compartment opens all of its fields: where one goes, the key goes, and the
    secrets of the others stay.

    Args:
        release: What a grant released.
        packet_id: 16 bytes, the packet's.
        slots: What is to be forgotten.
    """
    secrets = {item.slot: item.secret for item in release.fields}
    compartments = []
    for item in release.compartments:
        opening = item.opening
        if slots.isdisjoint(opening.slots):
            compartments.append(item)
            continue
        for slot in opening.slots:
            secrets[slot] = field_secret(item.key, packet_id, opening.compartment, slot)
    return Release(
        openings=release.openings,
        compartments=tuple(compartments),
        fields=tuple(
            FieldRelease(slot=slot, secret=secrets[slot]) for slot in sorted(secrets.keys() - slots)
        ),
    )


def opened_slots(release: Release) -> frozenset[int]:
    """Every slot that a release opens."""
    whole = (slot for item in release.compartments for slot in item.opening.slots)
    return frozenset(item.slot for item in release.fields).union(whole)
