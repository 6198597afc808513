"""Fields of an exhibit: shown by a holder of their keys, and opened by their commitments alone."""

from collections.abc import Iterable

from tearline.errors import CommitmentMismatch, OnwardUseForbidden
from tearline.onward.use import Use, conditions
from tearline.packets.commitments import field_keys, field_secret, slot_commit
from tearline.packets.packet import Manifest, OpenedField
from tearline.policy.marking import Marking
from tearline.sealing import field_plaintext, parse_field_plaintext
from tearline.wire.exhibits import ShownField
from tearline.wire.packets import Release


def show_slot(manifest: Manifest, releases: Iterable[Release], opened: OpenedField) -> ShownField:
    """Returns a slot opened for others, with keys of its holder.

    Args:
        manifest: The packet's.
        releases: The available keys.
        opened: The field, as opened with them.

    Raises:
        CommitmentMismatch: If no key matches the slot, or the field differs.
    """
    packet_id, slot = manifest.packet_id, opened.slot
    plaintext = field_plaintext(opened.field)
    for secret in field_secrets(packet_id, releases, slot):
        _, salt = field_keys(secret, packet_id, slot)
        field = opened.field
        shown = ShownField(
            slot=slot,
            salt=salt,
            plaintext=plaintext,
            marking=field.marking,
            form=field.form,
            mask=field.mask,
        )
        open_shown(manifest, shown)
        return shown
    raise CommitmentMismatch("the key to the field is missing")


def verify_may_show(marking: Marking) -> None:
    """Checks that an agency other than the originator may show a field of this marking.

    If a condition of the marking forbids it, the originator makes the exhibit itself, or consents
    to an exhibit by others; see ``tearline.onward.use``.

    Raises:
        OnwardUseForbidden: If a condition forbids it; names the condition.
    """
    if stands_against := conditions(marking, Use.EVIDENCE):
        raise OnwardUseForbidden(f"{marking.category}; " + "; ".join(stands_against))


def field_secrets(packet_id: bytes, releases: Iterable[Release], slot: int) -> Iterable[bytes]:
    """Yields the secret of a slot, from each release that opens it."""
    for release in releases:
        for item in release.compartments:
            if slot in item.opening.slots:
                yield field_secret(item.key, packet_id, item.opening.compartment, slot)
        for single in release.fields:
            if single.slot == slot:
                yield single.secret


def open_shown(manifest: Manifest, shown: ShownField) -> OpenedField:
    """Returns a shown field, which the manifest commits to.

    Raises:
        CommitmentMismatch: If the slot is not the manifest's, or differs from its commitment.
        StatementMalformed: If the plaintext is no field.
    """
    if shown.slot >= len(manifest.slots):
        raise CommitmentMismatch("the packet has no such slot")
    commit = slot_commit(manifest.packet_id, shown.slot, shown.salt, shown, shown.plaintext)
    if commit != manifest.slots[shown.slot]:
        raise CommitmentMismatch(f"slot {shown.slot} does not match its commitment")
    return OpenedField(slot=shown.slot, field=parse_field_plaintext(shown.plaintext, shown))
