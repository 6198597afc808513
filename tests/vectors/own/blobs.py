"""blob-v1.json: large documents, their parts, and descriptions."""

import hashlib
from dataclasses import replace

from support import agencies as b
from tearline.blobs.cipher import BlobCipher
from tearline.blobs.description import Blob, masked
from tearline.blobs.parts import CHUNK_BYTES, PART_PLAIN_BYTES, TAG_BYTES, Division
from tearline.encoding import u64
from tearline.limits import MAX_BLOB_LINKS
from tearline.packets.packet import BlobLink, PacketParts
from tearline.tlog.merkle import leaf_hash, root_from_leaf_hashes
from tearline.wire.publications import Publication, encode_publication
from vectors.own.plain import Json, flip, refused

LENGTHS = {
    "one byte": 1,
    "ends with a chunk": 2 * CHUNK_BYTES,
    "ends with a part": PART_PLAIN_BYTES,
    "more than two parts": 2 * PART_PLAIN_BYTES + 77_777,
}
SLOT = 5


def content(length: int) -> bytes:
    """SHA-256 of 0, 1, 2 and so on, each in eight bytes, up to a length."""
    hashes = (hashlib.sha256(u64(number)).digest() for number in range(-(-length // 32)))
    return b"".join(hashes)[:length]


def sealed_parts(blob_id: bytes, secret: bytes, length: int) -> list[bytes]:
    """The sealed parts of that content."""
    division, cipher = Division(length=length), BlobCipher(secret, blob_id)
    padded = content(length).ljust(division.padded, b"\0")
    return [
        cipher.seal(number, padded[number * PART_PLAIN_BYTES :][: division.plain_bytes(number)])
        for number in range(division.parts)
    ]


def _document(name: str, length: int) -> tuple[Blob, list[bytes], Json]:
    blob_id, secret = b.secret(f"blob {name}", 16), b.secret(f"blob secret {name}")
    parts, division = sealed_parts(blob_id, secret, length), Division(length=length)
    leaves = [leaf_hash(part) for part in parts]
    blob = Blob(
        id=blob_id,
        secret=secret,
        length=length,
        sha256=hashlib.sha256(content(length)).digest(),
        root=root_from_leaf_hashes(leaves),
        media_type="application/octet-stream",
    )
    packet_id, field_secret = b.secret("blob packet", 16), b.secret(f"field secret {name}")
    shown: Json = {
        "name": name,
        "blob_id": blob_id.hex(),
        "secret": secret.hex(),
        "length": length,
        "padded": division.padded,
        "sealed": division.sealed,
        "first_chunk_begins": parts[0][:32].hex(),
        "last_tag": parts[-1][-TAG_BYTES:].hex(),
        "leaves": [leaf.hex() for leaf in leaves],
        "root": blob.root.hex(),
        "sha256": blob.sha256.hex(),
        "packet_id": packet_id.hex(),
        "slot": SLOT,
        "field_secret": field_secret.hex(),
        "value": masked(blob, field_secret, packet_id, SLOT).encode().hex(),
    }
    return blob, parts, shown


def linking(*numbers: int) -> bytes:
    """A publication whose packets link so many documents each."""
    parts = tuple(
        PacketParts(
            manifest=b.secret(f"linking packet {place}"),
            ciphertexts=dict.fromkeys(range(number), b"c"),
            slot_count=number,
            blobs=tuple(
                BlobLink(slot=slot, id=b.secret(f"link {slot}", 16), root=b.secret("link root"))
                for slot in range(number)
            ),
        )
        for place, number in enumerate(numbers)
    )
    return encode_publication(Publication(parts=parts))


def blob_vectors() -> Json:
    """The whole file."""
    made = [_document(name, length) for name, length in LENGTHS.items()]
    blob, (part,), _ = made[0]
    value = blob.encode()
    bad = "TL-PKT-001"
    descriptions = [
        refused("no media type", value[:120], bad),
        refused("cut off", value[:100], bad),
        refused("media type of 129 bytes", value[:120] + b"a" * 129, bad),
        refused("media type that is not ASCII", value[:120] + "é".encode(), bad),
        refused("length of 0", value[:48] + bytes(8) + value[56:], bad),
        refused("length of 50 GiB and a byte", value[:48] + u64((50 << 30) + 1) + value[56:], bad),
    ]
    wrong = "TL-BLB-001"
    other = BlobCipher(blob.secret, replace(blob, id=bytes(16)).id)
    plain = content(1).ljust(128, b"\0")
    parts = [
        refused("a flipped bit", flip(part, 7), wrong),
        refused("without its last byte", part[:-1], wrong),
        refused("shorter than a tag", part[:15], wrong),
        refused("sealed as another part", BlobCipher(blob.secret, blob.id).seal(1, plain), wrong),
        refused("sealed under another id", other.seal(0, plain), wrong),
    ]
    half = MAX_BLOB_LINKS // 2
    return {
        "documents": [shown for _, _, shown in made],
        "links": {
            "accepted": [
                {"name": "16 in one packet", "bytes": linking(MAX_BLOB_LINKS).hex()},
                {"name": "8 in each of two", "bytes": linking(half, half).hex()},
            ],
            "refused": [
                case | {"rule": "BL-5"}
                for case in (
                    refused("17 in one packet", linking(MAX_BLOB_LINKS + 1), bad),
                    refused("17 in three packets", linking(half, half, 1), bad),
                )
            ],
        },
        "refused": {
            "description": [case | {"rule": "BL-3"} for case in descriptions],
            "part": [case | {"rule": "BL-8"} for case in parts],
        },
    }
