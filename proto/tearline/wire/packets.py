"""Translators of manifests, openings, fields and releases."""

from dataclasses import dataclass

from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BODY_BYTES, MAX_FIELD_BYTES, MAX_SLOTS
from tearline.packets.packet import (
    SECRET_SIZE,
    AgreementRef,
    Compartment,
    Field,
    Manifest,
    Opening,
    PacketKind,
    Pins,
    Slot,
    Urgency,
    WithholdReason,
)
from tearline.policy.form import Form
from tearline.policy.marking import parse_marking
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import packet_pb2 as pb
from tearline.wire.codec import parse_strictly, serialize
from tearline.wire.statements import read_header, write_header

_MAX_OPENING_BYTES = 16 << 10  # 2,048 slot indices of three bytes, and a marking
_REASONS = tuple(WithholdReason)


def write_pins(pins: Pins) -> pb.Pins:
    """Returns pinned digests as protobuf."""
    return pb.Pins(policy=pins.policy, schema=pins.schema, profile=pins.profile, masks=pins.masks)


def read_pins(message: pb.Pins) -> Pins:
    """Returns pinned digests from protobuf."""
    return Pins(
        policy=message.policy,
        schema=message.schema,
        profile=message.profile,
        masks=message.masks,
    )


def encode_manifest(manifest: Manifest) -> bytes:
    """Returns the canonical encoding of a manifest: the body of its statement."""
    return serialize(_write_manifest(manifest))


def parse_manifest(body: bytes) -> Manifest:
    """Returns a manifest from its statement's body.

    Raises:
        StatementMalformed: If ``body`` is not the encoding of a valid manifest.
    """
    return parse_strictly(body, pb.Manifest, _read_manifest, maximum=MAX_BODY_BYTES)


def _write_manifest(manifest: Manifest) -> pb.Manifest:
    return pb.Manifest(
        header=write_header(manifest.header),
        suite=manifest.suite,
        packet_id=manifest.packet_id,
        not_after_ms=manifest.not_after_ms,
        kind=manifest.kind.value,
        agreement=pb.AgreementRef(
            id=manifest.agreement.id,
            version=manifest.agreement.version,
            article=manifest.agreement.article,
        ),
        case_id=manifest.case_id,
        urgency=manifest.urgency.value,
        pins=write_pins(manifest.pins),
        derived_from=manifest.derived_from,
        supersedes=manifest.supersedes,
        evaluation=manifest.evaluation,
        compartments=[
            pb.Compartment(opening_commit=c.opening_commit, key_commit=c.key_commit)
            for c in manifest.compartments
        ],
        slots=[
            pb.Slot(
                commit=slot.commit,
                ciphertext_sha256=slot.ciphertext_sha256,
                ciphertext_length=slot.ciphertext_length,
            )
            for slot in manifest.slots
        ],
    )


def _read_manifest(message: pb.Manifest) -> Manifest:
    return Manifest(
        header=read_header(message.header),
        suite=message.suite,
        packet_id=message.packet_id,
        not_after_ms=message.not_after_ms,
        kind=PacketKind(message.kind),
        agreement=AgreementRef(
            id=message.agreement.id,
            version=message.agreement.version,
            article=message.agreement.article,
        ),
        case_id=message.case_id,
        urgency=Urgency(message.urgency),
        pins=read_pins(message.pins),
        derived_from=tuple(message.derived_from),
        supersedes=message.supersedes,
        evaluation=message.evaluation,
        compartments=tuple(
            Compartment(opening_commit=_hash(c.opening_commit), key_commit=_hash(c.key_commit))
            for c in message.compartments
        ),
        slots=tuple(
            Slot(
                commit=_hash(slot.commit),
                ciphertext_sha256=_hash(slot.ciphertext_sha256),
                ciphertext_length=slot.ciphertext_length,
            )
            for slot in message.slots
        ),
    )


def _hash(value: bytes) -> bytes:
    if len(value) != HASH_SIZE:
        raise StatementMalformed("a commitment has 32 bytes")
    return value


def encode_opening(opening: Opening) -> bytes:
    """Returns the canonical encoding of an opening."""
    return serialize(_write_opening(opening))


def parse_opening(data: bytes) -> Opening:
    """Returns an opening from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Opening, _read_opening, maximum=_MAX_OPENING_BYTES)


def _write_opening(opening: Opening) -> pb.Opening:
    return pb.Opening(
        packet_id=opening.packet_id,
        compartment=opening.compartment,
        salt=opening.salt,
        marking=opening.marking.encode(),
        form=opening.form,
        slots=opening.slots,
    )


def _read_opening(message: pb.Opening) -> Opening:
    return Opening(
        packet_id=message.packet_id,
        compartment=message.compartment,
        salt=message.salt,
        marking=parse_marking(message.marking),
        form=Form(message.form),
        slots=tuple(message.slots),
    )


def encode_field(field: Field) -> bytes:
    """Returns the canonical encoding of a field.

    The plaintext of its slot adds a length and padding.
    """
    return serialize(_write_field(field))


def parse_field(data: bytes) -> Field:
    """Returns a field from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    # Values, and their framing, which can outweigh many short values.
    return parse_strictly(data, pb.FieldPlain, _read_field, maximum=2 * MAX_FIELD_BYTES)


def _write_field(field: Field) -> pb.FieldPlain:
    return pb.FieldPlain(
        path=field.path,
        media_type=field.media_type,
        values=field.values,
        marking=field.marking.encode(),
        form=field.form,
        mask=field.mask,
    )


def _read_field(message: pb.FieldPlain) -> Field:
    return Field(
        path=message.path,
        media_type=message.media_type,
        values=tuple(message.values),
        marking=parse_marking(message.marking),
        form=Form(message.form),
        mask=message.mask,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningRelease:
    """Disclosure that a compartment exists, with the reason to withhold it."""

    opening: Opening
    reason: WithholdReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CompartmentRelease:
    """Release of a whole compartment: its opening and its 32-byte key."""

    opening: Opening
    key: bytes

    def __repr__(self) -> str:
        return f"CompartmentRelease(compartment={self.opening.compartment})"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRelease:
    """Release of one slot: its index and its 32-byte field secret."""

    slot: int
    secret: bytes

    def __repr__(self) -> str:
        return f"FieldRelease(slot={self.slot})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Contents of the sealed part of a grant; each part ascending by index."""

    openings: tuple[OpeningRelease, ...] = ()
    compartments: tuple[CompartmentRelease, ...] = ()
    fields: tuple[FieldRelease, ...] = ()

    def __post_init__(self) -> None:
        for indices in (
            [item.opening.compartment for item in self.openings],
            [item.opening.compartment for item in self.compartments],
            [item.slot for item in self.fields],
        ):
            if not is_ascending(indices):
                raise StatementMalformed("a release holds each part once, in order")


def encode_release(release: Release) -> bytes:
    """Returns the canonical encoding of a release."""
    return serialize(_write_release(release))


def parse_release(data: bytes) -> Release:
    """Returns a release from its canonical encoding.

    Raises:
        StatementMalformed: If ``data`` is not one.
    """
    return parse_strictly(data, pb.Release, _read_release, maximum=MAX_BODY_BYTES)


def _write_release(release: Release) -> pb.Release:
    return pb.Release(
        openings=[
            pb.OpeningRelease(
                opening=encode_opening(item.opening), reason=_REASONS.index(item.reason)
            )
            for item in release.openings
        ],
        compartments=[
            pb.CompartmentRelease(opening=encode_opening(item.opening), key=item.key)
            for item in release.compartments
        ],
        fields=[pb.FieldRelease(slot=item.slot, secret=item.secret) for item in release.fields],
    )


def _read_release(message: pb.Release) -> Release:
    if any(item.reason >= len(_REASONS) for item in message.openings):
        raise StatementMalformed("the reason to withhold a compartment is unknown")
    if any(len(item.key) != SECRET_SIZE for item in message.compartments) or any(
        len(item.secret) != SECRET_SIZE or item.slot >= MAX_SLOTS for item in message.fields
    ):
        raise StatementMalformed("a released key has the wrong size")
    return Release(
        openings=tuple(
            OpeningRelease(opening=parse_opening(item.opening), reason=_REASONS[item.reason])
            for item in message.openings
        ),
        compartments=tuple(
            CompartmentRelease(opening=parse_opening(item.opening), key=item.key)
            for item in message.compartments
        ),
        fields=tuple(FieldRelease(slot=item.slot, secret=item.secret) for item in message.fields),
    )
