"""Codecs of manifests, openings, fields and releases."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_FIELD_BYTES, MAX_PATH_BYTES, MAX_SLOTS
from tearline.packets.packet import (
    SECRET_SIZE,
    AgreementRef,
    Compartment,
    Field,
    Manifest,
    Marked,
    Opening,
    PacketKind,
    Pins,
    Urgency,
    WithholdReason,
    verify_form,
)
from tearline.packets.packet import (
    TEXT as PLAIN_TEXT,
)
from tearline.policy.form import Form
from tearline.policy.marking import Marking, parse_marking
from tearline.statements.statement import HASH_SIZE
from tearline.v1 import packet_pb2 as pb
from tearline.wire.codec import Codec
from tearline.wire.statements import HEADER
from tearline.wire.table import (
    BYTES,
    NUMBER,
    TEXT,
    below,
    choice,
    encoded,
    enum,
    many,
    part,
    sized,
    table,
    translated,
)

_TOKEN_DIGITS = 32
_TOKEN = re.compile(r"[0-9a-f]{32}/(?s:.)")
_MAX_OPENING_BYTES = 16 << 10  # 2,048 slot indices of three bytes, and a marking
_FORMS = {form.value: form for form in Form}

PINS = table(pb.Pins, Pins, policy=BYTES, schema=BYTES, profile=BYTES, masks=BYTES)

_AGREEMENT_REF = table(pb.AgreementRef, AgreementRef, id=BYTES, version=NUMBER, article=TEXT)


def _write_compartments(values: Sequence[Compartment]) -> bytes:
    return b"".join([each.opening_commit + each.key_commit for each in values])


def _read_compartments(column: bytes) -> tuple[Compartment, ...]:
    return tuple(
        [
            Compartment(opening_commit=pair[:HASH_SIZE], key_commit=pair[HASH_SIZE:])
            for pair in _cells(column, 2 * HASH_SIZE)
        ]
    )


def _read_slots(column: bytes) -> tuple[bytes, ...]:
    return tuple(_cells(column, HASH_SIZE))


def _cells(column: bytes, size: int) -> list[bytes]:
    if len(column) % size:
        raise StatementMalformed("a column of commitments is cut short")
    return [column[start : start + size] for start in range(0, len(column), size)]


# A packet has many of these three: by hand they take two thirds of a table's time.
def _write_opening(value: Opening) -> pb.Opening:
    return pb.Opening(
        compartment=value.compartment,
        salt=value.salt,
        marking=value.marking.encode(),
        form=value.form.value,
        mask=value.mask,
        slots=value.slots,
    )


def _read_opening(message: pb.Opening) -> Opening:
    return Opening(
        compartment=message.compartment,
        salt=message.salt,
        marking=parse_marking(message.marking),
        form=_form(message.form),
        mask=message.mask,
        slots=tuple(message.slots),
    )


class FieldContent(NamedTuple):
    """Field without what its compartment says: path, media type and values."""

    path: str
    media_type: str
    values: tuple[bytes, ...]


def _write_content(value: FieldContent) -> pb.FieldPlain:
    has_token = _TOKEN.match(value.path) is not None
    return pb.FieldPlain(
        entity=bytes.fromhex(value.path[:_TOKEN_DIGITS]) if has_token else b"",
        name=value.path[_TOKEN_DIGITS + 1 :] if has_token else value.path,
        media_type="" if value.media_type == PLAIN_TEXT else value.media_type,
        values=value.values,
    )


def _read_content(message: pb.FieldPlain) -> FieldContent:
    entity, name, media_type = message.entity, message.name, message.media_type
    if not name:
        raise StatementMalformed("a field has a name")
    if len(entity) not in (0, _TOKEN_DIGITS // 2) or (not entity and _TOKEN.match(name)):
        raise StatementMalformed("an entity's token has 16 bytes of its own")
    if media_type == PLAIN_TEXT:
        raise StatementMalformed("the media type of text is left out")
    path = f"{entity.hex()}/{name}" if entity else name
    if len(path.encode()) > MAX_PATH_BYTES:
        raise StatementMalformed("a field's path is too long")
    return FieldContent(
        path=path,
        media_type=media_type or PLAIN_TEXT,
        values=tuple(message.values),
    )


def _form(value: int) -> Form:
    form = _FORMS.get(value)
    if form is None:
        raise StatementMalformed("a value is unknown")
    return form


MARKING = translated(TEXT, Marking.encode, parse_marking)
FORM = enum(Form)

MANIFEST = table(
    pb.Manifest,
    Manifest,
    header=part(HEADER),
    packet_id=BYTES,
    not_after_ms=NUMBER,
    kind=enum(PacketKind),
    agreement=part(_AGREEMENT_REF),
    case_id=TEXT,
    urgency=enum(Urgency),
    derived_from=many(BYTES),
    supersedes=BYTES,
    evaluation=TEXT,
    compartments=translated(BYTES, _write_compartments, _read_compartments),
    slots=translated(BYTES, b"".join, _read_slots),
    ciphertexts_root=BYTES,
)
encode_manifest = MANIFEST.encode
"""Returns the canonical encoding of a manifest: the body of its statement."""
parse_manifest = MANIFEST.parse
"""Returns a manifest from its statement's body."""

OPENING = Codec(
    message=pb.Opening, write=_write_opening, read=_read_opening, maximum=_MAX_OPENING_BYTES
)
encode_opening = OPENING.encode
"""Returns the canonical encoding of an opening."""
parse_opening = OPENING.parse
"""Returns an opening from its canonical encoding."""

CONTENT = Codec(
    message=pb.FieldPlain,
    write=_write_content,
    read=_read_content,
    maximum=2 * MAX_FIELD_BYTES,  # values, and their framing, which can outweigh many short values
)


encode_content = CONTENT.encode
"""Returns the canonical encoding of a field's contents."""
parse_content = CONTENT.parse
"""Returns a field's contents from their canonical encoding."""


def encode_field(field: Field) -> bytes:
    """Returns the canonical encoding of a field's contents.

    The plaintext of its slot adds length and padding.
    """
    return encode_content(FieldContent(field.path, field.media_type, field.values))


def parse_field(data: bytes, marked: Marked) -> Field:
    """Returns a field from the canonical encoding of its contents.

    Args:
        data: The encoding.
        marked: Its compartment's opening, or its release, which say the rest.

    Raises:
        StatementMalformed: If ``data`` is anything but the encoding of a valid field.
    """
    path, media_type, values = parse_content(data)
    return Field(
        path=path,
        media_type=media_type,
        values=values,
        marking=marked.marking,
        form=marked.form,
        mask=marked.mask,
    )


@immutable
class OpeningRelease:
    """Disclosure that a compartment exists, with the reason to withhold it."""

    opening: Opening
    reason: WithholdReason


@immutable
class CompartmentRelease:
    """Release of a whole compartment: its opening and its 32-byte key."""

    opening: Opening
    key: bytes

    def __repr__(self) -> str:
        return f"CompartmentRelease(compartment={self.opening.compartment})"


@immutable
class FieldRelease:
    """Release of one slot: its index, its 32-byte field secret, and what its compartment says."""

    slot: int
    secret: bytes
    marking: Marking
    form: Form
    mask: str = ""

    def __post_init__(self) -> None:
        verify_form(self)

    def __repr__(self) -> str:
        return f"FieldRelease(slot={self.slot})"


@immutable
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


_KEY_SIZE = "a released key has the wrong size"

_OPENING_RELEASE = table(
    pb.OpeningRelease,
    OpeningRelease,
    opening=encoded(OPENING),
    reason=choice(tuple(WithholdReason), "the reason to withhold a compartment is unknown"),
)


def _write_compartment_release(value: CompartmentRelease) -> pb.CompartmentRelease:
    return pb.CompartmentRelease(opening=OPENING.encode(value.opening), key=value.key)


def _read_compartment_release(message: pb.CompartmentRelease) -> CompartmentRelease:
    if len(message.key) != SECRET_SIZE:
        raise StatementMalformed(_KEY_SIZE)
    return CompartmentRelease(opening=OPENING.parse(message.opening), key=message.key)


_COMPARTMENT_RELEASE = Codec(
    message=pb.CompartmentRelease,
    write=_write_compartment_release,
    read=_read_compartment_release,
)

_FIELD_RELEASE = table(
    pb.FieldRelease,
    FieldRelease,
    slot=below(MAX_SLOTS, _KEY_SIZE),
    secret=sized(SECRET_SIZE, _KEY_SIZE),
    marking=MARKING,
    form=FORM,
    mask=TEXT,
)

RELEASE = table(
    pb.Release,
    Release,
    openings=many(part(_OPENING_RELEASE)),
    compartments=many(part(_COMPARTMENT_RELEASE)),
    fields=many(part(_FIELD_RELEASE)),
)
encode_release = RELEASE.encode
"""Returns the canonical encoding of a release."""
parse_release = RELEASE.parse
"""Returns a release from its canonical encoding."""
