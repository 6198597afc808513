"""Seal, open and release: the only user of HPKE and Cobblestone.

Neither commits to its key: one ciphertext can be made to open under two keys to two
plaintexts. So the manifest holds a commitment to every plaintext, key and opening, all of
them are checked in constant time, and nothing reaches the caller before every granted part
has verified. Specified in docs/spec/packet-v1.md.

    ciphertext_i    Cobblestone-256(K_i, context = label ‖ packet id ‖ i)
    sealed part     HPKE base mode to the recipient, info = label ‖ SHA-256(grant before it)
    note            the same of any other statement, info = label ‖ id of the body before it
"""

import hashlib
import hmac
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from tearline.commitments import (
    field_keys,
    field_secret,
    key_commit,
    opening_commit,
    padded_length,
    slot_commit,
    verify_ciphertext,
    verify_opening,
)
from tearline.encoding import label, labelled_sha256, prefixed, u32
from tearline.errors import (
    CiphertextMissing,
    CommitmentMismatch,
    DecryptionFailed,
    GrantMisdirected,
    NotFound,
    PacketTooLarge,
    ReleaseMismatch,
    StatementMalformed,
    SuiteUnknown,
)
from tearline.grant import Grant
from tearline.keys import SUITE, KemKey, KemPublicKey
from tearline.limits import (
    COMPARTMENTS_MULTIPLE,
    MAX_COMPARTMENTS,
    MAX_PACKET_BYTES,
    MAX_SLOTS,
    SLOTS_MULTIPLE,
)
from tearline.packet import (
    PACKET_ID_SIZE,
    SECRET_SIZE,
    AgreementRef,
    Compartment,
    Existence,
    Field,
    Manifest,
    OpenedField,
    Opening,
    PacketKind,
    Pins,
    Slot,
    Urgency,
    View,
    WithholdReason,
    verify_unique_paths,
)
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.statement import HASH_SIZE, Header, StatementType, statement_id
from tearline.wire.flow import encode_grant_prefix
from tearline.wire.packets import (
    CompartmentRelease,
    FieldRelease,
    OpeningRelease,
    Release,
    encode_field,
    encode_release,
    parse_field,
    parse_release,
)

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)

_FIELD_CONTEXT = label("field")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What a manifest says beside its contents."""

    kind: PacketKind
    agreement: AgreementRef
    pins: Pins
    not_after_ms: int
    case_id: str = ""
    urgency: Urgency = Urgency.ROUTINE
    derived_from: tuple[bytes, ...] = ()
    supersedes: bytes = b""
    evaluation: str = "X4"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPacket:
    """A packet before its manifest is signed, and what only its originator keeps.

    Attributes:
        manifest: Ready to encode and sign.
        openings: By compartment; for the exchange, and inside grants.
        ciphertexts: By slot, padding slots included.
        keys: The 32-byte compartment keys, for the originator's keystore.
    """

    manifest: Manifest
    openings: Mapping[int, Opening]
    ciphertexts: tuple[bytes, ...]
    keys: Mapping[int, bytes]

    def __repr__(self) -> str:
        return f"SealedPacket({self.manifest.packet_id.hex()})"


def seal(fields: Sequence[Field], envelope: Envelope, header: Header) -> SealedPacket:
    """Seals ``fields`` under fresh keys.

    Args:
        fields: Every field in every form that some partner may get.
        envelope: What the manifest says beside them.
        header: The originator's, as its signer gives it.

    Raises:
        PathDuplicated: If a path stands twice in one form.
        PacketTooLarge: If there are none, or more than a packet carries.
    """
    verify_unique_paths(fields)
    groups: dict[tuple[Marking, Form], list[Field]] = defaultdict(list)
    for field in fields:
        groups[field.marking, field.form].append(field)
    if not 0 < len(groups) <= MAX_COMPARTMENTS or len(fields) > MAX_SLOTS:
        raise PacketTooLarge("a packet holds at least one field, and no more than fit")
    packet_id = secrets.token_bytes(PACKET_ID_SIZE)

    # Positions are drawn at random, padding included, so that an index tells nothing.
    slot_count = _round_up(len(fields), SLOTS_MULTIPLE)
    compartment_count = _round_up(len(groups), COMPARTMENTS_MULTIPLE)
    random = secrets.SystemRandom()
    free_slots = random.sample(range(slot_count), slot_count)
    free_compartments = random.sample(range(compartment_count), compartment_count)

    slots: dict[int, Slot] = {}
    ciphertexts: dict[int, bytes] = {}
    compartments: dict[int, Compartment] = {}
    openings: dict[int, Opening] = {}
    keys: dict[int, bytes] = {}
    for (marking, form), members in groups.items():
        c = free_compartments.pop()
        keys[c] = secrets.token_bytes(SECRET_SIZE)
        places = sorted(free_slots.pop() for _ in members)
        for i, field in zip(places, members, strict=True):
            slots[i], ciphertexts[i] = _seal_slot(packet_id, c, i, keys[c], field)
        openings[c] = Opening(
            packet_id=packet_id,
            compartment=c,
            salt=secrets.token_bytes(HASH_SIZE),
            marking=marking,
            form=form,
            slots=tuple(places),
        )
        compartments[c] = Compartment(
            opening_commit=opening_commit(openings[c]),
            key_commit=key_commit(packet_id, c, keys[c]),
        )
    lengths = [len(ciphertext) for ciphertext in ciphertexts.values()]
    room = MAX_PACKET_BYTES - sum(lengths)
    for i in free_slots:
        # A document of a megabyte drawn again and again would make a packet that nobody takes.
        length = random.choice([each for each in lengths if each <= room] or [min(lengths)])
        room -= length
        ciphertexts[i] = secrets.token_bytes(length)
        slots[i] = _slot(secrets.token_bytes(HASH_SIZE), ciphertexts[i])
    for c in free_compartments:
        compartments[c] = Compartment(
            opening_commit=secrets.token_bytes(HASH_SIZE),
            key_commit=secrets.token_bytes(HASH_SIZE),
        )
    manifest = Manifest(
        header=header,
        suite=SUITE,
        packet_id=packet_id,
        not_after_ms=envelope.not_after_ms,
        kind=envelope.kind,
        agreement=envelope.agreement,
        case_id=envelope.case_id,
        urgency=envelope.urgency,
        pins=envelope.pins,
        derived_from=envelope.derived_from,
        supersedes=envelope.supersedes,
        evaluation=envelope.evaluation,
        compartments=tuple(compartments[c] for c in range(compartment_count)),
        slots=tuple(slots[i] for i in range(slot_count)),
    )
    return SealedPacket(
        manifest=manifest,
        openings=openings,
        ciphertexts=tuple(ciphertexts[i] for i in range(slot_count)),
        keys=keys,
    )


def seal_release(grant: Grant, release: Release, recipient: KemPublicKey) -> Grant:
    """``grant`` with ``release`` sealed into it.

    Args:
        grant: Everything but the sealed part.
        release: What it lists, with keys.
        recipient: The encryption key that ``grant.kem_key_id`` names.

    Raises:
        GrantMisdirected: If the key is another one.
        ReleaseMismatch: If ``release`` holds other things than the grant lists.
    """
    if recipient.id != grant.kem_key_id:
        raise GrantMisdirected("the key is not the one that the grant names")
    _verify_listed(grant, release)
    sealed = _HPKE.encrypt(encode_release(release), recipient.hpke, info=_grant_info(grant))
    return replace(grant, sealed=sealed)


def open_release(grant: Grant, key: KemKey) -> Release:
    """What the sealed part of ``grant`` releases (spec P-14, P-16).

    Raises:
        GrantMisdirected: If it is not sealed to ``key`` with exactly this grant around it.
        ReleaseMismatch: If it holds other things than the grant lists.
        StatementMalformed: If what it holds is not a release.
    """
    if key.id != grant.kem_key_id:
        raise GrantMisdirected("the grant is sealed to another key")
    try:
        plaintext = _HPKE.decrypt(grant.sealed, key.hpke, info=_grant_info(grant))
    except (InvalidTag, ValueError):
        # ValueError: shorter than an encapsulation.
        raise GrantMisdirected("the sealed part does not open") from None
    release = parse_release(plaintext)
    _verify_listed(grant, release)
    return release


def seal_note(note: bytes, recipient: KemPublicKey, kind: StatementType, before: bytes) -> bytes:
    """What a partner alone may read of a statement, padded and sealed to its key.

    Args:
        note: What is told; its length shows as little as a field's does.
        recipient: The encryption key that the body names.
        kind: The statement's type.
        before: The encoded body without the sealed part, which this one is bound to.
    """
    return _HPKE.encrypt(_padded(note), recipient.hpke, info=_note_info(kind, before))


def open_note(sealed: bytes, key: KemKey, kind: StatementType, before: bytes) -> bytes:
    """What ``seal_note`` sealed.

    Raises:
        DecryptionFailed: If it is not sealed to ``key`` with exactly this body around it.
        StatementMalformed: If it is padded otherwise than it must be.
    """
    try:
        plaintext = _HPKE.decrypt(sealed, key.hpke, info=_note_info(kind, before))
    except (InvalidTag, ValueError):
        # ValueError: shorter than an encapsulation.
        raise DecryptionFailed("the sealed part of a statement") from None
    return _unpadded(plaintext)


def release_of(
    sealed: SealedPacket,
    *,
    existences: Mapping[int, WithholdReason],
    compartments: Iterable[int],
    slots: Iterable[int] = (),
) -> Release:
    """What an originator releases of its packet.

    Args:
        sealed: The packet, with its keys.
        existences: Compartments to tell of, with the reason for keeping them back.
        compartments: Compartments to release whole.
        slots: Slots to release singly.

    Raises:
        NotFound: If a compartment or a slot is padding, or not there.
    """
    packet_id = sealed.manifest.packet_id
    compartments, slots = sorted(compartments), sorted(slots)
    compartment_of = {
        slot: opening.compartment for opening in sealed.openings.values() for slot in opening.slots
    }
    named = {*existences, *compartments}
    if not (named <= sealed.openings.keys() and compartment_of.keys() >= {*slots}):
        raise NotFound("the packet holds nothing there")
    return Release(
        openings=tuple(
            OpeningRelease(opening=sealed.openings[c], reason=existences[c])
            for c in sorted(existences)
        ),
        compartments=tuple(
            CompartmentRelease(opening=sealed.openings[c], key=sealed.keys[c]) for c in compartments
        ),
        fields=tuple(
            FieldRelease(
                slot=i,
                secret=field_secret(
                    sealed.keys[compartment_of[i]], packet_id, compartment_of[i], i
                ),
            )
            for i in slots
        ),
    )


def open_packet(manifest: Manifest, ciphertexts: Mapping[int, bytes], release: Release) -> View:
    """Opens every part of a packet that ``release`` gives keys for (spec P-18 to P-22).

    Args:
        manifest: From a statement whose signature was verified.
        ciphertexts: By slot; those without a key here may be absent.
        release: From a grant whose signature was verified.

    Returns:
        Every granted field and every compartment told of; all of them verified.

    Raises:
        SuiteUnknown: If the packet is of another suite.
        CommitmentMismatch: If an opening, a key, a ciphertext or a plaintext is not the
            one that the manifest commits to.
        CiphertextMissing: If a granted ciphertext is absent.
        DecryptionFailed: If a ciphertext does not open.
        PathDuplicated: If two fields share a path and a form.
        StatementMalformed: If a plaintext is not a field.
    """
    if manifest.suite != SUITE:
        raise SuiteUnknown(f"suite {manifest.suite}")
    _verify_openings(manifest, release)
    secrets_by_slot: dict[int, bytes] = {}
    openings: dict[int, Opening] = {}
    for item in release.compartments:
        opening, c = item.opening, item.opening.compartment
        commit = manifest.compartments[c].key_commit
        if not hmac.compare_digest(commit, key_commit(manifest.packet_id, c, item.key)):
            raise CommitmentMismatch("a compartment's key is not the one that was signed")
        for i in opening.slots:
            secrets_by_slot[i] = field_secret(item.key, manifest.packet_id, c, i)
            openings[i] = opening
    for single in release.fields:
        # A slot granted twice opens alike: both ways end at the slot's one commitment.
        secrets_by_slot.setdefault(single.slot, single.secret)
    fields = {
        i: _open_slot(manifest, i, secrets_by_slot[i], ciphertexts) for i in sorted(secrets_by_slot)
    }
    for i, opening in openings.items():
        if (fields[i].marking, fields[i].form) != (opening.marking, opening.form):
            raise CommitmentMismatch("a field is marked otherwise than its compartment")
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


def granted_slots(manifest: Manifest, grant: Grant, openings: Mapping[int, Opening]) -> set[int]:
    """The slots whose ciphertext a recipient of ``grant`` may get.

    Raises:
        CommitmentMismatch: If the grant lists what the packet or the openings do not have.
    """
    slots = set(grant.fields)
    for c in grant.compartments:
        if c not in openings:
            raise CommitmentMismatch("the grant lists a compartment without its opening")
        slots.update(openings[c].slots)
    if any(i >= len(manifest.slots) for i in slots):
        raise CommitmentMismatch("the grant lists a slot that the packet does not have")
    return slots


def decision_digest(salt: bytes, decision: bytes) -> bytes:
    """The 32-byte salted digest of a policy decision, as a grant carries it."""
    return labelled_sha256("decision", salt, prefixed(decision))


def field_plaintext(field: Field) -> bytes:
    """What is sealed of a field: its encoding with its length before it, padded (spec P-9)."""
    return _padded(encode_field(field))


def _padded(encoded: bytes) -> bytes:
    framed = prefixed(encoded)
    return framed.ljust(padded_length(len(framed)), b"\0")


def _unpadded(plaintext: bytes) -> bytes:
    end = 4 + int.from_bytes(plaintext[:4], "big")
    length = len(plaintext)
    # The length first: what it lets pass ends within the plaintext, and zeros are behind that.
    if length != padded_length(end) or plaintext.count(0, end) != length - end:
        raise StatementMalformed("the padding of what was sealed is not the one it must have")
    return plaintext[4:end]


def parse_field_plaintext(plaintext: bytes) -> Field:
    """The field that was sealed as ``plaintext``.

    Raises:
        StatementMalformed: If it is no field, or padded otherwise than it must be.
    """
    return parse_field(_unpadded(plaintext))


def _round_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _slot(commit: bytes, ciphertext: bytes) -> Slot:
    return Slot(
        commit=commit,
        ciphertext_sha256=hashlib.sha256(ciphertext).digest(),
        ciphertext_length=len(ciphertext),
    )


def _seal_slot(
    packet_id: bytes, compartment: int, slot: int, key: bytes, field: Field
) -> tuple[Slot, bytes]:
    plaintext = field_plaintext(field)
    cipher_key, salt = field_keys(field_secret(key, packet_id, compartment, slot), packet_id, slot)
    encryptor = Cobblestone256Encryptor(cipher_key, _FIELD_CONTEXT + packet_id + u32(slot))
    ciphertext = encryptor.update(plaintext) + encryptor.finalize()
    return _slot(slot_commit(packet_id, slot, salt, plaintext), ciphertext), ciphertext


def _open_slot(
    manifest: Manifest, slot: int, secret: bytes, ciphertexts: Mapping[int, bytes]
) -> Field:
    if slot >= len(manifest.slots):
        raise CommitmentMismatch("the packet has no such slot")
    if slot not in ciphertexts:
        raise CiphertextMissing()
    ciphertext = ciphertexts[slot]
    verify_ciphertext(manifest, slot, ciphertext)
    packet_id = manifest.packet_id
    cipher_key, salt = field_keys(secret, packet_id, slot)
    decryptor = Cobblestone256Decryptor(cipher_key, _FIELD_CONTEXT + packet_id + u32(slot))
    try:
        plaintext = decryptor.update(ciphertext) + decryptor.finalize()
    except (InvalidTag, ValueError):
        raise DecryptionFailed() from None
    commit = slot_commit(packet_id, slot, salt, plaintext)
    if not hmac.compare_digest(commit, manifest.slots[slot].commit):
        raise CommitmentMismatch("a field is not the one that was signed")
    return parse_field_plaintext(plaintext)


def _grant_info(grant: Grant) -> bytes:
    return label("grant") + hashlib.sha256(encode_grant_prefix(grant)).digest()


def _note_info(kind: StatementType, before: bytes) -> bytes:
    return label("note") + statement_id(kind, before)


def _verify_openings(manifest: Manifest, release: Release) -> None:
    """Checks all openings, of what is told of and of what is released (spec P-18)."""
    seen: set[int] = set()
    told, whole = release.openings, release.compartments
    for opening in [*(item.opening for item in told), *(item.opening for item in whole)]:
        verify_opening(manifest, opening)
        if not seen.isdisjoint(opening.slots):
            raise CommitmentMismatch("two compartments hold one slot")
        seen.update(opening.slots)


def _verify_listed(grant: Grant, release: Release) -> None:
    listed = (grant.openings, grant.compartments, grant.fields)
    held = (
        tuple(item.opening.compartment for item in release.openings),
        tuple(item.opening.compartment for item in release.compartments),
        tuple(item.slot for item in release.fields),
    )
    if listed != held:
        raise ReleaseMismatch()
