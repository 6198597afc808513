"""Codecs of manifests, openings, fields and releases."""

import re
from operator import attrgetter
from typing import NamedTuple

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.limits import MAX_COMPARTMENTS, MAX_FIELD_BYTES, MAX_SLOTS
from tearline.packets.commitments import opening_salt
from tearline.packets.packet import (
    SECRET_SIZE,
    AgreementRef,
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
from tearline.policy.marking import Marking, marking_numbered, parse_marking
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


def _read_column(column: bytes) -> tuple[bytes, ...]:
    if len(column) % HASH_SIZE:
        raise StatementMalformed("a column of commitments is cut short")
    return tuple([column[start : start + HASH_SIZE] for start in range(0, len(column), HASH_SIZE)])


# A packet has many of these three: by hand they take less than a table's time.
def _write_opening(value: Opening) -> pb.Opening:
    return pb.Opening(
        compartment=value.compartment,
        salt=value.salt,
        marking=value.marking.number,
        form=value.form,
        mask=value.mask,
        slots=value.slots,
    )


def _read_opening(message: pb.Opening) -> Opening:
    return Opening(
        compartment=message.compartment,
        salt=message.salt,
        marking=marking_numbered(message.marking),
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
    return FieldContent(
        path=f"{entity.hex()}/{name}" if entity else name,
        media_type=media_type or PLAIN_TEXT,
        values=tuple(message.values),
    )


def _form(value: int) -> Form:
    form = _FORMS.get(value)
    if form is None:
        raise StatementMalformed("a value is unknown")
    return form


MARKING = translated(TEXT, Marking.encode, parse_marking)
MARKING_NUMBER = translated(NUMBER, attrgetter("number"), marking_numbered)
FORM = enum(Form)

_COLUMN = translated(BYTES, b"".join, _read_column)

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
    compartments=_COLUMN,
    slots=_COLUMN,
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
    """Release of a whole compartment: its opening, and its 32-byte key, which gives the salt."""

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
    opening=part(OPENING),
    reason=choice(tuple(WithholdReason), "the reason to withhold a compartment is unknown"),
)


def _write_compartment_release(value: CompartmentRelease) -> pb.CompartmentRelease:
    opening = value.opening
    return pb.CompartmentRelease(
        compartment=opening.compartment,
        key=value.key,
        marking=opening.marking.number,
        form=opening.form,
        mask=opening.mask,
        slots=opening.slots,
    )


def _read_compartment_release(message: pb.CompartmentRelease) -> CompartmentRelease:
    compartment, key = message.compartment, message.key
    if len(key) != SECRET_SIZE or compartment >= MAX_COMPARTMENTS:
        raise StatementMalformed(_KEY_SIZE)
    opening = Opening(
        compartment=compartment,
        salt=opening_salt(key, compartment),
        marking=marking_numbered(message.marking),
        form=_form(message.form),
        mask=message.mask,
        slots=tuple(message.slots),
    )
    return CompartmentRelease(opening=opening, key=key)


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
    marking=MARKING_NUMBER,
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
