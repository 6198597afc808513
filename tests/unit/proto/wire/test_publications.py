"""Publications: what one message may hold."""

import pytest

from tearline.errors import StatementMalformed
from tearline.limits import MAX_BLOB_LINKS
from tearline.packets.packet import BlobLink, PacketParts
from tearline.wire.publications import Publication, encode_publication, parse_publication


def linking(*numbers: int) -> bytes:
    """A message whose packets link so many large documents each."""
    parts = tuple(
        PacketParts(
            manifest=bytes([place]) * 32,
            ciphertexts=dict.fromkeys(range(number), b"c"),
            slot_count=number,
            blobs=tuple(
                BlobLink(slot=n, id=bytes([n]) * 16, root=bytes(32)) for n in range(number)
            ),
        )
        for place, number in enumerate(numbers)
    )
    return encode_publication(Publication(parts=parts))


def test_a_message_links_few_documents() -> None:
    half = MAX_BLOB_LINKS // 2
    for numbers in ((MAX_BLOB_LINKS,), (half, half)):
        assert len(parse_publication(linking(*numbers)).parts) == len(numbers)
    for numbers in ((MAX_BLOB_LINKS + 1,), (half, half, 1)):
        with pytest.raises(StatementMalformed, match="links at most 16 large documents"):
            parse_publication(linking(*numbers))
