"""Large documents in tests: their sealed parts, and packets that name them."""

import hashlib
import secrets
from dataclasses import dataclass

from support.agencies import FIELDS, US, marking
from support.exchange import World
from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import BLOB, Blob
from tearline.blobs.parts import PART_PLAIN_BYTES, Division
from tearline.packets.packet import Field
from tearline.sealing import SealedPacket
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.blobs import Offer, Part

SIZE = 2 * PART_PLAIN_BYTES + 100
PATH = "9d" * 16 + "/Document/file"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A large document as its originator has it."""

    content: bytes
    blob: Blob
    parts: tuple[Part, ...]

    @property
    def offer(self) -> Offer:
        """Its offer to the exchange."""
        leaves = tuple(leaf_hash(part.data) for part in self.parts)
        return Offer(id=self.blob.id, size=self.blob.division.sealed, leaves=leaves)

    @property
    def field(self) -> Field:
        """The field that describes it."""
        return Field(path=PATH, media_type=BLOB, values=(self.blob.encode(),), marking=marking())


def document(size: int = SIZE, blob_id: bytes = b"") -> Document:
    """A document of random bytes."""
    content, division = secrets.token_bytes(size), Division(length=size)
    blob_id, secret = blob_id or secrets.token_bytes(16), secrets.token_bytes(32)
    cipher, padded = BlobCipher(secret, blob_id), content.ljust(division.padded, b"\0")
    parts = tuple(
        Part(
            id=blob_id,
            number=number,
            data=cipher.seal(
                number, padded[number * PART_PLAIN_BYTES : (number + 1) * PART_PLAIN_BYTES]
            ),
        )
        for number in range(division.parts)
    )
    blob = Blob(
        id=blob_id,
        secret=secret,
        length=size,
        sha256=hashlib.sha256(content).digest(),
        root=root_from_leaf_hashes(leaf_hash(part.data) for part in parts),
        media_type="application/octet-stream",
    )
    return Document(content=content, blob=blob, parts=parts)


async def upload(world: World, made: Document, agency: str = US) -> int:
    """Sends a document to the exchange; how many parts are there."""
    held = await world.exchange.documents.offer(agency, made.offer)
    for part in made.parts[held:]:
        held = await world.exchange.documents.put(agency, part)
    return held


def packet_with(world: World, made: Document, agency: str = US, **changed: object) -> SealedPacket:
    """A packet of which one field describes a document."""
    return world.packet(agency, fields=(*FIELDS, made.field), **changed)
