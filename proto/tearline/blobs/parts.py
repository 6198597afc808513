"""Division of a large document into chunks and parts.

The document is padded with zeros, divided into chunks of 16 KiB of which the last one is shorter
(c2sp.org/chunked-encryption), and sealed chunk by chunk. 64 chunks make a part. Specified in
docs/spec/blob-v1.md.
"""

from tearline.dataclass.immutable import immutable
from tearline.errors import StatementMalformed
from tearline.limits import MAX_BLOB_BYTES
from tearline.packets.commitments import padded_length

CHUNK_BYTES = 16 << 10
TAG_BYTES = 16
PART_CHUNKS = 64
PART_PLAIN_BYTES = PART_CHUNKS * CHUNK_BYTES
PART_BYTES = PART_CHUNKS * (CHUNK_BYTES + TAG_BYTES)


@immutable
class Division:
    """Division of a document.

    Attributes:
        length: Its bytes, unpadded.
    """

    length: int

    def __post_init__(self) -> None:
        if not 0 < self.length <= MAX_BLOB_BYTES:
            raise StatementMalformed(f"a document has 1 to {MAX_BLOB_BYTES} bytes")

    @property
    def padded(self) -> int:
        """Returns its bytes with padding."""
        return padded_length(self.length)

    @property
    def parts(self) -> int:
        """Returns the number of its parts; the last one holds at least the last chunk."""
        return self.padded // PART_PLAIN_BYTES + 1

    @property
    def sealed(self) -> int:
        """Returns the bytes of all its parts, sealed."""
        chunks = self.padded // CHUNK_BYTES + 1
        return self.padded + chunks * TAG_BYTES

    def plain_bytes(self, number: int) -> int:
        """Returns the bytes of a part's plaintext, padding included."""
        return min(PART_PLAIN_BYTES, self.padded - number * PART_PLAIN_BYTES)


def part_bytes(sealed: int, number: int) -> int:
    """Returns the bytes of a sealed part, of a document of ``sealed`` bytes."""
    return min(PART_BYTES, sealed - number * PART_BYTES)


def part_count(sealed: int) -> int:
    """Returns the number of parts of a document of ``sealed`` bytes.

    Raises:
        StatementMalformed: If no document has that many.
    """
    whole, rest = divmod(sealed, PART_BYTES)
    chunks, last = divmod(rest, CHUNK_BYTES + TAG_BYTES)
    if sealed > _MOST or chunks >= PART_CHUNKS or last < TAG_BYTES:
        raise StatementMalformed("no sealed document has that many bytes")
    return whole + 1


_MOST = Division(length=MAX_BLOB_BYTES).sealed
MAX_PARTS = part_count(_MOST)
