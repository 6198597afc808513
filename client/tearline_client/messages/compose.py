"""Composition of messages: packets and their grants under one signature, cut into messages.

This module neither sends nor stores. The node stores a composition before it sends any of it.
"""

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence

from tearline.crypto.keys import KemPublicKey
from tearline.crypto.shuffle import shuffled
from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BLOB_LINKS
from tearline.packets.grant import GRANT_ID_SIZE, Caveats, Grant
from tearline.packets.packet import AgreementRef, PacketParts
from tearline.policy.marking import HANDLING_CODES, Marking, Pap
from tearline.sealing import (
    Envelope,
    SealedPacket,
    release_of,
    seal,
    seal_release,
)
from tearline.statements.channel import Address
from tearline.statements.signer import SignedTree, Signer
from tearline.statements.statement import ActedBy, Header, StatementType, statement_id
from tearline.wire.grants import encode_grant
from tearline.wire.packets import Release, encode_manifest
from tearline.wire.publications import Publication, publication_of
from tearline.wire.statements import Signed, signed
from tearline_client.planning.release_plan import ReleasePlan, Selection

MESSAGE_BYTES = 900 << 10  # packets and statements; with framing, a message is about 1 MiB
TREE_LIMIT = 512  # single statements under one signature
NextPlace = Callable[[str, bytes], Address]
KemKeyOf = Callable[[str], KemPublicKey]


@immutable
class ComposedPacket:
    """One packet as it is stored and sent.

    Attributes:
        manifest: Its statement.
        parts: Openings and every ciphertext.
        keys: All its compartment keys, for the originator only.
        grants: One statement for each recipient.
    """

    manifest: Signed
    parts: PacketParts
    keys: Release
    grants: tuple[Signed, ...]


@immutable
class Composition:
    """Packets under one signature, and the messages that carry them, in order."""

    packets: tuple[ComposedPacket, ...]
    publications: tuple[Publication, ...]


@immutable
class GrantContext:
    """Inputs for making grants.

    Attributes:
        signer: The node's signer.
        acted_by: The releasing person, or None for a machine's duty.
        kem_key_of: Returns a node's current encryption key.
        next_place: Assigns the next place in a channel.
        seconded_by: The approving person, if another drafted it.
    """

    signer: Signer
    acted_by: ActedBy | None
    kem_key_of: KemKeyOf
    next_place: NextPlace
    seconded_by: ActedBy | None = None


def seal_plans(plans: Sequence[ReleasePlan], header: Header) -> tuple[SealedPacket, ...]:
    """Seals each plan's packet, without grants; safe in any thread.

    Args:
        plans: One for each packet.
        header: Header of the sending node.
    """
    return tuple(_sealed(plan, header) for plan in plans)


def _sealed(plan: ReleasePlan, header: Header) -> SealedPacket:
    draft = plan.draft
    return seal(
        plan.fields,
        Envelope(
            kind=draft.kind,
            agreement=AgreementRef(
                id=draft.agreement.id,
                version=draft.agreement.version,
                article=draft.article,
            ),
            not_after_ms=draft.not_after_ms,
            case_id=draft.case_id,
            urgency=draft.urgency,
            derived_from=draft.derived_from,
            supersedes=draft.supersedes,
            evaluation=draft.evaluation,
        ),
        header,
    )


def grant_plans(
    plans: Sequence[ReleasePlan], sealed_packets: Sequence[SealedPacket], releaser: GrantContext
) -> Composition:
    """Grants sealed packets as planned, and signs all statements at once.

    Args:
        plans: One for each packet.
        sealed_packets: The result of ``seal_plans``.
        releaser: The inputs for making grants.

    Raises:
        NothingReleased: If a recipient would get no field of a packet.
        AddresseeKeyMissing: If a recipient has no valid encryption key.
        StatementMalformed: If there are too many statements for one signature, or several
            agreements.
    """
    if len({plan.draft.agreement.id for plan in plans}) > 1:
        raise StatementMalformed("one signature covers only one agreement")
    bodies: list[tuple[StatementType, bytes]] = []
    places: list[tuple[int, int]] = []
    for plan, sealed in zip(plans, sealed_packets, strict=True):
        body = encode_manifest(sealed.manifest)
        first = len(bodies)
        bodies.append((StatementType.MANIFEST, body))
        packet = statement_id(StatementType.MANIFEST, body)
        # In random order, so that a message's order reveals no other recipients.
        for recipient in map(plan.recipients.__getitem__, shuffled(len(plan.recipients))):
            grant = make_grant(
                sealed,
                packet,
                plan.selection(recipient, sealed),
                recipient,
                releaser,
                purpose=plan.draft.purpose,
            )
            bodies.append((StatementType.GRANT, encode_grant(grant)))
        places.append((first, len(bodies)))
    tree = releaser.signer.sign(bodies)
    packets = tuple(
        _composed(tree, sealed, *place)
        for sealed, place in zip(sealed_packets, places, strict=True)
    )
    return Composition(packets=packets, publications=_messages(tree, packets, places))


def make_grant(
    sealed: SealedPacket,
    packet: bytes,
    selection: Selection,
    recipient: str,
    releaser: GrantContext,
    *,
    purpose: str,
    slots: tuple[int, ...] = (),
) -> Grant:
    """Returns a grant of one packet to one recipient, sealed to its current key.

    Args:
        sealed: The packet with its keys.
        packet: 32 bytes, its manifest's statement id.
        selection: The compartments to report and to release.
        recipient: Node URI.
        releaser: The inputs for making grants.
        purpose: The permitted purpose.
        slots: Slots to release singly.
    """
    manifest = sealed.manifest
    kem_key = releaser.kem_key_of(recipient)
    released = [sealed.openings[c].marking for c in selection.compartments]
    released += [
        opening.marking for opening in sealed.openings.values() if set(slots) & set(opening.slots)
    ]
    grant = Grant(
        header=releaser.signer.header,
        address=releaser.next_place(recipient, manifest.agreement.id),
        grant_id=secrets.token_bytes(GRANT_ID_SIZE),
        packet=packet,
        kem_key_id=kem_key.id,
        not_after_ms=manifest.not_after_ms,
        purpose=purpose,
        caveats=_caveats(released),
        openings=tuple(sorted(selection.existences)),
        compartments=selection.compartments,
        fields=slots,
        acted_by=releaser.acted_by,
        sealed=b"",
        seconded_by=releaser.seconded_by,
    )
    release = release_of(
        sealed,
        existences=selection.existences,
        compartments=selection.compartments,
        slots=slots,
    )
    return seal_release(grant, release, kem_key)


def _composed(tree: SignedTree, sealed: SealedPacket, first: int, stop: int) -> ComposedPacket:
    manifest = signed(tree, first)
    return ComposedPacket(
        manifest=manifest,
        parts=PacketParts(
            manifest=manifest.statement.id,
            openings=tuple(sealed.openings[c] for c in sorted(sealed.openings)),
            ciphertexts=dict(enumerate(sealed.ciphertexts)),
            slot_count=len(sealed.ciphertexts),
            blobs=sealed.blobs,
        ),
        keys=release_of(sealed, existences={}, compartments=sealed.keys),
        grants=tuple(signed(tree, number) for number in range(first + 1, stop)),
    )


def _messages(
    tree: SignedTree, packets: Sequence[ComposedPacket], places: Sequence[tuple[int, int]]
) -> tuple[Publication, ...]:
    messages: list[Publication] = []
    numbers: list[int] = []
    parts: list[PacketParts] = []
    size = links = 0
    for packet, (first, stop) in zip(packets, places, strict=True):
        weight = sum(map(len, packet.parts.ciphertexts.values()))
        weight += sum(len(tree.leaves[number].body) for number in range(first, stop))
        linked = len(packet.parts.blobs)
        if parts and (size + weight > MESSAGE_BYTES or links + linked > MAX_BLOB_LINKS):
            messages.append(publication_of(tree, numbers, parts))
            numbers, parts, size, links = [], [], 0, 0
        numbers.extend(range(first, stop))
        parts.append(packet.parts)
        size += weight
        links += linked
    messages.append(publication_of(tree, numbers, parts))
    return tuple(messages)


def _caveats(markings: Sequence[Marking]) -> Caveats:
    handling = {code for marking in markings for code in marking.handling}
    return Caveats(
        handling=tuple(code for code in HANDLING_CODES if code in handling),
        orcon=any(marking.orcon for marking in markings),
        pap=max((marking.pap for marking in markings), default=Pap.CLEAR),
    )


def sign_together(
    signer: Signer, statements: Sequence[tuple[StatementType, bytes]]
) -> tuple[SignedTree, Publication]:
    """Signs single statements at once, and returns them in one message."""
    tree = signer.sign(statements)
    return tree, publication_of(tree, range(len(statements)))


def sign_by_agreement(
    signer: Signer, statements: Iterable[tuple[bytes, tuple[StatementType, bytes]]]
) -> Iterator[tuple[SignedTree, Publication]]:
    """Yields single statements, in messages and trees of one agreement each.

    Otherwise partners who compare their trees would learn of simultaneous statements under an
    agreement unknown to them.

    Args:
        signer: Signs them.
        statements: Each with the id of its agreement.
    """
    apart: dict[bytes, list[tuple[StatementType, bytes]]] = {}
    for agreement_id, statement in statements:
        apart.setdefault(agreement_id, []).append(statement)
    for together in apart.values():
        for start in range(0, len(together), TREE_LIMIT):
            yield sign_together(signer, together[start : start + TREE_LIMIT])
