"""Codecs of exhibits: parts of a packet for a reader without its keys."""

from tearline.crypto.keys import SIGNING_PUBLIC_SIZE
from tearline.dataclass.immutable import immutable
from tearline.encoding import is_ascending
from tearline.errors import StatementMalformed
from tearline.federation.turns import Leaf
from tearline.limits import MAX_EXHIBIT_BYTES, MAX_LOG_SIZE, MAX_SLOTS
from tearline.packets.packet import verify_form
from tearline.policy.form import Form
from tearline.policy.marking import Marking
from tearline.statements.statement import SALT_SIZE
from tearline.v1 import exhibit_pb2 as pb
from tearline.wire.packets import FORM, MARKING
from tearline.wire.statements import SIGNED, Signed
from tearline.wire.table import (
    BYTES,
    SIGNED_NOTE,
    TEXT,
    below,
    checked,
    hash_path,
    many,
    part,
    sized,
    table,
)
from tearline.wire.turns import DIRECTORY_LEAF

_MAX_PATH = MAX_LOG_SIZE.bit_length() - 1


@immutable
class ProvenEntry:
    """Log entry with its path to the checkpoint's root, not yet verified.

    Attributes:
        index: Position of the entry, from 0.
        content: A clear entry itself, or the encoded opening of a blind one (spec L-11).
        path: Sibling hashes from the leaf to the root, 32 bytes each.
    """

    index: int
    content: bytes
    path: tuple[bytes, ...]


@immutable
class ShownField:
    """Slot that is opened by its commitment, without its key.

    Attributes:
        slot: Its index in the manifest.
        salt: The 32 bytes of its commitment; they follow from its key, and not the reverse.
        plaintext: The exact sealed plaintext, padding included.
        marking: The field's marking.
        form: Its form.
        mask: The mask of a generalised form; otherwise empty.
    """

    slot: int
    salt: bytes
    plaintext: bytes
    marking: Marking
    form: Form
    mask: str = ""

    def __post_init__(self) -> None:
        verify_form(self)

    def __repr__(self) -> str:
        return f"ShownField(slot={self.slot})"


@immutable
class Exhibit:
    """Selected fields of one packet, with all data for a verification; not yet verified.

    Attributes:
        checkpoint: The signed note that proves all entries, in UTF-8.
        entries: Entries of members and keys, and entries about the packet; ascending
            by index.
        manifest: The packet's statement.
        fields: The shown fields, ascending by slot; at least one.
        receipts: Receipts of recipients of a part of the packet.
        leaves: States of the signers' agencies, ascending by URI, in the directory that is the
            last entry; none if clear entries certify the signers' keys.
        keys: The signers' public keys, ascending, beside the leaves.
    """

    checkpoint: bytes
    entries: tuple[ProvenEntry, ...]
    manifest: Signed
    fields: tuple[ShownField, ...]
    receipts: tuple[Signed, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    keys: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        for indices in (
            [entry.index for entry in self.entries],
            [shown.slot for shown in self.fields],
        ):
            if not indices or not is_ascending(indices):
                raise StatementMalformed("an exhibit holds each entry and field once, in order")
        if len({receipt.statement.id for receipt in self.receipts}) != len(self.receipts):
            raise StatementMalformed("an exhibit holds each receipt once")


_IMPOSSIBLE = "an entry of the log is not possible"
_SHOWN_SIZE = "a part of a shown field has the wrong size"

PROVEN_ENTRY = table(
    pb.ProvenEntry,
    ProvenEntry,
    index=below(MAX_LOG_SIZE, _IMPOSSIBLE),
    content=checked(BYTES, bool, _IMPOSSIBLE),
    path=hash_path(_MAX_PATH, "the path of an entry is not possible"),
)

_SHOWN_FIELD = table(
    pb.ShownField,
    ShownField,
    slot=below(MAX_SLOTS, _SHOWN_SIZE),
    salt=sized(SALT_SIZE, _SHOWN_SIZE),
    plaintext=BYTES,
    marking=MARKING,
    form=FORM,
    mask=TEXT,
)

EXHIBIT = table(
    pb.Exhibit,
    Exhibit,
    maximum=MAX_EXHIBIT_BYTES,
    checkpoint=SIGNED_NOTE,
    entries=many(part(PROVEN_ENTRY)),
    manifest=part(SIGNED),
    fields=many(part(_SHOWN_FIELD)),
    receipts=many(part(SIGNED)),
    leaves=many(part(DIRECTORY_LEAF)),
    keys=many(sized(SIGNING_PUBLIC_SIZE, "a signer's public key has the wrong size")),
)
encode_exhibit = EXHIBIT.encode
"""Returns the canonical encoding of an exhibit."""
parse_exhibit = EXHIBIT.parse
"""Returns an exhibit from its canonical encoding."""
