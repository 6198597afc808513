"""Sealing and opening of packets: fields under one manifest, opened by a release."""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tearline.blobs.description import blob_in
from tearline.crypto.shuffle import shuffled
from tearline.dataclass.immutable import immutable
from tearline.errors import (
    CiphertextAltered,
    CommitmentMismatch,
    DecryptionFailed,
    NotFound,
    PacketTooLarge,
)
from tearline.limits import (
    COMPARTMENTS_MULTIPLE,
    MAX_BLOB_LINKS,
    MAX_COMPARTMENTS,
    MAX_PACKET_BYTES,
    MAX_SLOTS,
    SLOTS_MULTIPLE,
)
from tearline.packets.ciphertexts import ciphertexts_root, verify_ciphertexts
from tearline.packets.commitments import (
    field_secret,
    marking_digest,
    opening_commit,
    opening_salt,
    verify_opening,
)
from tearline.packets.grant import Grant
from tearline.packets.packet import (
    PACKET_ID_SIZE,
    SECRET_SIZE,
    AgreementRef,
    BlobLink,
    Existence,
    Field,
    Manifest,
    Marked,
    OpenedField,
    Opening,
    PacketKind,
    PacketParts,
    Urgency,
    View,
    WithholdReason,
    verify_unique_paths,
)
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.sealing.slots import open_slots, release_slot, seal_slots
from tearline.statements.statement import HASH_SIZE, Header
from tearline.wire.packets import CompartmentRelease, OpeningRelease, Release


@immutable
class Envelope:
    """Properties of a manifest beside its contents."""

    kind: PacketKind
    agreement: AgreementRef
    not_after_ms: int
    case_id: str = ""
    urgency: Urgency = Urgency.ROUTINE
    derived_from: tuple[bytes, ...] = ()
    supersedes: bytes = b""
    evaluation: str = "X4"


@immutable
class SealedPacket:
    """Packet before the signature of its manifest, with the originator's secrets.

    Attributes:
        manifest: Ready to encode and sign.
        openings: By compartment; for the exchange, and inside grants.
        ciphertexts: By slot, padding slots included.
        keys: The 32-byte compartment keys, for the originator's keystore.
        blobs: Large documents that its fields describe, by slot; for the exchange.
    """

    manifest: Manifest
    openings: Mapping[int, Opening]
    ciphertexts: tuple[bytes, ...]
    keys: Mapping[int, bytes]
    blobs: tuple[BlobLink, ...] = ()

    def __repr__(self) -> str:
        return f"SealedPacket({self.manifest.packet_id.hex()})"


def seal(fields: Sequence[Field], envelope: Envelope, header: Header) -> SealedPacket:
    """Seals ``fields`` under fresh keys, and returns the packet.

    Args:
        fields: Every field in every form that some partner may get.
        envelope: The manifest's other properties.
        header: The originator's, as its signer gives it.

    Raises:
        PathDuplicated: If a path appears twice in one form.
        PacketTooLarge: If there are no fields, or more than a packet carries, or more large
            documents than one message links.
    """
    verify_unique_paths(fields)
    groups: dict[tuple[Marking, Form, str], list[Field]] = defaultdict(list)
    for field in fields:
        groups[field.marking, field.form, field.mask].append(field)
    if not 0 < len(groups) <= MAX_COMPARTMENTS or len(fields) > MAX_SLOTS:
        raise PacketTooLarge("the packet has no fields, or too many")
    packet_id = secrets.token_bytes(PACKET_ID_SIZE)

    # Random positions, padding included, so that an index reveals no order.
    slot_count = _round_up(len(fields), SLOTS_MULTIPLE)
    compartment_count = _round_up(len(groups), COMPARTMENTS_MULTIPLE)
    free_slots = shuffled(slot_count)
    free_compartments = shuffled(compartment_count)

    placed: dict[int, tuple[bytes, Field]] = {}
    compartments: dict[int, bytes] = {}
    openings: dict[int, Opening] = {}
    keys: dict[int, bytes] = {}
    links: dict[int, BlobLink] = {}
    for (marking, form, mask), members in groups.items():
        c = free_compartments.pop()
        keys[c] = secrets.token_bytes(SECRET_SIZE)
        places = sorted(free_slots.pop() for _ in members)
        for i, field in zip(places, members, strict=True):
            placed[i] = field_secret(keys[c], packet_id, c, i), field
            if blob := blob_in(field):
                links[i] = BlobLink(slot=i, id=blob.id, root=blob.root)
        openings[c] = Opening(
            compartment=c,
            salt=opening_salt(keys[c], c),
            marking=marking,
            form=form,
            mask=mask,
            slots=tuple(places),
        )
        compartments[c] = opening_commit(packet_id, openings[c])
    verify_links(len(links))
    slots, ciphertexts = seal_slots(packet_id, placed)
    lengths = [len(ciphertext) for ciphertext in ciphertexts.values()]
    room, random = MAX_PACKET_BYTES - sum(lengths), secrets.SystemRandom()
    for i in free_slots:
        # Repeated padding with a document of a megabyte would exceed the packet's limit.
        length = random.choice([each for each in lengths if each <= room] or [min(lengths)])
        room -= length
        ciphertexts[i] = secrets.token_bytes(length)
        slots[i] = secrets.token_bytes(HASH_SIZE)
    for c in free_compartments:
        compartments[c] = secrets.token_bytes(HASH_SIZE)
    in_order = tuple(ciphertexts[i] for i in range(slot_count))
    manifest = Manifest(
        header=header,
        packet_id=packet_id,
        not_after_ms=envelope.not_after_ms,
        kind=envelope.kind,
        agreement=envelope.agreement,
        case_id=envelope.case_id,
        urgency=envelope.urgency,
        derived_from=envelope.derived_from,
        supersedes=envelope.supersedes,
        evaluation=envelope.evaluation,
        compartments=tuple(compartments[c] for c in range(compartment_count)),
        slots=tuple(slots[i] for i in range(slot_count)),
        ciphertexts_root=ciphertexts_root(in_order),
    )
    return SealedPacket(
        manifest=manifest,
        openings=openings,
        ciphertexts=in_order,
        keys=keys,
        blobs=tuple(links[i] for i in sorted(links)),
    )


def verify_links(number: int) -> None:
    """Checks the number of large documents of a packet, which travels in one message.

    Raises:
        PacketTooLarge: If there are too many.
    """
    if number > MAX_BLOB_LINKS:
        raise PacketTooLarge(f"{number} large documents, of {MAX_BLOB_LINKS} in a packet")


def release_of(
    sealed: SealedPacket,
    *,
    existences: Mapping[int, WithholdReason],
    compartments: Iterable[int],
    slots: Iterable[int] = (),
) -> Release:
    """Returns an originator's release of parts of its packet.

    Args:
        sealed: The packet, with its keys.
        existences: Compartments to disclose, with the reason to withhold them.
        compartments: Compartments to release whole.
        slots: Slots to release singly.

    Raises:
        NotFound: If a compartment or a slot is padding, or does not exist.
    """
    packet_id = sealed.manifest.packet_id
    compartments, slots = sorted(compartments), sorted(slots)
    opened = sealed.openings.values() if slots else ()
    opening_of = {slot: opening for opening in opened for slot in opening.slots}
    named = {*existences, *compartments}
    if not (named <= sealed.openings.keys() and opening_of.keys() >= {*slots}):
        raise NotFound("the packet has no such compartment or slot")
    return Release(
        openings=tuple(
            OpeningRelease(opening=sealed.openings[c], reason=existences[c])
            for c in sorted(existences)
        ),
        compartments=tuple(
            CompartmentRelease(opening=sealed.openings[c], key=sealed.keys[c]) for c in compartments
        ),
        fields=tuple(
            release_slot(packet_id, opening_of[i], sealed.keys[opening_of[i].compartment], i)
            for i in slots
        ),
    )


def open_packet(manifest: Manifest, ciphertexts: Mapping[int, bytes], release: Release) -> View:
    """Opens every part of a packet that ``release`` has keys for (spec P-14 to P-15).

    Args:
        manifest: From a statement with a verified signature.
        ciphertexts: By slot; those without a key here may be absent.
        release: From a grant with a verified signature.

    Returns:
        Every granted field and every disclosed compartment; all of them verified.

    Raises:
        CommitmentMismatch: If an opening, a key or a plaintext does not match the manifest's
            commitment.
        CiphertextMissing: If a granted ciphertext is absent.
        DecryptionFailed: If a ciphertext does not open.
        PathDuplicated: If two fields share a path and a form.
        StatementMalformed: If a plaintext is not a field.
    """
    return _view(release, open_slots(manifest, _released(manifest, release), ciphertexts))


def open_delivered(manifest: Manifest, parts: PacketParts, release: Release) -> View:
    """Opens a delivered packet; if a field does not open, the error names the party at fault.

    A ciphertext that opens to its commitment is the one that was sealed: it needs no path. If one
    does not, the path decides. If it leads to the root that was signed, the originator sealed that
    ciphertext; otherwise the exchange delivered another.

    This is the judgement of the recipient, who opened ``release`` itself. To anyone else it proves
    only faults of released compartments: nothing public commits to the secret of a single slot.

    Raises:
        CiphertextAltered: If the ciphertexts are not those that were signed, or the path does not
            show it; otherwise as in ``open_packet``, for which the originator answers.
    """
    released = _released(manifest, release)
    try:
        return _view(release, open_slots(manifest, released, parts.ciphertexts))
    except (CommitmentMismatch, DecryptionFailed):
        try:
            verify_ciphertexts(manifest, parts)
        except CommitmentMismatch as altered:
            raise CiphertextAltered(altered.why) from None
        raise


def granted_slots(manifest: Manifest, grant: Grant, openings: Mapping[int, Opening]) -> set[int]:
    """Returns the slots with ciphertexts that a recipient of ``grant`` may get.

    Raises:
        CommitmentMismatch: If the grant lists a part that the packet or the openings do not
            have.
    """
    slots = set(grant.fields)
    for c in grant.compartments:
        if c not in openings:
            raise CommitmentMismatch("the grant lists a compartment without its opening")
        slots.update(openings[c].slots)
    if max(slots, default=0) >= len(manifest.slots):
        raise CommitmentMismatch("the grant lists a slot that the packet does not have")
    return slots


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _released(manifest: Manifest, release: Release) -> dict[int, tuple[bytes, Marked]]:
    """Returns the secret and the marking of each released slot."""
    _verify_openings(manifest, release)
    released: dict[int, tuple[bytes, Marked]] = {}
    for item in release.compartments:
        opening, c = item.opening, item.opening.compartment
        for i in opening.slots:
            released[i] = field_secret(item.key, manifest.packet_id, c, i), opening
    for single in release.fields:
        if single.slot >= len(manifest.slots):
            raise CommitmentMismatch("the packet has no such slot")
        secret, marked = released.setdefault(single.slot, (single.secret, single))
        if (secret, marking_digest(marked)) != (single.secret, marking_digest(single)):
            raise CommitmentMismatch("a slot is released in two ways that differ")
    return released


def _view(release: Release, fields: Mapping[int, Field]) -> View:
    verify_unique_paths(fields.values())
    return View(
        fields=tuple(OpenedField(slot=i, field=field) for i, field in fields.items()),
        existences=tuple(
            Existence(
                compartment=told.opening.compartment,
                category=told.opening.marking.category,
                slots=told.opening.slots,
                reason=told.reason,
            )
            for told in release.openings
        ),
    )


def _verify_openings(manifest: Manifest, release: Release) -> None:
    """Checks all openings of disclosed and released compartments (spec P-14)."""
    seen: set[int] = set()
    told, whole = release.openings, release.compartments
    for opening in [*(item.opening for item in told), *(item.opening for item in whole)]:
        verify_opening(manifest, opening)
        if not seen.isdisjoint(opening.slots):
            raise CommitmentMismatch("two compartments hold one slot")
        seen.update(opening.slots)
