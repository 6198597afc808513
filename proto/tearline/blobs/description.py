"""Description of a large document: the plaintext of the field that stands for it in a packet.

In a packet, the document's secret is masked by the slot's secret FS_i. So an exhibit, which shows
the plaintext and not FS_i, does not open the document.
"""

from dataclasses import replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tearline.blobs.parts import Division
from tearline.dataclass.immutable import immutable
from tearline.encoding import label, u32, u64
from tearline.errors import StatementMalformed
from tearline.packets.packet import BLOB_ID_SIZE, SECRET_SIZE, Field
from tearline.statements.statement import HASH_SIZE

BLOB = "application/vnd.tearline.blob"
"""Media type of a field that describes a document which lies beside the packet."""

_MAX_TYPE_BYTES = 128
_HEAD_BYTES = BLOB_ID_SIZE + SECRET_SIZE + 8 + 2 * HASH_SIZE
_MASK_INFO = label("blob-key")


@immutable
class Blob:
    """Large document beside a packet.

    Attributes:
        id: 16 random bytes.
        secret: 32 random bytes, from which its key is derived; masked in an opened field.
        length: Its bytes, unpadded.
        sha256: SHA-256 of these bytes.
        root: RFC 6962 root over its sealed parts.
        media_type: Its type, as its sender states it.
    """

    id: bytes
    secret: bytes
    length: int
    sha256: bytes
    root: bytes
    media_type: str

    @property
    def division(self) -> Division:
        """Returns its division into parts."""
        return Division(length=self.length)

    def encode(self) -> bytes:
        """Returns the value of its field."""
        media_type = self.media_type.encode("ascii")
        return self.id + self.secret + u64(self.length) + self.sha256 + self.root + media_type


def parse_blob(data: bytes) -> Blob:
    """Returns the document that a field's value describes.

    Raises:
        StatementMalformed: If it describes none.
    """
    head, kind = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    if len(head) < _HEAD_BYTES or not 0 < len(kind) <= _MAX_TYPE_BYTES or not kind.isascii():
        raise StatementMalformed("the description of a large document is not well formed")
    sizes = (BLOB_ID_SIZE, SECRET_SIZE, 8, HASH_SIZE, HASH_SIZE)
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    blob_id, secret, length, sha256, root = (
        head[end - size : end] for size, end in zip(sizes, ends, strict=True)
    )
    blob = Blob(
        id=blob_id,
        secret=secret,
        length=int.from_bytes(length, "big"),
        sha256=sha256,
        root=root,
        media_type=kind.decode("ascii"),
    )
    _ = blob.division  # which refuses lengths that no document has
    return blob


def blob_in(field: Field) -> Blob | None:
    """Returns the large document that a field describes; None for any other field.

    Raises:
        StatementMalformed: If the field is of that type, and describes none.
    """
    if field.media_type != BLOB:
        return None
    if len(field.values) != 1:
        raise StatementMalformed("a field describes one large document")
    return parse_blob(field.values[0])


def masked(blob: Blob, secret: bytes, packet_id: bytes, slot: int) -> Blob:
    """Returns a document's description with its secret masked for a slot, or unmasked again.

    Args:
        blob: The description.
        secret: FS_i, 32 bytes.
        packet_id: 16 bytes.
        slot: The slot's index.
    """
    mask = HKDFExpand(SHA256(), SECRET_SIZE, _MASK_INFO + packet_id + u32(slot)).derive(secret)
    mixed = bytes(a ^ b for a, b in zip(blob.secret, mask, strict=True))
    return replace(blob, secret=mixed)


def masked_field(field: Field, secret: bytes, packet_id: bytes, slot: int) -> Field:
    """Returns a field as it is sealed: a description masked, any other field unchanged."""
    blob = blob_in(field)
    if blob is None:
        return field
    return replace(field, values=(masked(blob, secret, packet_id, slot).encode(),))
