"""Packet: a signed manifest over fields, each readable only under its grant.

A field holds all values of one property of one entity. A field with several forms for different
partners has one slot per form, under the same path. Slots of one marking and form make a
compartment, which one key opens. Padding slots and compartments are random bytes, so that a reader
of one field cannot tell whether others exist. Specified in docs/spec/packet-v1.md.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import EvaluationInvalid, PacketTooLarge, PathDuplicated, StatementMalformed
from tearline.limits import (
    COMPARTMENTS_MULTIPLE,
    MAX_COMPARTMENTS,
    MAX_FIELD_BYTES,
    MAX_MASK_NAME,
    MAX_PATH_BYTES,
    MAX_SLOTS,
    MAX_TEXT_BYTES,
    MAX_VALUES,
    SLOTS_MULTIPLE,
)
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.statements.statement import HASH_SIZE, Header

PACKET_ID_SIZE = 16
AGREEMENT_ID_SIZE = 16
BLOB_ID_SIZE = 16
SECRET_SIZE = 32
TEXT = "text/plain"

_WITH_CONTENT = (Form.MATCH, Form.GENERALISED, Form.CLEAR)

_EVALUATION = re.compile(r"[ABCX][1-4]\Z")
UNEVALUATED = "X4"


class PacketKind(StrEnum):
    """Kinds of packet; agreements permit them one by one."""

    LEAD = "lead"
    VALUE_TRANSFER = "value-transfer"
    PRECURSOR_INCIDENT = "precursor-incident"
    PRE_EXPORT_NOTIFICATION = "pre-export-notification"
    OPERATIONAL_NOTICE = "operational-notice"
    RECORD_REQUEST = "record-request"
    RECORD_ANSWER = "record-answer"
    FEEDBACK = "feedback"


class Urgency(StrEnum):
    """Urgency of an answer."""

    EMERGENCY = "emergency"
    URGENT = "urgent"
    ROUTINE = "routine"
    PRESERVE = "preserve"


class WithholdReason(StrEnum):
    """Reasons for a disclosure of existence without contents."""

    SOURCE = "source"
    PRIVACY = "privacy"
    THIRD_PARTY = "third-party"
    AGREEMENT = "agreement"
    UNSPECIFIED = "unspecified"


@immutable
class AgreementRef:
    """Reference to an article of one version of an agreement."""

    id: bytes
    version: int
    article: str


@immutable
class Pins:
    """32-byte digests of the policy set, its schema, the marking profile and the masks."""

    policy: bytes
    schema: bytes
    profile: bytes
    masks: bytes

    def __post_init__(self) -> None:
        if any(len(d) != HASH_SIZE for d in (self.policy, self.schema, self.profile, self.masks)):
            raise StatementMalformed("a pinned digest has 32 bytes")


class Marked(Protocol):
    """Value with the three properties that all fields of a compartment share."""

    @property
    def marking(self) -> Marking:
        """Returns category, TLP, PAP and handling."""

    @property
    def form(self) -> Form:
        """Returns the form of the values."""

    @property
    def mask(self) -> str:
        """Returns the name of the mask of a generalised form; otherwise empty text."""


class Marks(NamedTuple):
    """The three properties alone."""

    marking: Marking
    form: Form = Form.CLEAR
    mask: str = ""


@immutable
class Field:
    """One field in one form.

    Attributes:
        path: ``entity token/Schema/property``; never shown outside ciphertext.
        media_type: ``text/plain`` (UTF-8 values), or that of a document.
        values: The values in the originator's order.
        marking: Category, TLP and handling of the field.
        form: The form of these values.
        mask: Name of the mask of a generalised form; otherwise empty.
    """

    path: str
    media_type: str = TEXT
    values: tuple[bytes, ...]
    marking: Marking
    form: Form = Form.CLEAR
    mask: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.path.encode()) <= MAX_PATH_BYTES:
            raise StatementMalformed("a field's path is empty or too long")
        if len(self.values) > MAX_VALUES or sum(map(len, self.values)) > MAX_FIELD_BYTES:
            raise PacketTooLarge("a field holds too many values or too many bytes")
        verify_form(self)
        if self.media_type == TEXT:
            _ = self.texts  # otherwise a partner's text could break its reader's searches

    @property
    def texts(self) -> tuple[str, ...]:
        """Returns the values of a text field.

        Raises:
            StatementMalformed: If the field is not text.
        """
        if self.media_type != TEXT:
            raise StatementMalformed("the field is a document, not text")
        try:
            return tuple(value.decode("utf-8") for value in self.values)
        except UnicodeDecodeError:
            raise StatementMalformed("a text value is not UTF-8") from None


@immutable
class Manifest:
    """Originator's signed part of a packet.

    Compartments and slots are numbered by their places, and have a commitment each;
    ``ciphertexts_root`` is one for all ciphertexts. All have 32 bytes.
    """

    header: Header
    packet_id: bytes
    not_after_ms: int
    kind: PacketKind
    agreement: AgreementRef
    case_id: str
    urgency: Urgency
    derived_from: tuple[bytes, ...]
    supersedes: bytes
    evaluation: str
    compartments: tuple[bytes, ...]
    slots: tuple[bytes, ...]
    ciphertexts_root: bytes

    def __post_init__(self) -> None:
        if len(self.packet_id) != PACKET_ID_SIZE or len(self.agreement.id) != AGREEMENT_ID_SIZE:
            raise StatementMalformed("a packet id and an agreement id have 16 bytes")
        if not 0 < len(self.compartments) <= MAX_COMPARTMENTS:
            raise PacketTooLarge(f"a packet has at most {MAX_COMPARTMENTS} compartments")
        if not 0 < len(self.slots) <= MAX_SLOTS:
            raise PacketTooLarge(f"a packet has at most {MAX_SLOTS} slots")
        if len(self.compartments) % COMPARTMENTS_MULTIPLE or len(self.slots) % SLOTS_MULTIPLE:
            raise StatementMalformed("compartments and slots are not padded")
        if len({*self.slots, *self.compartments}) != len(self.slots) + len(self.compartments):
            raise StatementMalformed("two commitments of the packet are the same")
        if any(len(i) != HASH_SIZE for i in self.derived_from) or len(self.supersedes) not in (
            0,
            HASH_SIZE,
        ):
            raise StatementMalformed("a packet is named by 32 bytes")
        if len(self.ciphertexts_root) != HASH_SIZE:
            raise StatementMalformed("the root of the ciphertexts has the wrong size")
        if len(self.derived_from) > MAX_COMPARTMENTS or len(self.case_id) > MAX_TEXT_BYTES:
            raise StatementMalformed("the packet names too many sources or too long a case")
        verify_evaluation(self.evaluation)


@immutable
class Opening:
    """Preimage of a compartment's opening commitment.

    Attributes:
        compartment: Index in the manifest.
        salt: 32 bytes.
        marking: Marking of every field in it.
        form: Form of every field in it.
        mask: Mask of every field in it, if the form is generalised; otherwise empty.
        slots: Indices of its slots, ascending.
    """

    compartment: int
    salt: bytes
    marking: Marking
    form: Form
    mask: str = ""
    slots: tuple[int, ...]

    def __post_init__(self) -> None:
        slots = self.slots
        if not slots or not is_ascending(slots) or slots[0] < 0 or slots[-1] >= MAX_SLOTS:
            raise StatementMalformed("a compartment lists its slots once each, in order")
        if len(self.salt) != HASH_SIZE:
            raise StatementMalformed("an opening's salt has the wrong size")
        verify_form(self)
        if not 0 <= self.compartment < MAX_COMPARTMENTS:
            raise StatementMalformed("an opening names an impossible compartment")


@immutable
class OpenedField:
    """Field that a reader opened, with its slot."""

    slot: int
    field: Field


@immutable
class Existence:
    """Disclosure that a closed compartment exists.

    Attributes:
        compartment: Index in the manifest.
        category: Category of its fields.
        slots: Its closed slots, ascending.
        reason: The reason to withhold it.
    """

    compartment: int
    category: str
    slots: tuple[int, ...]
    reason: WithholdReason

    @property
    def count(self) -> int:
        """Returns the number of withheld fields."""
        return len(self.slots)


@immutable
class View:
    """Parts of one packet that one reader can open."""

    fields: tuple[OpenedField, ...]
    existences: tuple[Existence, ...]

    def best(self) -> tuple[OpenedField, ...]:
        """Returns the most revealing form of each path, in order of path."""
        best: dict[str, OpenedField] = {}
        for opened in self.fields:
            known = best.get(opened.field.path)
            if known is None or known.field.form < opened.field.form:
                best[opened.field.path] = opened
        return tuple(best[path] for path in sorted(best))

    def merged(self, other: "View") -> "View":
        """Returns this view together with a later release of the same packet.

        Raises:
            PathDuplicated: If two slots hold one path in one form.
        """
        fields = {opened.slot: opened for opened in (*self.fields, *other.fields)}
        verify_unique_paths(opened.field for opened in fields.values())
        told = {e.compartment: e for e in (*self.existences, *other.existences)}
        # A field that is open by now is no longer withheld.
        closed = {c: tuple(slot for slot in told[c].slots if slot not in fields) for c in told}
        return View(
            fields=tuple(fields[slot] for slot in sorted(fields)),
            existences=tuple(replace(told[c], slots=closed[c]) for c in sorted(told) if closed[c]),
        )


@immutable
class BlobLink:
    """Large document that a slot's field describes, as the exchange is told of it.

    Attributes:
        slot: The slot.
        id: 16 bytes.
        root: RFC 6962 root over its sealed parts.
    """

    slot: int
    id: bytes
    root: bytes


@immutable
class PacketParts:
    """Attachments of a manifest: openings and links for the exchange, ciphertexts for readers.

    Attributes:
        manifest: 32 bytes, the statement id.
        openings: Those of the packet's compartments, or none.
        ciphertexts: By slot; all, some or none of the packet's.
        slot_count: Slots of the packet, where ciphertexts are here.
        path: 32 bytes each; leads with the ciphertexts to the manifest's root, see
            ``tearline.packets.ciphertexts``.
        lengths: Bytes of all ciphertexts, by slot, where openings are stored apart from them.
        blobs: Large documents that fields of these slots describe; to the exchange only.
    """

    manifest: bytes
    openings: tuple[Opening, ...] = ()
    ciphertexts: Mapping[int, bytes]
    slot_count: int = 0
    path: tuple[bytes, ...] = ()
    lengths: tuple[int, ...] = ()
    blobs: tuple[BlobLink, ...] = ()


def verify_form(marked: Marked) -> None:
    """Checks that a form has content, and a short mask's name exactly if it is generalised.

    Raises:
        StatementMalformed: If not.
    """
    if marked.form not in _WITH_CONTENT:
        raise StatementMalformed("a field has content only as match, generalised or clear")
    if (marked.form is Form.GENERALISED) != bool(marked.mask):
        raise StatementMalformed(
            "a mask's name is given with the generalised form, and only with it"
        )
    if len(marked.mask) > MAX_MASK_NAME:
        raise StatementMalformed(f"a mask's name has at most {MAX_MASK_NAME} characters")


def verify_evaluation(text: str) -> None:
    """Checks a 4x4 evaluation: source A, B, C or X; information 1, 2, 3 or 4.

    Raises:
        EvaluationInvalid: If ``text`` is not one.
    """
    if not _EVALUATION.match(text):
        raise EvaluationInvalid()


def verify_unique_paths(fields: Iterable[Field]) -> None:
    """Checks that no path appears twice in one form.

    One path in two forms is valid: partners see one field differently. Twice in one form is
    ambiguous, so it is refused before a dict can collapse it.

    Raises:
        PathDuplicated: If a path does.
    """
    seen: set[tuple[str, Form]] = set()
    for field in fields:
        key = (field.path, field.form)
        if key in seen:
            raise PathDuplicated()
        seen.add(key)
